package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// plantOver plants faults through the control endpoint.
func plantOver(t *testing.T, r *runningSimulator, body any) []map[string]any {
	t.Helper()
	var planted []map[string]any
	if status := ask(t, r, "POST", "/_sim/v1/faults", body, &planted); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	return planted
}

type jsonObject = map[string]any

func TestFaultsAreListedCountedAndRemoved(t *testing.T) {
	r := running(t, "-speed", "1000")
	planted := plantOver(t, r, []jsonObject{
		{"match": jsonObject{"vm": "vm-00?", "count": 2}, "fail": jsonObject{"fault": "Timedout"}},
		{"name": "wait", "match": jsonObject{"method": "CurrentTime"}, "delay": jsonObject{"seconds": 0.2}},
	})
	if planted[0]["name"] != "fault-1" || planted[1]["name"] != "wait" {
		t.Errorf("%v", planted)
	}
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := methods.GetCurrentTime(context.Background(), client); err != nil || time.Since(began) < 200*time.Millisecond {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	var list []map[string]any
	ask(t, r, "GET", "/_sim/v1/faults", nil, &list)
	if len(list) != 2 || list[1]["fired"] != 1.0 || list[0]["matched"] != 0.0 || fmt.Sprint(list[0]["match"]) != "map[count:2 vm:vm-00?]" {
		t.Errorf("%v", list)
	}
	if status := ask(t, r, "POST", "/_sim/v1/faults", jsonObject{"name": "wait", "match": jsonObject{"method": "Login"}, "cut": "after"}, nil); status != http.StatusConflict {
		t.Errorf("the same name again: %d", status)
	}
	for _, step := range []struct {
		path   string
		status int
	}{{"/wait", 204}, {"/wait", 404}, {"", 204}} {
		if status := ask(t, r, "DELETE", "/_sim/v1/faults"+step.path, nil, nil); status != step.status {
			t.Errorf("DELETE %s: %d", step.path, status)
		}
	}
	ask(t, r, "GET", "/_sim/v1/faults", nil, &list)
	if len(list) != 0 {
		t.Errorf("%v", list)
	}
}

func TestWhatCannotBePlantedIsSaid(t *testing.T) {
	r := running(t)
	for text, want := range map[string]string{
		`{"fail": {}, "wen": {}}`:                                                           `unknown key "wen"; known here are name, match, when, fail, hang`,
		`{"fail": {"fault": "NoSuchFault"}}`:                                                `there is no fault class "NoSuchFault"; there are ActiveDirectoryFault, `,
		`{"fail": {"fault": "GenericVmConfigFaultFault"}}`:                                  `there is no fault class`,
		`{"fail": {"fault": "VirtualMachine"}}`:                                             `there is no fault class`,
		`{"fail": {"fault": "InvalidPowerState", "properties": {"existingState": "high"}}}`: `"high" is no VirtualMachinePowerState`,
		`{"fail": {"fault": "InvalidArgument", "properties": {"nonsense": 1}}}`:             `has no property "nonsense"`,
		`{"fail": {"code": "12"}}`:                                                          `"12" is no VMkernel code`,
		`{"fail": {}, "hang": {}}`:                                                          `Give one of`,
		`{}`:                                                                                `Give one of drs_move, end_session, fail, hang, host, network_loss, slow`,
		`{"match": {"method": "RelocateVM"}, "cut": "before"}`:                              `"RelocateVM" is no method of the vSphere API`,
		`{"match": {"method": "Login"}, "hang": {}}`:                                        `"hang" is none of cut, delay, end_session, fail`,
		`{"fail": {}, "when": {"phase": "precopy", "percent": 3}}`:                          `give a phase or a percent`,
		`{"fail": {}, "when": {"phase": "copy"}}`:                                           `"copy" is none of precopy, resume, submit, switchover`,
		`{"match": {"vm": "["}, "fail": {}}`:                                                `is no pattern`,
		`{"match": {"every": "x"}, "fail": {}}`:                                             `cannot unmarshal`,
		`[]`:                                                                                `the body holds no fault`,
		`null`:                                                                              `the body holds no fault`,
		`"fail"`:                                                                            `cannot unmarshal`,
	} {
		_, err := readFaults([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if status := ask(t, r, "POST", "/_sim/v1/faults", jsonObject{"nonsense": 1}, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", status)
	}
	request, _ := http.NewRequest("POST", "https://"+r.server.URL.Host+"/_sim/v1/faults", strings.NewReader("fail: {}"))
	request.SetBasicAuth(r.ready.User, r.ready.Password)
	if status := send(t, r, request, nil); status != http.StatusBadRequest {
		t.Errorf("YAML over the wire: %d", status)
	}
}

func TestEveryFaultClassCanBeBuiltAndSent(t *testing.T) {
	classes := faultClasses()
	if len(classes) < 600 {
		t.Fatalf("%d classes", len(classes))
	}
	for _, class := range classes {
		fault, err := (&failSpec{Fault: class, Message: "planted"}).build(moRef{Type: "VirtualMachine", Value: "vm-1"})
		if err != nil || faultName(fault) != class || messageOf(fault) != "planted" {
			t.Errorf("%s: %v", class, err)
		}
	}
}

func TestCallIsRefusedWithTheFault(t *testing.T) {
	r := running(t)
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	plantOver(t, r, jsonObject{
		"match": jsonObject{"method": "RelocateVM_Task", "vm": "vm-002"},
		"fail":  jsonObject{"fault": "NoPermission", "message": "no <chance> & no way", "properties": jsonObject{"privilegeId": "Resource.HotMigrate"}},
	})
	relocate := func(name string) error {
		vm := object.NewVirtualMachine(client.Client, vmNamed(t, r, name).Self)
		_, err := vm.Relocate(context.Background(), types.VirtualMachineRelocateSpec{}, "")
		return err
	}
	err = relocate("vm-002")
	if !soap.IsSoapFault(err) {
		t.Fatal(err)
	}
	fault := soap.ToSoapFault(err)
	refused, is := fault.VimFault().(types.NoPermission)
	if !is || refused.PrivilegeId != "Resource.HotMigrate" || fault.String != "no <chance> & no way" {
		t.Errorf("%#v %q", fault.VimFault(), fault.String)
	}
	if err := relocate("vm-001"); err != nil {
		t.Error(err)
	}
}

func TestConnectionIsCutBeforeOrAfterTheCall(t *testing.T) {
	for cut, created := range map[string]bool{"before": false, "after": true} {
		r := running(t)
		client, err := logIn(t, r, r.ready.User, r.ready.Password)
		if err != nil {
			t.Fatal(err)
		}
		plantOver(t, r, jsonObject{"match": jsonObject{"method": "CreateFolder", "count": 1}, "cut": cut})
		root := object.NewFolder(client.Client, client.ServiceContent.RootFolder)
		if _, err := root.CreateFolder(context.Background(), "new"); err == nil || soap.IsSoapFault(err) {
			t.Errorf("%s: %v", cut, err)
		}
		_, err = root.CreateFolder(context.Background(), "new")
		if exists := callFault(err) == "DuplicateName"; exists != created {
			t.Errorf("%s: the second call says %v", cut, err)
		}
	}
}

func TestSessionEndsWithTheCall(t *testing.T) {
	r := running(t)
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	plantOver(t, r, jsonObject{"match": jsonObject{"method": "Current*", "skip": 1, "count": 1}, "end_session": jsonObject{}})
	for i, want := range []string{"<nil>", "NotAuthenticated", "NotAuthenticated"} {
		if _, err := methods.GetCurrentTime(context.Background(), client); callFault(err) != want {
			t.Errorf("call %d: %s", i, callFault(err))
		}
	}
	if client, err = logIn(t, r, r.ready.User, r.ready.Password); err != nil {
		t.Fatal(err)
	}
	if _, err := methods.GetCurrentTime(context.Background(), client); err != nil {
		t.Error(err)
	}
}

func TestScenarioPlantsFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.yaml")
	text := smallScenario + "faults:\n- match: {vm: a, every: 2}\n  when: {percent: 40}\n  fail: {code: 195887371}\n- name: slow\n  slow: {factor: 3}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := running(t, "-scenario", file)
	var list []map[string]any
	ask(t, r, "GET", "/_sim/v1/faults", nil, &list)
	if len(list) != 2 || list[0]["name"] != "fault-1" || list[1]["name"] != "slow" || fmt.Sprint(list[0]["when"]) != "map[percent:40]" {
		t.Errorf("%v", list)
	}
	for text, want := range map[string]string{
		"faults: [{vm: a}]\n":                                         `s.yaml:22: unknown key "vm"`,
		"faults:\n- match: {vm: nobody}\n  fail: {}\n":                `s.yaml:23: faults[0].match.vm: there is no virtual machine "nobody"`,
		"faults:\n- match: {vm: nob*}\n  fail: {fault: Nonsense}\n":   `s.yaml:24: faults[0].fail.fault: there is no fault class "Nonsense"`,
		"faults:\n- {name: x, fail: {}}\n- {name: x, fail: {}}\n":     `s.yaml:24: faults[1].name: "x" is already the name of number 0`,
		"faults:\n- match: {source: nowhere}\n  fail: {code: 1958}\n": `s.yaml:24: faults[0].fail.code: "1958" is no VMkernel code`,
	} {
		if _, err := parseScenario("s.yaml", []byte(smallScenario+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestListOfClassesIsComplete compares the list with the API's types, read from govmomi's source.
func TestListOfClassesIsComplete(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/vmware/govmomi").Output()
	if err != nil {
		t.Skip("no go command to find govmomi's source with: ", err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "vim25", "types", "types.go"))
	if err != nil {
		t.Fatal(err)
	}
	is := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^\tt\["(\w+)"\] = `).FindAllStringSubmatch(string(source), -1) {
		kind, known := types.TypeFunc()(found[1])
		is[found[1]] = known && kind.Kind() == reflect.Struct && kind.Name() == found[1] && reflect.PointerTo(kind).Implements(faultBase)
	}
	listed := map[string]bool{}
	for _, class := range faultClasses() {
		listed[class] = true
	}
	for class, fault := range is {
		alias := strings.HasSuffix(class, "Fault") && is[strings.TrimSuffix(class, "Fault")] // govmomi's name of an element
		if listed[class] != (fault && !alias && !strings.HasPrefix(class, "Base")) {
			t.Errorf("%s: listed %v, a fault %v", class, listed[class], fault)
		}
	}
}
