package main

import (
	"reflect"
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Copies of what the engine reads of inventory objects. Each is taken under its object's lock, one object at a time.

type moRef = types.ManagedObjectReference

// vmView is a virtual machine as it is at one moment.
type vmView struct {
	ref           moRef
	name          string
	host          moRef
	pool          moRef
	folder        moRef
	power         types.VirtualMachinePowerState
	connection    types.VirtualMachineConnectionState
	template      bool
	question      string
	disabled      []string
	memoryBytes   int64
	reservedBytes int64
	cpus          int32
	affinity      []int32
	hasSnapshot   bool
	encrypted     bool
	home          moRef // datastore of the configuration file
	homePath      string
	uuid          string
	datastores    []moRef
	networks      []moRef
	devices       []types.BaseVirtualDevice // shallow copies: read-only
	overheadBytes int64

	instanceUUID   string
	committedBytes int64 // of its files; 0: unknown
}

func viewVM(ctx *simulator.Context, vm *simulator.VirtualMachine) vmView {
	var v vmView
	ctx.WithLock(vm, func() { v = readVM(vm) })
	return v
}

// readVM is viewVM of a machine that is locked, or nobody else's.
func readVM(vm *simulator.VirtualMachine) vmView {
	v := vmView{
		ref: vm.Self, name: vm.Name, power: vm.Runtime.PowerState, connection: vm.Runtime.ConnectionState,
		host: deref(vm.Runtime.Host), pool: deref(vm.ResourcePool), folder: deref(vm.Parent),
		disabled:    append([]string(nil), vm.DisabledMethod...),
		hasSnapshot: vm.Snapshot != nil && len(vm.Snapshot.RootSnapshotList) > 0,
		datastores:  append([]moRef(nil), vm.Datastore...), networks: append([]moRef(nil), vm.Network...),
	}
	if vm.Summary.Storage != nil {
		v.committedBytes = vm.Summary.Storage.Committed
	}
	if vm.Runtime.Question != nil {
		v.question = vm.Runtime.Question.Text
	}
	if vm.Config != nil {
		v.readConfig(vm.Config)
	}
	v.overheadBytes = overheadOf(v.memoryBytes, v.cpus)
	return v
}

func (v *vmView) readConfig(config *types.VirtualMachineConfigInfo) {
	v.readResources(config)
	v.template = config.Template
	v.homePath, v.uuid, v.instanceUUID = config.Files.VmPathName, config.Uuid, config.InstanceUuid
	v.encrypted = config.MigrateEncryption == "opportunistic" || config.MigrateEncryption == "required"
	v.devices = copyDevices(config.Hardware.Device)
	if config.CpuAffinity != nil {
		v.affinity = append(v.affinity, config.CpuAffinity.AffinitySet...)
	}
}

// readResources reads the size alone.
func (v *vmView) readResources(config *types.VirtualMachineConfigInfo) {
	v.memoryBytes = int64(config.Hardware.MemoryMB) << 20
	v.cpus = config.Hardware.NumCPU
	if a := config.MemoryAllocation; a != nil && a.Reservation != nil {
		v.reservedBytes = *a.Reservation << 20
	}
	if locked := config.MemoryReservationLockedToMax; locked != nil && *locked {
		v.reservedBytes = v.memoryBytes
	}
}

// overheadOf is the memory a host needs for a virtual machine beside the guest's own. A round formula after the overhead table of
// "vSphere Resource Management" (1 vCPU and 256 MB: 26 MB; 4 vCPUs and 16 GB: 144 MB); its coefficients are UNVERIFIED.
func overheadOf(memoryBytes int64, cpus int32) int64 {
	return 20<<20 + int64(cpus)*8<<20 + memoryBytes/200
}

// hostView is a host as it is at one moment.
type hostView struct {
	ref         moRef
	name        string
	parent      moRef
	connection  types.HostSystemConnectionState
	maintenance bool
	vmotion     []string // addresses of the vMotion vmknics
	hasVMotion  bool
	threads     int32
	memoryBytes int64
	datastores  []moRef
	networks    []moRef
	vms         []moRef
}

func viewHost(ctx *simulator.Context, host *simulator.HostSystem) hostView {
	var v hostView
	ctx.WithLock(host, func() { v = readHostView(host) })
	return v
}

// readHostView is viewHost of a host that is locked, or nobody else's.
func readHostView(host *simulator.HostSystem) hostView {
	v := hostView{
		ref: host.Self, name: host.Name, parent: deref(host.Parent),
		connection: host.Runtime.ConnectionState, maintenance: host.Runtime.InMaintenanceMode,
		datastores: append([]moRef(nil), host.Datastore...), networks: append([]moRef(nil), host.Network...),
		vms: append([]moRef(nil), host.Vm...),
	}
	if host.Summary.Hardware != nil {
		v.threads, v.memoryBytes = int32(host.Summary.Hardware.NumCpuThreads), host.Summary.Hardware.MemorySize
	}
	if host.Config != nil && host.Config.VirtualNicManagerInfo != nil {
		v.readNics(host.Config.VirtualNicManagerInfo.NetConfig)
	}
	return v
}

// readNics finds the vmknics that are selected for vMotion.
func (v *hostView) readNics(nets []types.VirtualNicManagerNetConfig) {
	for _, net := range nets {
		if net.NicType != string(types.HostVirtualNicManagerNicTypeVmotion) {
			continue
		}
		v.hasVMotion = len(net.SelectedVnic) > 0
		for _, nic := range net.CandidateVnic {
			for _, key := range net.SelectedVnic {
				if nic.Key == key && nic.Spec.Ip != nil {
					v.vmotion = append(v.vmotion, nic.Spec.Ip.IpAddress)
				}
			}
		}
	}
}

// datastoreView is a datastore as it is at one moment.
type datastoreView struct {
	ref        moRef
	name       string
	accessible bool
	upkeep     bool // in maintenance mode, or entering it
	mounts     map[moRef]types.HostMountInfo
}

func viewDatastore(ctx *simulator.Context, ds *simulator.Datastore) datastoreView {
	v := datastoreView{mounts: map[moRef]types.HostMountInfo{}}
	ctx.WithLock(ds, func() {
		v.ref, v.name, v.accessible = ds.Self, ds.Name, ds.Summary.Accessible
		mode := ds.Summary.MaintenanceMode
		v.upkeep = mode != "" && mode != string(types.DatastoreSummaryMaintenanceModeStateNormal)
		for _, mount := range ds.Host {
			v.mounts[mount.Key] = mount.MountInfo
		}
	})
	return v
}

func deref(r *moRef) moRef {
	if r == nil {
		return moRef{}
	}
	return *r
}

// poolOf is the resource pool behind a reference, which a vApp is as well.
func poolOf(registry *simulator.Registry, r moRef) *mo.ResourcePool {
	switch p := registry.Get(r).(type) {
	case *simulator.ResourcePool:
		return &p.ResourcePool
	case *simulator.VirtualApp:
		return &p.ResourcePool
	}
	return nil
}

// clusterOf is the compute resource behind a reference.
func clusterOf(registry *simulator.Registry, r moRef) *mo.ComputeResource {
	switch c := registry.Get(r).(type) {
	case *simulator.ClusterComputeResource:
		return &c.ComputeResource
	case *mo.ComputeResource:
		return c
	}
	return nil
}

// datacenterOf walks up from an entity; entities move seldom, and Parent is read under their lock.
func datacenterOf(ctx *simulator.Context, r moRef) *simulator.Datacenter {
	for range 64 {
		entity, is := ctx.Map.Get(r).(mo.Entity)
		if !is {
			return nil
		}
		if dc, found := entity.(*simulator.Datacenter); found {
			return dc
		}
		ctx.WithLock(entity, func() { r = deref(entity.Entity().Parent) })
	}
	return nil
}

// entityNameOf is the name of an entity.
func entityNameOf(ctx *simulator.Context, r moRef) string {
	name := ""
	entity, is := ctx.Map.Get(r).(mo.Entity)
	if is {
		ctx.WithLock(entity, func() { name = entity.Entity().Name })
	}
	return name
}

func sortRefs(refs []moRef) {
	sort.Slice(refs, func(i, j int) bool {
		a, b := refs[i].Value, refs[j].Value
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
}

func hasRef(refs []moRef, r moRef) bool {
	for _, have := range refs {
		if have == r {
			return true
		}
	}
	return false
}

func withoutRef(refs []moRef, r moRef) []moRef {
	kept := make([]moRef, 0, len(refs))
	for _, have := range refs {
		if have != r {
			kept = append(kept, have)
		}
	}
	return kept
}

// networkMO is the network behind a reference of any of its kinds.
func networkMO(registry *simulator.Registry, r moRef) *mo.Network {
	switch n := registry.Get(r).(type) {
	case *mo.Network:
		return n
	case *simulator.DistributedVirtualPortgroup:
		return &n.Network
	case *mo.OpaqueNetwork:
		return &n.Network
	}
	return nil
}

func deviceLabel(device types.BaseVirtualDevice) string {
	if info := device.GetVirtualDevice().DeviceInfo; info != nil {
		return info.GetDescription().Label
	}
	return ""
}

// copyDevices copies the devices, their backing and their connection; what lies deeper is shared and must not be written to.
func copyDevices(devices []types.BaseVirtualDevice) []types.BaseVirtualDevice {
	copies := make([]types.BaseVirtualDevice, 0, len(devices))
	for _, device := range devices {
		copies = append(copies, copyDevice(device))
	}
	return copies
}

func copyDevice(device types.BaseVirtualDevice) types.BaseVirtualDevice {
	c := cloneStruct(device)
	d := c.GetVirtualDevice()
	if d.Backing != nil {
		d.Backing = cloneStruct(d.Backing)
	}
	if d.Connectable != nil {
		connection := *d.Connectable
		d.Connectable = &connection
	}
	return c
}

// cloneStruct copies the struct an interface points to.
func cloneStruct[T any](pointer T) T {
	from := reflect.ValueOf(pointer).Elem()
	to := reflect.New(from.Type())
	to.Elem().Set(from)
	return to.Interface().(T)
}
