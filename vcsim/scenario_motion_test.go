package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const motionScenario = `version: 1
clusters:
  - name: c
    hosts:
      - {name: a, memory_gib: 2048, vmotion: {link_gbps: 10, effective_mbytes_per_s: 931}}
      - {name: b, memory_gib: 2048, vmotion: {link_gbps: 10, effective_mbytes_per_s: 931}}
      - {name: old, memory_gib: 2048, esxi: "6.5", vmotion: {link_gbps: 100}}
      - {name: new, memory_gib: 2048, esxi: "7.0", vmotion: {link_gbps: 100}}
      - {name: two, memory_gib: 2048, esxi: "8.0", vmotion: {link_gbps: 100, streams: 2}}
datastores:
  - {name: fast, hosts: all}
  - {name: slow, hosts: all, copy_mbytes_per_s: 50}
networks: [{name: net, hosts: all}]
vms:
  - {name: busy, host: a, memory_gib: 64, dirty_mbps: 651.7, datastore: fast}
  - {name: stubborn, host: a, memory_gib: 64, dirty_mbps: 900, motion: {sdps: false}, datastore: fast}
  - {name: device, host: a, memory_gib: 64, dirty_mbps: 900, motion: {fixed_dirty_mbps: 800}, datastore: fast}
  - {name: heavy, host: a, memory_gib: 1, motion: {device_state_mib: 20480, max_switchover_s: 8}, datastore: fast}
  - {name: grown, host: old, memory_gib: 64, datastore: fast}
  - {name: young, host: new, memory_gib: 64, datastore: fast}
`

// motionStory runs the scenario in virtual time.
func motionStory(t *testing.T) *story {
	path := filepath.Join(t.TempDir(), "motion.yaml")
	if err := os.WriteFile(path, []byte(motionScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	return newStory(t, "-clock", "virtual", "-scenario", path)
}

// moved relocates and gives the task at its end.
func (s *story) moved(vm, host string) types.TaskInfo {
	s.t.Helper()
	target := hostNamed(s.t, s.run, host).Self
	return s.relocated(vm, types.VirtualMachineRelocateSpec{Host: &target})
}

func (s *story) relocated(vm string, spec types.VirtualMachineRelocateSpec) types.TaskInfo {
	s.t.Helper()
	task := s.submit(vm, spec)
	s.wait()
	var t mo.Task
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, task, []string{"info"}, &t); err != nil {
		s.t.Fatal(err)
	}
	return t.Info
}

func TestScenarioSetsTheExactBandwidth(t *testing.T) {
	s := motionStory(t)
	for _, c := range []struct {
		vm, host string
		seconds  float64
	}{
		{"busy", "b", 245},
		{"grown", "new", 64 * 8 * 1.073741824 / 15}, // one stream of 15 Gbit/s
		{"young", "two", 64 * 8 * 1.073741824 / 30}, // two
		{"young", "new", 64 * 8 * 1.073741824 / 30}, // back again
	} {
		info := s.moved(c.vm, c.host)
		if took := seconds(info); info.Error != nil || math.Abs(took-c.seconds)/c.seconds > 0.05 {
			t.Errorf("%s to %s took %.1f s, not %.1f s: %v", c.vm, c.host, took, c.seconds, info.Error)
		}
	}
}

func TestScenarioMakesMovesFailByThemselves(t *testing.T) {
	s := motionStory(t)
	for _, c := range []struct{ vm, fault, text, log string }{
		{"stubborn", "GenericVmConfigFault", "lack of pre-copy forward progress", "0xbad0109"},
		{"device", "GenericVmConfigFault", "lack of pre-copy forward progress", "0xbad0109"},
		{"heavy", "SystemError", "exceeded the maximum switchover time of 8 second(s)", "0xbad0107"},
	} {
		info := s.moved(c.vm, "b")
		if errorName(info) != c.fault {
			t.Errorf("%s ends with %q", c.vm, errorName(info))
			continue
		}
		if found := findText(*info.Error, c.text); found == "" {
			t.Errorf("%s: %q says nothing of %q", c.vm, info.Error.LocalizedMessage, c.text)
		}
		if at := vmNamed(t, s.run, c.vm).Runtime.Host; *at != hostNamed(t, s.run, "a").Self {
			t.Errorf("%s is on %s", c.vm, at.Value)
		}
	}
	s.tellAll()
	all := strings.Join(s.text(), "\n")
	for _, code := range []string{"(0xbad0109)", "(0xbad0107)"} {
		if !strings.Contains(all, code) {
			t.Errorf("no log has %s", code)
		}
	}
}

func TestScenarioSetsADatastoresPace(t *testing.T) {
	s := motionStory(t)
	slow := s.run.model.Map().All("Datastore")
	var to moRef
	for _, ds := range slow {
		if ds.Entity().Name == "slow" {
			to = ds.Reference()
		}
	}
	info := s.relocated("busy", types.VirtualMachineRelocateSpec{Datastore: &to})
	if took, want := seconds(info), defaultDiskGiB*1073.741824/50; info.Error != nil || math.Abs(took-want)/want > 0.05 {
		t.Errorf("took %.1f s, not %.1f s: %v", took, want, info.Error)
	}
}
