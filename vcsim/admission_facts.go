package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// hostFacts is what the rules read of a host beside its view.
type hostFacts struct {
	capability types.HostCapability
	version    string
	build      string
	cpuMHz     int64 // of one core
	cores      int64
	standby    bool
	quarantine bool
	crypto     string
	ha         string            // state of the HA agent; empty: unknown
	features   map[string]string // CPU features; empty: unknown
	swap       *moRef            // datastore for swap files
	vgpus      []string
	luns       map[string]bool
	vmotion    vmotionFacts
	portgroups map[string]portgroupFacts
	proxies    map[string]types.HostProxySwitch // by the distributed switch's UUID
	traits     hostAdmission
}

// vmFacts is what the rules read of a virtual machine beside its view.
type vmFacts struct {
	version        string
	coresPerSocket int32
	memoryAffinity []int32
	reservedMHz    int64
	requirements   []types.VirtualMachineFeatureRequirement
	toolsMounted   bool
	heartbeat      types.ManagedEntityStatus
	key            *types.CryptoKeyId
	swapPlacement  string
	snapshotDir    string
	committedBytes int64  // of its files
	encryption     string // of vMotion
	hasTPM         bool
	ftGroup        []string // instance UUIDs of the fault tolerance group
	traits         vmAdmission
}

// gather reads the two hosts and the virtual machine, one object at a time.
func (q *inquiry) gather() {
	if q.visitor != nil {
		q.gatherVisitor()
		return
	}
	q.from = q.engine.readHost(q.ctx, q.source.ref)
	q.to = q.from
	if q.changesHost() {
		q.to = q.engine.readHost(q.ctx, q.host.ref)
	}
	vm, found := q.engine.registry.Get(q.vm.ref).(*simulator.VirtualMachine)
	if found {
		q.ctx.WithLock(vm, func() { q.guest.read(vm) })
	}
	q.guest.traits = q.engine.vmTraitsOf(q.vm.ref).Admission
}

// gatherVisitor reads a machine and a host of another vCenter from what was sent of them.
func (q *inquiry) gatherVisitor() {
	q.from = &hostFacts{traits: q.visitor.hostTraits.Admission}
	q.from.readState(q.visitor.host)
	if q.visitor.host.Config != nil {
		q.from.readConfig(q.visitor.host.Config)
	}
	q.to = q.engine.readHost(q.ctx, q.host.ref)
	q.guest.read(q.visitor.vm)
	q.guest.traits = q.visitor.traits.Admission
}

func (e *engine) readHost(ctx *simulator.Context, r moRef) *hostFacts {
	f := &hostFacts{traits: e.site.Hosts[r].Admission}
	host, found := e.registry.Get(r).(*simulator.HostSystem)
	if !found {
		return f
	}
	ctx.WithLock(host, func() {
		f.readState(host)
		if host.Config != nil {
			f.readConfig(host.Config)
		}
	})
	return f
}

func (f *hostFacts) readState(host *simulator.HostSystem) {
	if host.Capability != nil {
		f.capability = *host.Capability
	}
	if hardware := host.Summary.Hardware; hardware != nil {
		f.cpuMHz, f.cores = int64(hardware.CpuMhz), int64(hardware.NumCpuCores)
	}
	runtime := &host.Runtime
	f.standby = runtime.PowerState == types.HostSystemPowerStateStandBy || runtime.PowerState == types.HostSystemPowerStatePoweredOff
	f.quarantine = isTrue(runtime.InQuarantineMode)
	f.crypto = runtime.CryptoState
	if runtime.DasHostState != nil {
		f.ha = runtime.DasHostState.State
	}
}

func (f *hostFacts) readConfig(config *types.HostConfigInfo) {
	f.version, f.build = config.Product.Version, config.Product.Build
	f.features = map[string]string{}
	exposed := config.MaskedFeatureCapability
	if len(exposed) == 0 {
		exposed = config.FeatureCapability
	}
	for _, feature := range exposed {
		f.features[feature.FeatureName] = feature.Value
	}
	if config.LocalSwapDatastore != nil {
		r := *config.LocalSwapDatastore
		f.swap = &r
	}
	f.vgpus = append(f.vgpus, config.SharedPassthruGpuTypes...)
	f.luns = map[string]bool{}
	if config.StorageDevice != nil {
		for _, lun := range config.StorageDevice.ScsiLun {
			f.luns[lun.GetScsiLun().Uuid] = true
		}
	}
	f.readNetwork(config)
}

func (v *vmFacts) read(vm *simulator.VirtualMachine) {
	v.toolsMounted = vm.Runtime.ToolsInstallerMounted
	if vm.Summary.Storage != nil {
		v.committedBytes = vm.Summary.Storage.Committed
	}
	v.heartbeat = vm.GuestHeartbeatStatus
	v.requirements = append(v.requirements, vm.Runtime.FeatureRequirement...)
	if vm.Config != nil {
		v.readConfig(vm.Config)
	}
}

func (v *vmFacts) readConfig(config *types.VirtualMachineConfigInfo) {
	v.version, v.swapPlacement, v.snapshotDir = config.Version, config.SwapPlacement, config.Files.SnapshotDirectory
	if config.Hardware.NumCoresPerSocket != nil {
		v.coresPerSocket = *config.Hardware.NumCoresPerSocket
	}
	if config.MemoryAffinity != nil {
		v.memoryAffinity = append(v.memoryAffinity, config.MemoryAffinity.AffinitySet...)
	}
	if a := config.CpuAllocation; a != nil && a.Reservation != nil {
		v.reservedMHz = *a.Reservation
	}
	if config.KeyId != nil {
		key := *config.KeyId
		v.key = &key
	}
	v.encryption = config.MigrateEncryption
	for _, device := range config.Hardware.Device {
		if _, is := device.(*types.VirtualTPM); is {
			v.hasTPM = true
		}
	}
	if config.FtInfo != nil {
		v.ftGroup = append(v.ftGroup, config.FtInfo.GetFaultToleranceConfigInfo().InstanceUuids...)
	}
}

func isTrue(flag *bool) bool { return flag != nil && *flag }
