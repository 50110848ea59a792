package main

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func TestControlNeedsTheCredentials(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "0")
	for _, path := range []string{"/_sim/v1/trace", "/_sim/v1/motions", "/_sim/v1/site", "/_sim/v1/objects/host-1", "/_sim/", "/_sim/v1/nosuch"} {
		for _, password := range []string{"", "wrong"} {
			request, err := http.NewRequest(http.MethodGet, "https://"+r.server.URL.Host+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if password != "" {
				request.SetBasicAuth(r.ready.User, password)
			}
			if status := send(t, r, request, nil); status != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d", path, password, status)
			}
		}
	}
	if status := ask(t, r, http.MethodGet, "/_sim/v1/nosuch", nil, nil); status != http.StatusNotFound {
		t.Errorf("unknown path: %d", status)
	}
}

func TestTraceHoldsEveryCallInOrder(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	vm := vmNamed(t, r, "vm-001").Self
	ctx := context.WithValue(context.Background(), types.ID{}, "op-42")
	if _, err := object.NewVirtualMachine(client.Client, vm).PowerOff(ctx); err != nil {
		t.Fatal(err)
	}
	var calls []tracedCall
	if status := ask(t, r, http.MethodGet, "/_sim/v1/trace", nil, &calls); status != http.StatusOK {
		t.Fatal(status)
	}
	for i, call := range calls {
		if call.N != int64(i+1) {
			t.Errorf("call %d has number %d", i, call.N)
		}
	}
	last := calls[len(calls)-1]
	if last.Method != "PowerOffVM_Task" || last.Object != vm.Value || last.OperationID != "op-42" || last.Session == "" {
		t.Errorf("%+v", last)
	}
	if login := calls[1]; login.Method != "Login" || login.Session != "" {
		t.Errorf("%+v", login)
	}
	if status := ask(t, r, http.MethodDelete, "/_sim/v1/trace", nil, nil); status != http.StatusNoContent {
		t.Error(status)
	}
	if ask(t, r, http.MethodGet, "/_sim/v1/trace", nil, &calls); len(calls) != 0 {
		t.Errorf("%d calls after clearing", len(calls))
	}
}

func TestTraceIsBounded(t *testing.T) {
	calls := newTrace(3)
	for range 8 {
		calls.add(tracedCall{})
	}
	list := calls.list()
	if len(list) != 3 || list[0].N != 6 || list[2].N != 8 {
		t.Errorf("%+v", list)
	}
	calls.clear()
	calls.add(tracedCall{})
	if list = calls.list(); len(list) != 1 || list[0].N != 9 {
		t.Errorf("after clear: %+v", list)
	}
}

func TestReadEnvelope(t *testing.T) {
	const start = `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">`
	tests := []struct{ body, method, object, operation string }{
		{start + `<e:Header><operationID>x1</operationID></e:Header><e:Body><Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this><password>secret</password></Login></e:Body></e:Envelope>`, "Login", "SessionManager", "x1"},
		{start + `<e:Body><Probe/></e:Body></e:Envelope>`, "Probe", "", ""},
		{"no xml at all", "", "", ""},
		{"", "", "", ""},
	}
	for _, test := range tests {
		method, object, operation := readEnvelope([]byte(test.body))
		if method != test.method || object != test.object || operation != test.operation {
			t.Errorf("%s: %q %q %q", test.body, method, object, operation)
		}
	}
}

func TestSiteListsTheInventory(t *testing.T) {
	r := running(t, "-hosts", "2", "-vms", "3")
	var entries []siteEntry
	ask(t, r, http.MethodGet, "/_sim/v1/site", nil, &entries)
	found := map[string]siteEntry{}
	for _, entry := range entries {
		found[entry.Type+" "+entry.Name] = entry
	}
	if found["VirtualMachine vm-003"].MoID != vmNamed(t, r, "vm-003").Self.Value || found["HostSystem esx-002"].MoID == "" || found["Network VM Network"].MoID == "" {
		t.Errorf("%+v", entries)
	}
}

func TestMotionsAreAListEvenWhenThereAreNone(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "0")
	var motions []motionTruth
	if status := ask(t, r, http.MethodGet, "/_sim/v1/motions", nil, &motions); status != http.StatusOK || motions == nil || len(motions) != 0 {
		t.Errorf("%d %+v", status, motions)
	}
}

func TestUsageFollowsTheVM(t *testing.T) {
	r := running(t, "-hosts", "2", "-vms", "2", "-speed", "1000")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	source, destination := hostNamed(t, r, "esx-001"), hostNamed(t, r, "esx-002")
	usage := func() (int32, int32) {
		ctx := *r.model.Service.Context
		var s, d int32
		ctx.WithLock(source, func() { s = source.Summary.QuickStats.OverallMemoryUsage })
		ctx.WithLock(destination, func() { d = destination.Summary.QuickStats.OverallMemoryUsage })
		return s, d
	}
	beforeSource, beforeDestination := usage()
	vm := object.NewVirtualMachine(client.Client, vmNamed(t, r, "vm-001").Self)
	task, err := vm.Relocate(ctx, types.VirtualMachineRelocateSpec{Host: &destination.Self}, types.VirtualMachineMovePriorityDefaultPriority)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	moved := int32(1024 + overheadMiBPerVM)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		s, d := usage()
		if s == beforeSource-moved && d == beforeDestination+moved {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("source %d -> %d, destination %d -> %d", beforeSource, s, beforeDestination, d)
		case <-ticker.C:
		}
	}
}

func TestQuietLogDropsOneLineOnly(t *testing.T) {
	var out bytes.Buffer
	log := quietLog{&out}
	_, _ = log.Write([]byte("2026/01/01 00:00:00 open : no such file or directory\n"))
	_, _ = log.Write([]byte("2026/01/01 00:00:00 open /x: no such file or directory\n"))
	if out.String() != "2026/01/01 00:00:00 open /x: no such file or directory\n" {
		t.Errorf("%q", out.String())
	}
}
