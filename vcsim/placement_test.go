package main

import (
	"testing"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestAPoolOfAnotherClusterIsEnoughWithDRS(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	cluster := *w.host(w.others[0]).Parent
	pool := w.references(cluster, "resourcePool")[0]
	onOther := func(index int, change func(*simulator.HostSystem)) {
		host := w.host(w.others[index])
		w.as(host, func() { change(host) })
	}
	onOther(0, func(h *simulator.HostSystem) { h.Runtime.InMaintenanceMode = true })
	w.succeed(w.relocate(vm, types.VirtualMachineRelocateSpec{Pool: &pool}))
	if at := w.references(vm.Self, "runtime.host")[0]; !hasRef(w.others[1:], at) {
		t.Errorf("DRS chose %s", at.Value)
	}
	c := w.registry.Get(*w.host(w.hosts[0]).Parent).(*simulator.ClusterComputeResource)
	w.as(c, func() { c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.Enabled = types.NewBool(false) })
	back := w.references(c.Self, "resourcePool")[0]
	if got := errorName(w.finish(w.relocate(vm, types.VirtualMachineRelocateSpec{Pool: &back}))); got != "InvalidArgument" {
		t.Errorf("without DRS: %q", got)
	}
}

func TestAVAppTakesAndGivesBackAMachine(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	pool := *vm.ResourcePool
	spec := types.DefaultResourceConfigSpec()
	created, err := methods.CreateVApp(w.ctx, w.client, &types.CreateVApp{
		This: pool, Name: "shop", ResSpec: spec, ConfigSpec: simulator.NewVAppConfigSpec(),
	})
	if err != nil {
		t.Fatal(err)
	}
	app := created.Returnval
	w.succeed(w.relocate(vm, types.VirtualMachineRelocateSpec{Pool: &app, Host: &w.hosts[1]}))
	if got := w.references(vm.Self, "parentVApp"); len(got) != 1 || got[0] != app || !hasRef(w.references(app, "vm"), vm.Self) {
		t.Errorf("parentVApp is %v", got)
	}
	w.succeed(w.relocate(vm, types.VirtualMachineRelocateSpec{Pool: &pool}))
	if got := w.references(vm.Self, "parentVApp"); len(got) != 0 || hasRef(w.references(app, "vm"), vm.Self) || !hasRef(w.references(pool, "vm"), vm.Self) {
		t.Errorf("parentVApp is still %v", got)
	}
}

func TestNetworkAdapterIsMovedToAnotherPortGroup(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	card := w.networkCard(vm.Self)
	backing := &types.VirtualEthernetCardNetworkBackingInfo{}
	backing.DeviceName = "VM Network"
	edited := &types.VirtualE1000{}
	edited.Key, edited.Backing = card.Key, backing
	change := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: edited}
	spec := toHost(w.hosts[1])
	spec.DeviceChange = []types.BaseVirtualDeviceConfigSpec{change}
	mac := card.MacAddress
	w.succeed(w.relocate(vm, spec))
	after := w.networkCard(vm.Self)
	got, is := after.Backing.(*types.VirtualEthernetCardNetworkBackingInfo)
	if !is || got.DeviceName != "VM Network" || after.MacAddress != mac {
		t.Errorf("backing %+v, MAC %q instead of %q", after.Backing, after.MacAddress, mac)
	}
	if networks := w.references(vm.Self, "network"); len(networks) != 1 || !hasRef(w.references(networks[0], "vm"), vm.Self) {
		t.Errorf("network is %v", networks)
	}
	backing.DeviceName = "nowhere"
	if got := errorName(w.finish(w.relocate(vm, spec))); got != "CannotAccessNetwork" {
		t.Errorf("a network that does not exist: %q", got)
	}
}

// networkCard reads a machine's first network adapter.
func (w *world) networkCard(vm moRef) *types.VirtualEthernetCard {
	w.t.Helper()
	var machine mo.VirtualMachine
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, vm, []string{"config.hardware.device"}, &machine); err != nil {
		w.t.Fatal(err)
	}
	for _, device := range machine.Config.Hardware.Device {
		if card, is := device.(types.BaseVirtualEthernetCard); is {
			return card.GetVirtualEthernetCard()
		}
	}
	w.t.Fatal("no network adapter")
	return nil
}

func TestStorageAloneMovesWithoutVMotion(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	onHost(0, withoutVMotion)(w, nil)
	target := w.otherDatastore(vm.Datastore[0])
	task := w.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: &target})
	info := w.succeed(task)
	w.checkPaths(vm.Self, target)
	truth := w.truth(task)
	if truth.SentBytes < 10<<30 || truth.MemoryBytes != 0 || truth.DowntimeS != 0 || truth.Source != truth.Destination {
		t.Errorf("truth: %+v", truth)
	}
	if got := w.grep(w.hosts[0], keyVMkernel, truth.MigrationID); len(got) != 0 {
		t.Errorf("vMotion lines: %v", got)
	}
	events := w.chain(info.EventChainId)
	if _, is := events[0].(*types.VmRelocatedEvent); !is || len(events) != 2 {
		t.Errorf("%d events, the last is %T", len(events), events[0])
	}
	w.succeed(w.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: &target}))
}

func TestARuleBetweenMachinesWarns(t *testing.T) {
	w := newWorld(t, 1000)
	vm, other := w.vms[0], w.vms[1]
	w.succeed(w.relocate(other, toHost(w.hosts[1])))
	cluster := w.registry.Get(*w.host(w.hosts[0]).Parent).(*simulator.ClusterComputeResource)
	for _, mandatory := range []bool{false, true} {
		w.as(cluster, func() {
			cluster.ConfigurationEx.(*types.ClusterConfigInfoEx).Rule = []types.BaseClusterRuleInfo{&types.ClusterAntiAffinityRuleSpec{
				ClusterRuleInfo: types.ClusterRuleInfo{Name: "apart", Enabled: types.NewBool(true), Mandatory: &mandatory},
				Vm:              []moRef{vm.Self, other.Self},
			}}
		})
		result := w.check(vm, toHost(w.hosts[1]))
		if len(result.Error) != 0 != mandatory || len(result.Warning) != 0 == mandatory {
			t.Errorf("mandatory %v: errors %v, warnings %v", mandatory, names(result.Error), names(result.Warning))
		}
	}
}
