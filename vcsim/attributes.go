package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Custom attributes are govmomi's, but for what it does otherwise than vCenter: the type of a field is that of its values, a value is set on
// objects that may have the field, and whoever watches an object sees its values change.

// valuesType is the type of every field: values are texts.
const valuesType = "xsd:string"

// AddCustomFieldDef defines a custom attribute.
func (f *front) AddCustomFieldDef(ctx *simulator.Context, req *types.AddCustomFieldDef) soap.HasFault {
	return addField(ctx, f.engine.registry, req)
}

func addField(ctx *simulator.Context, registry *simulator.Registry, req *types.AddCustomFieldDef) soap.HasFault {
	manager := registry.CustomFieldsManager()
	var answer soap.HasFault
	ctx.WithLock(manager, func() { answer = manager.AddCustomFieldDef(ctx, req) })
	body := answer.(*methods.AddCustomFieldDefBody)
	if body.Fault() != nil {
		return answer
	}
	key := body.Res.Returnval.Key
	body.Res.Returnval.Type = valuesType
	ctx.WithLock(manager, func() { typeFields(manager.Field, key) })
	for _, each := range registry.All(req.MoType) {
		entity := each.Entity()
		ctx.WithLock(each, func() { typeFields(entity.AvailableField, key) })
	}
	return answer
}

func typeFields(fields []types.CustomFieldDef, key int32) {
	for i := range fields {
		if fields[i].Key == key {
			fields[i].Type = valuesType
		}
	}
}

// SetField gives an object the value of a custom attribute; an empty one takes it away (UNVERIFIED).
func (f *front) SetField(ctx *simulator.Context, req *types.SetField) soap.HasFault {
	body := &methods.SetFieldBody{}
	if fault := setField(ctx, f.engine.registry, req); fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	body.Res = &types.SetFieldResponse{}
	return body
}

func setField(ctx *simulator.Context, registry *simulator.Registry, req *types.SetField) types.BaseMethodFault {
	object, is := registry.Get(req.Entity).(mo.Entity)
	if !is {
		return &types.ManagedObjectNotFound{Obj: req.Entity}
	}
	manager, fits := registry.CustomFieldsManager(), false
	ctx.WithLock(manager, func() {
		for _, field := range manager.Field {
			fits = fits || field.Key == req.Key && (field.ManagedObjectType == "" || field.ManagedObjectType == req.Entity.Type)
		}
	})
	if !fits {
		return &types.InvalidArgument{InvalidProperty: "key"}
	}
	ctx.WithLock(object, func() {
		var values []types.BaseCustomFieldValue
		for _, value := range object.Entity().CustomValue {
			if value.GetCustomFieldValue().Key != req.Key {
				values = append(values, value)
			}
		}
		if req.Value != "" {
			values = append(values, &types.CustomFieldStringValue{CustomFieldValue: types.CustomFieldValue{Key: req.Key}, Value: req.Value})
		}
		ctx.Update(object, []types.PropertyChange{{Name: "customValue", Val: values}, {Name: "value", Val: values}})
	})
	return nil
}
