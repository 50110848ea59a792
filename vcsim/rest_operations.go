package main

import "net/http"

// apiCall is one call of an operation, whichever way it came in.
type apiCall struct {
	arguments

	api     *restAPI
	request *http.Request
	key     string // of the session
}

// apiOperation answers a call. The answer nil is that of an operation without one.
type apiOperation func(*apiCall) (any, *apiError)

// operations are those the Automation SDK finds, by service and name. A session is there in each of them but the login.
var operations = map[string]apiOperation{
	"com.vmware.cis.session/get":    (*apiCall).sessionGet,
	"com.vmware.cis.session/delete": (*apiCall).sessionDelete,

	"com.vmware.cis.tagging.category/list":   func(c *apiCall) (any, *apiError) { return c.api.tags.listCategories(), nil },
	"com.vmware.cis.tagging.category/get":    func(c *apiCall) (any, *apiError) { return answered(c.api.tags.category(c.CategoryID)) },
	"com.vmware.cis.tagging.category/create": func(c *apiCall) (any, *apiError) { return answered(c.api.tags.createCategory(&c.CreateSpec)) },
	"com.vmware.cis.tagging.category/update": func(c *apiCall) (any, *apiError) { return nil, c.api.tags.updateCategory(c.CategoryID, &c.UpdateSpec) },
	"com.vmware.cis.tagging.category/delete": func(c *apiCall) (any, *apiError) { return nil, c.api.tags.deleteCategory(c.CategoryID) },

	"com.vmware.cis.tagging.tag/list":                   (*apiCall).listTags,
	"com.vmware.cis.tagging.tag/list_tags_for_category": (*apiCall).listTagsForCategory,
	"com.vmware.cis.tagging.tag/get":                    func(c *apiCall) (any, *apiError) { return answered(c.api.tags.tag(c.TagID)) },
	"com.vmware.cis.tagging.tag/create":                 func(c *apiCall) (any, *apiError) { return answered(c.api.tags.createTag(&c.CreateSpec)) },
	"com.vmware.cis.tagging.tag/update":                 func(c *apiCall) (any, *apiError) { return nil, c.api.tags.updateTag(c.TagID, &c.UpdateSpec) },
	"com.vmware.cis.tagging.tag/delete":                 func(c *apiCall) (any, *apiError) { return nil, c.api.tags.deleteTag(c.TagID) },

	"com.vmware.cis.tagging.tag_association/attach":                           func(c *apiCall) (any, *apiError) { return nil, c.api.tags.attach(c.TagID, c.ObjectID.ref()) },
	"com.vmware.cis.tagging.tag_association/detach":                           func(c *apiCall) (any, *apiError) { return nil, c.api.tags.detach(c.TagID, c.ObjectID.ref()) },
	"com.vmware.cis.tagging.tag_association/attach_tag_to_multiple_objects":   (*apiCall).attachToMany,
	"com.vmware.cis.tagging.tag_association/detach_tag_from_multiple_objects": (*apiCall).detachFromMany,
	"com.vmware.cis.tagging.tag_association/attach_multiple_tags_to_object":   (*apiCall).attachMany,
	"com.vmware.cis.tagging.tag_association/detach_multiple_tags_from_object": (*apiCall).detachMany,
	"com.vmware.cis.tagging.tag_association/list_attached_objects":            (*apiCall).objectsOnTag,
	"com.vmware.cis.tagging.tag_association/list_attached_tags":               func(c *apiCall) (any, *apiError) { return c.api.tags.tagsOf(c.ObjectID.ref()), nil },
	"com.vmware.cis.tagging.tag_association/list_attachable_tags":             func(c *apiCall) (any, *apiError) { return c.api.tags.attachable(c.ObjectID.ref()), nil },
	"com.vmware.cis.tagging.tag_association/list_attached_tags_on_objects":    (*apiCall).tagsOnObjects,
	"com.vmware.cis.tagging.tag_association/list_attached_objects_on_tags":    (*apiCall).objectsOnTags,

	"com.vmware.cis.tasks/get":    (*apiCall).taskGet,
	"com.vmware.cis.tasks/cancel": (*apiCall).taskCancel,

	"com.vmware.vcenter.VM/relocate":      (*apiCall).relocate,
	"com.vmware.vcenter.VM/relocate$task": (*apiCall).relocateTask,

	"com.vmware.vcenter.VM/list":            listing(&vmListing),
	"com.vmware.vcenter.host/list":          listing(&hostListing),
	"com.vmware.vcenter.cluster/list":       listing(&clusterListing),
	"com.vmware.vcenter.datastore/list":     listing(&datastoreListing),
	"com.vmware.vcenter.datacenter/list":    listing(&datacenterListing),
	"com.vmware.vcenter.folder/list":        listing(&folderListing),
	"com.vmware.vcenter.network/list":       listing(&networkListing),
	"com.vmware.vcenter.resource_pool/list": listing(&poolListing),
}

// answered makes any result an operation's.
func answered[T any](value T, err *apiError) (any, *apiError) {
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (c *apiCall) sessionGet() (any, *apiError) {
	session, found := c.api.sessions.find(c.key)
	if !found {
		return nil, errUnauthenticated
	}
	return sessionInfo{User: session.UserName, CreatedTime: apiTime(session.LoginTime), LastAccessTime: apiTime(session.LastActiveTime)}, nil
}

func (c *apiCall) sessionDelete() (any, *apiError) {
	c.api.sessions.end(c.key)
	return nil, nil
}

func (c *apiCall) listTags() (any, *apiError) {
	return c.api.tags.listTags(func(*heldTag) bool { return true }), nil
}

func (c *apiCall) listTagsForCategory() (any, *apiError) {
	if _, err := c.api.tags.category(c.CategoryID); err != nil {
		return nil, err
	}
	return c.api.tags.listTags(func(tag *heldTag) bool { return tag.CategoryID == c.CategoryID }), nil
}

func (c *apiCall) attachToMany() (any, *apiError) {
	return c.toObjects(func(o objectID) *apiError { return c.api.tags.attach(c.TagID, o.ref()) })
}

func (c *apiCall) detachFromMany() (any, *apiError) {
	return c.toObjects(func(o objectID) *apiError { return c.api.tags.detach(c.TagID, o.ref()) })
}

// toObjects is about one tag, which has to be there.
func (c *apiCall) toObjects(do func(objectID) *apiError) (any, *apiError) {
	if _, err := c.api.tags.tag(c.TagID); err != nil {
		return nil, err
	}
	who := c.viewer()
	return batch(c.ObjectIDs, func(object objectID) *apiError {
		if err := who.refusal(object.ref(), readsObject, attachesTag); err != nil {
			return err
		}
		return do(object)
	}), nil
}

func (c *apiCall) attachMany() (any, *apiError) {
	return batch(c.TagIDs, func(tag string) *apiError { return c.api.tags.attach(tag, c.ObjectID.ref()) }), nil
}

func (c *apiCall) detachMany() (any, *apiError) {
	return batch(c.TagIDs, func(tag string) *apiError { return c.api.tags.detach(tag, c.ObjectID.ref()) }), nil
}

func (c *apiCall) tagsOnObjects() (any, *apiError) {
	list := []objectTags{}
	for _, object := range c.viewer().seen(c.ObjectIDs) {
		if ids := c.api.tags.tagsOf(object.ref()); len(ids) > 0 {
			list = append(list, objectTags{object, ids})
		}
	}
	return list, nil
}

func (c *apiCall) objectsOnTag() (any, *apiError) {
	objects, err := c.api.tags.objectsOf(c.TagID)
	if err != nil {
		return nil, err
	}
	return c.viewer().seen(objects), nil
}

func (c *apiCall) objectsOnTags() (any, *apiError) {
	list, who := []tagObjects{}, c.viewer()
	for _, tag := range c.TagIDs {
		if objects, err := c.api.tags.objectsOf(tag); err == nil {
			list = append(list, tagObjects{tag, who.seen(objects)})
		}
	}
	return list, nil
}
