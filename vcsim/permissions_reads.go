package main

import (
	"crypto/subtle"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// permissions are all there are; the manager's lock is held, or nothing is served yet.
func (a *authority) permissions() []types.Permission {
	answer := a.manager.RetrieveAllPermissions(&types.RetrieveAllPermissions{})
	return answer.(*methods.RetrieveAllPermissionsBody).Res.Returnval
}

// listOf is every privilege a user has on an object, in order.
func (a *authority) listOf(ctx *simulator.Context, user string, object moRef) []string {
	var list []string
	principal := principalOf(user)
	if _, restricted := a.users[principal]; !restricted {
		_, roles := a.snapshot(ctx)
		list = append(list, roles[a.roleID("Admin")]...)
	}
	for privilege := range a.privilegesOf(ctx, principal, object) {
		if !containsString(list, privilege) {
			list = append(list, privilege)
		}
	}
	sort.Strings(list)
	return list
}

// userOfSession is who a session belongs to: the caller's own one, or another one of a known user.
func (a *authority) userOfSession(ctx *simulator.Context, key string) (string, types.BaseMethodFault) {
	if key == ctx.Session.Key || key == "" {
		return ctx.Session.UserName, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	user, known := a.sessions[key]
	if !known {
		return "", &types.InvalidArgument{InvalidProperty: "sessionId"}
	}
	return user, nil
}

// remember notes whose session a call came from.
func (a *authority) remember(ctx *simulator.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[ctx.Session.Key] = ctx.Session.UserName
}

// viewed are the properties that System.View is enough for; the others ask for System.Read (vSphere API reference, ManagedEntity).
var viewed = map[string]bool{"name": true, "parent": true, "effectiveRole": true, "disabledMethod": true}

func readPrivilege(path string) string {
	first, _, _ := strings.Cut(path, ".")
	if viewed[first] {
		return "System.View"
	}
	return "System.Read"
}

// mask moves what the session's user may not read from the properties to the missing ones.
func mask(ctx *simulator.Context, contents []types.ObjectContent) {
	a, watches := ctx.Map.Get(authorityRef).(*authority)
	if !watches || ctx.Session == nil {
		return
	}
	principal := principalOf(ctx.Session.UserName)
	if _, restricted := a.users[principal]; !restricted {
		return
	}
	for i := range contents {
		if isEntity(a.registry, contents[i].Obj) {
			maskObject(&contents[i], a.privilegesOf(ctx, principal, contents[i].Obj))
		}
	}
}

func maskObject(content *types.ObjectContent, granted map[string]bool) {
	if granted["System.Read"] && granted["System.View"] {
		return
	}
	var readable []types.DynamicProperty
	for _, property := range content.PropSet {
		privilege := readPrivilege(property.Name)
		if granted[privilege] {
			readable = append(readable, property)
			continue
		}
		object := content.Obj
		fault := &types.NoPermission{
			Object: &object, PrivilegeId: privilege,
			MissingPrivileges: []types.NoPermissionEntityPrivileges{{Entity: object, PrivilegeIds: []string{privilege}}},
		}
		content.MissingSet = append(content.MissingSet, types.MissingProperty{Path: property.Name, Fault: *localized(fault)})
	}
	content.PropSet = readable
}

// RetrievePropertiesEx, ContinueRetrievePropertiesEx and RetrieveProperties are govmomi's, with the pools' true numbers and less what the
// user may not read.
func (c *collector) RetrievePropertiesEx(ctx *simulator.Context, req *types.RetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.RetrievePropertiesEx(ctx, req)
	if body, is := answer.(*methods.RetrievePropertiesExBody); is && body.Res != nil && body.Res.Returnval != nil {
		showPools(ctx, body.Res.Returnval.Objects)
		mask(ctx, body.Res.Returnval.Objects)
	}
	return answer
}

func (c *collector) ContinueRetrievePropertiesEx(ctx *simulator.Context, req *types.ContinueRetrievePropertiesEx) soap.HasFault {
	answer := c.PropertyCollector.ContinueRetrievePropertiesEx(ctx, req)
	if body, is := answer.(*methods.ContinueRetrievePropertiesExBody); is && body.Res != nil {
		showPools(ctx, body.Res.Returnval.Objects)
		mask(ctx, body.Res.Returnval.Objects)
	}
	return answer
}

func (c *collector) RetrieveProperties(ctx *simulator.Context, req *types.RetrieveProperties) soap.HasFault {
	answer := c.PropertyCollector.RetrieveProperties(ctx, req)
	if body, is := answer.(*methods.RetrievePropertiesBody); is && body.Res != nil {
		showPools(ctx, body.Res.Returnval)
		mask(ctx, body.Res.Returnval)
	}
	return answer
}

func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// access resolves what the scenario says of users.
func (b *builder) access() error {
	plan := &b.site.Access
	plan.roles = b.plan.Roles
	for i, user := range b.plan.Users {
		password := user.Password
		if user.PasswordFile != "" {
			content, err := os.ReadFile(user.PasswordFile)
			if err != nil {
				return fmt.Errorf("users[%d].password_file: %w", i, err)
			}
			password = strings.TrimRight(string(content), "\r\n")
		}
		plan.users = append(plan.users, account{user.Name, password})
		if user.Role != "" {
			plan.grants = append(plan.grants, grant{b.root(), user.Name, user.Role, true})
		}
	}
	for i, permission := range b.plan.Permissions {
		entity, err := b.entityAt(permission.Entity)
		if err != nil {
			return fmt.Errorf("permissions[%d].entity: %w", i, err)
		}
		plan.grants = append(plan.grants, grant{entity, permission.User, permission.Role, or(permission.Propagate, true)})
	}
	return nil
}

func (b *builder) root() moRef {
	return b.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder
}
