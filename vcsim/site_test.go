package main

import (
	"io"
	"reflect"
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// built is the inventory of a scenario that nobody serves.
func built(t *testing.T, plan *scenario) (*simulator.Registry, *site) {
	t.Helper()
	model, where, err := buildSite(plan)
	t.Cleanup(model.Remove)
	if err != nil {
		t.Fatal(err)
	}
	return model.Map(), where
}

func generated(t *testing.T, args ...string) (*simulator.Registry, *site) {
	t.Helper()
	o, err := parseOptions(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return built(t, generateScenario(o))
}

func allHosts(registry *simulator.Registry) []*simulator.HostSystem {
	var hosts []*simulator.HostSystem
	for _, object := range registry.All("HostSystem") {
		hosts = append(hosts, object.(*simulator.HostSystem))
	}
	return hosts
}

func allVMs(registry *simulator.Registry) []*simulator.VirtualMachine {
	var vms []*simulator.VirtualMachine
	for _, object := range registry.All("VirtualMachine") {
		vms = append(vms, object.(*simulator.VirtualMachine))
	}
	return vms
}

func TestGeneratedTotalsAndShares(t *testing.T) {
	registry, _ := generated(t, "-hosts", "70", "-vms", "205")
	shares := map[int]int{}
	for _, object := range registry.All("ClusterComputeResource") {
		shares[len(object.(*simulator.ClusterComputeResource).Host)]++
	}
	if shares[24] != 1 || shares[23] != 2 {
		t.Errorf("hosts of the clusters: %v", shares)
	}
	names := map[string]bool{}
	for _, vm := range allVMs(registry) {
		names[vm.Name] = true
	}
	if len(names) != 205 {
		t.Errorf("%d different VM names", len(names))
	}
	for _, host := range allHosts(registry) {
		if n := len(host.Vm); n != 2 && n != 3 {
			t.Errorf("%s has %d VMs", host.Name, n)
		}
	}
}

func TestVMsAreDealtRoundRobin(t *testing.T) {
	registry, _ := generated(t, "-hosts", "3", "-vms", "7")
	want := map[string]string{"vm-001": "esx-001", "vm-002": "esx-002", "vm-003": "esx-003", "vm-004": "esx-001", "vm-007": "esx-001"}
	for _, vm := range allVMs(registry) {
		host := registry.Get(*vm.Runtime.Host).(*simulator.HostSystem).Name
		if expected, ok := want[vm.Name]; ok && host != expected {
			t.Errorf("%s is on %s, not %s", vm.Name, host, expected)
		}
	}
}

func TestGeneratedHostsAreReadyForVMotion(t *testing.T) {
	registry, where := generated(t, "-hosts", "40", "-vms", "0")
	addresses := map[string]bool{}
	for _, host := range allHosts(registry) {
		if !host.Capability.VmotionSupported || !host.Summary.Config.VmotionEnabled || host.Config.Product.Version != "8.0.3" {
			t.Errorf("%s: %+v", host.Name, host.Summary.Config)
		}
		if hw := host.Summary.Hardware; hw.NumCpuCores != 32 || hw.MemorySize != 512*gib {
			t.Errorf("%s: %+v", host.Name, hw)
		}
		traits := where.Hosts[host.Self]
		nic := selectedVMotionNic(t, host)
		if nic.Spec.Ip.IpAddress != traits.VMotionIP || nic.Spec.Mtu != traits.MTU || traits.LinkBitsPerS != 10e9 || nic.Spec.NetStackInstanceKey != "defaultTcpipStack" {
			t.Errorf("%s: %+v does not fit %+v", host.Name, nic.Spec, traits)
		}
		addresses[nic.Spec.Ip.IpAddress] = true
	}
	if len(addresses) != 40 {
		t.Errorf("%d different vMotion addresses", len(addresses))
	}
}

func selectedVMotionNic(t *testing.T, host *simulator.HostSystem) types.HostVirtualNic {
	t.Helper()
	for _, config := range host.Config.VirtualNicManagerInfo.NetConfig {
		if config.NicType == "vmotion" && len(config.SelectedVnic) == 1 && config.CandidateVnic[0].Key == config.SelectedVnic[0] {
			return config.CandidateVnic[0]
		}
	}
	t.Fatalf("%s has no selected vMotion vmknic", host.Name)
	return types.HostVirtualNic{}
}

func TestBackReferencesAreTrue(t *testing.T) {
	plan, err := loadScenario("demo")
	if err != nil {
		t.Fatal(err)
	}
	registry, _ := built(t, plan)
	for _, vm := range allVMs(registry) {
		lists := map[types.ManagedObjectReference][]types.ManagedObjectReference{
			*vm.Runtime.Host: registry.Get(*vm.Runtime.Host).(*simulator.HostSystem).Vm,
			*vm.ResourcePool: registry.Get(*vm.ResourcePool).(*simulator.ResourcePool).Vm,
			vm.Datastore[0]:  registry.Get(vm.Datastore[0]).(*simulator.Datastore).Vm,
			*vm.Parent:       registry.Get(*vm.Parent).(*simulator.Folder).ChildEntity,
		}
		for _, ref := range vm.Network {
			lists[ref] = networkOf(registry.Get(ref).(mo.Entity)).Vm
		}
		for ref, list := range lists {
			if count(list, vm.Self) != 1 {
				t.Errorf("%s lists %s %d times", ref, vm.Name, count(list, vm.Self))
			}
		}
		if *vm.Summary.Runtime.Host != *vm.Runtime.Host {
			t.Errorf("%s: summary.runtime.host differs", vm.Name)
		}
	}
}

func count(list []types.ManagedObjectReference, ref types.ManagedObjectReference) int {
	n := 0
	for _, each := range list {
		if each == ref {
			n++
		}
	}
	return n
}

func TestHostsDatastoresAndNetworksAgree(t *testing.T) {
	plan, err := loadScenario("demo")
	if err != nil {
		t.Fatal(err)
	}
	registry, _ := built(t, plan)
	for _, host := range allHosts(registry) {
		for _, ref := range host.Network {
			if count(networkOf(registry.Get(ref).(mo.Entity)).Host, host.Self) != 1 {
				t.Errorf("%s does not list %s", ref, host.Name)
			}
		}
		for _, ref := range host.Datastore {
			datastore := registry.Get(ref).(*simulator.Datastore)
			if datastore.Summary.Type != "VMFS" || !*datastore.Summary.MultipleHostAccess {
				t.Errorf("%+v", datastore.Summary)
			}
		}
		mounts, want := len(host.Datastore), 2
		if host.Parent.Value == hostParentOf(registry, "Staging") {
			want = 3
		}
		if mounts != want {
			t.Errorf("%s mounts %d datastores, not %d", host.Name, mounts, want)
		}
	}
}

func hostParentOf(registry *simulator.Registry, cluster string) string {
	for _, object := range registry.All("ClusterComputeResource") {
		if object.Entity().Name == cluster {
			return object.Reference().Value
		}
	}
	return ""
}

func TestScenarioDetailsReachTheInventory(t *testing.T) {
	plan, err := parseScenario("t.yaml", []byte(`version: 1
clusters:
  - name: c
    drs: {enabled: false, automation: fullyAutomated}
    ha: {enabled: true}
    hosts:
      - {name: h1, cores: 8, memory_gib: 64, cpu_mhz: 3000, esxi: "6.5", memory_used_gib: 60}
      - {name: h2, maintenance: true, connection: disconnected, vmotion: null}
datastores: [{name: d}, {name: one, hosts: [h1]}]
networks: [{name: dv, kind: distributed, hosts: [h1]}, {name: std, kind: standard}]
vms:
  - {name: v, host: h1, folder: A/B, power: suspended, memory_gib: 4, touched_percent: 50, dirty_mbps: 10, snapshots: 2,
     devices: [usb, vgpu], floppy: {kind: image, path: "[d] x.flp", connected: true}, disabled_methods: [RelocateVM_Task], datastore: one, networks: [dv, std]}
  - {name: q, host: h1, question: "Did you copy it?", cdrom: {kind: iso, path: "[d] x.iso", connected: true}, networks: []}
rules: [{cluster: c, name: r, kind: vm-host-must, vms: [v], hosts: [h1]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	registry, where := built(t, plan)
	hosts := map[string]*simulator.HostSystem{}
	for _, host := range allHosts(registry) {
		hosts[host.Name] = host
	}
	h1, h2 := hosts["h1"], hosts["h2"]
	if h1.Config.Product.Version != "6.5.0" || h1.Summary.QuickStats.OverallMemoryUsage != 60*1024 || h1.Hardware.CpuInfo.NumCpuCores != 8 || len(h1.Network) != 3 {
		t.Errorf("h1: %+v %v", h1.Summary.QuickStats, h1.Network)
	}
	if !h2.Runtime.InMaintenanceMode || h2.Summary.Runtime.ConnectionState != "disconnected" || where.Hosts[h2.Self].VMotionIP != "" || len(h2.Network) != 1 || len(h2.Datastore) != 1 {
		t.Errorf("h2: %+v", h2.Runtime)
	}
	vms := map[string]*simulator.VirtualMachine{}
	for _, vm := range allVMs(registry) {
		vms[vm.Name] = vm
	}
	v, q := vms["v"], vms["q"]
	if v.Runtime.PowerState != "suspended" || len(v.Snapshot.RootSnapshotList[0].ChildSnapshotList) != 1 || v.DisabledMethod[0] != "RelocateVM_Task" || len(v.Network) != 2 {
		t.Errorf("v: %+v", v.Runtime)
	}
	if traits := where.VMs[v.Self]; traits.TouchedBytes != 2*gib || traits.DirtyBytesPerS != 10e6 {
		t.Errorf("%+v", traits)
	}
	if parent := registry.Get(*v.Parent).(*simulator.Folder); parent.Name != "B" || registry.Get(*parent.Parent).(*simulator.Folder).Name != "A" {
		t.Errorf("folder %s", parent.Name)
	}
	if q.Runtime.Question == nil || len(q.Network) != 0 || where.VMs[q.Self].TouchedBytes != -1 {
		t.Errorf("q: %+v", q.Runtime)
	}
	for _, want := range []string{"VirtualUSB", "VirtualPCIPassthrough", "VirtualFloppy"} {
		if !hasDevice(v, want) {
			t.Errorf("v has no %s", want)
		}
	}
	cluster := registry.Get(*h1.Parent).(*simulator.ClusterComputeResource)
	config := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
	rule, ok := config.Rule[0].(*types.ClusterVmHostRuleInfo)
	if *config.DrsConfig.Enabled || !*config.DasConfig.Enabled || config.DrsConfig.DefaultVmBehavior != "fullyAutomated" || !ok || !*rule.Mandatory || len(config.Group) != 2 {
		t.Errorf("%+v", config)
	}
	if summary := cluster.Summary.GetComputeResourceSummary(); summary.NumHosts != 2 || summary.NumEffectiveHosts != 1 || summary.EffectiveMemory != 64*1024 {
		t.Errorf("%+v", summary)
	}
	if len(registry.All("Network")) != 1 {
		t.Error("govmomi's own VM Network is still there")
	}
}

func hasDevice(vm *simulator.VirtualMachine, kind string) bool {
	for _, device := range vm.Config.Hardware.Device {
		if kindName(reflect.TypeOf(device)) == kind {
			return true
		}
	}
	return false
}

func TestIdentitiesAreTheSameAtEachStart(t *testing.T) {
	first, _ := generated(t, "-hosts", "2", "-vms", "3")
	second, _ := generated(t, "-hosts", "2", "-vms", "3")
	for _, vm := range allVMs(first) {
		again, ok := second.Get(vm.Self).(*simulator.VirtualMachine)
		if !ok || again.Config.InstanceUuid != vm.Config.InstanceUuid || again.Name != vm.Name {
			t.Errorf("%s is another VM at the second start", vm.Name)
		}
	}
}
