package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"gopkg.in/yaml.v3"
)

// registerFaults adds /_sim/v1/faults to the control endpoint's handlers.
func (c *control) faultHandlers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /_sim/v1/faults":           c.showFaults,
		"POST /_sim/v1/faults":          c.plantFaults,
		"DELETE /_sim/v1/faults":        c.removeFault,
		"DELETE /_sim/v1/faults/{name}": c.removeFault,
	}
}

func (c *control) showFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, c.engine.faults.list())
}

// plantFaults takes one fault or a list and plants all of them or none.
func (c *control) plantFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPatchBytes))
	if err == nil && !json.Valid(body) {
		err = fmt.Errorf("the body must be one JSON object, or a list of them")
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	specs, err := readFaults(body)
	if err != nil {
		writeError(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	rules, err := c.engine.faults.plant(specs)
	if err != nil {
		writeError(w, http.StatusConflict, err.Error())
		return
	}
	shown := []map[string]any{}
	for _, rule := range rules {
		shown = append(shown, rule.show())
	}
	writeJSON(w, http.StatusCreated, shown)
}

// removeFault takes one fault out, or all; what stalls because of it goes on.
func (c *control) removeFault(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !c.engine.faults.remove(name) {
		writeError(w, http.StatusNotFound, fmt.Sprintf("there is no fault %q; there are %v", name, c.engine.faults.ids()))
		return
	}
	c.engine.release(name)
	w.WriteHeader(http.StatusNoContent)
}

// readFaults reads the JSON of one fault or of a list with the reader of scenarios, JSON being YAML too: the same keys, checks and messages.
func readFaults(body []byte) ([]faultSpec, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(compact.Bytes(), &document); err != nil {
		return nil, yamlError("faults", err)
	}
	root := document.Content[0]
	if root.Kind == yaml.MappingNode {
		root = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: 1, Content: []*yaml.Node{root}}
	}
	source := scenarioSource{file: "faults", root: root}
	if err := source.checkNode(root, reflect.TypeOf([]faultSpec{})); err != nil {
		return nil, err
	}
	var specs []faultSpec
	if err := root.Decode(&specs); err != nil {
		return nil, yamlError("faults", err)
	}
	if len(specs) == 0 {
		return nil, fmt.Errorf("the body holds no fault")
	}
	v := &validation{scenarioSource: source}
	for i := range specs {
		v.fault(&specs[i], []any{i})
	}
	return specs, v.err
}
