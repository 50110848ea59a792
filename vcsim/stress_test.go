package main

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// stress is a site with several movers and readers at work on it, each with a session of its own.
type stress struct {
	t      *testing.T
	run    *runningSimulator
	watch  *limitWatch
	hosts  []moRef
	stores []moRef
	vms    []moRef
	ended  atomic.Int64
	moved  atomic.Int64
}

// TestMoversAndReadersAgree is the short form of the nightly test.
func TestMoversAndReadersAgree(t *testing.T) {
	runStress(t, 160, 8, 4)
}

// runStress makes that many relocations and checks what has to hold afterwards.
func runStress(t *testing.T, relocations, movers, readers int) {
	s := &stress{t: t, run: running(t, "-hosts", "8", "-vms", "48", "-speed", "2000")}
	s.watch = watchLimits(s.run.engine)
	s.hosts, s.stores, s.vms = s.all("HostSystem"), s.all("Datastore"), s.all("VirtualMachine")
	var moving, reading sync.WaitGroup
	stop := make(chan struct{})
	for i := range readers {
		client := s.client()
		reading.Go(func() { s.read(client, i, stop) })
	}
	for i := range movers {
		client := s.client()
		moving.Go(func() { s.move(client, rand.New(rand.NewSource(int64(i))), relocations/movers) })
	}
	moving.Wait()
	close(stop)
	reading.Wait()
	s.verify(relocations / movers * movers)
}

func (s *stress) all(kind string) []moRef {
	var refs []moRef
	for _, o := range s.run.model.Map().All(kind) {
		refs = append(refs, o.Reference())
	}
	sortRefs(refs)
	return refs
}

func (s *stress) client() *govmomi.Client {
	client, err := logIn(s.t, s.run, s.run.ready.User, s.run.ready.Password)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// move relocates machines at random; now and then it cancels, and now and then the disks go along.
func (s *stress) move(client *govmomi.Client, random *rand.Rand, count int) {
	for range count {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		host := s.hosts[random.Intn(len(s.hosts))]
		spec := types.VirtualMachineRelocateSpec{Host: &host}
		if random.Intn(5) == 0 {
			spec.Datastore = &s.stores[random.Intn(len(s.stores))]
		}
		vm := s.vms[random.Intn(len(s.vms))]
		res, err := methods.RelocateVM_Task(ctx, client, &types.RelocateVM_Task{This: vm, Spec: spec})
		if err != nil {
			s.t.Errorf("%s: %v", vm.Value, err)
			cancel()
			continue
		}
		if random.Intn(10) == 0 {
			_, _ = methods.CancelTask(ctx, client, &types.CancelTask{This: res.Returnval})
		}
		s.finish(ctx, client, res.Returnval)
		cancel()
	}
}

// finish waits for a task's end, which may be one of four.
func (s *stress) finish(ctx context.Context, client *govmomi.Client, task moRef) {
	_, _ = object.NewTask(client.Client, task).WaitForResult(ctx)
	var t mo.Task
	if err := property.DefaultCollector(client.Client).RetrieveOne(ctx, task, []string{"info"}, &t); err != nil {
		s.t.Errorf("%s: %v", task.Value, err)
		return
	}
	if t.Info.CompleteTime == nil {
		s.t.Errorf("%s has not ended: %s", task.Value, t.Info.State)
		return
	}
	s.ended.Add(1)
	switch name := errorName(t.Info); name {
	case "":
		s.moved.Add(1)
	case "TaskInProgress", "RequestCanceled":
	default:
		s.t.Errorf("%s ended with %s: %s", task.Value, name, t.Info.Error.LocalizedMessage)
	}
}

// read looks at hosts, machines, tasks, events and logs until told to stop.
func (s *stress) read(client *govmomi.Client, number int, stop chan struct{}) {
	ctx := context.Background()
	manager := view.NewManager(client.Client)
	v, err := manager.CreateContainerView(ctx, client.ServiceContent.RootFolder, []string{"VirtualMachine", "HostSystem"}, true)
	if err != nil {
		s.t.Error(err)
		return
	}
	for round := 0; ; round++ {
		select {
		case <-stop:
			return
		default:
		}
		var vms []mo.VirtualMachine
		var hosts []mo.HostSystem
		err := v.Retrieve(ctx, []string{"VirtualMachine"}, []string{"runtime.host", "resourcePool", "datastore"}, &vms)
		if err == nil {
			err = v.Retrieve(ctx, []string{"HostSystem"}, []string{"vm", "summary.quickStats"}, &hosts)
		}
		if err != nil || len(vms) != len(s.vms) || len(hosts) != len(s.hosts) {
			s.t.Errorf("reader %d: %d machines, %d hosts, %v", number, len(vms), len(hosts), err)
		}
		s.readHistory(ctx, client, s.hosts[round%len(s.hosts)])
	}
}

func (s *stress) readHistory(ctx context.Context, client *govmomi.Client, host moRef) {
	content := client.ServiceContent
	if _, err := methods.QueryEvents(ctx, client, &types.QueryEvents{This: *content.EventManager, Filter: types.EventFilterSpec{MaxCount: 20}}); err != nil {
		s.t.Error(err)
	}
	req := types.BrowseDiagnosticLog{This: *content.DiagnosticManager, Host: &host, Key: keyVMkernel, Start: 1}
	if _, err := methods.BrowseDiagnosticLog(ctx, client, &req); err != nil {
		s.t.Error(err)
	}
	s.run.engine.motions()
}

// verify compares both sides of every reference, and the books.
func (s *stress) verify(relocations int) {
	s.watch.report(s.t)
	if got := int(s.ended.Load()); got != relocations || s.moved.Load() < int64(relocations)/2 {
		s.t.Errorf("%d of %d tasks ended, %d with success", got, relocations, s.moved.Load())
	}
	for _, problem := range mismatches(s.run.model) {
		s.t.Error(problem)
	}
	e := s.run.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.book.used) != 0 || len(e.waiting) != 0 || len(e.live) != 0 || len(e.held) != 0 || len(e.busy) != 0 {
		s.t.Errorf("left over: %d claims, %d waiting, %d flows, %d held, %d busy", len(e.book.used), len(e.waiting), len(e.live), len(e.held), len(e.busy))
	}
}

// mismatches are the places where a machine and what it is on do not agree about each other.
func mismatches(model *simulator.Model) []string {
	ctx := &simulator.Context{Map: model.Map()}
	owners := map[string]map[moRef]int{"HostSystem": {}, "Datastore": {}, "ResourcePool": {}}
	for kind, counts := range owners {
		for _, owner := range model.Map().All(kind) {
			ctx.WithLock(owner, func() {
				for _, vm := range *vmsOf(model.Map(), owner.Reference()) {
					counts[vm]++
				}
			})
		}
	}
	var problems []string
	for _, o := range model.Map().All("VirtualMachine") {
		vm := o.(*simulator.VirtualMachine)
		view := viewVM(ctx, vm)
		for _, owner := range append([]moRef{view.host, view.pool}, view.datastores...) {
			listed := false
			ctx.WithLock(owner, func() { listed = hasRef(*vmsOf(model.Map(), owner), vm.Self) })
			if !listed {
				problems = append(problems, fmt.Sprintf("%s is on %s and not in its list", view.name, owner.Value))
			}
		}
		if owners["HostSystem"][vm.Self] != 1 || owners["ResourcePool"][vm.Self] != 1 || owners["Datastore"][vm.Self] != len(view.datastores) {
			problems = append(problems, fmt.Sprintf("%s is listed by %d hosts, %d pools, %d datastores", view.name,
				owners["HostSystem"][vm.Self], owners["ResourcePool"][vm.Self], owners["Datastore"][vm.Self]))
		}
	}
	return problems
}
