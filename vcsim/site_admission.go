package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// createPools makes the clusters' resource pools; they are named after their cluster and themselves in b.pools.
func (b *builder) createPools() error {
	b.pools = map[string]types.ManagedObjectReference{}
	for _, spec := range b.plan.Clusters {
		root := *b.clusters[spec.Name].ResourcePool
		b.pools[spec.Name+"/"] = root
		for _, pool := range spec.Pools {
			parent := b.registry.Get(b.pools[spec.Name+"/"+pool.Parent]).(*simulator.ResourcePool)
			request := &types.CreateResourcePool{This: parent.Self, Name: pool.Name, Spec: poolConfig(pool)}
			body := parent.CreateResourcePool(b.ctx, request)
			if err := faultOf(body); err != nil {
				return fmt.Errorf("pool %s: %w", pool.Name, err)
			}
			b.pools[spec.Name+"/"+pool.Name] = body.(*methods.CreateResourcePoolBody).Res.Returnval
		}
	}
	return nil
}

func poolConfig(pool poolSpec) types.ResourceConfigSpec {
	cpu, memory := allocation(pool.CPUMHz, 4000), allocation(pool.MemoryMiB, 163840)
	cpu.ExpandableReservation = types.NewBool(or(pool.Expandable, true))
	memory.ExpandableReservation = types.NewBool(or(pool.Expandable, true))
	return types.ResourceConfigSpec{CpuAllocation: *cpu, MemoryAllocation: *memory}
}

// poolOfVM is the pool a scenario puts a virtual machine into.
func (b *builder) poolOfVM(spec vmSpec, cluster string) types.ManagedObjectReference {
	return b.pools[cluster+"/"+spec.Pool]
}

// shapeAdmission gives hosts and virtual machines what only admission cares for, once everything is there.
func (b *builder) shapeAdmission() error {
	names := b.plan.namesCPUs()
	exposed := map[string][]string{}
	for _, cluster := range b.plan.Clusters {
		b.setReserve(cluster)
		for _, spec := range cluster.Hosts {
			host := b.hosts[spec.Name]
			b.restrict(host, spec)
			if names {
				exposed[spec.Name] = setCPU(host, spec, cluster)
			}
		}
	}
	for _, spec := range b.plan.VMs {
		vm := b.vms[spec.id()]
		b.qualify(vm, spec)
		if features := append(exposed[spec.Host], spec.Features...); names && vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
			vm.Runtime.FeatureRequirement = requirements(features)
			vm.Summary.Runtime.FeatureRequirement = vm.Runtime.FeatureRequirement
		}
	}
	b.pairUp()
	return nil
}

// setReserve sets HA's admission control.
func (b *builder) setReserve(spec clusterSpec) {
	das := &b.clusters[spec.Name].ConfigurationEx.(*types.ClusterConfigInfoEx).DasConfig
	var failover []types.ManagedObjectReference
	for _, host := range spec.Hosts {
		if host.FailoverHost {
			failover = append(failover, b.hosts[host.Name].Self)
		}
	}
	switch ha := spec.HA; {
	case failover != nil:
		das.AdmissionControlPolicy = &types.ClusterFailoverHostAdmissionControlPolicy{FailoverHosts: failover}
	case ha.FailoverLevel != nil:
		das.AdmissionControlPolicy = &types.ClusterFailoverLevelAdmissionControlPolicy{FailoverLevel: int32(*ha.FailoverLevel)}
		das.FailoverLevel = int32(*ha.FailoverLevel)
	case ha.CPUPercent != nil || ha.MemoryPercent != nil:
		das.AdmissionControlPolicy = &types.ClusterFailoverResourcesAdmissionControlPolicy{
			CpuFailoverResourcesPercent: int32(or(ha.CPUPercent, 0)), MemoryFailoverResourcesPercent: int32(or(ha.MemoryPercent, 0)),
		}
	}
}

// restrict takes from a host what the scenario says it lacks.
func (b *builder) restrict(host *simulator.HostSystem, spec hostSpec) {
	if spec.Quarantine {
		host.Runtime.InQuarantineMode = types.NewBool(true)
	}
	host.Config.SharedPassthruGpuTypes = spec.VGPUs
	traits := b.site.Hosts[host.Self]
	a := &traits.Admission
	a.Unlicensed, a.AgentVMs = !or(spec.Licensed, true), spec.AgentVMs
	a.MaxCoresPerSocket, a.MaxVideoRAMKB = int32(or(spec.MaxCoresPerSocket, 0)), int64(or(spec.MaxVideoRAMMiB, 0))<<10
	a.Protocol = 1
	if spec.VMotion != nil {
		a.Protocol = or(spec.VMotion.Protocol, 1)
	}
	for _, word := range spec.Lacks {
		lack(host.Capability, a, word)
	}
	b.site.Hosts[host.Self] = traits
	if spec.VMotion != nil && spec.VMotion.LinkDown {
		cutLink(host)
	}
}

func lack(capability *types.HostCapability, a *hostAdmission, word string) {
	switch word {
	case "vmotion":
		capability.VmotionSupported = false
	case "storage-vmotion":
		capability.StorageVMotionSupported = false
	case "full-storage-vmotion":
		capability.VmotionWithStorageVMotionSupported = false
	case "vmotion-across-network":
		capability.VmotionAcrossNetworkSupported = types.NewBool(false)
	case "unshared-swap-vmotion":
		capability.UnsharedSwapVMotionSupported = false
	case "per-vm-swap":
		capability.PerVmSwapFiles = false
	case "suspended-relocate":
		capability.SuspendedRelocateSupported = false
	case "delta-disks":
		capability.DeltaDiskBackingsSupported = false
	case "snapshot-relayout":
		capability.SnapshotRelayoutSupported = false
	case "independent-disk-vmotion":
		a.NoIndependentDiskMove = true
	case "non-home-rdm-vmotion":
		a.NoNonHomeRDMMove = true
	}
}

// cutLink takes the link off the uplink of the vMotion switch.
func cutLink(host *simulator.HostSystem) {
	for i := range host.Config.Network.Pnic {
		if pnic := &host.Config.Network.Pnic[i]; pnic.Device == uplinkDevice {
			pnic.LinkSpeed = nil
		}
	}
}

// qualify gives a virtual machine what the scenario says of its state and configuration.
func (b *builder) qualify(vm *simulator.VirtualMachine, spec vmSpec) {
	traits := b.site.VMs[vm.Self]
	traits.Admission = vmAdmission{NotReady: spec.NotReady, Immovable: spec.MigrationDisabled}
	b.site.VMs[vm.Self] = traits
	if spec.MigrationDisabled { // "given the current runtime state" (vSphere API, ManagedEntity.disabledMethod)
		vm.DisabledMethod = append(append([]string(nil), vm.DisabledMethod...), "MigrateVM_Task", "RelocateVM_Task")
	}
	config := vm.Config
	if spec.HardwareVersion != nil {
		config.Version = fmt.Sprintf("vmx-%02d", *spec.HardwareVersion)
	}
	if spec.CoresPerSocket != nil {
		config.Hardware.NumCoresPerSocket = types.NewInt32(int32(*spec.CoresPerSocket))
	}
	if spec.Affinity.CPU != nil {
		config.CpuAffinity = &types.VirtualMachineAffinityInfo{AffinitySet: spec.Affinity.CPU}
	}
	if spec.Affinity.Memory != nil {
		config.MemoryAffinity = &types.VirtualMachineAffinityInfo{AffinitySet: spec.Affinity.Memory}
	}
	if spec.Encrypted {
		config.KeyId = &types.CryptoKeyId{KeyId: "key-of-" + spec.Name, ProviderId: &types.KeyProviderId{Id: "site-keys"}}
		vm.Runtime.CryptoState = string(types.VirtualMachineCryptoStateUnlocked)
	}
	config.Template, vm.Summary.Config.Template = spec.Template, spec.Template
	vm.Runtime.ToolsInstallerMounted = spec.ToolsMounted
	for i, word := range spec.Devices {
		b.addAdmissionDevice(vm, word, i)
	}
	vm.Summary.Runtime.ToolsInstallerMounted, vm.Summary.Runtime.CryptoState = spec.ToolsMounted, vm.Runtime.CryptoState
}

// pairUp joins the virtual machines of each fault tolerance pair: the first one is the primary.
func (b *builder) pairUp() {
	groups := map[string][]*simulator.VirtualMachine{}
	for _, spec := range b.plan.VMs {
		if spec.FT != "" {
			groups[spec.FT] = append(groups[spec.FT], b.vms[spec.id()])
		}
	}
	for _, group := range groups {
		info := types.FaultToleranceConfigInfo{}
		for _, vm := range group {
			info.InstanceUuids = append(info.InstanceUuids, vm.Config.InstanceUuid)
			info.ConfigPaths = append(info.ConfigPaths, vm.Config.Files.VmPathName)
		}
		for i, vm := range group {
			half := info
			half.Role = int32(min(i, 1)) + 1
			vm.Config.FtInfo = &half
			vm.Runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateRunning
			vm.Summary.Runtime.FaultToleranceState = vm.Runtime.FaultToleranceState
		}
	}
}
