package main

import (
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// account is a user of the scenario.
type account struct {
	name     string // as in the scenario
	password string
}

// accessPlan is what the scenario says of users; grants have their entities resolved.
type accessPlan struct {
	roles  []roleSpec
	users  []account
	grants []grant
}

type grant struct {
	entity    moRef
	user      string
	role      string
	propagate bool
}

// authority knows who may do what. Roles and permissions are those of govmomi's AuthorizationManager, so that SetEntityPermissions
// and its like count at once. A user the scenario does not name is the administrator, who may do everything.
type authority struct {
	mo.DiagnosticManager // govmomi wants a managed object's type first

	registry *simulator.Registry
	manager  *simulator.AuthorizationManager
	users    map[string]account // by principal
	mu       sync.Mutex
	sessions map[string]string // principal by session key
}

var authorityRef = moRef{Type: "Authority", Value: "Authority"}

// Lock and Unlock opt out of the lock govmomi holds during a call.
func (*authority) Lock()   {}
func (*authority) Unlock() {}

// principalOf is a user's name without its domain, in small letters.
func principalOf(user string) string {
	if _, short, found := strings.Cut(user, `\`); found {
		user = short
	}
	short, _, _ := strings.Cut(user, "@")
	return strings.ToLower(short)
}

// registerAuthority makes the scenario's users able to log in, and their privileges count. It has to come before the engine: it
// sees calls first.
func registerAuthority(service *simulator.Service, registry *simulator.Registry, plan accessPlan, who login) *authority {
	content := registry.Get(serviceInstance).(*simulator.ServiceInstance).Content
	a := &authority{
		registry: registry, manager: registry.Get(*content.AuthorizationManager).(*simulator.AuthorizationManager),
		users: map[string]account{}, sessions: map[string]string{},
	}
	a.Self = authorityRef
	for _, user := range plan.users {
		a.users[principalOf(user.name)] = user
	}
	registry.SessionManager().ValidLogin = func(request *types.Login) bool { return who.validLogin(request) || a.accepts(request) }
	if len(a.users) == 0 {
		return a
	}
	a.define(plan)
	registry.Put(a)
	chain(registry, a.dispatch)
	return a
}

func (a *authority) accepts(request *types.Login) bool {
	user, known := a.users[principalOf(request.UserName)]
	return known && sameText(user.password, request.Password)
}

// define enters roles and permissions.
func (a *authority) define(plan accessPlan) {
	for i, role := range plan.roles {
		privileges := append([]string{"System.Anonymous", "System.Read", "System.View"}, role.Privileges...)
		a.manager.RoleList = append(a.manager.RoleList, types.AuthorizationRole{
			RoleId: int32(firstRoleID + i), Name: role.Name, Info: &types.Description{Label: role.Name, Summary: role.Name}, Privilege: privileges,
		})
	}
	byEntity := map[moRef][]types.Permission{}
	var order []moRef
	for _, g := range plan.grants {
		entity := g.entity
		if byEntity[entity] == nil {
			order = append(order, entity)
		}
		byEntity[entity] = append(byEntity[entity], types.Permission{Entity: &entity, Principal: g.user, RoleId: a.roleID(g.role), Propagate: g.propagate})
	}
	for _, entity := range order {
		before := a.permissionsOn(entity)
		a.manager.SetEntityPermissions(&types.SetEntityPermissions{Entity: entity, Permission: append(before, byEntity[entity]...)})
	}
}

// firstRoleID leaves govmomi's own numbers alone, which begin at zero for roles made over the wire.
const firstRoleID = 1000

func (a *authority) roleID(name string) int32 {
	for _, role := range a.manager.RoleList {
		if role.Name == name {
			return role.RoleId
		}
	}
	return 0
}

func (a *authority) permissionsOn(entity moRef) []types.Permission {
	var on []types.Permission
	for _, permission := range a.permissions() {
		if *permission.Entity == entity {
			on = append(on, permission)
		}
	}
	return on
}

// privilegesOf are the privileges of a user on an object: those of the nearest permission on the way up, and for a virtual machine of
// the nearest one by way of its resource pool too. An object that is none of the inventory's counts as the root folder.
func (a *authority) privilegesOf(ctx *simulator.Context, principal string, object moRef) map[string]bool {
	return a.privilegesBy(a.tally(ctx, principal), ctx, object)
}

// privilegesBy is privilegesOf by a tally that has nothing granted yet.
func (a *authority) privilegesBy(t *tally, ctx *simulator.Context, object moRef) map[string]bool {
	entity := a.entityFor(object)
	t.climb(ctx, entity, true)
	if vm, is := a.registry.Get(entity).(*simulator.VirtualMachine); is {
		var pool moRef
		ctx.WithLock(vm, func() { pool = deref(vm.ResourcePool) })
		if pool != (moRef{}) {
			t.climb(ctx, pool, false)
		}
	}
	return t.granted
}

// tally gathers one user's privileges from permissions and roles as they are at one moment.
type tally struct {
	principal   string
	permissions []types.Permission
	roles       map[int32][]string
	granted     map[string]bool
}

func (a *authority) tally(ctx *simulator.Context, principal string) *tally {
	t := &tally{principal: principal, granted: map[string]bool{}}
	t.permissions, t.roles = a.snapshot(ctx)
	return t
}

// fresh is a tally of the same moment with nothing granted.
func (t *tally) fresh() *tally {
	again := *t
	again.granted = map[string]bool{}
	return &again
}

// climb goes up from an entity to the nearest permission; itself is true where one on the entity counts whether it propagates or not.
func (t *tally) climb(ctx *simulator.Context, entity moRef, itself bool) {
	for range 64 {
		if t.take(entity, itself) {
			return
		}
		object, is := ctx.Map.Get(entity).(mo.Entity)
		if !is {
			return
		}
		var parent *moRef
		ctx.WithLock(object, func() { parent = object.Entity().Parent })
		if parent == nil {
			return
		}
		entity, itself = *parent, false
	}
}

// take adds the privileges of the permissions on one entity, and says whether there are any permissions.
func (t *tally) take(entity moRef, itself bool) bool {
	found := false
	for _, p := range t.permissions {
		if *p.Entity != entity || p.Group || principalOf(p.Principal) != t.principal || !itself && !p.Propagate {
			continue
		}
		found = true
		for _, privilege := range t.roles[p.RoleId] {
			t.granted[privilege] = true
		}
	}
	return found
}

// snapshot reads permissions and roles under the manager's lock.
func (a *authority) snapshot(ctx *simulator.Context) (permissions []types.Permission, roles map[int32][]string) {
	roles = map[int32][]string{}
	ctx.WithLock(a.manager, func() {
		permissions = a.permissions()
		for _, role := range a.manager.RoleList {
			roles[role.RoleId] = append([]string(nil), role.Privilege...)
		}
	})
	return permissions, roles
}

// entityFor is the entity whose permissions count for an object: a task's or a view's is the root folder.
func (a *authority) entityFor(object moRef) moRef {
	if _, is := a.registry.Get(object).(mo.Entity); is {
		return object
	}
	return a.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder
}

// allowed is true for a privilege that a user has on an object. The administrator has all.
func (a *authority) allowed(ctx *simulator.Context, user string, object moRef, privilege string) bool {
	principal := principalOf(user)
	if _, restricted := a.users[principal]; !restricted {
		return true
	}
	return a.privilegesOf(ctx, principal, object)[privilege]
}
