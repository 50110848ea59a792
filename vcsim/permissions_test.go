package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const alicesPassword = "a long password for alice"

// people are a mover of one machine, somebody who only looks, and somebody who sees nothing but a host.
const people = `
roles:
  - {name: mover, privileges: [Resource.HotMigrate, Resource.ColdMigrate]}
  - {name: placer, privileges: [Resource.AssignVMToPool, Datastore.AllocateSpace, Network.Assign]}
users:
  - {name: alice@vsphere.local, password: a long password for alice}
  - {name: bob, password: a long password for bob, role: ReadOnly}
  - {name: carol, password: a long password for carol}
permissions:
  - {entity: vm, user: alice@vsphere.local, role: mover}
  - {entity: /DC0/host, user: alice@vsphere.local, role: ReadOnly}
  - {entity: A/Resources, user: alice@vsphere.local, role: placer}
  - {entity: second, user: alice@vsphere.local, role: placer}
  - {entity: a1, user: carol, role: ReadOnly}
  - {entity: /, user: carol, role: NoAccess, propagate: false}
`

func as(t *testing.T, c *cast, user string) *govmomi.Client {
	t.Helper()
	client, err := logIn(t, c.sim, user, "a long password for "+map[string]string{"alice": "alice", "VSPHERE.LOCAL\\alice": "alice", "bob": "bob", "carol": "carol"}[user])
	if err != nil {
		t.Fatalf("%s: %v", user, err)
	}
	t.Cleanup(func() { _ = client.Logout(context.Background()) })
	return client
}

// denied is the NoPermission of a call.
func denied(t *testing.T, err error) types.NoPermission {
	t.Helper()
	if err == nil || !soap.IsSoapFault(err) {
		t.Fatalf("the call ends with %v", err)
	}
	fault, is := soap.ToSoapFault(err).VimFault().(types.NoPermission)
	if !is {
		t.Fatalf("the call ends with %T", soap.ToSoapFault(err).VimFault())
	}
	return fault
}

func TestAMoveNeedsItsPrivileges(t *testing.T) {
	c := staged(t, in("rest", people))
	ctx, vm := context.Background(), c.ref("vm")
	move := func(client *govmomi.Client, spec types.VirtualMachineRelocateSpec) error {
		res, err := methods.RelocateVM_Task(ctx, client, &types.RelocateVM_Task{This: vm, Spec: spec})
		if err == nil {
			c.ended(res.Returnval)
		}
		return err
	}
	alice := as(t, c, "VSPHERE.LOCAL\\alice")
	if err := move(alice, toA2(c)); err != nil {
		t.Errorf("alice may move the machine: %v", err)
	}
	if err := move(alice, storage(c)); err != nil {
		t.Errorf("alice may use the second datastore: %v", err)
	}
	spec, shared := toB1(c), c.ref("shared")
	spec.Datastore = &shared
	fault := denied(t, move(alice, spec))
	want := types.NoPermission{Object: spec.Pool, PrivilegeId: "Resource.AssignVMToPool", MissingPrivileges: []types.NoPermissionEntityPrivileges{
		{Entity: *spec.Pool, PrivilegeIds: []string{"Resource.AssignVMToPool"}}, {Entity: shared, PrivilegeIds: []string{"Datastore.AllocateSpace"}},
	}}
	if !reflect.DeepEqual(fault, want) {
		t.Errorf("%+v", fault)
	}
	bob := denied(t, move(as(t, c, "bob"), toA2(c)))
	if *bob.Object != vm || len(bob.MissingPrivileges) != 1 || !reflect.DeepEqual(bob.MissingPrivileges[0].PrivilegeIds, []string{"Resource.ColdMigrate", "Resource.HotMigrate"}) {
		t.Errorf("%+v", bob)
	}
	if err := move(c.client, toA2(c)); err != nil {
		t.Errorf("the administrator: %v", err)
	}
}

func TestWhatElseAMigrationCalls(t *testing.T) {
	c := staged(t, in("rest", people))
	ctx, bob, carol := context.Background(), as(t, c, "bob"), as(t, c, "carol")
	_, err := methods.EnterMaintenanceMode_Task(ctx, bob, &types.EnterMaintenanceMode_Task{This: c.ref("a2")})
	if fault := denied(t, err); fault.PrivilegeId != "Host.Config.Maintenance" || *fault.Object != c.ref("a2") {
		t.Errorf("maintenance: %+v", fault)
	}
	_, err = methods.QueryDescriptions(ctx, bob, &types.QueryDescriptions{This: *bob.ServiceContent.DiagnosticManager})
	if fault := denied(t, err); fault.PrivilegeId != "Global.Diagnostics" || *fault.Object != bob.ServiceContent.RootFolder {
		t.Errorf("logs: %+v", fault)
	}
	_, err = methods.MigrateVM_Task(ctx, bob, &types.MigrateVM_Task{This: c.ref("vm"), Host: toA2(c).Host})
	if fault := denied(t, err); fault.PrivilegeId != "Resource.HotMigrate" {
		t.Errorf("MigrateVM_Task: %+v", fault)
	}
	check := &types.CheckRelocate_Task{This: *bob.ServiceContent.VmProvisioningChecker, Vm: c.ref("vm"), Spec: toA2(c)}
	if _, err = methods.CheckRelocate_Task(ctx, bob, check); err != nil {
		t.Errorf("bob may look: %v", err)
	}
	_, err = methods.CheckRelocate_Task(ctx, carol, check)
	if fault := denied(t, err); fault.PrivilegeId != "System.View" {
		t.Errorf("check: %+v", fault)
	}
}

func TestQuestionsAboutPrivilegesAreAnsweredTruly(t *testing.T) {
	c := staged(t, in("rest", people))
	ctx, alice := context.Background(), as(t, c, "alice")
	manager, vm, host := *alice.ServiceContent.AuthorizationManager, c.ref("vm"), c.ref("a1")
	session, err := alice.SessionManager.UserSession(ctx)
	if err != nil || session == nil {
		t.Fatal(err)
	}
	ask := func(client *govmomi.Client, key string) []types.EntityPrivilege {
		res, err := methods.HasPrivilegeOnEntities(ctx, client, &types.HasPrivilegeOnEntities{
			This: manager, Entity: []moRef{vm, host}, SessionId: key, PrivId: []string{"Resource.HotMigrate", "System.View"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return res.Returnval
	}
	granted := func(a types.EntityPrivilege) []bool {
		return []bool{a.PrivAvailability[0].IsGranted, a.PrivAvailability[1].IsGranted}
	}
	for _, client := range []*govmomi.Client{alice, c.client} {
		answers := ask(client, session.Key)
		if !reflect.DeepEqual(granted(answers[0]), []bool{true, true}) || !reflect.DeepEqual(granted(answers[1]), []bool{false, true}) {
			t.Errorf("alice's session: %+v", answers)
		}
	}
	own, _ := c.client.SessionManager.UserSession(ctx)
	if answers := ask(c.client, own.Key); !reflect.DeepEqual(granted(answers[1]), []bool{true, true}) {
		t.Errorf("the administrator: %+v", answers)
	}
	res, err := methods.FetchUserPrivilegeOnEntities(ctx, c.client, &types.FetchUserPrivilegeOnEntities{This: manager, Entities: []moRef{vm, c.ref("B/")}, UserName: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"Resource.ColdMigrate", "Resource.HotMigrate", "System.Anonymous", "System.Read", "System.View"}
	if len(res.Returnval[0].Privileges) != 8 || len(minus(setOf(all), setOf(res.Returnval[0].Privileges))) != 0 {
		t.Errorf("on the machine: %v", res.Returnval[0].Privileges)
	}
	if got := res.Returnval[1].Privileges; !reflect.DeepEqual(got, []string{"System.Anonymous", "System.Read", "System.View"}) {
		t.Errorf("on a pool of the other cluster: %v", got)
	}
}

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, word := range list {
		set[word] = true
	}
	return set
}

func TestPermissionsSetOverTheWireCount(t *testing.T) {
	c := staged(t, in("rest", people))
	ctx, carol, vm := context.Background(), as(t, c, "carol"), c.ref("vm")
	request := &types.RelocateVM_Task{This: vm, Spec: toA2(c)}
	if _, err := methods.RelocateVM_Task(ctx, carol, request); denied(t, err).PrivilegeId != "Resource.ColdMigrate" {
		t.Error(err)
	}
	permission := []types.Permission{{Entity: &vm, Principal: "carol", RoleId: firstRoleID, Propagate: true}}
	manager := *c.client.ServiceContent.AuthorizationManager
	set := &types.SetEntityPermissions{This: manager, Entity: vm, Permission: permission}
	if _, err := methods.SetEntityPermissions(ctx, carol, set); denied(t, err).PrivilegeId != "Authorization.ModifyPermissions" {
		t.Error(err)
	}
	if _, err := methods.SetEntityPermissions(ctx, c.client, set); err != nil {
		t.Fatal(err)
	}
	if res, err := methods.RelocateVM_Task(ctx, carol, request); err != nil {
		t.Error(err)
	} else {
		c.ended(res.Returnval)
	}
}

func TestReadsSayWhatIsMissing(t *testing.T) {
	c := staged(t, in("rest", people))
	ctx, carol := context.Background(), as(t, c, "carol")
	spec := types.PropertyFilterSpec{
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name", "runtime.powerState"}}, {Type: "HostSystem", PathSet: []string{"name", "runtime.connectionState"}}},
		ObjectSet: []types.ObjectSpec{{Obj: c.ref("vm")}, {Obj: c.ref("a1")}},
	}
	verify := func(how string, contents []types.ObjectContent) {
		t.Helper()
		if len(contents) != 2 {
			t.Fatalf("%s: %+v", how, contents)
		}
		vm, host := contents[0], contents[1]
		if len(vm.PropSet) != 0 || len(vm.MissingSet) != 2 || len(host.PropSet) != 2 || len(host.MissingSet) != 0 {
			t.Fatalf("%s: %+v", how, contents)
		}
		for i, privilege := range []string{"System.View", "System.Read"} {
			fault, is := vm.MissingSet[i].Fault.Fault.(*types.NoPermission)
			if !is || *fault.Object != c.ref("vm") || fault.PrivilegeId != privilege {
				t.Errorf("%s: %s: %+v", how, vm.MissingSet[i].Path, vm.MissingSet[i].Fault)
			}
		}
	}
	collector := carol.ServiceContent.PropertyCollector
	res, err := methods.RetrievePropertiesEx(ctx, carol, &types.RetrievePropertiesEx{This: collector, SpecSet: []types.PropertyFilterSpec{spec}})
	if err != nil {
		t.Fatal(err)
	}
	verify("RetrievePropertiesEx", res.Returnval.Objects)
	if _, err := methods.CreateFilter(ctx, carol, &types.CreateFilter{This: collector, Spec: spec}); err != nil {
		t.Fatal(err)
	}
	wait, err := methods.WaitForUpdatesEx(ctx, carol, &types.WaitForUpdatesEx{This: collector})
	if err != nil {
		t.Fatal(err)
	}
	var contents []types.ObjectContent
	for _, update := range wait.Returnval.FilterSet[0].ObjectSet {
		content := types.ObjectContent{Obj: update.Obj, MissingSet: update.MissingSet}
		for _, change := range update.ChangeSet {
			content.PropSet = append(content.PropSet, types.DynamicProperty{Name: change.Name, Val: change.Val})
		}
		contents = append(contents, content)
	}
	verify("WaitForUpdatesEx", contents)
}

func TestLoginOfUsers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(alicesPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := staged(t, in("rest", "users: [{name: alice, password_file: "+file+", role: Admin}]"))
	for user, password := range map[string]string{"alice": "wrong", "mallory": alicesPassword, "": ""} {
		if _, err := logIn(t, c.sim, user, password); err == nil {
			t.Errorf("%q gets in with %q", user, password)
		}
	}
	alice, err := logIn(t, c.sim, "ALICE@vsphere.local", alicesPassword)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := methods.RelocateVM_Task(context.Background(), alice, &types.RelocateVM_Task{This: c.ref("vm"), Spec: toA2(c)}); err != nil {
		t.Errorf("the role Admin: %v", err)
	}
}
