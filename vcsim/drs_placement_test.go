package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestPlaceVmNamesCompatibleHostsOnly(t *testing.T) {
	w, c := skewed(t, 2)
	w.as(w.host(w.hosts[1]), func() { w.host(w.hosts[1]).Runtime.InMaintenanceMode = true })
	vm := w.vms[0].Self
	place := func(spec types.PlacementSpec) types.PlacementResult {
		t.Helper()
		spec.PlacementType, spec.Vm = "relocate", &vm
		res, err := methods.PlaceVm(w.ctx, w.client, &types.PlaceVm{This: c.Self, PlacementSpec: spec})
		if err != nil {
			t.Fatal(err)
		}
		return res.Returnval
	}
	var hosts []moRef
	for _, r := range place(types.PlacementSpec{}).Recommendations {
		hosts = append(hosts, *r.Action[0].(*types.PlacementAction).TargetHost)
	}
	if want := []moRef{w.hosts[2], w.hosts[3]}; !slices.Equal(hosts, want) {
		t.Errorf("%v, not %v", hosts, want)
	}
	none := place(types.PlacementSpec{Hosts: []moRef{w.hosts[1]}})
	if len(none.Recommendations) != 0 || none.DrsFault == nil {
		t.Errorf("%+v", none)
	}
	best := place(types.PlacementSpec{Hosts: []moRef{w.hosts[3]}}).Recommendations[0].Action[0].(*types.PlacementAction)
	w.succeed(w.relocate(w.vms[0], *best.RelocateSpec))
	if at := w.references(vm, "runtime.host"); at[0] != w.hosts[3] {
		t.Errorf("it is on %s", at[0].Value)
	}
}

func TestPlaceVmOfOddSpecs(t *testing.T) {
	w, c := skewed(t, 2)
	ghost := moRef{Type: "VirtualMachine", Value: "vm-0"}
	for _, kind := range []string{"", "relocate", "create", "clone", "reconfigure", "nonsense"} {
		for _, vm := range []*moRef{nil, &ghost} {
			req := types.PlaceVm{This: c.Self, PlacementSpec: types.PlacementSpec{PlacementType: kind, Vm: vm, Hosts: w.hosts[:1]}}
			res, err := methods.PlaceVm(w.ctx, w.client, &req)
			isNew := kind == "create" || kind == "clone"
			if isNew != (err == nil) || isNew && len(res.Returnval.Recommendations) != 1 {
				t.Errorf("%q of %v: %v", kind, vm, err)
			}
		}
	}
}

func TestRecommendHostsForVm(t *testing.T) {
	w, c := skewed(t, 2)
	w.as(w.host(w.hosts[2]), func() { w.host(w.hosts[2]).Runtime.ConnectionState = types.HostSystemConnectionStateDisconnected })
	res, err := methods.RecommendHostsForVm(w.ctx, w.client, &types.RecommendHostsForVm{This: c.Self, Vm: w.vms[0].Self})
	if err != nil || len(res.Returnval) != 2 || res.Returnval[0].Host != w.hosts[1] || res.Returnval[0].Rating != 5 {
		t.Errorf("%+v %v", res, err)
	}
}
