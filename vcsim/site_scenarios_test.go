package main

import (
	"context"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// expectation is a line of a shipped scenario's comment: what a check of one machine and one host says.
type expectation struct{ vm, host, says string }

var expectationLine = regexp.MustCompile(`(?m)^#   (.+?) +-> (\S+) +: (.+)$`)

func expectationsOf(t *testing.T, name string) []expectation {
	t.Helper()
	content, err := readScenario(name)
	if err != nil {
		t.Fatal(err)
	}
	var list []expectation
	for _, found := range expectationLine.FindAllStringSubmatch(string(content), -1) {
		list = append(list, expectation{found[1], found[2], found[3]})
	}
	return list
}

func TestShippedScenariosDoWhatTheirCommentsSay(t *testing.T) {
	for _, name := range []string{"small", "brownfield", "large", "two-vcenters-a", "two-vcenters-b"} {
		t.Run(name, func(t *testing.T) {
			list := expectationsOf(t, name)
			if len(list) < 4 {
				t.Fatalf("only %d expectations", len(list))
			}
			r := running(t, "-scenario", name, "-speed", "1000")
			client, err := logIn(t, r, r.ready.User, r.ready.Password)
			if err != nil {
				t.Fatal(err)
			}
			for _, each := range list {
				if got := checked(t, r, client, each); got != each.says {
					t.Errorf("%s -> %s: %s, not %s", each.vm, each.host, got, each.says)
				}
			}
		})
	}
}

// checked is what CheckRelocate_Task says, in the words of the comments.
func checked(t *testing.T, r *runningSimulator, client *govmomi.Client, each expectation) string {
	t.Helper()
	host := hostNamed(t, r, each.host)
	pool := r.model.Map().Get(*host.Parent).(*simulator.ClusterComputeResource).ResourcePool
	vm := vmAt(t, r, each.vm)
	request := types.CheckRelocate_Task{
		This: *client.ServiceContent.VmProvisioningChecker, Vm: vm.Self,
		Spec: types.VirtualMachineRelocateSpec{Host: &host.Self, Pool: pool},
	}
	answer, err := methods.CheckRelocate_Task(context.Background(), client.Client, &request)
	if err != nil {
		return callFault(err)
	}
	info, err := object.NewTask(client.Client, answer.Returnval).WaitForResult(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", each.vm, err)
	}
	result := info.Result.(types.ArrayOfCheckResult).CheckResult[0]
	switch {
	case len(result.Error) > 0:
		return faultNames(result.Error)
	case len(result.Warning) > 0:
		return "warning " + faultNames(result.Warning)
	}
	return "nothing"
}

func faultNames(faults []types.LocalizedMethodFault) string {
	names := map[string]bool{}
	for _, fault := range faults {
		names[faultName(fault.Fault)] = true
	}
	var list []string
	for name := range names {
		list = append(list, name)
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}

// vmAt finds a virtual machine by NAME or FOLDER/NAME.
func vmAt(t *testing.T, r *runningSimulator, path string) *simulator.VirtualMachine {
	t.Helper()
	parts := strings.Split(path, "/")
	for _, vm := range allVMs(r.model.Map()) {
		if vm.Name == parts[len(parts)-1] && (len(parts) == 1) == (vm.Config.Files.VmPathName == firstPathOf(vm)) {
			return vm
		}
	}
	t.Fatalf("there is no VM %s", path)
	return nil
}

// firstPathOf is where the first machine of a name has its files.
func firstPathOf(vm *simulator.VirtualMachine) string {
	datastore, _, _ := strings.Cut(vm.Config.Files.VmPathName, "]")
	return datastore + "] " + vm.Name + "/" + vm.Name + ".vmx"
}

func TestBrownfieldIsMessy(t *testing.T) {
	plan, err := loadScenario("brownfield")
	if err != nil {
		t.Fatal(err)
	}
	registry, _ := built(t, plan)
	releases, states := map[string]int{}, map[string]int{}
	for _, host := range allHosts(registry) {
		releases[host.Config.Product.Version]++
		if host.Runtime.InMaintenanceMode {
			states["maintenance"]++
		}
		states[string(host.Runtime.ConnectionState)]++
	}
	if releases["6.5.0"] < 2 || len(releases) != 3 || states["maintenance"] != 1 || states["disconnected"] != 1 {
		t.Errorf("releases %v, states %v", releases, states)
	}
	uuids, twins := map[string]bool{}, 0
	for _, vm := range allVMs(registry) {
		uuids[vm.Config.InstanceUuid] = true
		if vm.Name == "web-02" {
			twins++
		}
	}
	if twins != 2 || len(uuids) != len(plan.VMs) {
		t.Errorf("%d machines are called web-02; %d UUIDs for %d machines", twins, len(uuids), len(plan.VMs))
	}
}

func TestLargeIsTenThousandMachinesFromSixtyLines(t *testing.T) {
	plan, err := loadScenario("large")
	if err != nil {
		t.Fatal(err)
	}
	if hosts := plan.hostNames(); len(hosts) != 128 || hosts[0] != "esx-a-01" || hosts[127] != "esx-d-32" {
		t.Errorf("%d hosts", len(hosts))
	}
	perHost := map[string]int{}
	for _, vm := range plan.VMs {
		perHost[vm.Host]++
	}
	if len(plan.VMs) != 10_000 || len(perHost) != 128 || perHost["esx-c-07"] != 125 || len(plan.Datastores) != 24 {
		t.Errorf("%d machines on %d hosts, %d of them on esx-c-07; %d datastores", len(plan.VMs), len(perHost), perHost["esx-c-07"], len(plan.Datastores))
	}
	if list := plan.Datastores[0].Hosts; list.All || len(list.Names) != 64 {
		t.Errorf("hosts of ab-vmfs-01: %d", len(list.Names))
	}
}

func TestRepetition(t *testing.T) {
	base := "version: 1\nclusters: [{name: c, hosts: [{repeat: [9, 11], name: \"h##\"}]}]\ndatastores: [{name: d, hosts: [\"h1?\"]}]\nnetworks: [{name: n}]\n"
	plan, err := parseScenario("r.yaml", []byte(base))
	if err != nil {
		t.Fatal(err)
	}
	if names := strings.Join(plan.hostNames(), " "); names != "h09 h10 h11" || strings.Join(plan.Datastores[0].Hosts.Names, " ") != "h10 h11" {
		t.Errorf("%s; %v", names, plan.Datastores[0].Hosts.Names)
	}
	for change, want := range map[string]string{
		"[9, 11]": "", "0": "r.yaml:2: repeat must go up", "[3, 2]": "r.yaml:2: repeat must go up", "100001": "r.yaml:2: repeat must go up", "two": "r.yaml:2: repeat must be a number",
	} {
		_, err := parseScenario("r.yaml", []byte(strings.Replace(base, "[9, 11]", change, 1)))
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", change, err)
		}
	}
	if _, err := parseScenario("r.yaml", []byte(strings.Replace(base, "h1?", "x*", 1))); err == nil || !strings.Contains(err.Error(), `there is no host "x*"`) {
		t.Errorf("a pattern that fits nothing: %v", err)
	}
}

func TestTwoMachinesOfOneName(t *testing.T) {
	base := "version: 1\nclusters: [{name: c, hosts: [{name: h}, {name: i}]}]\ndatastores: [{name: d}]\nnetworks: [{name: n}]\nvms: [{name: a, folder: X}, {name: a, folder: Y/Z}]\n"
	plan, err := parseScenario("t.yaml", []byte(base+"rules: [{cluster: c, name: r, kind: anti-affinity, vms: [a, Y/Z/a]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	registry, _ := built(t, plan)
	paths := map[string]bool{}
	for _, vm := range allVMs(registry) {
		paths[vm.Config.Files.VmPathName] = true
	}
	if !paths["[d] a/a.vmx"] || !paths["[d] a_1/a_1.vmx"] {
		t.Errorf("files: %v", paths)
	}
	if _, err := parseScenario("t.yaml", []byte(strings.Replace(base, "Y/Z", "X", 1))); err == nil || !strings.Contains(err.Error(), "already the name of number 0") {
		t.Errorf("twice in one folder: %v", err)
	}
}
