package main

import (
	"strings"
	"testing"

	"github.com/vmware/govmomi/pbm"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const storageSite = `
version: 1
clusters: [{name: C, hosts: [{repeat: 2, name: "h#"}]}]
datastores: [{name: one}, {name: two}, {name: three, capacity_gib: 100}]
datastore_clusters: [{name: pod, datastores: [two, three]}]
storage_policies: [{name: gold, datastores: [two]}, {name: silver, datastores: [two, three]}]
networks: [{name: lan}, {name: segment, kind: nsx}]
vms:
  - name: web
    host: h1
    memory_gib: 2
    networks: [lan, segment]
    policy: silver
    disks:
      - {gib: 40, written_percent: 10}
      - {gib: 20, format: thick, datastore: two}
      - {gib: 8, format: eager, policy: gold}
`

// device is a device of the machine by its key.
func deviceOf[T types.BaseVirtualDevice](s *served, vm moRef, key int32) T {
	s.t.Helper()
	var o mo.VirtualMachine
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, vm, []string{"config.hardware.device"}, &o); err != nil {
		s.t.Fatal(err)
	}
	for _, device := range o.Config.Hardware.Device {
		if device.GetVirtualDevice().Key == key {
			return device.(T)
		}
	}
	s.t.Fatalf("there is no device %d", key)
	panic("unreachable")
}

func (s *served) freeOf(name string) int64 {
	s.t.Helper()
	var ds mo.Datastore
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, s.find("Datastore", name), []string{"summary"}, &ds); err != nil {
		s.t.Fatal(err)
	}
	return ds.Summary.FreeSpace
}

func flatOf(s *served, vm moRef, key int32) *types.VirtualDiskFlatVer2BackingInfo {
	return deviceOf[*types.VirtualDisk](s, vm, key).Backing.(*types.VirtualDiskFlatVer2BackingInfo)
}

func locator(disk int32, store moRef, thin, eager bool) types.VirtualMachineRelocateSpecDiskLocator {
	backing := &types.VirtualDiskFlatVer2BackingInfo{ThinProvisioned: types.NewBool(thin), EagerlyScrub: types.NewBool(eager)}
	return types.VirtualMachineRelocateSpecDiskLocator{DiskId: disk, Datastore: store, DiskBackingInfo: backing}
}

func TestDisksTakeTheRoomOfTheirFormat(t *testing.T) {
	s := serveScenario(t, storageSite)
	// 4 GiB of the thin disk, 8 of the zeroed one, 2 of swap
	if used := 10240*testGiB - s.freeOf("one"); used != 14*testGiB {
		t.Errorf("one has %d GiB in use", used/testGiB)
	}
	if used := 10240*testGiB - s.freeOf("two"); used != 20*testGiB {
		t.Errorf("two has %d GiB in use", used/testGiB)
	}
}

func TestALocatorChangesTheFormat(t *testing.T) {
	s := serveScenario(t, storageSite)
	vm, one, three := s.find("VirtualMachine", "web"), s.find("Datastore", "one"), s.find("Datastore", "three")
	spec := types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{
		locator(2000, three, false, true), // thin, to be zeroed in advance
		locator(2002, one, true, false),   // stays where it is and becomes thin
	}}
	s.succeed(s.relocate(vm, spec))
	first, second, third := flatOf(s, vm, 2000), flatOf(s, vm, 2001), flatOf(s, vm, 2002)
	if isTrue(first.ThinProvisioned) || !isTrue(first.EagerlyScrub) || *first.Datastore != three || !strings.HasPrefix(first.FileName, "[three] web/") {
		t.Errorf("first disk: %+v", first)
	}
	if isTrue(second.ThinProvisioned) || isTrue(second.EagerlyScrub) || !strings.HasPrefix(second.FileName, "[two] ") {
		t.Errorf("second disk: %+v", second)
	}
	if !isTrue(third.ThinProvisioned) || isTrue(third.EagerlyScrub) || *third.Datastore != one {
		t.Errorf("third disk: %+v", third)
	}
	if used := 100*testGiB - s.freeOf("three"); used != 40*testGiB {
		t.Errorf("three has %d GiB in use", used/testGiB)
	}
	if used := 10240*testGiB - s.freeOf("one"); used != 2*testGiB+2*testGiB { // swap, a quarter of 8 GiB
		t.Errorf("one has %d MiB in use", used>>20)
	}
	before := len(s.run.engine.motions())
	s.succeed(s.relocate(vm, spec))
	if again := s.run.engine.motions()[before]; again.SentBytes != 0 || again.PrecopyStartedAt != nil {
		t.Errorf("the same again copies %d bytes", again.SentBytes)
	}
}

func TestAThickCopyNeedsRoomForAllOfTheDisk(t *testing.T) {
	s := serveScenario(t, strings.Replace(storageSite, "capacity_gib: 100", "capacity_gib: 30", 1))
	vm, three := s.find("VirtualMachine", "web"), s.find("Datastore", "three")
	thick := types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{locator(2000, three, false, false)}}
	if fault := s.fail(s.relocate(vm, thick)); fault != "NoDiskSpace" {
		t.Errorf("40 GiB on 30: %s", fault)
	}
	thin := types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{locator(2000, three, true, false)}}
	s.succeed(s.relocate(vm, thin))
}

func TestTheSwapFileNeedsRoomInTheNewHome(t *testing.T) {
	s := serveScenario(t, strings.Replace(storageSite, "capacity_gib: 100", "capacity_gib: 1", 1))
	vm, one, two, three := s.find("VirtualMachine", "web"), s.find("Datastore", "one"), s.find("Datastore", "two"), s.find("Datastore", "three")
	spec := types.VirtualMachineRelocateSpec{Datastore: &three, Disk: []types.VirtualMachineRelocateSpecDiskLocator{
		{DiskId: 2000, Datastore: one}, {DiskId: 2001, Datastore: two}, {DiskId: 2002, Datastore: one},
	}}
	if fault := s.fail(s.relocate(vm, spec)); fault != "NoDiskSpace" {
		t.Errorf("2 GiB of swap on 1: %s", fault)
	}
}

func TestWrongDiskSpecs(t *testing.T) {
	s := serveScenario(t, storageSite)
	vm, one := s.find("VirtualMachine", "web"), s.find("Datastore", "one")
	for name, disks := range map[string][]types.VirtualMachineRelocateSpecDiskLocator{
		"thin and zeroed": {locator(2000, one, true, true)},
		"twice":           {locator(2000, one, true, false), locator(2000, one, true, false)},
		"sparse":          {{DiskId: 2000, Datastore: one, DiskBackingInfo: &types.VirtualDiskSparseVer1BackingInfo{}}},
		"no such policy":  {{DiskId: 2000, Datastore: one, Profile: []types.BaseVirtualMachineProfileSpec{&types.VirtualMachineDefinedProfileSpec{ProfileId: "x"}}}},
	} {
		if fault := s.fail(s.relocate(vm, types.VirtualMachineRelocateSpec{Disk: disks})); fault != "InvalidArgument" {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestPoliciesFollowTheSpec(t *testing.T) {
	s := serveScenario(t, storageSite)
	vm, one := s.find("VirtualMachine", "web"), s.find("Datastore", "one")
	client, err := pbm.NewClient(s.ctx, s.client.Client)
	if err != nil {
		t.Fatal(err)
	}
	gold, err := client.ProfileIDByName(s.ctx, "gold")
	if err != nil {
		t.Fatal(err)
	}
	held := func() string {
		profiles, err := client.QueryAssociatedProfiles(s.ctx, []pbmtypes.PbmServerObjectRef{
			{ObjectType: "virtualMachine", Key: vm.Value}, {ObjectType: "virtualDiskId", Key: vm.Value + ":2000"}, {ObjectType: "virtualDiskId", Key: vm.Value + ":2002"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, each := range profiles {
			name := "-"
			for _, id := range each.ProfileId {
				policy, _ := s.run.site.Policies.find(id.UniqueId)
				name = policy.name
			}
			names = append(names, name)
		}
		return strings.Join(names, " ")
	}
	if got := held(); got != "silver - gold" {
		t.Errorf("policies at the start: %s", got)
	}
	set := []types.BaseVirtualMachineProfileSpec{&types.VirtualMachineDefinedProfileSpec{ProfileId: gold}}
	spec := types.VirtualMachineRelocateSpec{Profile: set, Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: 2000, Datastore: one, Profile: set}}}
	s.succeed(s.relocate(vm, spec))
	if got := held(); got != "gold gold gold" {
		t.Errorf("policies after the move: %s", got)
	}
	wanted := []pbmtypes.BasePbmPlacementRequirement{&pbmtypes.PbmPlacementCapabilityProfileRequirement{ProfileId: pbmtypes.PbmProfileId{UniqueId: gold}}}
	hubs, err := client.CheckRequirements(s.ctx, nil, nil, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if fit := hubs.CompatibleDatastores(); len(fit) != 1 || fit[0].HubId != s.find("Datastore", "two").Value {
		t.Errorf("gold fits %v", fit)
	}
}

func TestStorageDRSRecommendsTheEmptiestStore(t *testing.T) {
	s := serveScenario(t, storageSite)
	vm, pod := s.find("VirtualMachine", "web"), s.find("StoragePod", "pod")
	ask := func() types.StoragePlacementResult {
		res, err := methods.RecommendDatastores(s.ctx, s.client.Client, &types.RecommendDatastores{
			This:        *s.client.ServiceContent.StorageResourceManager,
			StorageSpec: types.StoragePlacementSpec{Type: "relocate", Vm: &vm, PodSelectionSpec: types.StorageDrsPodSelectionSpec{StoragePod: &pod}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return res.Returnval
	}
	best := ask().Recommendations[0]
	action := best.Action[0].(*types.StoragePlacementAction)
	if action.Destination != s.find("Datastore", "two") || action.SpaceUtilAfter <= 0 {
		t.Errorf("it recommends %+v", action)
	}
	manager := *s.client.ServiceContent.StorageResourceManager
	res, err := methods.ApplyStorageDrsRecommendation_Task(s.ctx, s.client.Client, &types.ApplyStorageDrsRecommendation_Task{This: manager, Key: []string{best.Key}})
	if err != nil {
		t.Fatal(err)
	}
	s.succeed(res.Returnval)
	if path := flatOf(s, vm, 2000).FileName; !strings.HasPrefix(path, "[two] ") {
		t.Errorf("the disk is %s", path)
	}
	var o mo.StoragePod
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, pod, []string{"summary"}, &o); err != nil {
		t.Fatal(err)
	}
	if free := s.freeOf("two") + s.freeOf("three"); o.Summary.FreeSpace != free {
		t.Errorf("the cluster has %d free, its datastores %d", o.Summary.FreeSpace, free)
	}
	if _, err := methods.ApplyStorageDrsRecommendation_Task(s.ctx, s.client.Client, &types.ApplyStorageDrsRecommendation_Task{This: manager, Key: []string{best.Key}}); err == nil {
		t.Error("a recommendation can be applied twice")
	}
}

func TestAnAdapterGoesToASegmentAndBack(t *testing.T) {
	s := serveScenario(t, storageSite)
	vm, segment := s.find("VirtualMachine", "web"), s.find("OpaqueNetwork", "segment")
	card := deviceOf[*types.VirtualVmxnet3](s, vm, 4001)
	backing, is := card.Backing.(*types.VirtualEthernetCardOpaqueNetworkBackingInfo)
	if !is || backing.OpaqueNetworkType != opaqueKind {
		t.Fatalf("second adapter: %+v", card.Backing)
	}
	first := deviceOf[*types.VirtualVmxnet3](s, vm, 4000)
	first.Backing = backing
	spec := types.VirtualMachineRelocateSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
		Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: first,
	}}}
	s.succeed(s.relocate(vm, spec))
	if got := s.references(vm, "network"); len(got) != 1 || got[0] != segment {
		t.Errorf("network is %v", got)
	}
	backing.OpaqueNetworkId = "nowhere"
	if fault := s.fail(s.relocate(vm, spec)); fault != "CannotAccessNetwork" {
		t.Errorf("a segment that is not there: %s", fault)
	}
}
