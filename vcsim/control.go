package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// maxPatchBytes bounds the body of a PATCH.
const maxPatchBytes = 1 << 20

// control is the endpoint with which a test sets up and observes the simulator beside the vSphere API.
type control struct {
	service  *simulator.Service
	registry *simulator.Registry
	engine   *engine
	trace    *trace
}

// registerControl adds /_sim/v1/ to the server, for the user who may log in, and lets the trace see every SOAP call.
func registerControl(service *simulator.Service, registry *simulator.Registry, moves *engine, who login) {
	c := &control{service: service, registry: registry, engine: moves, trace: newTrace(maxTracedCalls)}
	handlers := map[string]http.HandlerFunc{
		"PATCH /_sim/v1/objects/{moid}": c.patchObject,
		"GET /_sim/v1/objects/{moid}":   c.showObject,
		"GET /_sim/v1/trace":            c.showTrace,
		"DELETE /_sim/v1/trace":         c.clearTrace,
		"GET /_sim/v1/motions":          c.showMotions,
		"GET /_sim/v1/site":             c.showSite,
		"/_sim/":                        c.unknown,
	}
	maps.Copy(handlers, c.faultHandlers())
	maps.Copy(handlers, c.logHandlers())
	for pattern, handler := range c.incomingHandlers() {
		service.ServeMux.Handle(pattern, handler) // with a user of their own
	}
	for pattern, handler := range handlers {
		service.ServeMux.Handle(pattern, who.requireBasic(handler))
	}
	serve := (&soapFaults{engine: moves, registry: registry}).around(service.ServeSDK)
	c.trace.wrap(service.ServeMux, "POST /sdk", serve)
	c.trace.wrap(service.ServeMux, "POST /sdk/vimService", serve)
	refuseAddHost(registry)
}

// refuseAddHost answers AddHost_Task with NotSupported: govmomi stops the process when a host joins a cluster whose hosts run a
// release it has no entry for, and 8.0.3 is one.
func refuseAddHost(registry *simulator.Registry) {
	next := registry.Handler
	registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		if method.Name == "AddHost_Task" {
			return nil, &types.NotSupported{}
		}
		if next == nil {
			return nil, nil
		}
		return next(ctx, method)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

// patchObject sets properties of one object.
func (c *control) patchObject(w http.ResponseWriter, r *http.Request) {
	object := c.find(r.PathValue("moid"))
	if object == nil {
		writeError(w, http.StatusNotFound, fmt.Sprintf("there is no object %q", r.PathValue("moid")))
		return
	}
	changes, err := readPatch(http.MaxBytesReader(w, r.Body, maxPatchBytes))
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx := *c.service.Context
	changed, err := changes.apply(&ctx, object)
	if err != nil {
		writeError(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": object.Reference().Value, "changed": changed})
}

// readPatch decodes the body: one JSON object that is not empty.
func readPatch(body io.Reader) (patch, error) {
	decoder := json.NewDecoder(body)
	var changes patch
	if err := decoder.Decode(&changes); err != nil {
		return nil, fmt.Errorf("the body must be a JSON object of property paths and values: %w", err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body holds more than one JSON value")
	}
	if len(changes) == 0 {
		return nil, errors.New("the body names no property")
	}
	return changes, nil
}

// find looks an object up by its moid, or by type and moid (HostSystem:host-12).
func (c *control) find(moid string) mo.Reference {
	kind, value, typed := strings.Cut(moid, ":")
	if typed {
		if object := c.registry.Get(types.ManagedObjectReference{Type: kind, Value: value}); object != nil {
			return object
		}
	}
	for _, object := range c.registry.AllReference("") {
		if object.Reference().Value == moid {
			return object
		}
	}
	return nil
}

func (c *control) showTrace(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, c.trace.list())
}

func (c *control) clearTrace(w http.ResponseWriter, _ *http.Request) {
	c.trace.clear()
	w.WriteHeader(http.StatusNoContent)
}

func (c *control) showMotions(w http.ResponseWriter, _ *http.Request) {
	motions := c.engine.motions()
	if motions == nil {
		motions = []motionTruth{}
	}
	writeJSON(w, http.StatusOK, motions)
}

func (c *control) unknown(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, fmt.Sprintf("there is no %s %s", r.Method, r.URL.Path))
}
