package main

import (
	"context"
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func (c *cast) compatible(vms, hosts []moRef) map[moRef][]string {
	c.t.Helper()
	res, err := methods.QueryVMotionCompatibilityEx_Task(context.Background(), c.client, &types.QueryVMotionCompatibilityEx_Task{
		This: *c.client.ServiceContent.VmProvisioningChecker, Vm: vms, Host: hosts,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	said := map[moRef][]string{}
	for _, result := range c.ended(res.Returnval).Result.(types.ArrayOfCheckResult).CheckResult {
		said[*result.Host] = append([]string{}, names(result.Error)...)
	}
	return said
}

func TestCompatibilityOfEachPair(t *testing.T) {
	c := staged(t, and(in("vm", `power: "off"`), in("a2", "maintenance: true, connection: disconnected"), in("b1", "vmotion: null")))
	said := c.compatible([]moRef{c.ref("vm")}, []moRef{c.ref("a1"), c.ref("a2"), c.ref("b1")})
	if len(said) != 3 || len(said[c.ref("a1")]) != 0 || len(said[c.ref("a2")]) != 0 {
		t.Errorf("%v", said)
	}
	if b1 := said[c.ref("b1")]; len(b1) != 1 || b1[0] != "VMotionNotConfigured" {
		t.Errorf("as if it were on: %v", b1)
	}
	for _, request := range []types.QueryVMotionCompatibilityEx_Task{
		{Vm: []moRef{{Type: "VirtualMachine", Value: "vm-0"}}}, {Vm: []moRef{c.ref("vm")}, Host: []moRef{c.ref("vm")}}, {},
	} {
		request.This = *c.client.ServiceContent.VmProvisioningChecker
		if _, err := methods.QueryVMotionCompatibilityEx_Task(context.Background(), c.client, &request); err == nil {
			t.Errorf("%+v is accepted", request)
		}
	}
}

func TestCheckWithoutHostSkipsHostsThatAreAway(t *testing.T) {
	c := staged(t, in("a2", "maintenance: true"))
	results := c.check(types.VirtualMachineRelocateSpec{}, "").Result.(types.ArrayOfCheckResult).CheckResult
	if len(results) != 1 || *results[0].Host != c.ref("a1") {
		t.Errorf("%+v", results)
	}
}
