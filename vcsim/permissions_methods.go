package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// need is a privilege a call asks for on an object.
type need struct {
	object    moRef
	privilege string
}

// fixedNeeds are the methods that always ask for the same privilege, on the object they are called on.
var fixedNeeds = map[string]string{
	"ApplyRecommendation": "Resource.ApplyRecommendation", "CancelRecommendation": "Resource.ApplyRecommendation", "RefreshRecommendation": "Resource.ApplyRecommendation",
	"QueryVMotionCompatibility": "Resource.QueryVMotion", "BrowseDiagnosticLog": "Global.Diagnostics", "QueryDescriptions": "Global.Diagnostics",
	"EnterMaintenanceMode_Task": "Host.Config.Maintenance", "ExitMaintenanceMode_Task": "Host.Config.Maintenance",
	"DisconnectHost_Task": "Host.Config.Connection", "ReconnectHost_Task": "Host.Config.Connection",
	"PostEvent": "Global.LogEvent", "SetEntityPermissions": "Authorization.ModifyPermissions", "RemoveEntityPermission": "Authorization.ModifyPermissions",
	"TerminateSession": "Sessions.TerminateSession", "ReconfigureComputeResource_Task": "Host.Inventory.EditCluster",
	"PowerOnVM_Task": "VirtualMachine.Interact.PowerOn", "PowerOffVM_Task": "VirtualMachine.Interact.PowerOff",
	"AddCustomFieldDef": "Global.ManageCustomFields", "RenameCustomFieldDef": "Global.ManageCustomFields", "RemoveCustomFieldDef": "Global.ManageCustomFields",
	"SetCustomValue": "Global.SetCustomField",
	"FindRulesForVm": "System.View", "QueryConfigOptionEx": "System.View", "CreateCollectorForEvents": "System.View", "QueryEvents": "System.View", "CreateCollectorForTasks": "System.View",
}

// dispatch refuses calls of users who lack a privilege, and answers questions about privileges. It sees each call before the engine.
func (a *authority) dispatch(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if ctx.Session == nil {
		return nil, nil
	}
	a.remember(ctx)
	if method.This.Type == "AuthorizationManager" && questions[method.Name] {
		method.This = authorityRef
		return nil, nil
	}
	if _, restricted := a.users[principalOf(ctx.Session.UserName)]; !restricted {
		return nil, nil
	}
	if fault := a.refusal(ctx, a.needsOf(ctx, method)); fault != nil {
		return nil, fault
	}
	return nil, nil
}

// refusal names all privileges that are missing, the first one once more on its own.
func (a *authority) refusal(ctx *simulator.Context, needs []need) types.BaseMethodFault {
	fault := &types.NoPermission{}
	for _, n := range needs {
		if a.allowed(ctx, ctx.Session.UserName, n.object, n.privilege) {
			continue
		}
		if fault.Object == nil {
			object := n.object
			fault.Object, fault.PrivilegeId = &object, n.privilege
		}
		addMissing(fault, n)
	}
	if fault.Object == nil {
		return nil
	}
	return fault
}

func addMissing(fault *types.NoPermission, n need) {
	for i := range fault.MissingPrivileges {
		if fault.MissingPrivileges[i].Entity == n.object {
			fault.MissingPrivileges[i].PrivilegeIds = append(fault.MissingPrivileges[i].PrivilegeIds, n.privilege)
			return
		}
	}
	fault.MissingPrivileges = append(fault.MissingPrivileges, types.NoPermissionEntityPrivileges{Entity: n.object, PrivilegeIds: []string{n.privilege}})
}

// needsOf is what a call asks for; nothing for a method that is not listed, which everybody may call.
func (a *authority) needsOf(ctx *simulator.Context, method *simulator.Method) []need {
	if privilege, fixed := fixedNeeds[method.Name]; fixed {
		return []need{{a.entityFor(method.This), privilege}}
	}
	switch body := method.Body.(type) {
	case *types.RelocateVM_Task:
		return a.needsOfMove(ctx, method.This, &body.Spec)
	case *types.MigrateVM_Task:
		return a.needsOfMigrate(ctx, method.This, body.Pool)
	case *types.CheckRelocate_Task:
		return []need{{body.Vm, "System.View"}}
	case *types.CheckMigrate_Task:
		return []need{{body.Vm, "System.View"}}
	case *types.QueryVMotionCompatibilityEx_Task:
		return viewOf(append(append([]moRef(nil), body.Vm...), body.Host...))
	case *types.SetField:
		return []need{{body.Entity, "Global.SetCustomField"}}
	case *types.CancelTask:
		return a.needsOfCancel(ctx, method.This)
	case *types.QueryDateTime:
		return a.needsOfClock(method.This)
	}
	if method.Name == "Fetch" && isEntity(a.registry, method.This) {
		return []need{{method.This, readPrivilege(fetchedPath(method.Body))}}
	}
	return nil
}

func viewOf(refs []moRef) []need {
	var needs []need
	for _, r := range refs {
		needs = append(needs, need{r, "System.View"})
	}
	return needs
}

// needsOfMove: Resource.ColdMigrate always, Resource.HotMigrate for a machine that is on, and what each part of the spec asks for.
func (a *authority) needsOfMove(ctx *simulator.Context, vm moRef, spec *types.VirtualMachineRelocateSpec) []need {
	needs := []need{{vm, "Resource.ColdMigrate"}}
	if a.isOn(ctx, vm) {
		needs = append(needs, need{vm, "Resource.HotMigrate"})
	}
	if spec.Service != nil {
		return needs // what else it names is the other vCenter's
	}
	if spec.Pool != nil {
		needs = append(needs, need{*spec.Pool, "Resource.AssignVMToPool"})
	}
	for _, r := range targetsOf(spec) {
		needs = append(needs, need{r, "Datastore.AllocateSpace"})
	}
	for _, r := range networksOf(a.registry, spec) {
		needs = append(needs, need{r, "Network.Assign"})
	}
	return needs
}

// targetsOf are the datastores a spec names, each once.
func targetsOf(spec *types.VirtualMachineRelocateSpec) []moRef {
	var targets []moRef
	if spec.Datastore != nil {
		targets = append(targets, *spec.Datastore)
	}
	for _, disk := range spec.Disk {
		if !hasRef(targets, disk.Datastore) {
			targets = append(targets, disk.Datastore)
		}
	}
	return targets
}

// networksOf are the networks a spec's device changes name.
func networksOf(registry *simulator.Registry, spec *types.VirtualMachineRelocateSpec) []moRef {
	var networks []moRef
	for _, change := range spec.DeviceChange {
		card, is := change.GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard)
		if !is {
			continue
		}
		var r moRef
		switch b := card.GetVirtualEthernetCard().Backing.(type) {
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			r = moRef{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}
		case *types.VirtualEthernetCardNetworkBackingInfo:
			r = deref(b.Network)
			if r == (moRef{}) {
				r = networkCalled(registry, b.DeviceName)
			}
		}
		if isEntity(registry, r) && !hasRef(networks, r) {
			networks = append(networks, r)
		}
	}
	return networks
}

func networkCalled(registry *simulator.Registry, name string) moRef {
	for _, entity := range registry.All("Network") {
		if network, is := entity.(*mo.Network); is && network.Name == name {
			return network.Self
		}
	}
	return moRef{}
}

func (a *authority) needsOfMigrate(ctx *simulator.Context, vm moRef, pool *moRef) []need {
	needs := []need{{vm, "Resource.ColdMigrate"}}
	if a.isOn(ctx, vm) {
		needs[0].privilege = "Resource.HotMigrate"
	}
	if pool != nil {
		needs = append(needs, need{*pool, "Resource.AssignVMToPool"})
	}
	return needs
}

func (a *authority) isOn(ctx *simulator.Context, r moRef) bool {
	vm, found := a.registry.Get(r).(*simulator.VirtualMachine)
	if !found {
		return false
	}
	on := false
	ctx.WithLock(vm, func() { on = vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn })
	return on
}

// needsOfCancel: whoever started a task may end it.
func (a *authority) needsOfCancel(ctx *simulator.Context, r moRef) []need {
	task, found := a.registry.Get(r).(*simulator.Task)
	if !found {
		return nil
	}
	starter, entity := "", moRef{}
	ctx.WithLock(task, func() {
		entity = deref(task.Info.Entity)
		if reason, is := task.Info.Reason.(*types.TaskReasonUser); is {
			starter = reason.UserName
		}
	})
	if principalOf(starter) == principalOf(ctx.Session.UserName) {
		return nil
	}
	return []need{{a.entityFor(entity), "Global.CancelTask"}}
}

func isEntity(registry *simulator.Registry, r moRef) bool {
	_, is := registry.Get(r).(mo.Entity)
	return is
}

// fetchedPath is the property a Fetch asks for; govmomi keeps the type of its request to itself.
func fetchedPath(body types.AnyType) string {
	v := reflect.Indirect(reflect.ValueOf(body))
	if v.Kind() == reflect.Struct {
		if field := v.FieldByName("Prop"); field.IsValid() && field.Kind() == reflect.String {
			return field.String()
		}
	}
	return ""
}

// questions are the methods of the AuthorizationManager that govmomi answers with yes to everything.
var questions = map[string]bool{
	"HasPrivilegeOnEntities": true, "HasPrivilegeOnEntity": true, "HasUserPrivilegeOnEntities": true, "FetchUserPrivilegeOnEntities": true,
}

func (a *authority) HasPrivilegeOnEntities(ctx *simulator.Context, req *types.HasPrivilegeOnEntities) soap.HasFault {
	user, fault := a.userOfSession(ctx, req.SessionId)
	if fault != nil {
		return &methods.HasPrivilegeOnEntitiesBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{Returnval: a.answers(ctx, user, req.Entity, req.PrivId)}}
}

func (a *authority) HasUserPrivilegeOnEntities(ctx *simulator.Context, req *types.HasUserPrivilegeOnEntities) soap.HasFault {
	answers := a.answers(ctx, req.UserName, req.Entities, req.PrivId)
	return &methods.HasUserPrivilegeOnEntitiesBody{Res: &types.HasUserPrivilegeOnEntitiesResponse{Returnval: answers}}
}

func (a *authority) HasPrivilegeOnEntity(ctx *simulator.Context, req *types.HasPrivilegeOnEntity) soap.HasFault {
	user, fault := a.userOfSession(ctx, req.SessionId)
	if fault != nil {
		return &methods.HasPrivilegeOnEntityBody{Fault_: simulator.Fault("", fault)}
	}
	res := &types.HasPrivilegeOnEntityResponse{}
	for _, privilege := range req.PrivId {
		res.Returnval = append(res.Returnval, a.allowed(ctx, user, req.Entity, privilege))
	}
	return &methods.HasPrivilegeOnEntityBody{Res: res}
}

func (a *authority) FetchUserPrivilegeOnEntities(ctx *simulator.Context, req *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	res := &types.FetchUserPrivilegeOnEntitiesResponse{}
	for _, entity := range req.Entities {
		res.Returnval = append(res.Returnval, types.UserPrivilegeResult{Entity: entity, Privileges: a.listOf(ctx, req.UserName, entity)})
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{Res: res}
}

func (a *authority) answers(ctx *simulator.Context, user string, entities []moRef, privileges []string) []types.EntityPrivilege {
	var answers []types.EntityPrivilege
	for _, entity := range entities {
		answer := types.EntityPrivilege{Entity: entity}
		for _, id := range privileges {
			answer.PrivAvailability = append(answer.PrivAvailability, types.PrivilegeAvailability{PrivId: id, IsGranted: a.allowed(ctx, user, entity, id)})
		}
		answers = append(answers, answer)
	}
	return answers
}
