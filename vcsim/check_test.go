package main

import (
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// check asks the checker about a move to a host and gives its one result.
func (w *world) check(vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) types.CheckResult {
	w.t.Helper()
	results := w.checkAll(vm, spec)
	if len(results) != 1 {
		w.t.Fatalf("%d results", len(results))
	}
	return results[0]
}

func (w *world) checkAll(vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) []types.CheckResult {
	w.t.Helper()
	req := types.CheckRelocate_Task{This: *w.client.ServiceContent.VmProvisioningChecker, Vm: vm.Self, Spec: spec}
	res, err := methods.CheckRelocate_Task(w.ctx, w.client, &req)
	if err != nil {
		w.t.Fatal(err)
	}
	info := w.succeed(res.Returnval)
	if *info.Entity != vm.Self || info.Name != "CheckRelocate_Task" {
		w.t.Errorf("the check's task is %s on %v", info.Name, info.Entity)
	}
	return info.Result.(types.ArrayOfCheckResult).CheckResult
}

func names(faults []types.LocalizedMethodFault) []string {
	var names []string
	for _, fault := range faults {
		names = append(names, faultName(fault.Fault))
	}
	return names
}

// planted is a condition that stands against a move of the first machine from the first to the second host.
type planted struct {
	name  string
	want  string
	plant func(w *world, vm *simulator.VirtualMachine)
}

func onVM(change func(vm *simulator.VirtualMachine)) func(*world, *simulator.VirtualMachine) {
	return func(w *world, vm *simulator.VirtualMachine) { w.as(vm, func() { change(vm) }) }
}

func onHost(index int, change func(host *simulator.HostSystem)) func(*world, *simulator.VirtualMachine) {
	return func(w *world, _ *simulator.VirtualMachine) {
		host := w.host(w.hosts[index])
		w.as(host, func() { change(host) })
	}
}

func withoutVMotion(host *simulator.HostSystem) {
	for i := range host.Config.VirtualNicManagerInfo.NetConfig {
		host.Config.VirtualNicManagerInfo.NetConfig[i].SelectedVnic = nil
	}
}

func addDevice(device types.BaseVirtualDevice) func(*world, *simulator.VirtualMachine) {
	return onVM(func(vm *simulator.VirtualMachine) {
		d := device.GetVirtualDevice()
		d.Key, d.DeviceInfo = 14000, &types.Description{Label: "planted"}
		if d.Connectable == nil {
			d.Connectable = &types.VirtualDeviceConnectInfo{Connected: true}
		}
		vm.Config.Hardware.Device = append(vm.Config.Hardware.Device, device)
	})
}

var conditions = []planted{
	{"template", "NotSupported", onVM(func(vm *simulator.VirtualMachine) { vm.Config.Template = true })},
	{"method disabled", "MethodDisabled", onVM(func(vm *simulator.VirtualMachine) { vm.DisabledMethod = []string{"RelocateVM_Task"} })},
	{"orphaned", "InvalidState", onVM(func(vm *simulator.VirtualMachine) {
		vm.Runtime.ConnectionState = types.VirtualMachineConnectionStateDisconnected
	})},
	{"question", "QuestionPending", onVM(func(vm *simulator.VirtualMachine) {
		vm.Runtime.Question = &types.VirtualMachineQuestionInfo{Id: "1", Text: "Which way?"}
	})},
	{"source not connected", "HostNotConnected", onHost(0, func(h *simulator.HostSystem) {
		h.Runtime.ConnectionState = types.HostSystemConnectionStateNotResponding
	})},
	{"destination not connected", "HostNotConnected", onHost(1, func(h *simulator.HostSystem) {
		h.Runtime.ConnectionState = types.HostSystemConnectionStateDisconnected
	})},
	{"maintenance", "InvalidHostState", onHost(1, func(h *simulator.HostSystem) { h.Runtime.InMaintenanceMode = true })},
	{"no vmknic at the source", "VMotionNotConfigured", onHost(0, withoutVMotion)},
	{"no vmknic at the destination", "VMotionNotConfigured", onHost(1, withoutVMotion)},
	{"host CD-ROM", "CannotAccessVmDevice", addDevice(&types.VirtualCdrom{VirtualDevice: types.VirtualDevice{
		Backing: &types.VirtualCdromAtapiBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "/dev/cdrom"}},
	}})},
	{"client CD-ROM", "DisallowedMigrationDeviceAttached", addDevice(&types.VirtualCdrom{VirtualDevice: types.VirtualDevice{
		Backing: &types.VirtualCdromRemotePassthroughBackingInfo{},
	}})},
	{"client floppy", "DisallowedMigrationDeviceAttached", addDevice(&types.VirtualFloppy{VirtualDevice: types.VirtualDevice{
		Backing: &types.VirtualFloppyRemoteDeviceBackingInfo{},
	}})},
	{"serial port to a file", "DisallowedMigrationDeviceAttached", addDevice(&types.VirtualSerialPort{VirtualDevice: types.VirtualDevice{
		Backing: &types.VirtualSerialPortFileBackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[x] y"}},
	}})},
	{"USB", "CannotAccessVmDevice", addDevice(&types.VirtualUSB{VirtualDevice: types.VirtualDevice{
		Backing: &types.VirtualUSBUSBBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "path:1/0/0"}},
	}})},
	{"passthrough", "DisallowedMigrationDeviceAttached", addDevice(&types.VirtualPCIPassthrough{VirtualDevice: types.VirtualDevice{
		Backing: &types.VirtualPCIPassthroughDeviceBackingInfo{Id: "0000:03:00.0"},
	}})},
	{"bus sharing", "DisallowedMigrationDeviceAttached", addDevice(&types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
		SharedBus: types.VirtualSCSISharingPhysicalSharing,
	}})},
	{"affinity", "AffinityConfigured", onVM(func(vm *simulator.VirtualMachine) {
		vm.Config.CpuAffinity = &types.VirtualMachineAffinityInfo{AffinitySet: []int32{1}}
	})},
	{"too many CPUs", "NotEnoughCpus", onVM(func(vm *simulator.VirtualMachine) { vm.Config.Hardware.NumCPU = 65 })},
	{"reservation", "InsufficientHostMemoryCapacityFault", onVM(func(vm *simulator.VirtualMachine) {
		vm.Config.MemoryAllocation = &types.ResourceAllocationInfo{Reservation: types.NewInt64(512 * 1024)}
	})},
	{"no datastore", "CannotAccessVmDisk", onHost(1, func(h *simulator.HostSystem) { h.Datastore = nil })},
	{"no network", "CannotAccessNetwork", onHost(1, func(h *simulator.HostSystem) { h.Network = nil })},
	{"must rule", "VmHostAffinityRuleViolation", plantRule},
}

// plantRule ties the machine to the third host.
func plantRule(w *world, vm *simulator.VirtualMachine) {
	cluster := w.registry.Get(*w.host(w.hosts[0]).Parent).(*simulator.ClusterComputeResource)
	w.as(cluster, func() {
		config := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
		config.Group = []types.BaseClusterGroupInfo{
			&types.ClusterVmGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: "vms"}, Vm: []moRef{vm.Self}},
			&types.ClusterHostGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: "hosts"}, Host: []moRef{w.hosts[2]}},
		}
		config.Rule = []types.BaseClusterRuleInfo{&types.ClusterVmHostRuleInfo{
			ClusterRuleInfo: types.ClusterRuleInfo{Name: "must", Enabled: types.NewBool(true), Mandatory: types.NewBool(true)},
			VmGroupName:     "vms", AffineHostGroupName: "hosts",
		}}
	})
}

func TestCheckSaysWhatRelocateRefuses(t *testing.T) {
	for _, c := range conditions {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1000)
			vm := w.vms[0]
			spec := toHost(w.hosts[1])
			if before := w.check(vm, spec); len(before.Error) != 0 {
				t.Fatalf("without the condition: %v", names(before.Error))
			}
			c.plant(w, vm)
			result := w.check(vm, spec)
			if len(result.Error) == 0 || names(result.Error)[0] != c.want {
				t.Fatalf("the check says %v", names(result.Error))
			}
			task := w.relocate(vm, spec)
			if info := w.finish(task); errorName(info) != c.want || info.State != types.TaskInfoStateError {
				t.Errorf("the relocation ends %s, %q", info.State, errorName(info))
			}
			if truth := w.truth(task); truth.SentBytes != 0 || truth.Phase != "failed" {
				t.Errorf("truth: %+v", truth)
			}
		})
	}
}

func TestConditionsAddUp(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	want := map[string]bool{}
	for _, c := range conditions {
		switch c.name {
		case "maintenance", "no vmknic at the source", "no vmknic at the destination", "client CD-ROM", "no network", "must rule", "method disabled":
			c.plant(w, vm)
			want[c.want] = true
		}
	}
	result := w.check(vm, toHost(w.hosts[1]))
	for _, name := range names(result.Error) {
		delete(want, name)
	}
	if len(want) != 0 || len(result.Error) != 7 {
		t.Errorf("%v lack %v", names(result.Error), want)
	}
}

func TestSnapshotsWarn(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	w.as(vm, func() {
		vm.Snapshot = &types.VirtualMachineSnapshotInfo{RootSnapshotList: []types.VirtualMachineSnapshotTree{{Name: "one"}}}
	})
	result := w.check(vm, toHost(w.hosts[1]))
	if len(result.Error) != 0 || len(result.Warning) != 1 || names(result.Warning)[0] != "SnapshotRevertIssue" {
		t.Errorf("errors %v, warnings %v", names(result.Error), names(result.Warning))
	}
	w.succeed(w.relocate(vm, toHost(w.hosts[1])))
}

func TestCheckWithoutHostJudgesTheCluster(t *testing.T) {
	w := newWorld(t, 1000)
	onHost(2, func(h *simulator.HostSystem) { h.Runtime.InMaintenanceMode = true })(w, nil)
	onHost(3, withoutVMotion)(w, nil)
	results := w.checkAll(w.vms[0], types.VirtualMachineRelocateSpec{})
	if len(results) != 3 {
		t.Fatalf("%d hosts were judged", len(results))
	}
	for _, result := range results {
		if bad := *result.Host == w.hosts[3]; bad != (len(result.Error) > 0) {
			t.Errorf("%s: %v", result.Host.Value, names(result.Error))
		}
	}
}

func TestAMachineThatIsOffNeedsNoVMotion(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	if res, err := methods.PowerOffVM_Task(w.ctx, w.client, &types.PowerOffVM_Task{This: vm.Self}); err != nil {
		t.Fatal(err)
	} else {
		w.succeed(res.Returnval)
	}
	onHost(1, withoutVMotion)(w, nil)
	w.succeed(w.relocate(vm, toHost(w.hosts[1])))
	if got := w.references(vm.Self, "runtime.host"); got[0] != w.hosts[1] {
		t.Errorf("it is on %v", got)
	}
}
