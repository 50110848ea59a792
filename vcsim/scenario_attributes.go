package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// attributeSpec is a custom attribute of a scenario: a field that objects of a kind have.
type attributeSpec struct {
	Name string `yaml:"name"`
	Kind string `yaml:"kind"` // any: objects of every kind
}

// attributeKinds are the words for the objects that have a custom attribute.
var attributeKinds = map[string]string{
	"": "", "any": "", "vm": "VirtualMachine", "host": "HostSystem", "cluster": "ClusterComputeResource", "datastore": "Datastore", "folder": "Folder",
}

// attributes checks custom attributes, and what machines have of them.
func (v *validation) attributes() {
	named := map[string]int{}
	forVMs := map[string]bool{}
	for i, attribute := range v.plan.Attributes {
		v.word(attribute.Kind, attributeKinds, "attributes", i, "kind")
		v.unique(attribute.Name, named, "attributes", i, "name")
		forVMs[attribute.Name] = attributeKinds[attribute.Kind] == "" || attributeKinds[attribute.Kind] == "VirtualMachine"
	}
	for i, vm := range v.plan.VMs {
		for _, name := range slices.Sorted(maps.Keys(vm.Attributes)) {
			v.need(forVMs[name], []any{"vms", i, "attributes"}, "there is no attribute %q of virtual machines", name)
		}
	}
}

// plantAttributes makes a scenario's custom attributes, in its order, and gives its machines their values.
func plantAttributes(ctx *simulator.Context, registry *simulator.Registry, plan *scenario) error {
	manager := registry.CustomFieldsManager()
	keys := map[string]int32{}
	for _, attribute := range plan.Attributes {
		answer := addField(ctx, registry, &types.AddCustomFieldDef{This: manager.Self, Name: attribute.Name, MoType: attributeKinds[attribute.Kind]})
		if fault := answer.Fault(); fault != nil {
			return fmt.Errorf("attribute %s: %s", attribute.Name, fault.String)
		}
		keys[attribute.Name] = answer.(*methods.AddCustomFieldDefBody).Res.Returnval.Key
	}
	for _, vm := range plan.VMs {
		if len(vm.Attributes) == 0 {
			continue
		}
		ref, found := machineCalled(registry, vm.Name)
		if !found {
			return fmt.Errorf("attributes: there is no virtual machine %q", vm.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(vm.Attributes)) {
			request := &types.SetField{This: manager.Self, Entity: ref, Key: keys[name], Value: vm.Attributes[name]}
			if fault := setField(ctx, registry, request); fault != nil {
				return fmt.Errorf("attribute %s of %s: %T", name, vm.Name, fault)
			}
		}
	}
	return nil
}

func machineCalled(registry *simulator.Registry, name string) (moRef, bool) {
	for _, each := range registry.All("VirtualMachine") {
		if vm, is := each.(*simulator.VirtualMachine); is && vm.Name == name {
			return vm.Self, true
		}
	}
	return moRef{}, false
}
