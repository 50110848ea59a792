package main

import (
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// checkFailover is HA's admission control, for a virtual machine that comes into the cluster while it is on.
func checkFailover(q *inquiry) {
	if q.isLive() && q.changesCluster() && !q.engine.haAdmits(q.ctx, q.host.parent, moRef{}, q.wanted()) {
		q.refuse(&types.InsufficientFailoverResourcesFault{})
	}
}

// haAdmits is true where a cluster still holds the reserve its HA admission control asks for, with a further claim and without the
// host named; the zero values stand for neither. A cluster without admission control admits everything.
func (e *engine) haAdmits(ctx *simulator.Context, cluster, without moRef, more claims) bool {
	c, found := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !found {
		return true
	}
	das := dasConfigOf(ctx, c)
	if !isTrue(das.Enabled) || !isTrue(das.AdmissionControlEnabled) {
		return true
	}
	var capacities []claims
	claimed := more
	for _, host := range e.hostsOf(ctx, cluster) {
		claimed.add(e.claimsOf(ctx, host.vms, moRef{}))
		if host.ref != without && host.isActive() {
			capacities = append(capacities, e.capacityOfHost(ctx, host))
		}
	}
	return reserveHolds(das.AdmissionControlPolicy, capacities, claimed)
}

// reserveHolds compares what is claimed with what is left after the reserve. A failover level of n sets the n largest hosts aside:
// simpler than vCenter's slots, and never stricter with hosts of one size and virtual machines without large reservations.
func reserveHolds(policy types.BaseClusterDasAdmissionControlPolicy, capacities []claims, claimed claims) bool {
	switch p := policy.(type) {
	case *types.ClusterFailoverLevelAdmissionControlPolicy:
		return fits(claimed, sumOf(capacities[:max(0, len(bySize(capacities))-int(p.FailoverLevel))]), 0, 0)
	case *types.ClusterFailoverResourcesAdmissionControlPolicy:
		return fits(claimed, sumOf(capacities), int64(p.CpuFailoverResourcesPercent), int64(p.MemoryFailoverResourcesPercent))
	case *types.ClusterFailoverHostAdmissionControlPolicy:
		return fits(claimed, sumOf(capacities[:max(0, len(bySize(capacities))-len(p.FailoverHosts))]), 0, 0)
	}
	return true
}

// bySize sorts, the smallest first.
func bySize(capacities []claims) []claims {
	sort.Slice(capacities, func(i, j int) bool { return capacities[i].memoryBytes < capacities[j].memoryBytes })
	return capacities
}

func sumOf(list []claims) claims {
	var sum claims
	for _, c := range list {
		sum.add(c)
	}
	return sum
}

func fits(claimed, capacity claims, cpuPercent, memoryPercent int64) bool {
	return claimed.mhz <= capacity.mhz*(100-cpuPercent)/100 && claimed.memoryBytes <= capacity.memoryBytes/100*(100-memoryPercent)
}

// healthyHA are the states of a host's HA agent in which it protects virtual machines (vSphere API, ClusterDasFdmAvailabilityState).
var healthyHA = map[string]bool{"": true, "master": true, "connectedToMaster": true, "networkPartitionedFromMaster": true}

// checkHA warns where a virtual machine would be less protected after the move.
func checkHA(q *inquiry) {
	cluster, found := q.engine.registry.Get(q.host.parent).(*simulator.ClusterComputeResource)
	if !found || !q.isOn() {
		return
	}
	das := dasConfigOf(q.ctx, cluster)
	if !isTrue(das.Enabled) {
		return
	}
	if q.changesHost() && !healthyHA[q.to.ha] {
		q.warn(&types.HAErrorsAtDest{})
	}
	if q.movesHome() && q.reachOf(q.home) < 2 {
		resolution := "svmotion"
		if q.changesHost() {
			resolution = "relocate"
		}
		q.warn(&types.WillLoseHAProtection{Resolution: resolution})
	}
}

// reachOf is how many hosts of the destination's cluster mount a datastore.
func (q *inquiry) reachOf(datastore moRef) int {
	count := 0
	for _, host := range q.engine.hostsOf(q.ctx, q.host.parent) {
		if hasRef(host.datastores, datastore) {
			count++
		}
	}
	return count
}
