package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// checkSourceHost lets a host in maintenance mode be left, but not be in another state than connected.
func checkSourceHost(q *inquiry) {
	if q.changesHost() && q.source.connection != types.HostSystemConnectionStateConnected {
		q.refuse(&types.HostNotConnected{})
	}
}

func checkDestinationHost(q *inquiry) {
	if !q.changesHost() {
		return
	}
	if q.host.connection != types.HostSystemConnectionStateConnected {
		q.refuse(&types.HostNotConnected{})
	}
	if q.host.maintenance || q.to.standby || q.engine.isEntering(q.host.ref) {
		host := q.host.ref
		q.refuse(&types.InvalidHostState{Host: &host})
	}
	if q.to.quarantine {
		q.warn(&types.QuarantineModeFault{
			VmName: q.vm.name, FaultType: string(types.QuarantineModeFaultFaultTypeNoCompatibleNonQuarantinedHost),
		})
	}
}

// checkFailoverHost keeps virtual machines off the hosts HA holds free.
func checkFailoverHost(q *inquiry) {
	cluster, found := q.engine.registry.Get(q.host.parent).(*simulator.ClusterComputeResource)
	if !found || !q.changesHost() {
		return
	}
	if das := dasConfigOf(q.ctx, cluster); isTrue(das.Enabled) {
		policy, dedicated := das.AdmissionControlPolicy.(*types.ClusterFailoverHostAdmissionControlPolicy)
		if dedicated && hasRef(policy.FailoverHosts, q.host.ref) {
			q.refuse(&types.DisallowedOperationOnFailoverHost{Host: q.host.ref, Hostname: q.host.name})
		}
	}
}

// dasConfigOf is a copy of a cluster's HA configuration; its parts are shared and read-only.
func dasConfigOf(ctx *simulator.Context, cluster *simulator.ClusterComputeResource) types.ClusterDasConfigInfo {
	var das types.ClusterDasConfigInfo
	ctx.WithLock(cluster, func() {
		if config, known := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx); known {
			das = config.DasConfig
		}
	})
	return das
}

// checkAgents refuses a host whose agent virtual machines are not all there yet.
func checkAgents(q *inquiry) {
	if agents := q.to.traits.AgentVMs; q.changesHost() && q.isOn() && agents.Deployed < agents.Required {
		q.refuse(&types.InsufficientAgentVmsDeployed{
			HostName: q.host.name, RequiredNumAgentVms: agents.Required, CurrentNumAgentVms: agents.Deployed,
		})
	}
}

// missing is a feature one of the hosts does not have; the source is blamed first.
func (q *inquiry) missing(has func(*hostFacts) bool) (types.MigrationFeatureNotSupported, bool) {
	switch {
	case !has(q.from):
		return types.MigrationFeatureNotSupported{AtSourceHost: true, FailedHostName: q.source.name, FailedHost: q.source.ref}, true
	case !has(q.to):
		return types.MigrationFeatureNotSupported{FailedHostName: q.host.name, FailedHost: q.host.ref}, true
	}
	return types.MigrationFeatureNotSupported{}, false
}

// checkFeatures looks for what a host has to be able to do to take part in this kind of migration.
func checkFeatures(q *inquiry) {
	if q.vm.power == types.VirtualMachinePowerStateSuspended && q.changesHost() {
		if _, lacks := q.missing(func(h *hostFacts) bool { return h.capability.SuspendedRelocateSupported }); lacks {
			q.refuse(&types.SuspendedRelocateNotSupported{})
		}
	}
	if !q.isOn() {
		return
	}
	q.checkStorageFeatures()
	if fault, lacks := q.missing(func(h *hostFacts) bool {
		return h.capability.VmotionAcrossNetworkSupported == nil || *h.capability.VmotionAcrossNetworkSupported
	}); lacks && q.changesNetwork() {
		q.refuse(&types.VMotionAcrossNetworkNotSupported{MigrationFeatureNotSupported: fault})
	}
}

func (q *inquiry) changesNetwork() bool {
	for _, nic := range q.nics {
		if nic.changed {
			return true
		}
	}
	return false
}

func (q *inquiry) checkStorageFeatures() {
	if !q.movesStorage() {
		return
	}
	if fault, lacks := q.missing(func(h *hostFacts) bool { return h.capability.StorageVMotionSupported }); lacks {
		q.refuse(&types.StorageVMotionNotSupported{MigrationFeatureNotSupported: fault})
	}
	if fault, lacks := q.missing(func(h *hostFacts) bool { return h.capability.VmotionWithStorageVMotionSupported }); lacks && q.changesHost() {
		q.refuse(&types.FullStorageVMotionNotSupported{MigrationFeatureNotSupported: fault})
	}
	if fault, lacks := q.missing(func(h *hostFacts) bool { return !h.traits.NoIndependentDiskMove }); lacks && !q.movesHome() {
		q.refuse(&types.IndependentDiskVMotionNotSupported{MigrationFeatureNotSupported: fault})
	}
}
