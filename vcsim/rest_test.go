package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/simulator"
)

// api makes a REST call and decodes its answer where one is wanted.
func api(t *testing.T, r *runningSimulator, method, path, key string, body, into any) int {
	t.Helper()
	var text io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, "https://"+r.server.URL.Host+path, text)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		request.Header.Set(apiSessionHeader, key)
	}
	return send(t, r, request, into)
}

func apiLogin(t *testing.T, r *runningSimulator, password string, into any) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+r.server.URL.Host+"/api/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(r.ready.User, password)
	return send(t, r, request, into)
}

// apiKey logs in over REST.
func apiKey(t *testing.T, r *runningSimulator) string {
	t.Helper()
	var key string
	if status := apiLogin(t, r, r.ready.Password, &key); status != http.StatusCreated {
		t.Fatalf("login: %d", status)
	}
	return key
}

func TestRESTRefusesStrangers(t *testing.T) {
	r := running(t)
	var problem struct {
		Type     string    `json:"error_type"`
		Messages []message `json:"messages"`
	}
	if status := apiLogin(t, r, "wrong", &problem); status != http.StatusUnauthorized || problem.Type != "UNAUTHENTICATED" || problem.Messages == nil {
		t.Errorf("wrong password: %d %+v", status, problem)
	}
	for _, path := range []string{"/api/session", "/api/vcenter/vm", "/api/cis/tagging/tag", "/rest/com/vmware/content/library", "/api/no/such"} {
		for _, key := range []string{"", "no-such-session"} {
			if status := api(t, r, http.MethodGet, path, key, nil, nil); status != http.StatusUnauthorized {
				t.Errorf("%s with key %q: %d", path, key, status)
			}
		}
	}
	var old struct {
		Type string `json:"type"`
	}
	if api(t, r, http.MethodGet, "/rest/vcenter/vm", "", nil, &old); old.Type != "com.vmware.vapi.std.errors.unauthenticated" {
		t.Errorf("below /rest the error is %q", old.Type)
	}
}

func TestRESTSession(t *testing.T) {
	r := running(t)
	key := apiKey(t, r)
	var info map[string]string
	if status := api(t, r, http.MethodGet, "/api/session", key, nil, &info); status != http.StatusOK {
		t.Fatal(status)
	}
	if info["user"] != r.ready.User || !strings.HasSuffix(info["created_time"], "Z") || len(info["last_accessed_time"]) != len("2026-01-01T00:00:00.000Z") {
		t.Errorf("session info: %v", info)
	}
	if status := api(t, r, http.MethodDelete, "/api/session", key, nil, nil); status != http.StatusNoContent {
		t.Errorf("logout: %d", status)
	}
	if status := api(t, r, http.MethodGet, "/api/session", key, nil, nil); status != http.StatusUnauthorized {
		t.Errorf("after the logout: %d", status)
	}
}

// namesIn asks a list for the names in it.
func namesIn(t *testing.T, r *runningSimulator, key, path string) []string {
	t.Helper()
	var rows []struct {
		Name string `json:"name"`
	}
	if status := api(t, r, http.MethodGet, path, key, nil, &rows); status != http.StatusOK {
		t.Fatalf("%s: %d", path, status)
	}
	list := []string{}
	for _, row := range rows {
		list = append(list, row.Name)
	}
	return list
}

func TestRESTLists(t *testing.T) {
	r := running(t, "-hosts", "4", "-clusters", "2", "-vms", "8")
	key := apiKey(t, r)
	vm3 := vmNamed(t, r, "vm-003")
	host := vm3.Runtime.Host.Value
	cluster := r.model.Map().Get(*vm3.Runtime.Host).(*simulator.HostSystem).Parent.Value
	datacenter := r.model.Map().Any("Datacenter").Reference().Value
	for path, want := range map[string][]string{
		"vm?names=vm-003&names=vm-005":                                  {"vm-003", "vm-005"},
		"vm?vms=" + vm3.Self.Value:                                      {"vm-003"},
		"vm?hosts=" + host:                                              {"vm-003", "vm-007"},
		"vm?clusters=" + cluster + "&names=vm-003":                      {"vm-003"},
		"vm?hosts=" + host + "&power_states=POWERED_OFF":                {},
		"vm?resource_pools=" + vm3.ResourcePool.Value + "&names=vm-007": {"vm-007"},
		"vm?folders=" + vm3.Parent.Value + "&names=vm-001":              {"vm-001"},
		"vm?folders=group-none":                                         {},
		"host?hosts=" + host:                                            {"esx-003"},
		"host?clusters=" + cluster:                                      {"esx-003", "esx-004"},
		"host?connection_states=DISCONNECTED":                           {},
		"host?standalone=false&names=esx-001":                           {"esx-001"},
		"cluster?datacenters=" + datacenter:                             {"cluster-01", "cluster-02"},
		"datastore?types=VMFS":                                          {"datastore1", "datastore2"},
		"datacenter":                                                    {"DC0"},
		"folder?type=VIRTUAL_MACHINE":                                   {"vm"},
		"network?types=STANDARD_PORTGROUP":                              {"VM Network"},
		"resource-pool?clusters=" + cluster:                             {"Resources"},
	} {
		if got := namesIn(t, r, key, "/api/vcenter/"+path); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	for _, path := range []string{"vm?power_states=ON", "vm?colour=red", "host?connection_states=GONE"} {
		if status := api(t, r, http.MethodGet, "/api/vcenter/"+path, key, nil, nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestRESTListOfOldForm(t *testing.T) {
	r := running(t)
	key := apiKey(t, r)
	var wrapped struct {
		Value []vmSummary `json:"value"`
	}
	query := url.Values{"filter.names.1": {"vm-002"}, "filter.names.2": {"vm-004"}}
	if status := api(t, r, http.MethodGet, "/rest/vcenter/vm?"+query.Encode(), key, nil, &wrapped); status != http.StatusOK {
		t.Fatal(status)
	}
	if len(wrapped.Value) != 2 || wrapped.Value[0].Name != "vm-002" || *wrapped.Value[0].CPUCount != 2 || *wrapped.Value[0].MemoryMiB != 1024 {
		t.Errorf("%+v", wrapped.Value)
	}
	if status := api(t, r, http.MethodGet, "/rest/vcenter/vm?names=vm-002", key, nil, nil); status != http.StatusBadRequest {
		t.Errorf("a filter without its prefix: %d", status)
	}
}

func TestRESTGivesNoMoreThanItsLimit(t *testing.T) {
	r := running(t, "-vms", "4001", "-hosts", "4")
	key := apiKey(t, r)
	var problem struct {
		Type string `json:"error_type"`
	}
	if status := api(t, r, http.MethodGet, "/api/vcenter/vm", key, nil, &problem); status != http.StatusInternalServerError || problem.Type != "UNABLE_TO_ALLOCATE_RESOURCE" {
		t.Errorf("4001 machines: %d %s", status, problem.Type)
	}
	if got := namesIn(t, r, key, "/api/vcenter/vm?names=vm-4001"); len(got) != 1 {
		t.Errorf("with a filter: %v", got)
	}
}

func TestGovmomisOwnAPIIsReached(t *testing.T) {
	r := running(t)
	key := apiKey(t, r)
	var wrapped struct {
		Value []string `json:"value"`
	}
	if status := api(t, r, http.MethodGet, "/rest/com/vmware/content/library", key, nil, &wrapped); status != http.StatusOK {
		t.Errorf("content libraries: %d", status)
	}
	spec := map[string]any{"create_spec": map[string]any{"name": "isos", "type": "LOCAL"}}
	if status := api(t, r, http.MethodPost, "/rest/com/vmware/content/local-library", key, spec, nil); status != http.StatusInternalServerError {
		t.Errorf("a library without storage, which govmomi panics at: %d", status)
	}
}

func TestTagsOverPlainHTTP(t *testing.T) {
	r := running(t)
	key := apiKey(t, r)
	call := func(method, path string, body, into any, want int) {
		t.Helper()
		if status := api(t, r, method, "/api/cis/tagging/"+path, key, body, into); status != want {
			t.Fatalf("%s %s: %d, want %d", method, path, status, want)
		}
	}
	var category, tag string
	call("POST", "category", map[string]any{"name": "env", "description": "", "cardinality": "SINGLE", "associable_types": []string{"VirtualMachine"}}, &category, 201)
	call("POST", "tag", map[string]any{"name": "prod", "description": "", "category_id": category}, &tag, 201)
	call("POST", "tag", map[string]any{"name": "PROD", "description": "", "category_id": category}, nil, 400)
	object := map[string]string{"type": "VirtualMachine", "id": vmNamed(t, r, "vm-001").Self.Value}
	call("POST", "tag-association/"+tag+"?action=attach", map[string]any{"object_id": object}, nil, 204)
	var objects []objectID
	call("POST", "tag-association/"+tag+"?action=list-attached-objects", nil, &objects, 200)
	if len(objects) != 1 || objects[0].ID != object["id"] {
		t.Errorf("attached objects: %v", objects)
	}
	call("PATCH", "tag/"+tag, map[string]any{"description": "live"}, nil, 204)
	var model tagModel
	call("GET", "tag/"+tag, nil, &model, 200)
	if model.Description != "live" || model.Name != "prod" || model.UsedBy == nil {
		t.Errorf("tag: %+v", model)
	}
	var ids []string
	call("POST", "tag?action=list-tags-for-category", map[string]any{"category_id": category}, &ids, 200)
	if !slices.Equal(ids, []string{tag}) {
		t.Errorf("tags of the category: %v", ids)
	}
	call("DELETE", "category/"+category, nil, nil, 204)
	call("GET", "tag/"+tag, nil, nil, 404)
	call("POST", "tag-association/"+tag+"?action=dance", nil, nil, 404)
}
