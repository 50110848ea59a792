package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
)

// apiSite is a site with a machine that may be moved by the administrator and not by Bob, who looks.
const apiSite = `version: 1
clusters: [{name: c, hosts: [{name: h1}, {name: h2}]}, {name: d, hosts: [{name: h3}]}]
datastores: [{name: one}, {name: two}]
networks: [{name: n}]
vms: [{name: a, host: h1, memory_gib: 4, datastore: one}]
users: [{name: bob, password: a long password for bob, role: ReadOnly}]
`

type apiProblem struct {
	Type     string    `json:"error_type"`
	Messages []message `json:"messages"`
}

func apiSimulator(t *testing.T) *runningSimulator {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(file, []byte(apiSite), 0o600); err != nil {
		t.Fatal(err)
	}
	return running(t, "-scenario", file, "-speed", "1000")
}

// placementOf is the body of a relocation.
func placementOf(pairs ...string) map[string]any {
	words := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		words[pairs[i]] = pairs[i+1]
	}
	return map[string]any{"placement": words}
}

func TestRESTRelocates(t *testing.T) {
	r := apiSimulator(t)
	key, vm := apiKey(t, r), vmNamed(t, r, "a")
	path := "/api/vcenter/vm/" + vm.Self.Value + "?action=relocate"
	to := hostNamed(t, r, "h2").Self
	if status := api(t, r, http.MethodPost, path, key, placementOf("host", to.Value), nil); status != http.StatusNoContent {
		t.Fatalf("relocate: %d", status)
	}
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	c := &govmomiClient{t: t, ctx: context.Background(), client: client.Client}
	if host := c.hostOf(vm.Self); host != to {
		t.Errorf("the machine is on %s", host)
	}
	var id string
	if status := api(t, r, http.MethodPost, path+"&vmw-task=true", key, placementOf("host", hostNamed(t, r, "h1").Self.Value), &id); status != http.StatusOK {
		t.Fatalf("relocate as a task: %d", status)
	}
	var info taskModelRead
	for info.Status != "SUCCEEDED" {
		if status := api(t, r, http.MethodGet, "/api/cis/tasks/"+id, key, nil, &info); status != http.StatusOK || info.Status == "FAILED" {
			t.Fatalf("the task: %d, %+v", status, info)
		}
	}
	want := taskModelRead{"relocate$task", "com.vmware.vcenter.VM", "SUCCEEDED", objectID{"VirtualMachine", vm.Self.Value}, r.ready.User}
	if info != want {
		t.Errorf("the task is %+v", info)
	}
	var problem apiProblem
	status := api(t, r, http.MethodPost, "/api/cis/tasks/"+id+"?action=cancel", key, nil, &problem)
	if status != http.StatusBadRequest || problem.Type != "NOT_ALLOWED_IN_CURRENT_STATE" {
		t.Errorf("cancel of what is over: %d %+v", status, problem)
	}
}

// taskModelRead is what a test compares of a task.
type taskModelRead struct {
	Operation string   `json:"operation"`
	Service   string   `json:"service"`
	Status    string   `json:"status"`
	Target    objectID `json:"target"`
	User      string   `json:"user"`
}

func (c *govmomiClient) hostOf(vm moRef) moRef {
	host, err := c.object(vm).HostSystem(c.ctx)
	c.must(err)
	return host.Reference()
}

func TestRESTRelocationGoesToClustersAndDatastores(t *testing.T) {
	r := apiSimulator(t)
	key, vm := apiKey(t, r), vmNamed(t, r, "a")
	path := "/api/vcenter/vm/" + vm.Self.Value + "?action=relocate"
	var two, cluster string
	for _, each := range r.model.Map().All("Datastore") {
		if each.(*simulator.Datastore).Name == "two" {
			two = each.Reference().Value
		}
	}
	for _, each := range r.model.Map().All("ClusterComputeResource") {
		if each.(*simulator.ClusterComputeResource).Name == "d" {
			cluster = each.Reference().Value
		}
	}
	body := placementOf("cluster", cluster)
	body["disks"] = map[string]any{"2000": map[string]string{"datastore": two}}
	var problem apiProblem
	if status := api(t, r, http.MethodPost, path, key, body, nil); status != http.StatusNoContent {
		t.Fatalf("relocate: %d", status)
	}
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	c := &govmomiClient{t: t, ctx: context.Background(), client: client.Client}
	if host := c.hostOf(vm.Self); host != hostNamed(t, r, "h3").Self {
		t.Errorf("the machine is on %s", host)
	}
	if stores := c.datastoresOf(vm.Self); len(stores) != 2 {
		t.Errorf("the machine's files are on %v", stores)
	}
	body = map[string]any{"disks": map[string]any{"first": map[string]string{"datastore": two}}}
	if status := api(t, r, http.MethodPost, path, key, body, &problem); status != http.StatusBadRequest || problem.Type != "INVALID_ARGUMENT" {
		t.Errorf("a disk without a number: %d %+v", status, problem)
	}
}

func (c *govmomiClient) datastoresOf(vm moRef) []moRef {
	var read mo.VirtualMachine
	c.must(c.object(vm).Properties(c.ctx, vm, []string{"datastore"}, &read))
	return read.Datastore
}

func (c *govmomiClient) object(vm moRef) *object.VirtualMachine {
	return object.NewVirtualMachine(c.client, vm)
}

func TestRESTRelocationIsRefusedAsItsSOAPCallIs(t *testing.T) {
	r := apiSimulator(t)
	vm, to := vmNamed(t, r, "a").Self.Value, hostNamed(t, r, "h2").Self.Value
	var key string
	request, err := http.NewRequest(http.MethodPost, "https://"+r.server.URL.Host+"/api/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("bob", "a long password for bob")
	if status := send(t, r, request, &key); status != http.StatusCreated {
		t.Fatalf("login: %d", status)
	}
	for _, each := range []struct {
		key, path string
		body      map[string]any
		status    int
		kind      string
	}{
		{key, vm, placementOf("host", to), http.StatusForbidden, "UNAUTHORIZED"},
		{apiKey(t, r), "vm-0", placementOf("host", to), http.StatusNotFound, "NOT_FOUND"},
		{apiKey(t, r), vm, placementOf("host", "host-0"), http.StatusNotFound, "NOT_FOUND"},
		{apiKey(t, r), vm, placementOf("cluster", "domain-c0"), http.StatusNotFound, "NOT_FOUND"},
	} {
		var problem apiProblem
		status := api(t, r, http.MethodPost, "/api/vcenter/vm/"+each.path+"?action=relocate", each.key, each.body, &problem)
		if status != each.status || problem.Type != each.kind || len(problem.Messages) == 0 {
			t.Errorf("%s %v: %d %+v, not %d", each.path, each.body, status, problem, each.status)
		}
	}
}

func TestDiskMovesAreReadInBothForms(t *testing.T) {
	want := diskMoves{}
	if err := json.Unmarshal([]byte(`{"2000": {"datastore": "datastore-1"}}`), &want); err != nil || want["2000"].Datastore != "datastore-1" {
		t.Fatalf("%v, %v", want, err)
	}
	var wrapped any
	entry := `[{"STRUCTURE": {"map-entry": {"key": "2000", "value": {"STRUCTURE": {"com.vmware.vcenter.VM.disk_relocate_spec": {"datastore": {"OPTIONAL": "datastore-1"}}}}}}}]`
	if err := json.Unmarshal([]byte(entry), &wrapped); err != nil {
		t.Fatal(err)
	}
	bare, err := json.Marshal(unwrapped(wrapped))
	if err != nil {
		t.Fatal(err)
	}
	got := diskMoves{}
	if err := json.Unmarshal(bare, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
