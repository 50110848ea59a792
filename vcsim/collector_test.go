package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// watch makes a collector of a client's with one filter on objects and paths.
func (w *world) watch(client *govmomi.Client, kind string, paths []string, refs ...moRef) *property.Collector {
	w.t.Helper()
	pc, err := property.DefaultCollector(client.Client).Create(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	spec := types.PropertyFilterSpec{PropSet: []types.PropertySpec{{Type: kind, PathSet: paths}}}
	for _, r := range refs {
		spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: r})
	}
	if _, err := pc.CreateFilter(w.ctx, types.CreateFilter{Spec: spec}); err != nil {
		w.t.Fatal(err)
	}
	return pc
}

// next waits for the next updates.
func (w *world) next(pc *property.Collector, version string, limit, objects int32) *types.UpdateSet {
	w.t.Helper()
	req := types.WaitForUpdatesEx{This: pc.Reference(), Version: version, Options: &types.WaitOptions{MaxWaitSeconds: &limit, MaxObjectUpdates: objects}}
	res, err := methods.WaitForUpdatesEx(w.ctx, w.client, &req)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.Returnval
}

func TestAChangeIsNoticedSoon(t *testing.T) {
	w := newWorld(t, 1)
	vm := w.vms[0]
	pc := w.watch(w.client, "VirtualMachine", []string{"config.annotation", "name"}, vm.Self)
	version := w.next(pc, "", 0, 0).Version
	if w.next(pc, version, 0, 0) != nil {
		t.Error("there is news without a change")
	}
	var total time.Duration
	for _, text := range []string{"a", "b", "c", "d", "e"} {
		changed := make(chan time.Time, 1)
		go func() {
			time.Sleep(50 * time.Millisecond)
			ctx := workerContext(w.model.Service.Context)
			ctx.WithLock(vm, func() {
				ctx.Update(vm, []types.PropertyChange{{Name: "config.annotation", Val: text}})
			})
			changed <- time.Now()
		}()
		set := w.next(pc, version, 5, 0)
		total += time.Since(<-changed)
		version = set.Version
		changes := set.FilterSet[0].ObjectSet[0].ChangeSet
		if len(changes) != 1 || changes[0].Val != text {
			t.Errorf("%+v", changes)
		}
	}
	if total > 5*100*time.Millisecond {
		t.Errorf("five changes were noticed after %s", total)
	}
}

func TestPagesAreTruncatedAndComplete(t *testing.T) {
	w := newWorld(t, 1)
	pc := w.watch(w.client, "HostSystem", []string{"name"}, w.hosts...)
	set := w.next(pc, "", 1, 3)
	if len(set.FilterSet[0].ObjectSet) != 3 || set.Truncated == nil || !*set.Truncated {
		t.Fatalf("first page: %+v", set)
	}
	rest := w.next(pc, set.Version, 1, 3)
	if len(rest.FilterSet[0].ObjectSet) != 1 || rest.Truncated != nil || rest.Version == set.Version {
		t.Errorf("second page: %+v", rest)
	}
}

func TestCancelEndsAWait(t *testing.T) {
	w := newWorld(t, 1)
	pc := w.watch(w.client, "HostSystem", []string{"name"}, w.hosts[0])
	version := w.next(pc, "", 1, 0).Version
	ended := make(chan error, 1)
	go func() {
		_, err := methods.WaitForUpdatesEx(w.ctx, w.client, &types.WaitForUpdatesEx{This: pc.Reference(), Version: version})
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond)
	if err := pc.CancelWaitForUpdates(w.ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if callFault(err) != "RequestCanceled" {
			t.Errorf("the wait ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the wait goes on")
	}
}

func TestViewsSeeMachinesComeAndGo(t *testing.T) {
	w := newWorld(t, 1)
	manager := view.NewManager(w.client.Client)
	all, err := manager.CreateContainerView(w.ctx, w.client.ServiceContent.RootFolder, []string{"VirtualMachine"}, true)
	if err != nil {
		t.Fatal(err)
	}
	pc, _ := property.DefaultCollector(w.client.Client).Create(w.ctx)
	skip := true
	_, err = pc.CreateFilter(w.ctx, types.CreateFilter{Spec: types.PropertyFilterSpec{
		PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}},
		ObjectSet: []types.ObjectSpec{{Obj: all.Reference(), Skip: &skip, SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ContainerView", Path: "view"},
		}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	set := w.next(pc, "", 1, 0)
	if got := len(set.FilterSet[0].ObjectSet); got != 6 {
		t.Fatalf("%d machines", got)
	}
	vm := w.vms[0].Self
	if res, err := methods.PowerOffVM_Task(w.ctx, w.client, &types.PowerOffVM_Task{This: vm}); err == nil {
		w.succeed(res.Returnval)
	}
	if _, err := methods.UnregisterVM(w.ctx, w.client, &types.UnregisterVM{This: vm}); err != nil {
		t.Fatal(err)
	}
	set = w.next(pc, set.Version, 5, 0)
	if set == nil || set.FilterSet[0].ObjectSet[0].Kind != types.ObjectUpdateKindLeave || set.FilterSet[0].ObjectSet[0].Obj != vm {
		t.Errorf("%+v", set)
	}
}

func TestFetchOfAnUnsetPropertyIsEmpty(t *testing.T) {
	w := newWorld(t, 1)
	for _, c := range []struct{ property, want string }{{"parentVApp", "<FetchResponse"}, {"name", ">" + w.vms[0].Name + "<"}, {"nonsense", "InvalidProperty"}} {
		if got := w.fetch(w.vms[0].Self, c.property); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.property, got)
		}
	}
}

// fetch asks for a property the way pyVmomi does.
func (w *world) fetch(r moRef, name string) string {
	w.t.Helper()
	envelope := `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` +
		`<Fetch xmlns="urn:vim25"><_this type="` + r.Type + `">` + r.Value + `</_this><prop>` + name + `</prop></Fetch></soapenv:Body></soapenv:Envelope>`
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.url.Scheme+"://"+w.url.Host+"/sdk", strings.NewReader(envelope))
	for _, cookie := range w.client.Client.Client.Jar.Cookies(w.url) {
		req.AddCookie(cookie)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return string(body)
}

func TestCurrentTimeIsSimulated(t *testing.T) {
	w := newWorld(t, 1000)
	read := func() time.Time {
		now, err := methods.GetCurrentTime(w.ctx, w.client)
		if err != nil {
			t.Fatal(err)
		}
		return *now
	}
	first := read()
	time.Sleep(20 * time.Millisecond)
	if passed := read().Sub(first); passed < 20*time.Second {
		t.Errorf("%s have passed", passed)
	}
}
