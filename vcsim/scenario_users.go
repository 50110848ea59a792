package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator/esx"
)

// roleSpec is a set of privileges with a name.
type roleSpec struct {
	Name       string   `yaml:"name"`
	Privileges []string `yaml:"privileges"`
}

// userSpec is somebody who may log in beside the administrator. The role is one of the scenario's, or one of vCenter's own; it counts
// on the whole inventory. Without it the user has what permissions give.
type userSpec struct {
	Name         string `yaml:"name"`
	Password     string `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
	Role         string `yaml:"role"`
}

// permissionSpec gives a user a role on one entity, and on what is below it.
type permissionSpec struct {
	Entity    string `yaml:"entity"` // inventory path, or the name of a host, VM, cluster, datastore, network or pool; / is the root folder
	User      string `yaml:"user"`
	Role      string `yaml:"role"`
	Propagate *bool  `yaml:"propagate"` // true
}

// builtInRoles are vCenter's own roles that a scenario may name, with what they may do. Their names are those of the API.
var builtInRoles = map[string]string{"Admin": "", "ReadOnly": "", "View": "", "NoAccess": ""}

// knownPrivileges are those the administrator has: all there are.
var knownPrivileges = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for _, role := range esx.RoleList {
		if role.Name == "Admin" {
			for _, privilege := range role.Privilege {
				known[privilege] = true
			}
		}
	}
	return known
})

// accounts checks roles, users and permissions.
func (v *validation) accounts() {
	roles, users := map[string]int{}, map[string]int{}
	for i, role := range v.plan.Roles {
		v.unique(role.Name, roles, "roles", i, "name")
		_, taken := builtInRoles[role.Name]
		v.need(!taken, []any{"roles", i, "name"}, "%s is a role of vCenter's own", role.Name)
		for p, privilege := range role.Privileges {
			v.need(knownPrivileges()[privilege], []any{"roles", i, "privileges", p}, "%q is no privilege", privilege)
		}
	}
	known := func(role string) bool {
		_, ours := roles[role]
		_, builtIn := builtInRoles[role]
		return ours || builtIn
	}
	for i, user := range v.plan.Users {
		v.unique(user.Name, users, "users", i, "name")
		v.need((user.Password == "") != (user.PasswordFile == ""), []any{"users", i}, "a user has either password or password_file")
		v.need(user.Role == "" || known(user.Role), []any{"users", i, "role"}, "there is no role %q", user.Role)
	}
	for i, permission := range v.plan.Permissions {
		_, has := users[permission.User]
		v.need(has, []any{"permissions", i, "user"}, "there is no user %q", permission.User)
		v.need(known(permission.Role), []any{"permissions", i, "role"}, "there is no role %q", permission.Role)
		v.need(permission.Entity != "", []any{"permissions", i, "entity"}, "is missing")
	}
}
