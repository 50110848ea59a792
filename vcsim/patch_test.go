package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

type answer struct {
	Object  string   `json:"object"`
	Changed []string `json:"changed"`
	Error   string   `json:"error"`
}

func patchObject(t *testing.T, r *runningSimulator, moid, path, value string) (int, answer) {
	t.Helper()
	var got answer
	status := ask(t, r, http.MethodPatch, "/_sim/v1/objects/"+moid, map[string]json.RawMessage{path: json.RawMessage(value)}, &got)
	return status, got
}

func TestPatchSetsAndMirrors(t *testing.T) {
	r := running(t, "-hosts", "2", "-vms", "2")
	host, vm := hostNamed(t, r, "esx-001"), vmNamed(t, r, "vm-001")
	datastore := r.model.Map().Any("Datastore").(*simulator.Datastore)
	tests := []struct {
		object     mo.Reference
		path, json string
		holds      func() bool
	}{
		{host, "runtime.connectionState", `"disconnected"`, func() bool { return host.Summary.Runtime.ConnectionState == "disconnected" }},
		{host, "summary.runtime.inMaintenanceMode", `true`, func() bool { return host.Runtime.InMaintenanceMode }},
		{host, "capability.vmotionSupported", `false`, func() bool { return !host.Capability.VmotionSupported }},
		{host, "config.virtualNicManagerInfo.netConfig[vmotion].candidateVnic[0].spec.mtu", `1400`, func() bool { return selectedVMotionNic(t, host).Spec.Mtu == 1400 }},
		{host, "summary.quickStats.overallMemoryUsage", `4242`, func() bool { return host.Summary.QuickStats.OverallMemoryUsage == 4242 }},
		{host, "hardware.memorySize", `8589934592`, func() bool { return host.Summary.Hardware.MemorySize == 8*gib }},
		{vm, "config.hardware.device[3000].connectable.connected", `true`, func() bool { return drive(vm).Connectable.Connected }},
		{vm, "config.hardware.device[3000].backing", `{"_typeName":"VirtualCdromAtapiBackingInfo","deviceName":"cd0"}`, func() bool {
			backing, ok := drive(vm).Backing.(*types.VirtualCdromAtapiBackingInfo)
			return ok && backing.DeviceName == "cd0"
		}},
		{vm, "runtime.question", `{"id":"7","text":"?","choice":{"choiceInfo":[{"_typeName":"ElementDescription","label":"l","summary":"s","key":"0"}]}}`, func() bool {
			return vm.Runtime.Question.Id == "7" && vm.Summary.Runtime.Question.Id == "7"
		}},
		{vm, "runtime.question", `null`, func() bool { return vm.Runtime.Question == nil && vm.Summary.Runtime.Question == nil }},
		{vm, "disabledMethod", `["RelocateVM_Task"]`, func() bool { return len(vm.DisabledMethod) == 1 }},
		{vm, "config.hardware.memoryMB", `2048`, func() bool { return vm.Summary.Config.MemorySizeMB == 2048 }},
		{vm, "runtime.host", `null`, func() bool { return vm.Runtime.Host == nil && vm.Summary.Runtime.Host == nil }},
		{vm, "runtime.host", `{"type":"HostSystem","value":"` + host.Self.Value + `"}`, func() bool { return *vm.Runtime.Host == host.Self }},
		{vm, "snapshot", `{"rootSnapshotList":[]}`, func() bool { return vm.Snapshot != nil }},
		{vm, "network", `[]`, func() bool { return vm.Network != nil && len(vm.Network) == 0 }},
		{datastore, "host[" + host.Self.Value + "].mountInfo.accessible", `false`, func() bool { return !*mountOf(datastore, host).Accessible }},
	}
	for _, test := range tests {
		status, got := patchObject(t, r, test.object.Reference().Value, test.path, test.json)
		ctx := *r.model.Service.Context
		holds := false
		ctx.WithLock(test.object, func() { holds = status == http.StatusOK && test.holds() })
		if !holds {
			t.Errorf("%s = %s: %d %+v", test.path, test.json, status, got)
		}
	}
}

func drive(vm *simulator.VirtualMachine) *types.VirtualCdrom {
	for _, device := range vm.Config.Hardware.Device {
		if found, ok := device.(*types.VirtualCdrom); ok {
			return found
		}
	}
	return nil
}

func mountOf(datastore *simulator.Datastore, host *simulator.HostSystem) types.HostMountInfo {
	for _, mount := range datastore.Host {
		if mount.Key == host.Self {
			return mount.MountInfo
		}
	}
	return types.HostMountInfo{}
}

func TestPatchNeverLeaksToAnotherObject(t *testing.T) {
	r := running(t, "-hosts", "2", "-vms", "2")
	host, other := hostNamed(t, r, "esx-001"), hostNamed(t, r, "esx-002")
	vm, otherVM := vmNamed(t, r, "vm-001"), vmNamed(t, r, "vm-002")
	other.Hardware, other.Capability = host.Hardware, host.Capability // as govmomi shares parts of its templates
	other.Runtime.HealthSystemRuntime = host.Runtime.HealthSystemRuntime
	otherVM.Config.Hardware.Device, otherVM.Config.CpuAllocation = vm.Config.Hardware.Device, vm.Config.CpuAllocation
	before := deepCopy(other.HostSystem)
	beforeVM := deepCopy(otherVM.VirtualMachine)
	for path, value := range map[string]string{
		"capability.vmotionSupported":                                                   `false`,
		"config.product.version":                                                        `"5.5.0"`,
		"config.virtualNicManagerInfo.netConfig[vmotion].selectedVnic":                  `null`,
		"config.virtualNicManagerInfo.netConfig[vmotion].candidateVnic[0].spec.mtu":     `1280`,
		"config.network.pnic[vmnic1].linkSpeed.speedMb":                                 `100`,
		"hardware.cpuPkg[0].hz":                                                         `1`,
		"hardware.systemInfo.otherIdentifyingInfo[0].identifierType.label":              `"x"`,
		"runtime.healthSystemRuntime.systemHealthInfo.numericSensorInfo[0].healthState": `null`,
		"licensableResource.resource[0].key":                                            `"x"`,
	} {
		if status, got := patchObject(t, r, host.Self.Value, path, value); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, got.Error)
		}
	}
	for path, value := range map[string]string{"config.hardware.device[3000].connectable.connected": `true`, "config.cpuAllocation.shares.shares": `1`, "config.latencySensitivity.level": `"high"`} {
		if status, got := patchObject(t, r, vm.Self.Value, path, value); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, got.Error)
		}
	}
	if same(t, before) != same(t, other.HostSystem) {
		t.Error("the other host changed")
	}
	if same(t, beforeVM) != same(t, otherVM.VirtualMachine) {
		t.Error("the other VM changed")
	}
}

func same(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPatchRefusesAndChangesNothing(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	vm := vmNamed(t, r, "vm-001")
	tests := []struct {
		moid, path, json string
		status           int
		says             string
	}{
		{"vm-99999", "name", `"x"`, 404, "vm-99999"},
		{vm.Self.Value, "runtime.nope", `1`, 422, "runtime.nope: unknown property"},
		{vm.Self.Value, "nope", `1`, 422, "nope: unknown property"},
		{vm.Self.Value, "self", `null`, 422, "unknown property"},
		{vm.Self.Value, "runtime.powerState", `"sideways"`, 422, "poweredOff, poweredOn, suspended"},
		{vm.Self.Value, "runtime.powerState", `null`, 422, "cannot be unset"},
		{vm.Self.Value, "config.hardware.memoryMB", `"much"`, 422, "int32"},
		{vm.Self.Value, "config.hardware.memoryMB", `4294967296`, 422, "int32"},
		{vm.Self.Value, "config.hardware.device[99].key", `1`, 422, "config.hardware.device[99]: there is no such element"},
		{vm.Self.Value, "config.hardware.device.key", `1`, 422, "bracket"},
		{vm.Self.Value, "runtime.question.text", `"?"`, 422, "unset; set it as a whole"},
		{vm.Self.Value, "config.hardware.device[2000].backing", `{"_typeName":"NoSuchType"}`, 422, "NoSuchType"},
		{vm.Self.Value, "config.hardware.device[2000].backing", `{"_typeName":"VirtualCdromAtapiBackingInfo","deviceNam":"x"}`, 422, `no property "deviceNam"`},
		{vm.Self.Value, "config.hardware.device[2000", `1`, 422, "brackets"},
	}
	for _, test := range tests {
		if status, got := patchObject(t, r, test.moid, test.path, test.json); status != test.status || !strings.Contains(got.Error, test.says) {
			t.Errorf("%s = %s: %d %q", test.path, test.json, status, got.Error)
		}
	}
	both := map[string]any{"config.annotation": "changed", "runtime.nope": 1}
	if status := ask(t, r, http.MethodPatch, "/_sim/v1/objects/"+vm.Self.Value, both, nil); status != 422 || vm.Config.Annotation == "changed" {
		t.Errorf("half of a refused patch was applied (%d)", status)
	}
	for _, body := range []any{[]int{1}, map[string]any{}, "x"} {
		if status := ask(t, r, http.MethodPatch, "/_sim/v1/objects/"+vm.Self.Value, body, nil); status != http.StatusBadRequest {
			t.Errorf("%v: %d", body, status)
		}
	}
}

func TestWatchersSeeAPatch(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	host := hostNamed(t, r, "esx-001").Self
	first := true
	err = property.Wait(ctx, property.DefaultCollector(client.Client), host, []string{"runtime.inMaintenanceMode"}, func(changes []types.PropertyChange) bool {
		if first {
			first = false
			if status, got := patchObject(t, r, host.Value, "runtime.inMaintenanceMode", `true`); status != http.StatusOK {
				t.Errorf("%d %s", status, got.Error)
			}
			return false
		}
		return changes[0].Val == true
	})
	if err != nil {
		t.Error(err)
	}
}

func TestParsePath(t *testing.T) {
	for path, want := range map[string]string{
		"a": "a", "a.b[4000].c": "a.b[4000].c", `a["x.y"].b`: "a[x.y].b", "a[key-vim.host.X-v0]": "a[key-vim.host.X-v0]", "a[1][2]": "a[1][2]",
	} {
		steps, err := parsePath(path)
		if err != nil || pathOf(steps) != want {
			t.Errorf("%s: %v %v", path, steps, err)
		}
	}
	for _, path := range []string{"", "[1]", "a[1", "a..b", ".a", "a[1]b"} {
		if steps, err := parsePath(path); err == nil {
			t.Errorf("%q is accepted: %v", path, steps)
		}
	}
}
