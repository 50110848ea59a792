package main

import (
	"net/http"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What the vSphere Automation API asks for of the scenario's users. An object is seen with System.Read on it; lists leave out what is
// not seen. Tags and categories have no place in the inventory: privileges to make, change and delete them count on the root folder,
// InventoryService.Tagging.AttachTag on the object, and whoever has a session may read them (UNVERIFIED). Relocations are SOAP calls,
// which are judged as such.

const (
	readsObject = "System.Read"
	attachesTag = "InventoryService.Tagging.AttachTag"
)

// rootNeeds are the privileges operations ask for on the root folder (vSphere Security, vSphere Tagging Privileges).
var rootNeeds = map[string]string{
	"com.vmware.cis.tagging.category/create": "InventoryService.Tagging.CreateCategory",
	"com.vmware.cis.tagging.category/update": "InventoryService.Tagging.EditCategory",
	"com.vmware.cis.tagging.category/delete": "InventoryService.Tagging.DeleteCategory",
	"com.vmware.cis.tagging.tag/create":      "InventoryService.Tagging.CreateTag",
	"com.vmware.cis.tagging.tag/update":      "InventoryService.Tagging.EditTag",
	"com.vmware.cis.tagging.tag/delete":      "InventoryService.Tagging.DeleteTag",
}

// objectNeeds are the privileges operations ask for on the object of their arguments. Those on many objects judge each by itself.
var objectNeeds = map[string][]string{
	"com.vmware.cis.tagging.tag_association/attach":                           {readsObject, attachesTag},
	"com.vmware.cis.tagging.tag_association/detach":                           {readsObject, attachesTag},
	"com.vmware.cis.tagging.tag_association/attach_multiple_tags_to_object":   {readsObject, attachesTag},
	"com.vmware.cis.tagging.tag_association/detach_multiple_tags_from_object": {readsObject, attachesTag},
	"com.vmware.cis.tagging.tag_association/list_attached_tags":               {readsObject},
	"com.vmware.cis.tagging.tag_association/list_attachable_tags":             {readsObject},
}

// viewer is a session's user, with the permissions and roles as they are at one moment. Nil is one who may do everything.
type viewer struct {
	authority *authority
	ctx       *simulator.Context
	tally     *tally
	name      string
}

// viewer is who makes the call.
func (c *apiCall) viewer() *viewer { return c.api.viewerOf(c.key) }

func (a *restAPI) viewerOf(key string) *viewer {
	authority, restricts := a.registry.Get(authorityRef).(*authority)
	if !restricts {
		return nil
	}
	session, found := a.sessions.find(key)
	if !found {
		return nil
	}
	principal := principalOf(session.UserName)
	if _, restricted := authority.users[principal]; !restricted {
		return nil
	}
	ctx := &simulator.Context{Map: a.registry, Session: &simulator.Session{UserSession: types.UserSession{Key: key, UserName: session.UserName}}}
	return &viewer{authority, ctx, authority.tally(ctx, principal), session.UserName}
}

// may is true for a privilege the user has on an object.
func (v *viewer) may(object moRef, privilege string) bool {
	return v == nil || v.authority.privilegesBy(v.tally.fresh(), v.ctx, object)[privilege]
}

// refusal is the error for the first privilege the user lacks on an object.
func (v *viewer) refusal(object moRef, privileges ...string) *apiError {
	for _, privilege := range privileges {
		if !v.may(object, privilege) {
			return newAPIError("unauthorized", "%s lacks the privilege %s on %s:%s", v.name, privilege, object.Type, object.Value)
		}
	}
	return nil
}

// carryOut does an operation for a user who may.
func (c *apiCall) carryOut(name string) (any, *apiError) {
	v := c.viewer()
	if privilege := rootNeeds[name]; privilege != "" {
		if err := v.refusal(c.api.root(), privilege); err != nil {
			return nil, err
		}
	}
	if err := v.refusal(c.ObjectID.ref(), objectNeeds[name]...); err != nil {
		return nil, err
	}
	return operations[name](c)
}

func (a *restAPI) root() moRef {
	return a.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder
}

// seen leaves out the objects the user does not see.
func (v *viewer) seen(ids []objectID) []objectID {
	visible := make([]objectID, 0, len(ids))
	for _, id := range ids {
		if v.may(id.ref(), readsObject) {
			visible = append(visible, id)
		}
	}
	return visible
}

// refusesBuiltIn judges what govmomi answers, which knows nothing of permissions: to look takes System.Read on the root folder, and the
// rest is the administrator's.
func (v *viewer) refusesBuiltIn(root moRef, r *http.Request) *apiError {
	if v == nil || r.Method == http.MethodGet && v.may(root, readsObject) {
		return nil
	}
	return newAPIError("unauthorized", "%s may not %s %s", v.name, strings.ToLower(r.Method), r.URL.Path)
}
