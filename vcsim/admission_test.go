package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// sceneText is the site of every situation; %place% is where its words go.
const sceneText = `version: 1
clusters:
  - {name: A, hosts: [{name: a1, %a1%}, {name: a2, %a2%}], %A%}
  - {name: B, hosts: [{name: b1, %b1%}], %B%}
datastores: [{name: shared}, {name: second}, {name: local, hosts: [a1]}]
networks: [{name: std, kind: standard}, {name: std2, kind: standard}, {name: dv}, {name: onlyA1, kind: standard, hosts: [a1]}]
vms: [{name: vm, host: a1, networks: %nets%, %vm%}, %more%]
rules: [%rules%]
%rest%
`

func sceneOf(words map[string]string) string {
	text := sceneText
	for _, place := range []string{"a1", "a2", "b1", "A", "B", "nets", "vm", "more", "rules", "rest"} {
		said := words[place]
		if place == "nets" && said == "" {
			said = "[std]"
		}
		text = strings.ReplaceAll(text, "%"+place+"%", said)
	}
	return strings.ReplaceAll(text, ", }", "}")
}

// cast is a running site and a client of it.
type cast struct {
	t      *testing.T
	sim    *runningSimulator
	client *govmomi.Client
	moids  map[string]string
	kinds  map[string]string
}

// staged starts a site. Its objects are known by name, and the root pool of a cluster as "cluster/", any other one as "cluster/name".
func staged(t *testing.T, words map[string]string, flags ...string) *cast {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scene.yaml")
	if err := os.WriteFile(file, []byte(sceneOf(words)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &cast{t: t, sim: running(t, append([]string{"-scenario", file, "-speed", "5000"}, flags...)...)}
	client, err := logIn(t, c.sim, c.sim.ready.User, c.sim.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	c.client = client
	t.Cleanup(func() { _ = client.Logout(context.Background()) })
	c.learn()
	return c
}

func (c *cast) learn() {
	c.moids, c.kinds = map[string]string{}, map[string]string{}
	registry := c.sim.model.Map()
	for _, kind := range []string{"Folder", "HostSystem", "VirtualMachine", "Datastore", "ClusterComputeResource", "Network", "Datacenter"} {
		for _, entity := range registry.All(kind) {
			name := entityNameOf(c.sim.model.Service.Context, entity.Reference())
			c.moids[name], c.kinds[name] = entity.Reference().Value, kind
		}
	}
	for _, entity := range registry.All("ResourcePool") {
		pool := entity.(*simulator.ResourcePool)
		cluster := registry.Get(pool.Owner).(*simulator.ClusterComputeResource)
		name := cluster.Name + "/"
		if *pool.Parent != pool.Owner {
			name += pool.Name
		}
		c.moids[name], c.kinds[name] = pool.Self.Value, "ResourcePool"
	}
	for _, kind := range []string{"DistributedVirtualSwitch", "VmwareDistributedVirtualSwitch"} {
		for _, entity := range registry.All(kind) {
			c.moids["dvs"] = entity.(*simulator.DistributedVirtualSwitch).Uuid
		}
	}
	for i, portgroup := range hostNamed(c.t, c.sim, "a1").Config.Network.Portgroup {
		if portgroup.Spec.Name == "std" {
			c.moids["std"] = strconv.Itoa(i)
		}
	}
}

func (c *cast) ref(name string) moRef {
	c.t.Helper()
	moid, known := c.moids[name]
	if !known {
		c.t.Fatalf("there is no %s", name)
	}
	return moRef{Type: c.kinds[name], Value: moid}
}

func (c *cast) pool(name string) moRef { return c.ref(name) }

func (c *cast) toPool(host, pool string) types.VirtualMachineRelocateSpec {
	h, p := c.ref(host), c.pool(pool)
	return types.VirtualMachineRelocateSpec{Host: &h, Pool: &p}
}

// apply patches an object through the control endpoint.
func (c *cast) apply(p patchOf) {
	c.t.Helper()
	fill := func(text string) string {
		for name, moid := range c.moids {
			text = strings.ReplaceAll(text, "%"+name+"%", moid)
		}
		return text
	}
	var answer struct{ Error string }
	body := map[string]json.RawMessage{fill(p.path): json.RawMessage(fill(p.value))}
	if status := ask(c.t, c.sim, "PATCH", "/_sim/v1/objects/"+c.moids[p.object], body, &answer); status != 200 {
		c.t.Fatalf("PATCH %s %s: %d %s", p.object, p.path, status, answer.Error)
	}
}

// ended waits for a task.
func (c *cast) ended(task moRef) types.TaskInfo {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	_, _ = object.NewTask(c.client.Client, task).WaitForResult(ctx)
	var t mo.Task
	if err := property.DefaultCollector(c.client.Client).RetrieveOne(ctx, task, []string{"info"}, &t); err != nil {
		c.t.Fatal(err)
	}
	if t.Info.CompleteTime == nil {
		c.t.Fatalf("task %s has not ended: %s", task.Value, t.Info.State)
	}
	return t.Info
}

// outcomes is what a check says: of the pair where it ends well, else the task's error.
func (c *cast) outcomes(info types.TaskInfo) []string {
	c.t.Helper()
	if info.Error != nil {
		return []string{outcomeOf(info.Error.Fault, "error")}
	}
	results := info.Result.(types.ArrayOfCheckResult).CheckResult
	if len(results) != 1 {
		c.t.Fatalf("%d results", len(results))
	}
	var said []string
	for _, fault := range results[0].Error {
		said = append(said, outcomeOf(fault.Fault, "error"))
	}
	for _, fault := range results[0].Warning {
		said = append(said, outcomeOf(fault.Fault, "warning"))
	}
	return said
}

func (c *cast) check(spec types.VirtualMachineRelocateSpec, state types.VirtualMachinePowerState, tests ...string) types.TaskInfo {
	c.t.Helper()
	checker, ctx := *c.client.ServiceContent.VmProvisioningChecker, context.Background()
	if state != "" {
		res, err := methods.CheckMigrate_Task(ctx, c.client, &types.CheckMigrate_Task{This: checker, Vm: c.ref("vm"), Host: spec.Host, Pool: spec.Pool, State: state, TestType: tests})
		if err != nil {
			c.t.Fatal(err)
		}
		return c.ended(res.Returnval)
	}
	res, err := methods.CheckRelocate_Task(ctx, c.client, &types.CheckRelocate_Task{This: checker, Vm: c.ref("vm"), Spec: spec, TestType: tests})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.ended(res.Returnval)
}

func (c *cast) relocate(spec types.VirtualMachineRelocateSpec, state types.VirtualMachinePowerState) types.TaskInfo {
	c.t.Helper()
	ctx := context.Background()
	if state != "" {
		res, err := methods.MigrateVM_Task(ctx, c.client, &types.MigrateVM_Task{This: c.ref("vm"), Host: spec.Host, Pool: spec.Pool, State: state})
		if err != nil {
			c.t.Fatal(err)
		}
		return c.ended(res.Returnval)
	}
	res, err := methods.RelocateVM_Task(ctx, c.client, &types.RelocateVM_Task{This: c.ref("vm"), Spec: spec})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.ended(res.Returnval)
}

func TestEveryRuleInCheckAndMove(t *testing.T) {
	for i, s := range situations {
		t.Run(fmt.Sprintf("%03d %s", i, s.want), func(t *testing.T) {
			c := staged(t, s.scene)
			for _, p := range s.patch {
				c.apply(p)
			}
			spec := toA2(c)
			if s.spec != nil {
				spec = s.spec(c)
			}
			judged := c.check(spec, s.state)
			if said := c.outcomes(judged); len(said) != 1 || said[0] != s.want {
				t.Fatalf("the check says %q", said)
			}
			for _, fault := range faultsOf(judged) {
				if empty := emptyFields(reflect.ValueOf(fault.Fault).Elem()); len(empty) > 0 || fault.LocalizedMessage == "" {
					t.Errorf("%T %q lacks %v", fault.Fault, fault.LocalizedMessage, empty)
				}
			}
			moved := c.relocate(spec, s.state)
			switch {
			case strings.HasSuffix(s.want, " error") && (moved.Error == nil || outcomeOf(moved.Error.Fault, "error") != s.want):
				t.Errorf("the move ends %s, %+v", moved.State, moved.Error)
			case strings.HasSuffix(s.want, " warning") && moved.State != types.TaskInfoStateSuccess:
				t.Errorf("the move ends %s: %+v", moved.State, moved.Error)
			}
		})
	}
}

// faultsOf are the faults of a check: those of its results, or its task's.
func faultsOf(info types.TaskInfo) []types.LocalizedMethodFault {
	if info.Error != nil {
		return []types.LocalizedMethodFault{*info.Error}
	}
	var faults []types.LocalizedMethodFault
	for _, result := range info.Result.(types.ArrayOfCheckResult).CheckResult {
		faults = append(append(faults, result.Error...), result.Warning...)
	}
	return faults
}

// emptyFields are the texts and references of a fault that the API requires and that are not filled in.
func emptyFields(fault reflect.Value) []string {
	var empty []string
	for i := range fault.NumField() {
		field, value := fault.Type().Field(i), fault.Field(i)
		switch {
		case field.Anonymous:
			empty = append(empty, emptyFields(value)...)
		case strings.Contains(field.Tag.Get("json"), "omitempty"):
		case value.Kind() == reflect.String && value.String() == "", value.Type() == reflect.TypeOf(moRef{}) && value.IsZero():
			empty = append(empty, field.Name)
		}
	}
	return empty
}

func TestNothingStandsAgainstThePlainScene(t *testing.T) {
	c := staged(t, nil)
	for _, spec := range []types.VirtualMachineRelocateSpec{toA2(c), toB1(c), storage(c), toNetwork("std2")(c), storageToA2(c)} {
		if said := c.outcomes(c.check(spec, "")); len(said) != 0 {
			t.Errorf("%+v: %q", spec, said)
		}
	}
}

func TestOnlyTheGroupsAskedForAreTested(t *testing.T) {
	c := staged(t, and(in("nets", "[onlyA1]"), in("vm", "snapshots: 1, reservation: {memory_mib: 1024}, datastore: local"), in("a2", "memory_gib: 1, maintenance: true")))
	for test, want := range map[string]string{
		testSource: "SnapshotRevertIssue warning", testHost: "InvalidHostState error", testPool: "InsufficientHostMemoryCapacityFault error",
		testNetwork: "CannotAccessNetwork error",
	} {
		if said := c.outcomes(c.check(toA2(c), "", test)); len(said) != 1 || said[0] != want {
			t.Errorf("%s: %q", test, said)
		}
	}
	if said := c.outcomes(c.check(toA2(c), "", testDatastore)); len(said) != 2 || !strings.HasPrefix(said[0], "CannotAccessVmDisk") {
		t.Errorf("%s: %q", testDatastore, said)
	}
	request := &types.CheckRelocate_Task{This: *c.client.ServiceContent.VmProvisioningChecker, Vm: c.ref("vm"), Spec: toA2(c), TestType: []string{"moonTests"}}
	if _, err := methods.CheckRelocate_Task(context.Background(), c.client, request); err == nil || callFault(err) != "InvalidArgument" {
		t.Errorf("an unknown group: %v", err)
	}
}
