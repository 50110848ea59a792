package main

import (
	"net/http"
	"net/url"
	"strings"
)

// finder takes the arguments of an operation out of a request.
type finder func(*restRequest, *arguments) *apiError

// listServices are the services behind /vcenter/NAME.
var listServices = map[string]string{
	"vm": "VM", "host": "host", "cluster": "cluster", "datastore": "datastore", "datacenter": "datacenter", "folder": "folder",
	"network": "network", "resource-pool": "resource_pool",
}

// route finds the operation of a request; the empty name is none of ours.
func route(q *restRequest) (string, finder) {
	switch {
	case q.isSession():
		return q.routeSession()
	case q.at("cis", "tagging", "category"), q.at("cis", "tagging", "tag"):
		return q.routeModel()
	case q.at("cis", "tagging", "tag-association"):
		return q.routeAssociation()
	case q.at("vcenter", "vm") && len(q.path) == 3 && q.r.Method == http.MethodPost && q.action == "relocate" && !q.old:
		return q.routeRelocation()
	case q.at("cis", "tasks") && len(q.path) == 3 && !q.old:
		return q.routeTask()
	case q.at("vcenter") && len(q.path) == 2 && q.r.Method == http.MethodGet:
		if service := listServices[q.path[1]]; service != "" {
			return "com.vmware.vcenter." + service + "/list", (*restRequest).readFilter
		}
	}
	return "", nil
}

func nothing(*restRequest, *arguments) *apiError { return nil }

func (q *restRequest) routeSession() (string, finder) {
	switch {
	case q.r.Method == http.MethodDelete:
		return "com.vmware.cis.session/delete", nothing
	case q.r.Method == http.MethodGet, q.r.Method == http.MethodPost && q.action == "get":
		return "com.vmware.cis.session/get", nothing
	}
	return "", nil
}

// routeModel finds the operations on categories and tags.
func (q *restRequest) routeModel() (string, finder) {
	kind := q.path[2]
	service := "com.vmware.cis.tagging." + kind + "/"
	switch {
	case q.r.Method == http.MethodPost && kind == "tag" && q.action == "list-tags-for-category":
		return service + "list_tags_for_category", (*restRequest).readCategory
	case len(q.path) == 3 && q.r.Method == http.MethodGet:
		return service + "list", nothing
	case len(q.path) == 3 && q.r.Method == http.MethodPost && q.action == "":
		return service + "create", (*restRequest).readCreate
	case len(q.path) != 4:
	case q.r.Method == http.MethodGet:
		return service + "get", (*restRequest).readID
	case q.r.Method == http.MethodPatch:
		return service + "update", (*restRequest).readUpdate
	case q.r.Method == http.MethodDelete:
		return service + "delete", (*restRequest).readID
	}
	return "", nil
}

// associations are the actions on attachments; true for those whose path names a tag.
var associations = map[string]bool{
	"attach": true, "detach": true, "attach-tag-to-multiple-objects": true, "detach-tag-from-multiple-objects": true,
	"list-attached-objects": true, "attach-multiple-tags-to-object": false, "detach-multiple-tags-from-object": false,
	"list-attached-tags": false, "list-attachable-tags": false, "list-attached-tags-on-objects": false, "list-attached-objects-on-tags": false,
}

func (q *restRequest) routeAssociation() (string, finder) {
	ofTag, known := associations[q.action]
	if !known || q.r.Method != http.MethodPost || ofTag != (len(q.path) == 4) {
		return "", nil
	}
	return "com.vmware.cis.tagging.tag_association/" + strings.ReplaceAll(q.action, "-", "_"), (*restRequest).readAssociation
}

// id is the identifier in the path; below /rest it has a prefix.
func (q *restRequest) id() string {
	if len(q.path) < 4 {
		return ""
	}
	if q.old {
		return strings.TrimPrefix(q.path[3], "id:")
	}
	return q.path[3]
}

func (q *restRequest) readID(into *arguments) *apiError {
	into.CategoryID, into.TagID = q.id(), q.id()
	return nil
}

// readCategory: the category is in the body, and below /rest in the path.
func (q *restRequest) readCategory(into *arguments) *apiError {
	if err := q.readBody(into); err != nil {
		return err
	}
	if id := q.id(); id != "" {
		into.CategoryID = id
	}
	return nil
}

// readCreate: the specification is the body, and below /rest a part of it.
func (q *restRequest) readCreate(into *arguments) *apiError {
	if q.old {
		return q.readBody(into)
	}
	return q.readBody(&into.CreateSpec)
}

func (q *restRequest) readUpdate(into *arguments) *apiError {
	var err *apiError
	if q.old {
		err = q.readBody(into)
	} else {
		err = q.readBody(&into.UpdateSpec)
	}
	into.CategoryID, into.TagID = q.id(), q.id()
	return err
}

func (q *restRequest) readAssociation(into *arguments) *apiError {
	if err := q.readBody(into); err != nil {
		return err
	}
	if id := q.id(); id != "" {
		into.TagID = id
	}
	return nil
}

// routeRelocation: vmw-task=true gives the task, without it the answer comes at the end.
func (q *restRequest) routeRelocation() (string, finder) {
	read := func(q *restRequest, into *arguments) *apiError {
		into.VM = q.path[2]
		return q.readBody(&into.Spec)
	}
	if q.r.URL.Query().Get("vmw-task") == "true" {
		return "com.vmware.vcenter.VM/relocate$task", read
	}
	return "com.vmware.vcenter.VM/relocate", read
}

func (q *restRequest) routeTask() (string, finder) {
	read := func(q *restRequest, into *arguments) *apiError {
		into.Task = q.path[2]
		return nil
	}
	switch {
	case q.r.Method == http.MethodGet:
		return "com.vmware.cis.tasks/get", read
	case q.r.Method == http.MethodPost && q.action == "cancel":
		return "com.vmware.cis.tasks/cancel", read
	}
	return "", nil
}

// mustParse is for the paths in this program.
func mustParse(path string) *url.URL {
	u, err := url.Parse(path)
	if err != nil {
		panic(err)
	}
	return u
}
