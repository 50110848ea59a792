package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// Independent readers of the grammars, written from the published forms.
var (
	oldKernel = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z cpu\d+:\d+(?: opID=[0-9a-f]{1,8})?\)(?:(?:WARNING|ALERT): )?[\w.]+: (?:vm \d+: )?(?:nmp_\w+:)?\d+: .+$`)
	newKernel = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z (?:In\(182\) vmkernel|Wa\(180\) vmkwarning): (?:cpu\d+:\d+(?: opID=[0-9a-f]{1,8})?\))?(?:(?:WARNING|ALERT): )?[\w.]+: (?:nmp_\w+:)?(?:\d+: )?.+$`)
	oldAgent  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:error|warning|info|verbose) (?:hostd|vpxa)\[\d+\] \[Originator@6876 sub=[^\]]+\] .+$`)
	newAgent  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:Er|Wa|In|Db)\(\d+\) (?:Hostd|Vpxa)\[\d+\]: \[Originator@6876 sub=[^\]]+\] .+$`)
	dumped    = regexp.MustCompile(`^--> .+$`)
	vmxForms  = map[string]*regexp.Regexp{
		"8.0": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z In\(05\) (?:vmx|vcpu-0) - .+$`),
		"7.0": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\| (?:vmx|vcpu-0)\| I120: .+$`),
		"6.5": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\| (?:vmx|vcpu-0)\| I125: .+$`),
	}
)

// releases of the first four hosts of a world.
var worldReleases = []string{"8.0", "7.0", "6.5", "8.0"}

// allLines reads a whole log.
func allLines(w *world, host moRef, key string) []string {
	lines, _ := w.engine.logs.read(host, key, 0)
	return lines
}

// vmFolder is where the machine's logs are.
func vmFolder(w *world, vm *simulator.VirtualMachine) string {
	datastore := w.registry.Get(vm.Datastore[0]).(*simulator.Datastore)
	return filepath.Join(datastore.Summary.Url, vm.Name)
}

func vmxLog(t *testing.T, w *world, vm *simulator.VirtualMachine, name string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(vmFolder(w, vm), name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

func TestEveryLineIsOfItsReleasesGrammar(t *testing.T) {
	w := newWorld(t, 10_000)
	plantIn(t, w, `{"match": {"vm": "`+w.vms[1].Name+`"}, "fail": {"code": "0xbad010b"}, "when": {"percent": 20}}`)
	for _, to := range []int{1, 2, 3, 0} {
		w.succeed(w.relocate(w.vms[0], toHost(w.hosts[to])))
	}
	for to := 1; to < 4; to++ {
		w.finish(w.relocate(w.vms[1], toHost(w.hosts[to])))
	}
	for i, host := range w.hosts {
		kernel, agent := newKernel, newAgent
		if worldReleases[i] != "8.0" {
			kernel, agent = oldKernel, oldAgent
		}
		for _, line := range allLines(w, host, keyVMkernel) {
			if !kernel.MatchString(line) {
				t.Errorf("%s vmkernel: %s", worldReleases[i], line)
			}
		}
		for _, key := range []string{keyHostd, keyVpxa} {
			for _, line := range allLines(w, host, key) {
				if !agent.MatchString(line) && !dumped.MatchString(line) {
					t.Errorf("%s %s: %s", worldReleases[i], key, line)
				}
			}
		}
	}
}

func TestVmwareLogTellsOfTheMoveInEachGrammar(t *testing.T) {
	w := newWorld(t, 10_000)
	vm := w.vms[0]
	for n, step := range []struct{ from, to int }{{0, 1}, {1, 2}, {2, 3}} {
		task := w.relocate(vm, toHost(w.hosts[step.to]))
		w.succeed(task)
		truth := w.truth(task)
		source, destination := vmxLog(t, w, vm, fmt.Sprintf("vmware-%d.log", n+1)), vmxLog(t, w, vm, "vmware.log")
		for lines, release := range map[*[]string]string{&source: worldReleases[step.from], &destination: worldReleases[step.to]} {
			for _, line := range *lines {
				own := n == 0 && strings.HasPrefix(line, "vmx ") // govmomi's, from when it made the machine
				if !vmxForms[release].MatchString(line) && !own {
					t.Errorf("%s: %s", release, line)
				}
			}
		}
		text := strings.Join(source, "\n")
		for _, want := range []string{
			"Received migrate 'to' request for mid id " + truth.MigrationID + ", src ip <10.1.1.", "Migrate: VM starting stun, waiting 100 seconds for go/no-go message.",
			"Migrate: VM successfully stunned.", "MigrateSetStateFinished: type=1 new state=", "VMX has left the building: 0.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", worldReleases[step.from], want, text)
			}
		}
		hex := regexp.MustCompile(`MigrateVMXdrToSpec: type: 1 .* mid=([0-9a-f]+) uuid=`).FindStringSubmatch(text)
		if (hex == nil) != (worldReleases[step.from] == "6.5") {
			t.Errorf("%s: %v", worldReleases[step.from], hex)
		}
		if hex != nil {
			if number, err := strconv.ParseInt(hex[1], 16, 64); err != nil || fmt.Sprint(number) != truth.MigrationID {
				t.Errorf("%s is not %s", hex[1], truth.MigrationID)
			}
		}
		stopped := regexp.MustCompile(`Checkpoint_Unstun: vm stopped for (\d+) us`).FindStringSubmatch(strings.Join(destination, "\n"))
		if stopped == nil || stopped[1] != fmt.Sprint(int64(truth.DowntimeS*1e6+0.5)) && stopped[1] != fmt.Sprint(int64(truth.DowntimeS*1e6)) {
			t.Errorf("stopped for %v, truth %v", stopped, truth.DowntimeS)
		}
	}
}

func TestFailureLeavesTextAndCodeOnEveryLevel(t *testing.T) {
	for _, c := range []struct{ fail, kernel, hostd, vmware string }{
		{`{"code": "195887371"}`, `Failed: The hosts failed to connect over the vMotion network (0xbad010b) @0x`, "vim.fault.GenericVmConfigFault", "Error bad010b. The hosts failed to connect over the vMotion network."},
		{`{"message": "broken (195887110)"}`, `Failed: Limit exceeded (0xbad0006) @0x`, "vim.fault.GenericVmConfigFault", "Migrate_SetFailure: Failed waiting for data. Error bad0006. Limit exceeded."},
		{`{"fault": "SystemError", "message": "who knows"}`, "Migration considered a failure by the VMX. It is most likely a timeout, but check the VMX log for the true error.", "vmodl.fault.SystemError", "who knows"},
		{`{"fault": "GenericVmConfigFault"}`, "Migration considered a failure by the VMX.", `key = "msg.migrate.fail.dst"`, "The source detected that the destination failed to resume."},
		{`{"fault": "InsufficientMemoryResourcesFault"}`, `(0xbad00a4)`, "vim.fault.InsufficientMemoryResourcesFault", "bad00a4"},
	} {
		w := newWorld(t, 10_000)
		plantIn(t, w, `{"fail": `+c.fail+`, "when": {"phase": "switchover"}}`)
		task := w.relocate(w.vms[0], toHost(w.hosts[1]))
		w.finish(task)
		id := w.truth(task).MigrationID
		if got := w.grep(w.hosts[0], keyVMkernel, c.kernel); len(got) != 1 || !strings.Contains(got[0], id+" S: ") {
			t.Errorf("%s: vmkernel %v", c.fail, got)
		}
		if got := strings.Join(allLines(w, w.hosts[0], keyHostd), "\n"); !strings.Contains(got, c.hostd) || !strings.Contains(got, "State Transition (VM_STATE_EMIGRATING -> VM_STATE_ON)") {
			t.Errorf("%s: hostd %s", c.fail, got)
		}
		before, after := strings.Join(vmxLog(t, w, w.vms[0], "vmware-1.log"), "\n"), strings.Join(vmxLog(t, w, w.vms[0], "vmware.log"), "\n")
		if !strings.Contains(before, c.vmware) || !strings.Contains(after, "Migrate: Attempting to continue running on the source.") || !strings.Contains(after, "Checkpoint_Unstun: vm stopped for ") {
			t.Errorf("%s: vmware.log\n%s\n%s", c.fail, before, after)
		}
		if w.vms[0].Runtime.Host.Value != w.hosts[0].Value {
			t.Error("moved")
		}
	}
}

func TestSkewIsInTheStampsAlone(t *testing.T) {
	w := newWorld(t, 10_000)
	w.engine.logs.mu.Lock()
	skewed := w.engine.logs.hosts[w.hosts[1]]
	skewed.skew = 90 * time.Second
	w.engine.logs.hosts[w.hosts[1]] = skewed
	w.engine.logs.mu.Unlock()
	task := w.relocate(w.vms[0], toHost(w.hosts[1]))
	info := w.succeed(task)
	id := w.truth(task).MigrationID
	stamps := func(host moRef) []time.Time {
		var all []time.Time
		for _, line := range w.grep(host, keyVMkernel, id) {
			at, err := time.Parse(time.RFC3339, strings.Fields(line)[0])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, at)
		}
		return all
	}
	here, there := stamps(w.hosts[0]), stamps(w.hosts[1])
	if len(here) < 4 || len(there) < 4 {
		t.Fatalf("%d and %d lines", len(here), len(there))
	}
	if gap := there[0].Sub(here[0]); gap != 90*time.Second {
		t.Errorf("the hosts' first lines are %s apart", gap)
	}
	if here[0].Before(info.StartTime.Add(-time.Second)) || there[0].Before(info.StartTime.Add(89*time.Second)) {
		t.Errorf("%s and %s, start %s", here[0], there[0], info.StartTime)
	}
}

func TestLogsDependOnTheSeed(t *testing.T) {
	noise := func(seed int64) string {
		l := newHostLogs(newScaledClock(1), seed)
		l.about(0, "noise", epoch)
		for i := range 50 {
			l.noise(moRef{Type: "HostSystem", Value: "host-1"}, epoch.Add(time.Duration(i)*time.Second))
		}
		return l.file(moRef{Type: "HostSystem", Value: "host-1"}, keyVMkernel).text()
	}
	if noise(1) != noise(1) || noise(1) == noise(2) {
		t.Error("the same seed, the same noise, and another seed, another")
	}
}
