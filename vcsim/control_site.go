package main

import (
	"bytes"
	"fmt"
	"net/http"
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// siteEntry is one object of the inventory.
type siteEntry struct {
	Type string `json:"type"`
	Name string `json:"name"`
	MoID string `json:"moid"`
}

// shownTypes are the kinds of objects that GET /_sim/v1/site lists.
var shownTypes = []string{
	"Datacenter", "ClusterComputeResource", "HostSystem", "ResourcePool", "Datastore", "Network", "DistributedVirtualPortgroup",
	"Folder", "VirtualMachine",
}

// showSite lists the inventory: type, name and moid of each object.
func (c *control) showSite(w http.ResponseWriter, _ *http.Request) {
	entries := []siteEntry{}
	for _, kind := range shownTypes {
		of := c.entriesOf(kind)
		sort.Slice(of, func(i, j int) bool {
			return of[i].Name < of[j].Name || of[i].Name == of[j].Name && of[i].MoID < of[j].MoID
		})
		entries = append(entries, of...)
	}
	writeJSON(w, http.StatusOK, entries)
}

func (c *control) entriesOf(kind string) []siteEntry {
	var entries []siteEntry
	for _, object := range c.registry.All(kind) {
		ref := object.Reference()
		var name string
		ctx := *c.service.Context
		ctx.WithLock(object, func() { name = nameOf(object) })
		entries = append(entries, siteEntry{Type: ref.Type, Name: name, MoID: ref.Value})
	}
	return entries
}

// nameOf prefers the name of a kind's own where it has one beside the common one.
func nameOf(object mo.Entity) string {
	switch o := object.(type) {
	case *mo.Network:
		return o.Name
	case *simulator.DistributedVirtualPortgroup:
		return o.Name
	}
	return object.Entity().Name
}

// showObject writes all properties of one object, in the form PATCH takes them.
func (c *control) showObject(w http.ResponseWriter, r *http.Request) {
	object := c.find(r.PathValue("moid"))
	if object == nil {
		writeError(w, http.StatusNotFound, fmt.Sprintf("there is no object %q", r.PathValue("moid")))
		return
	}
	var text bytes.Buffer
	var err error
	ctx := *c.service.Context
	ctx.WithLock(object, func() { err = types.NewJSONEncoder(&text).Encode(managedObject(object).Addr().Interface()) })
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text.Bytes())
}
