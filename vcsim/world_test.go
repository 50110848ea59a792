package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const testGiB = int64(1) << 30

// worldPatience ends a test that would wait for ever; what is waited for takes a fraction of a second.
const worldPatience = 2 * time.Minute

// world is a running simulator with two clusters of four hosts, and a client.
type world struct {
	t        *testing.T
	ctx      context.Context
	client   *govmomi.Client
	url      *url.URL
	engine   *engine
	registry *simulator.Registry
	site     *site
	model    *simulator.Model
	hosts    []moRef // of the first cluster, in order
	others   []moRef // of the second
	vms      []*simulator.VirtualMachine
}

// newWorld starts a world whose clock runs at the given speed, with three virtual machines in the first cluster.
func newWorld(t *testing.T, speed float64) *world {
	t.Helper()
	return newWorldOf(t, speed, 3)
}

// newWorldOf starts a world with that many virtual machines a cluster. They are on, and those of the first cluster on its first host.
func newWorldOf(t *testing.T, speed float64, machines int) *world {
	t.Helper()
	return newWorldOn(t, newScaledClock(speed), machines)
}

// newWorldOn is newWorldOf with any clock. With a virtual one time stands still until the client waits: how fast this machine is does
// not matter.
func newWorldOn(t *testing.T, clock clock, machines int) *world {
	t.Helper()
	model := simulator.VPX()
	model.Datacenter, model.Cluster, model.ClusterHost, model.Host, model.Machine, model.Datastore = 1, 2, 4, 0, machines, 2
	if err := model.Create(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: context.Background(), model: model, registry: model.Map()}
	w.site = &site{Hosts: map[moRef]hostTraits{}, VMs: map[moRef]vmTraits{}}
	w.furnish()
	w.engine = registerMotionOn(model.Service, w.registry, w.site, clock, 1)
	server := model.Service.NewServer()
	w.url = server.URL
	w.client = w.login()
	t.Cleanup(func() {
		_ = w.client.Logout(w.ctx)
		w.engine.stop()
		server.Close()
		model.Remove()
	})
	return w
}

func (w *world) login() *govmomi.Client {
	w.t.Helper()
	client, err := govmomi.NewClient(w.ctx, w.url, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// furnish makes hosts fit for vMotion and virtual machines fit to be moved.
func (w *world) furnish() {
	ctx := w.model.Service.Context
	clusters := w.registry.All("ClusterComputeResource")
	first := clusters[0].Reference()
	for _, c := range clusters {
		if c.Entity().Name == "DC0_C0" {
			first = c.Reference()
		}
	}
	var hosts []moRef
	for _, h := range w.registry.All("HostSystem") {
		hosts = append(hosts, h.Reference())
	}
	sortRefs(hosts)
	for i, r := range hosts {
		w.furnishHost(ctx, w.host(r), i)
		if *w.host(r).Parent == first {
			w.hosts = append(w.hosts, r)
		} else {
			w.others = append(w.others, r)
		}
	}
	var vms []moRef
	for _, vm := range w.registry.All("VirtualMachine") {
		vms = append(vms, vm.Reference())
	}
	sortRefs(vms)
	for _, r := range vms {
		vm := w.registry.Get(r).(*simulator.VirtualMachine)
		if hasRef(w.hosts, *vm.Runtime.Host) {
			w.furnishVM(ctx, vm)
			w.vms = append(w.vms, vm)
		}
	}
}

func (w *world) host(r moRef) *simulator.HostSystem {
	return w.registry.Get(r).(*simulator.HostSystem)
}

func (w *world) furnishHost(ctx *simulator.Context, host *simulator.HostSystem, index int) {
	ip := fmt.Sprintf("10.1.1.%d", index+1)
	info := *host.Config.VirtualNicManagerInfo
	info.NetConfig = append([]types.VirtualNicManagerNetConfig(nil), info.NetConfig...)
	for i, net := range info.NetConfig {
		if net.NicType == "vmotion" {
			info.NetConfig[i].SelectedVnic = []string{net.CandidateVnic[0].Key}
		}
	}
	config := *host.Config
	config.VirtualNicManagerInfo = &info
	host.Config = &config
	setCapability(host)
	hardware := *host.Summary.Hardware
	hardware.MemorySize, hardware.NumCpuThreads = 512*testGiB, 64
	host.Summary.Hardware = &hardware
	release := []string{"8.0", "7.0", "6.5"}[min(index, 2)]
	if index > 2 {
		release = "8.0"
	}
	w.site.Hosts[host.Self] = hostTraits{Ref: host.Self, Name: host.Name, VMotionIP: ip, LinkBitsPerS: 10_000_000_000, ESXiVersion: release}
}

// furnishVM puts a machine on the first host, disconnects its CD-ROM and gives it 1 GiB.
func (w *world) furnishVM(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	from := w.host(*vm.Runtime.Host)
	from.Vm = withoutRef(from.Vm, vm.Self)
	to := w.host(w.hosts[0])
	to.Vm = append(to.Vm, vm.Self)
	home := to.Self
	vm.Runtime.Host, vm.Summary.Runtime.Host = &home, &home
	vm.Config.Hardware.MemoryMB = 1024
	for _, device := range vm.Config.Hardware.Device {
		if cd, is := device.(*types.VirtualCdrom); is {
			connection := types.VirtualDeviceConnectInfo{Connected: false}
			cd.Connectable = &connection
		}
	}
}

// as changes an object in the middle of the simulation.
func (w *world) as(o mo.Reference, change func()) {
	ctx := &simulator.Context{Map: w.registry}
	ctx.WithLock(o, change)
}

func (w *world) relocate(vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) moRef {
	w.t.Helper()
	return w.relocateAs(w.ctx, vm.Self, spec)
}

func (w *world) relocateAs(ctx context.Context, vm moRef, spec types.VirtualMachineRelocateSpec) moRef {
	w.t.Helper()
	res, err := methods.RelocateVM_Task(ctx, w.client, &types.RelocateVM_Task{This: vm, Spec: spec})
	if err != nil {
		w.t.Fatal(err)
	}
	return res.Returnval
}

func toHost(r moRef) types.VirtualMachineRelocateSpec {
	return types.VirtualMachineRelocateSpec{Host: &r}
}

// info reads a task.
func (w *world) info(task moRef) types.TaskInfo {
	w.t.Helper()
	var t mo.Task
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, task, []string{"info"}, &t); err != nil {
		w.t.Fatal(err)
	}
	return t.Info
}

// finish waits for a task's end and reads it.
func (w *world) finish(task moRef) types.TaskInfo {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, worldPatience)
	defer cancel()
	_, err := object.NewTask(w.client.Client, task).WaitForResult(ctx)
	info := w.info(task)
	if info.CompleteTime == nil {
		w.t.Fatalf("task %s has not ended: %s, %v", task.Value, info.State, err)
	}
	return info
}

// succeed waits for a task's success.
func (w *world) succeed(task moRef) types.TaskInfo {
	w.t.Helper()
	info := w.finish(task)
	if info.State != types.TaskInfoStateSuccess {
		w.t.Fatalf("task %s: %s", task.Value, info.Error.LocalizedMessage)
	}
	return info
}

// reached polls until the task's progress is at least percent.
func (w *world) reached(task moRef, percent int32) {
	w.t.Helper()
	w.until(func() bool { return w.info(task).Progress >= percent })
}

func (w *world) until(what func() bool) {
	w.t.Helper()
	for end := time.Now().Add(worldPatience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if what() {
			return
		}
	}
	w.t.Fatal("it did not come about")
}

// references reads a property that holds references.
func (w *world) references(r moRef, name string) []moRef {
	w.t.Helper()
	var content []types.ObjectContent
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, r, []string{name}, &content); err != nil {
		w.t.Fatal(err)
	}
	for _, p := range content[0].PropSet {
		switch v := p.Val.(type) {
		case types.ArrayOfManagedObjectReference:
			return v.ManagedObjectReference
		case types.ManagedObjectReference:
			return []moRef{v}
		}
	}
	return nil
}

// fault is the vim fault of a failed call.
func callFault(err error) string {
	if soap.IsSoapFault(err) {
		return strings.TrimPrefix(fmt.Sprintf("%T", soap.ToSoapFault(err).VimFault()), "types.")
	}
	return fmt.Sprint(err)
}

// truth is the ground truth of a task's move.
func (w *world) truth(task moRef) motionTruth {
	w.t.Helper()
	for _, m := range w.engine.motions() {
		if m.Task == task.Value {
			return m
		}
	}
	w.t.Fatalf("no motion of task %s", task.Value)
	return motionTruth{}
}
