package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// vmTemplate is a virtual machine as govmomi makes it, from a throw-away inventory: its devices and layouts are the ones the
// simulator's own methods expect. Every VM of a site starts as a copy of it, which takes a fraction of a millisecond instead of 80.
var vmTemplate = sync.OnceValues(func() (mo.VirtualMachine, error) {
	model := simulator.VPX()
	model.Cluster, model.Host, model.Machine, model.Portgroup, model.Autostart = 0, 1, 1, 0, false
	defer func() {
		if model.Service != nil {
			model.Remove()
		}
	}()
	if err := model.Create(); err != nil {
		return mo.VirtualMachine{}, fmt.Errorf("making the VM template: %w", err)
	}
	return model.Map().Any("VirtualMachine").(*simulator.VirtualMachine).VirtualMachine, nil
})

// createVMs builds every virtual machine and enters it in its host, pool, datastore, networks and folder.
func (b *builder) createVMs() error {
	template, err := vmTemplate()
	if err != nil {
		return err
	}
	for i, spec := range b.plan.VMs {
		folder, err := b.vmFolder(spec.Folder)
		if err != nil {
			return err
		}
		vm := b.shapeVM(deepCopy(template), spec, i)
		vm.Parent = &folder.Self
		b.enter(vm, folder)
		b.occupy(vm, spec)
		b.addSnapshots(vm, spec.Snapshots)
		b.noteLoad(vm, spec)
		b.vms[spec.id()] = vm
	}
	b.setHostLoads()
	return nil
}

// shapeVM turns a copy of the template into the VM of the scenario; it is not yet part of the inventory.
func (b *builder) shapeVM(template mo.VirtualMachine, spec vmSpec, index int) *simulator.VirtualMachine {
	vm := &simulator.VirtualMachine{VirtualMachine: template, DataSets: map[string]*simulator.DataSet{}}
	host := b.hosts[spec.Host]
	cluster := b.clusterOf(host)
	vm.Self = types.ManagedObjectReference{Type: "VirtualMachine"}
	vm.Self = b.registry.NewEntity(vm).Reference()
	vm.RecentTask, vm.Snapshot = nil, nil
	vm.DisabledMethod = spec.DisabledMethods
	pool := b.poolOfVM(spec, cluster.Name)
	vm.ResourcePool, vm.EnvironmentBrowser = &pool, *cluster.EnvironmentBrowser
	vm.Datastore = []types.ManagedObjectReference{b.datastores[spec.Datastore].Self}
	for _, disk := range spec.disks() {
		addOnce(&vm.Datastore, b.datastores[disk.store(spec)].Self)
	}
	vm.Network = nil
	for _, name := range spec.Networks {
		vm.Network = append(vm.Network, b.networks[name].Reference())
	}
	setIdentity(vm, spec)
	setResources(vm, spec)
	setFiles(vm, spec)
	b.setDevices(vm, spec, index)
	setRuntime(vm, spec, host.Self)
	setGuest(vm)
	return vm
}

// siteNamespace makes a VM's UUIDs depend on its name alone, so that they are the same at every start.
var siteNamespace = uuid.MustParse("2f1d1c56-7a53-4f7e-9f57-5d3a52b0c1de")

func setIdentity(vm *simulator.VirtualMachine, spec vmSpec) {
	vm.Name, vm.Config.Name, vm.Summary.Config.Name = spec.Name, spec.Name, spec.Name
	vm.Config.Uuid = uuid.NewSHA1(siteNamespace, []byte("bios "+spec.id())).String()
	vm.Config.InstanceUuid = uuid.NewSHA1(siteNamespace, []byte("instance "+spec.id())).String()
	vm.Summary.Config.Uuid, vm.Summary.Config.InstanceUuid = vm.Config.Uuid, vm.Config.InstanceUuid
	vm.Summary.Vm = &vm.Self
	vm.Config.Version = hardwareVersion
	vm.Config.GuestId, vm.Config.GuestFullName = guestID, guestFullName
	vm.Summary.Config.GuestId, vm.Summary.Config.GuestFullName = guestID, guestFullName
	vm.Config.Firmware = string(types.GuestOsDescriptorFirmwareTypeEfi)
}

func setResources(vm *simulator.VirtualMachine, spec vmSpec) {
	cpus := int32(or(spec.CPUs, defaultVMCPUs))
	memory := int32(or(spec.MemoryGiB, defaultVMMemoryGiB) * 1024)
	hardware := &vm.Config.Hardware
	hardware.NumCPU, hardware.MemoryMB, hardware.NumCoresPerSocket = cpus, memory, types.NewInt32(1)
	summary := &vm.Summary.Config
	summary.NumCpu, summary.MemorySizeMB = cpus, memory
	summary.CpuReservation, summary.MemoryReservation = int32(spec.Reservation.CPUMHz), int32(spec.Reservation.MemoryMiB)
	vm.Config.CpuAllocation = allocation(spec.Reservation.CPUMHz, 1000*cpus)
	vm.Config.MemoryAllocation = allocation(spec.Reservation.MemoryMiB, 10*memory)
	vm.ResourceConfig = &types.ResourceConfigSpec{Entity: &vm.Self, CpuAllocation: *allocation(spec.Reservation.CPUMHz, 1000*cpus), MemoryAllocation: *allocation(spec.Reservation.MemoryMiB, 10*memory)}
}

// allocation has normal shares: 1000 for a virtual CPU, 10 for a MB of memory (vSphere Resource Management, Resource Allocation Shares).
func allocation(reservation int64, shares int32) *types.ResourceAllocationInfo {
	return &types.ResourceAllocationInfo{
		Reservation:           types.NewInt64(reservation),
		ExpandableReservation: types.NewBool(false),
		Limit:                 types.NewInt64(-1),
		Shares:                &types.SharesInfo{Shares: shares, Level: types.SharesLevelNormal},
	}
}

// setFiles names the VM's files after it. The files themselves are not made.
func setFiles(vm *simulator.VirtualMachine, spec vmSpec) {
	name := spec.fileName()
	dir := fmt.Sprintf("[%s] %s", spec.Datastore, name)
	vm.Config.Files = types.VirtualMachineFileInfo{
		VmPathName: dir + "/" + name + ".vmx", SnapshotDirectory: dir, SuspendDirectory: dir, LogDirectory: dir,
	}
	vm.Summary.Config.VmPathName = vm.Config.Files.VmPathName
	vm.Layout = &types.VirtualMachineFileLayout{ConfigFile: []string{name + ".vmx"}, LogFile: []string{"vmware.log"}}
	vm.LayoutEx = &types.VirtualMachineFileLayoutEx{Timestamp: time.Now()}
	vm.Storage = &types.VirtualMachineStorageInfo{Timestamp: time.Now()}
}

func setRuntime(vm *simulator.VirtualMachine, spec vmSpec, host types.ManagedObjectReference) {
	runtime := &vm.Runtime
	runtime.Host = &host
	runtime.ConnectionState = types.VirtualMachineConnectionStateConnected
	runtime.PowerState = types.VirtualMachinePowerState(powerWords[spec.Power])
	fillEnums(runtime)
	runtime.MaxMemoryUsage = vm.Config.Hardware.MemoryMB
	runtime.MaxCpuUsage = vm.Config.Hardware.NumCPU * defaultHostCPUMHz
	if runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
		runtime.BootTime = types.NewTime(time.Now().Add(-24 * time.Hour))
	}
	if spec.Question != "" {
		runtime.Question = question(spec.Question)
	}
	vm.Summary.Runtime = deepCopy(*runtime)
}

// question is what a VM waits to be told, with the two usual answers.
func question(text string) *types.VirtualMachineQuestionInfo {
	choice := func(key, label string) types.BaseElementDescription {
		return &types.ElementDescription{Description: types.Description{Label: label, Summary: label}, Key: key}
	}
	return &types.VirtualMachineQuestionInfo{
		Id: "1", Text: text,
		Choice: types.ChoiceOption{ChoiceInfo: []types.BaseElementDescription{choice("0", "button.retry"), choice("1", "button.abort")}, DefaultIndex: 0},
	}
}

// setGuest makes a running VM look as if VMware Tools were running in it.
func setGuest(vm *simulator.VirtualMachine) {
	running := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
	guest := &types.GuestInfo{ToolsStatus: types.VirtualMachineToolsStatusToolsNotRunning, ToolsRunningStatus: "guestToolsNotRunning", GuestState: "notRunning", ToolsVersion: "12352"}
	vm.GuestHeartbeatStatus = types.ManagedEntityStatusGray
	if running {
		guest.ToolsStatus, guest.ToolsRunningStatus, guest.GuestState = types.VirtualMachineToolsStatusToolsOk, "guestToolsRunning", "running"
		vm.GuestHeartbeatStatus = types.ManagedEntityStatusGreen
	}
	guest.ToolsVersionStatus, guest.ToolsVersionStatus2 = "guestToolsCurrent", "guestToolsCurrent"
	guest.GuestId, guest.GuestFullName, guest.HostName = guestID, guestFullName, vm.Name
	vm.Guest = guest
	vm.Summary.Guest = &types.VirtualMachineGuestSummary{
		GuestId: guestID, GuestFullName: guestFullName, ToolsStatus: guest.ToolsStatus, HostName: vm.Name,
		ToolsRunningStatus: guest.ToolsRunningStatus, ToolsVersionStatus2: guest.ToolsVersionStatus2,
	}
	vm.Summary.QuickStats.GuestHeartbeatStatus = vm.GuestHeartbeatStatus
}

// enter puts the VM into the inventory and into every list that names it.
func (b *builder) enter(vm *simulator.VirtualMachine, folder *simulator.Folder) {
	b.registry.Put(vm)
	folder.ChildEntity = append(folder.ChildEntity, vm.Self)
	host := b.registry.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	host.Vm = append(host.Vm, vm.Self)
	pool := b.registry.Get(*vm.ResourcePool).(*simulator.ResourcePool)
	pool.Vm = append(pool.Vm, vm.Self)
	for _, ref := range vm.Datastore {
		datastore := b.registry.Get(ref).(*simulator.Datastore)
		datastore.Vm = append(datastore.Vm, vm.Self)
	}
	for _, ref := range vm.Network {
		network := networkOf(b.registry.Get(ref).(mo.Entity))
		network.Vm = append(network.Vm, vm.Self)
	}
}

// vmFolder returns the folder of a path below the datacenter's VM folder, made as needed.
func (b *builder) vmFolder(path string) (*simulator.Folder, error) {
	parent := b.folder(b.datacenter.VmFolder)
	at := ""
	for _, name := range splitPath(path) {
		at += "/" + name
		if _, made := b.folders[at]; !made {
			body := parent.CreateFolder(b.ctx, &types.CreateFolder{This: parent.Self, Name: name})
			if err := faultOf(body); err != nil {
				return nil, fmt.Errorf("folder %s: %w", at, err)
			}
			b.folders[at] = b.folder(body.(*methods.CreateFolderBody).Res.Returnval)
		}
		parent = b.folders[at]
	}
	return parent, nil
}

// noteLoad tells the motion engine what the VM's guest does.
func (b *builder) noteLoad(vm *simulator.VirtualMachine, spec vmSpec) {
	traits := vmTraits{Ref: vm.Self, TouchedBytes: -1, DirtyBytesPerS: int64(or(spec.DirtyMBps, 0) * 1e6)}
	if spec.TouchedPercent != nil {
		traits.TouchedBytes = int64(float64(vm.Config.Hardware.MemoryMB) * (1 << 20) * *spec.TouchedPercent / 100)
	}
	noteMotion(vm, &traits, &spec.Motion)
	b.site.VMs[vm.Self] = traits
}
