package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// pair are two vCenters that know nothing of each other.
type pair struct {
	t    *testing.T
	a, b *served
}

func newPair(t *testing.T, args ...string) *pair {
	t.Helper()
	return &pair{t: t, a: serveFlags(t, append([]string{"-scenario", "two-vcenters-a"}, args...)...), b: serveFlags(t, append([]string{"-scenario", "two-vcenters-b"}, args...)...)}
}

// leaf is the certificate of a running simulator.
func leafOf(s *served) []byte { return s.run.server.TLS.Certificates[0].Certificate[0] }

func (s *served) locator() *types.ServiceLocator {
	return &types.ServiceLocator{
		InstanceUuid: s.client.ServiceContent.About.InstanceUuid, Url: s.run.ready.URL, SslThumbprint: thumbprintOf(leafOf(s)),
		Credential: &types.ServiceLocatorNamePassword{Username: s.run.ready.User, Password: s.run.ready.Password},
	}
}

// across is the spec that takes a machine of a to the first host of b; its adapter goes to the network of the given kind and name.
func (p *pair) across(vm moRef, host string) types.VirtualMachineRelocateSpec {
	p.t.Helper()
	to := p.b
	target, folder, store := to.find("HostSystem", host), to.find("Folder", "Web"), to.find("Datastore", "b-vmfs1")
	pool := to.references(to.references(target, "parent")[0], "resourcePool")[0]
	spec := types.VirtualMachineRelocateSpec{Host: &target, Pool: &pool, Folder: &folder, Datastore: &store, Service: to.locator()}
	var o mo.VirtualMachine
	if err := property.DefaultCollector(p.a.client.Client).RetrieveOne(p.a.ctx, vm, []string{"config.hardware.device"}, &o); err != nil {
		p.t.Fatal(err)
	}
	for _, device := range o.Config.Hardware.Device {
		card, is := device.(types.BaseVirtualEthernetCard)
		if !is {
			continue
		}
		if _, standard := card.GetVirtualEthernetCard().Backing.(*types.VirtualEthernetCardNetworkBackingInfo); standard {
			card.GetVirtualEthernetCard().Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "b-dmz"}}
		} else {
			lan := to.find("DistributedVirtualPortgroup", "lan")
			card.GetVirtualEthernetCard().Backing = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
				Port: types.DistributedVirtualSwitchPortConnection{PortgroupKey: lan.Value, SwitchUuid: "of b"},
			}
		}
		spec.DeviceChange = append(spec.DeviceChange, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: device})
	}
	return spec
}

// where says on how many sides a machine is: "a", "b", "ab" or nothing.
func (p *pair) where(name string) string {
	sides := ""
	if p.a.lookFor("VirtualMachine", name) != (moRef{}) {
		sides += "a"
	}
	if p.b.lookFor("VirtualMachine", name) != (moRef{}) {
		sides += "b"
	}
	return sides
}

func TestAMachineMovesToAnotherVCenter(t *testing.T) {
	p := newPair(t)
	vm, host := p.a.find("VirtualMachine", "a-web01"), p.b.find("HostSystem", "b-esx2")
	var before, after mo.VirtualMachine
	if err := property.DefaultCollector(p.a.client.Client).RetrieveOne(p.a.ctx, vm, []string{"config"}, &before); err != nil {
		t.Fatal(err)
	}
	folder, network := p.b.find("Folder", "Web"), p.b.find("Network", "b-dmz")
	freeA, freeB := p.a.freeOf("a-vmfs1"), p.b.freeOf("b-vmfs1")
	p.a.succeed(p.a.relocate(vm, p.across(vm, "b-esx2")))
	if at := p.where("a-web01"); at != "b" {
		t.Fatalf("the machine is on %q", at)
	}
	there := p.b.find("VirtualMachine", "a-web01")
	pc := property.DefaultCollector(p.b.client.Client)
	paths := []string{"config", "runtime.host", "runtime.powerState", "datastore", "network", "parent", "resourcePool", "summary.config.vmPathName", "summary.runtime.host"}
	if err := pc.RetrieveOne(p.b.ctx, there, paths, &after); err != nil {
		t.Fatal(err)
	}
	if after.Config.InstanceUuid != before.Config.InstanceUuid || after.Config.Uuid != before.Config.Uuid {
		t.Errorf("UUIDs %s, %s", after.Config.InstanceUuid, after.Config.Uuid)
	}
	if *after.Runtime.Host != host || *after.Summary.Runtime.Host != host || *after.Parent != folder || after.Runtime.PowerState != "poweredOn" {
		t.Errorf("it is on %v in %v, %s", after.Runtime.Host, after.Parent, after.Runtime.PowerState)
	}
	for _, list := range []struct {
		owner moRef
		name  string
	}{{host, "vm"}, {folder, "childEntity"}, {network, "vm"}, {p.b.find("Datastore", "b-vmfs1"), "vm"}, {*after.ResourcePool, "vm"}} {
		if !hasRef(p.b.references(list.owner, list.name), there) {
			t.Errorf("%s of %s does not name it", list.name, list.owner.Value)
		}
	}
	for name, value := range map[string]any{"vm": after} {
		if path := findText(value, "[a-vmfs"); path != "" {
			t.Errorf("%s still names %s", name, path)
		}
		for _, mark := range []string{farMark, awayMark} {
			if path := findText(value, mark); path != "" {
				t.Errorf("%s has a mark: %s", name, path)
			}
		}
	}
	card := deviceOf[*types.VirtualVmxnet3](p.b, there, 4000)
	if backing := card.Backing.(*types.VirtualEthernetCardNetworkBackingInfo); *backing.Network != network || backing.DeviceName != "b-dmz" {
		t.Errorf("adapter: %+v", backing)
	}
	if p.a.freeOf("a-vmfs1") <= freeA || p.b.freeOf("b-vmfs1") >= freeB {
		t.Error("free space does not follow")
	}
	p.checkBothSidesTell("a-web01")
	// A second move, within the new vCenter, is like any other.
	third := p.b.find("HostSystem", "b-esx3")
	p.b.succeed(p.b.relocate(there, toHost(third)))
}

// checkBothSidesTell: both have a task, an event and log lines with one migration ID.
func (p *pair) checkBothSidesTell(name string) {
	p.t.Helper()
	truths := p.a.run.engine.motions()
	truth := truths[len(truths)-1]
	if truth.Phase != "done" || truth.DestinationVCenter != p.b.client.ServiceContent.About.InstanceUuid || truth.DowntimeS <= 0 {
		p.t.Errorf("truth: %+v", truth)
	}
	for _, side := range []struct {
		s         *served
		host, key string
		want      string
	}{
		{p.a, "a-esx1", keyVMkernel, " S: "}, {p.b, "b-esx2", keyVMkernel, " D: "}, {p.b, "b-esx2", keyHostd, "Preparing vMotion"}, {p.b, "b-esx2", keyVpxa, "downtime value"},
	} {
		lines, _ := side.s.run.engine.logs.read(side.s.find("HostSystem", side.host), side.key, 0)
		all := strings.Join(lines, "\n")
		if !strings.Contains(all, side.want) || side.key != keyHostd && !strings.Contains(all, truth.MigrationID) {
			p.t.Errorf("%s of %s has no line of the move", side.key, side.host)
		}
	}
	if got := p.b.events(); !strings.Contains(got, "com.vmware.vc.vm.DstVmMigratedEvent") {
		p.t.Errorf("events at the destination: %s", got)
	}
	if got := p.a.events(); !strings.Contains(got, "VmEmigratingEvent") || !strings.Contains(got, "com.vmware.vc.vm.SrcVmMigratedEvent") {
		p.t.Errorf("events at the source: %s", got)
	}
	ended := 0
	for _, task := range p.b.references(p.b.find("HostSystem", "b-esx2"), "recentTask") {
		if info := p.b.finish(task); info.DescriptionId == receiveTask.descriptionID && info.State == types.TaskInfoStateSuccess {
			ended++
		}
	}
	if ended != 1 {
		p.t.Errorf("%d tasks on the destination's host", ended)
	}
	var log bytes.Buffer
	response := p.b.folderFile("b-vmfs1", name+"/vmware.log")
	defer response.Body.Close()
	if _, err := io.Copy(&log, response.Body); err != nil || !strings.Contains(log.String(), "Checkpoint_Unstun") {
		p.t.Errorf("vmware.log at the destination: %d, %q", response.StatusCode, log.String())
	}
}

func (s *served) folderFile(store, path string) *http.Response {
	s.t.Helper()
	response, err := s.client.Client.Client.Get("https://" + s.run.server.URL.Host + "/folder/" + path + "?dcPath=DC0&dsName=" + store)
	if err != nil {
		s.t.Fatal(err)
	}
	return response
}

func (s *served) events() string {
	s.t.Helper()
	res, err := methods.QueryEvents(s.ctx, s.client, &types.QueryEvents{This: *s.client.ServiceContent.EventManager})
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, event := range res.Returnval {
		name := strings.TrimPrefix(fmt.Sprintf("%T", event), "*types.")
		if extended, is := event.(*types.EventEx); is {
			name = extended.EventTypeId
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestACheckAndAMoveRefuseTheSameAcross(t *testing.T) {
	p := newPair(t)
	vm := p.a.find("VirtualMachine", "a-web01")
	p.b.succeed(p.b.relocate(p.b.find("VirtualMachine", "b-web01"), types.VirtualMachineRelocateSpec{}))
	other := p.a.locator()
	sum := sha256.Sum256(leafOf(p.b))
	cases := map[string]struct {
		change func(*types.VirtualMachineRelocateSpec)
		want   string
	}{
		"wrong thumbprint": {func(s *types.VirtualMachineRelocateSpec) { s.Service.SslThumbprint = other.SslThumbprint }, "SSLVerifyFault"},
		"no thumbprint":    {func(s *types.VirtualMachineRelocateSpec) { s.Service.SslThumbprint = "" }, "SSLVerifyFault"},
		"wrong password": {func(s *types.VirtualMachineRelocateSpec) {
			s.Service.Credential.(*types.ServiceLocatorNamePassword).Password = "guess"
		}, "InvalidLogin"},
		"a token": {func(s *types.VirtualMachineRelocateSpec) {
			s.Service.Credential = &types.ServiceLocatorSAMLCredential{Token: "t"}
		}, "NotSupported"},
		"another vCenter's UUID": {func(s *types.VirtualMachineRelocateSpec) { s.Service.InstanceUuid = other.InstanceUuid }, "InvalidArgument"},
		"itself":                 {func(s *types.VirtualMachineRelocateSpec) { s.Service = other }, "InvalidArgument"},
		"nobody there":           {func(s *types.VirtualMachineRelocateSpec) { s.Service.Url = "https://127.0.0.1:1/sdk" }, "NoHost"},
		"http":                   {func(s *types.VirtualMachineRelocateSpec) { s.Service.Url = "http://127.0.0.1:1/sdk" }, "InvalidArgument"},
		"no folder":              {func(s *types.VirtualMachineRelocateSpec) { s.Folder = nil }, "InvalidArgument"},
		"no pool":                {func(s *types.VirtualMachineRelocateSpec) { s.Pool = nil }, "InvalidArgument"},
		"no datastore":           {func(s *types.VirtualMachineRelocateSpec) { s.Datastore = nil }, "InvalidArgument"},
		"a datastore of nobody":  {func(s *types.VirtualMachineRelocateSpec) { s.Datastore.Value = "datastore-4711" }, "ManagedObjectNotFound"},
		"a network that is not":  {func(s *types.VirtualMachineRelocateSpec) { s.DeviceChange = nil }, "CannotAccessNetwork"},
		"SHA-256 of somebody else": {func(s *types.VirtualMachineRelocateSpec) {
			s.Service.SslThumbprint = fmt.Sprintf("%x", sha256.Sum256([]byte("x")))
		}, "SSLVerifyFault"},
		"SHA-256, lower case": {func(s *types.VirtualMachineRelocateSpec) { s.Service.SslThumbprint = fmt.Sprintf("%x", sum) }, ""},
	}
	for name, c := range cases {
		if c.want == "" {
			continue
		}
		spec := p.across(vm, "b-esx2")
		c.change(&spec)
		if got := p.a.check(vm, spec); got != c.want {
			t.Errorf("%s: the check says %q", name, got)
		}
		if got := p.a.fail(p.a.relocate(vm, spec)); got != c.want {
			t.Errorf("%s: the move ends with %q", name, got)
		}
		if at := p.where("a-web01"); at != "a" {
			t.Fatalf("%s: the machine is on %q", name, at)
		}
	}
	spec := p.across(vm, "b-esx2")
	cases["SHA-256, lower case"].change(&spec)
	if got := p.a.check(vm, spec); got != "" {
		t.Errorf("the check of what is right says %s", got)
	}
	p.a.succeed(p.a.relocate(vm, spec))
	if at := p.where("a-web01"); at != "b" {
		t.Fatalf("the machine is on %q", at)
	}
}

func TestNothingIsSaidToAStranger(t *testing.T) {
	p := newPair(t)
	vm := p.a.find("VirtualMachine", "a-web01")
	spec := p.across(vm, "b-esx2")
	spec.Service.SslThumbprint = p.a.locator().SslThumbprint
	ask(t, p.b.run, http.MethodDelete, "/_sim/v1/trace", nil, nil)
	if got := p.a.fail(p.a.relocate(vm, spec)); got != "SSLVerifyFault" {
		t.Errorf("the move ends with %q", got)
	}
	var calls []tracedCall
	ask(t, p.b.run, http.MethodGet, "/_sim/v1/trace", nil, &calls)
	if len(calls) != 0 {
		t.Errorf("the stranger was sent %+v", calls)
	}
}

func TestANameOrIdentityThatIsThereIsRefused(t *testing.T) {
	p := newPair(t)
	vm := p.a.find("VirtualMachine", "a-web01")
	ask(t, p.b.run, http.MethodPatch, "/_sim/v1/objects/"+p.b.find("VirtualMachine", "b-web01").Value, map[string]any{"name": "a-web01"}, nil)
	if got := p.a.fail(p.a.relocate(vm, p.across(vm, "b-esx2"))); got != "DuplicateName" {
		t.Errorf("the name is there: %q", got)
	}
	ask(t, p.b.run, http.MethodPatch, "/_sim/v1/objects/"+p.b.find("VirtualMachine", "a-web01").Value, map[string]any{"name": "b-web01"}, nil)
	var o mo.VirtualMachine
	if err := property.DefaultCollector(p.a.client.Client).RetrieveOne(p.a.ctx, vm, []string{"config"}, &o); err != nil {
		t.Fatal(err)
	}
	ask(t, p.b.run, http.MethodPatch, "/_sim/v1/objects/"+p.b.find("VirtualMachine", "b-web01").Value, map[string]any{"config.instanceUuid": o.Config.InstanceUuid}, nil)
	if got := p.a.fail(p.a.relocate(vm, p.across(vm, "b-esx2"))); got != "AlreadyExists" {
		t.Errorf("the instance UUID is there: %q", got)
	}
	if at := p.where("a-web01"); at != "a" {
		t.Errorf("the machine is on %q", at)
	}
}

func TestAFailureInAnyPhaseLeavesTheMachineOnOneSide(t *testing.T) {
	for _, phase := range []string{"submit", "precopy", "switchover", "resume"} {
		t.Run(phase, func(t *testing.T) {
			p := newPair(t)
			vm := p.a.find("VirtualMachine", "a-web01")
			fault := map[string]any{"match": map[string]any{"vm": "a-web01"}, "when": map[string]any{"phase": phase}, "fail": map[string]any{"fault": "SystemError"}}
			if status := ask(t, p.a.run, http.MethodPost, "/_sim/v1/faults", fault, nil); status >= 300 {
				t.Fatalf("the fault is not taken: %d", status)
			}
			if got := p.a.fail(p.a.relocate(vm, p.across(vm, "b-esx2"))); got != "SystemError" {
				t.Errorf("it ends with %q", got)
			}
			if at := p.where("a-web01"); at != "a" {
				t.Fatalf("the machine is on %q", at)
			}
			if got := p.a.events(); !strings.Contains(got, "SrcVmMigrateFailedEvent") {
				t.Errorf("events: %s", got)
			}
			for _, task := range p.b.references(p.b.find("HostSystem", "b-esx2"), "recentTask") {
				if info := p.b.finish(task); info.State != types.TaskInfoStateError {
					t.Errorf("the destination's task is %s", info.State)
				}
			}
		})
	}
}

func TestTheDestinationVanishesAndTheSourceKeepsTheMachine(t *testing.T) {
	p := newPair(t, "-speed", "10")
	vm := p.a.find("VirtualMachine", "a-web01")
	task := p.a.relocate(vm, p.across(vm, "b-esx2"))
	p.a.until(func() bool {
		return p.a.run.engine.motions()[0].Phase == "precopy" || p.a.run.engine.motions()[0].Phase == "storage"
	})
	p.b.run.server.CloseClientConnections()
	p.b.run.server.Close()
	if got := p.a.fail(task); got != "NoHost" {
		t.Errorf("it ends with %q", got)
	}
	if p.a.lookFor("VirtualMachine", "a-web01") != vm {
		t.Error("the source has let go of the machine")
	}
}

func TestACancelLeavesTheMachineAtTheSource(t *testing.T) {
	p := newPair(t, "-speed", "10")
	vm := p.a.find("VirtualMachine", "a-web01")
	task := p.a.relocate(vm, p.across(vm, "b-esx2"))
	p.a.until(func() bool { return p.a.run.engine.motions()[0].Phase == "storage" })
	if _, err := methods.CancelTask(p.a.ctx, p.a.client, &types.CancelTask{This: task}); err != nil {
		t.Fatal(err)
	}
	if got := p.a.fail(task); got != "RequestCanceled" {
		t.Errorf("it ends with %q", got)
	}
	if at := p.where("a-web01"); at != "a" {
		t.Errorf("the machine is on %q", at)
	}
	p.b.run.engine.mu.Lock()
	used := len(p.b.run.engine.book.used)
	p.b.run.engine.mu.Unlock()
	if used != 0 {
		t.Errorf("%d limits are still taken at the destination", used)
	}
}

func TestThePasswordIsNowhere(t *testing.T) {
	var said bytes.Buffer
	log.SetOutput(&said)
	p := newPair(t)
	vm := p.a.find("VirtualMachine", "a-web01")
	wrong := p.across(vm, "b-esx2")
	wrong.Service.Credential.(*types.ServiceLocatorNamePassword).Password = "canary-in-a-coal-mine"
	p.a.fail(p.a.relocate(vm, wrong))
	p.a.check(vm, wrong)
	p.a.succeed(p.a.relocate(vm, p.across(vm, "b-esx2")))
	for _, s := range []*served{p.a, p.b} {
		texts := []string{said.String()}
		for _, path := range []string{"/_sim/v1/trace", "/_sim/v1/motions"} {
			var answer json.RawMessage
			ask(t, s.run, http.MethodGet, path, nil, &answer)
			texts = append(texts, string(answer))
		}
		for _, task := range s.run.model.Map().All("Task") {
			text, err := xml.Marshal(task)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		for _, host := range s.run.model.Map().All("HostSystem") {
			for _, key := range []string{keyVMkernel, keyHostd, keyVpxa} {
				lines, _ := s.run.engine.logs.read(host.Reference(), key, 0)
				texts = append(texts, strings.Join(lines, "\n"))
			}
		}
		vpxd, _ := s.run.engine.logs.read(moRef{}, keyVpxd, 0)
		texts = append(texts, strings.Join(vpxd, "\n"))
		for _, text := range texts {
			for _, secret := range []string{"canary-in-a-coal-mine", p.b.run.ready.Password} {
				if strings.Contains(text, secret) {
					t.Errorf("a password stands in %.200s", text)
				}
			}
		}
	}
}
