package main

import (
	"context"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const attributedScenario = `
version: 1
clusters: [{name: A, hosts: [{name: h1}]}]
datastores: [{name: ds}]
networks: [{name: lan}]
attributes:
  - {name: contact}
  - {name: rack, kind: host}
  - {name: cost centre, kind: vm}
roles: [{name: setter, privileges: [Global.SetCustomField]}]
users:
  - {name: alice, password: a long password for alice, role: setter}
  - {name: bob, password: a long password for bob, role: ReadOnly}
vms:
  - {name: v, attributes: {cost centre: "4711", contact: web@example.com}}
  - {name: w}
`

func attributedSite(t *testing.T) *served {
	t.Helper()
	return serveScenario(t, attributedScenario)
}

// valuesOf are the custom attributes of a machine, by their names.
func valuesOf(t *testing.T, s *served, vm moRef) map[string]string {
	t.Helper()
	defined, err := object.NewCustomFieldsManager(s.client.Client).Field(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var o mo.VirtualMachine
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, vm, []string{"customValue"}, &o); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, value := range o.CustomValue {
		values[defined.ByKey(value.GetCustomFieldValue().Key).Name] = value.(*types.CustomFieldStringValue).Value
	}
	return values
}

func TestAttributesOfAScenario(t *testing.T) {
	s := attributedSite(t)
	if got := valuesOf(t, s, s.find("VirtualMachine", "v")); len(got) != 2 || got["cost centre"] != "4711" || got["contact"] != "web@example.com" {
		t.Errorf("v has %v", got)
	}
	if got := valuesOf(t, s, s.find("VirtualMachine", "w")); len(got) != 0 {
		t.Errorf("w has %v", got)
	}
}

func TestMistakesInAttributes(t *testing.T) {
	for mistake, want := range map[string]string{
		"kind: host":             "kind: planet|\"planet\" is none of",
		"name: contact}":         "name: rack}|\"rack\" is already the name",
		"{cost centre: \"4711\"": "{rack: \"4711\"|there is no attribute \"rack\" of virtual machines",
	} {
		replacement, message, _ := strings.Cut(want, "|")
		_, err := parseScenario("s.yaml", []byte(strings.Replace(attributedScenario, mistake, replacement, 1)))
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %s", replacement, err, message)
		}
	}
}

func TestToSetAnAttributeTakesItsPrivilege(t *testing.T) {
	s := attributedSite(t)
	w := s.find("VirtualMachine", "w")
	set := func(user string) error {
		client, err := logIn(t, s.run, user, "a long password for "+user)
		if err != nil {
			t.Fatal(err)
		}
		_, err = methods.SetField(context.Background(), client, &types.SetField{This: *client.ServiceContent.CustomFieldsManager, Entity: w, Key: 0, Value: "x"})
		return err
	}
	if fault := denied(t, set("bob")); fault.PrivilegeId != "Global.SetCustomField" || *fault.Object != w {
		t.Errorf("bob: %+v", fault)
	}
	if err := set("alice"); err != nil {
		t.Errorf("alice: %v", err)
	}
	if got := valuesOf(t, s, w); got["contact"] != "x" {
		t.Errorf("w has %v", got)
	}
}

func TestTagsAndAttributesStayBehind(t *testing.T) {
	p := newPair(t)
	vm := p.a.find("VirtualMachine", "a-web01")
	if tags, values := p.a.run.services.tags.tagsOf(vm), valuesOf(t, p.a, vm); len(tags) != 2 || len(values) != 2 {
		t.Fatalf("before the move it has %v and %v", tags, values)
	}
	p.a.succeed(p.a.relocate(vm, p.across(vm, "b-esx2")))
	there := p.b.find("VirtualMachine", "a-web01")
	if tags, values := p.b.run.services.tags.tagsOf(there), valuesOf(t, p.b, there); len(tags) != 0 || len(values) != 0 {
		t.Errorf("it has brought %v and %v along", tags, values)
	}
	if tags := p.a.run.services.tags.tagsOf(vm); len(tags) != 0 {
		t.Errorf("the source still has %v of it", tags)
	}
	for _, id := range p.a.run.services.tags.listTags(func(*heldTag) bool { return true }) {
		if _, err := p.b.run.services.tags.tag(id); err == nil {
			t.Errorf("both vCenters have a tag of the identifier %s", id)
		}
	}
}
