package main

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// limitWatch checks after each transition that no limit is exceeded, by counting anew who runs.
type limitWatch struct {
	mu       sync.Mutex
	problems []string
	checks   int
	most     map[resourceKind]int
}

// watchLimits looks at every transition from now on.
func watchLimits(e *engine) *limitWatch {
	w := &limitWatch{most: map[resourceKind]int{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.observe = func() { w.check(e) }
	return w
}

// check is called with e.mu held.
func (w *limitWatch) check(e *engine) {
	used := map[resource]int{}
	for _, m := range e.moves {
		if !m.granted {
			continue
		}
		for _, c := range m.claims {
			used[c.resource] += c.cost
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checks++
	for r, cost := range used {
		w.most[r.kind] = max(w.most[r.kind], cost)
		if limit := e.book.limit(r); cost > limit {
			w.problems = append(w.problems, fmt.Sprintf("%v: %d of %d", r, cost, limit))
		}
		if e.book.used[r] != cost {
			w.problems = append(w.problems, fmt.Sprintf("%v: %d run, the book says %d", r, cost, e.book.used[r]))
		}
	}
	if len(used) != len(e.book.used) {
		w.problems = append(w.problems, fmt.Sprintf("%d in use, the book has %d", len(used), len(e.book.used)))
	}
}

func (w *limitWatch) report(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.checks == 0 || len(w.problems) > 0 {
		t.Errorf("%d checks, problems: %v", w.checks, w.problems[:min(5, len(w.problems))])
	}
}

func TestWhatIsOverTheLimitWaitsInOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		gbps int64
		want int
	}{{"10 GbE", 10, 8}, {"1 GbE", 1, 4}, {"40 GbE", 40, 8}} {
		w := newWorldOn(t, newVirtualClock(virtualStart), 12)
		for r, host := range w.site.Hosts {
			host.LinkBitsPerS = c.gbps * 1_000_000_000
			w.site.Hosts[r] = host
		}
		watch := watchLimits(w.engine)
		var tasks []moRef
		for _, vm := range w.vms {
			tasks = append(tasks, w.relocate(vm, toHost(w.hosts[1])))
		}
		running, last := 0, types.TaskInfo{}
		for i, task := range tasks {
			info := w.succeed(task)
			if info.StartTime.Equal(info.QueueTime) {
				running++
			}
			if i > 0 && info.StartTime.Before(*last.StartTime) {
				t.Errorf("%s: number %d starts before the one ahead of it", c.name, i)
			}
			last = info
		}
		watch.report(t)
		if running != c.want || watch.most[networkLimit] != c.want {
			t.Errorf("%s: %d start at once and %d run at most, not %d", c.name, running, watch.most[networkLimit], c.want)
		}
	}
}

func TestAQueuedMoveIsQueuedAndCanBeCancelled(t *testing.T) {
	w := newWorldOf(t, 1, 10)
	var tasks []moRef
	for _, vm := range w.vms {
		w.as(vm, func() { vm.Config.Hardware.MemoryMB = 8 * 1024 })
		tasks = append(tasks, w.relocate(vm, toHost(w.hosts[1])))
	}
	w.until(func() bool { return w.info(tasks[7]).State == types.TaskInfoStateRunning })
	queued := w.info(tasks[9])
	if queued.State != types.TaskInfoStateQueued || queued.StartTime != nil || !queued.Cancelable {
		t.Errorf("the tenth move: %s, started %v, cancelable %v", queued.State, queued.StartTime, queued.Cancelable)
	}
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: tasks[9]}); err != nil {
		t.Fatal(err)
	}
	info := w.finish(tasks[9])
	if errorName(info) != "RequestCanceled" || info.StartTime != nil {
		t.Errorf("ended with %q, started %v", errorName(info), info.StartTime)
	}
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: tasks[0]}); err != nil {
		t.Fatal(err)
	}
	w.until(func() bool { return w.info(tasks[8]).State == types.TaskInfoStateRunning })
	for _, task := range tasks[:9] {
		_, _ = methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task})
		w.finish(task)
	}
}

func TestAQueuedMoveIsJudgedAgainWhenItsTurnComes(t *testing.T) {
	w := newWorldOf(t, 10, 9)
	var tasks []moRef
	for _, vm := range w.vms {
		w.as(vm, func() { vm.Config.Hardware.MemoryMB = 8 * 1024 })
		tasks = append(tasks, w.relocate(vm, toHost(w.hosts[1])))
	}
	last := tasks[8]
	w.until(func() bool {
		waiting := w.waitingMoves()
		return len(waiting) == 1 && waiting[0].task.Self == last
	})
	host := w.host(w.hosts[1])
	w.as(host, func() { host.Runtime.InMaintenanceMode = true })
	if info := w.finish(last); info.Error == nil || info.StartTime == nil || !info.StartTime.After(info.QueueTime) {
		t.Errorf("ended %s, started %v", info.State, info.StartTime)
	}
}

func (w *world) waitingMoves() []*move {
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	return slices.Clone(w.engine.waiting)
}

func TestCostsByOperation(t *testing.T) {
	host, other := moRef{Type: "HostSystem", Value: "a"}, moRef{Type: "HostSystem", Value: "b"}
	from, to, third := moRef{Type: "Datastore", Value: "1"}, moRef{Type: "Datastore", Value: "2"}, moRef{Type: "Datastore", Value: "3"}
	on, off := types.VirtualMachinePowerStatePoweredOn, types.VirtualMachinePowerStatePoweredOff
	plan := func(power types.VirtualMachinePowerState, destination, home moRef, disk moRef) *placement {
		p := &placement{home: home, disks: []diskPlan{{from: from, to: disk}}}
		p.vm = vmView{host: host, home: from, power: power, datastores: []moRef{from, third}}
		p.source.ref, p.host.ref = host, destination
		return p
	}
	for _, c := range []struct {
		name                 string
		plan                 *placement
		hosts, network, disk int
		claims               int
	}{
		{"vMotion", plan(on, other, from, from), 1, 1, 1, 6},
		{"storage", plan(on, host, to, to), 4, 0, 16, 3},
		{"one disk elsewhere", plan(on, host, from, third), 4, 0, 16, 3},
		{"unshared", plan(on, other, to, to), 4, 1, 16, 6},
		{"off", plan(off, other, to, to), 1, 0, 0, 2},
		{"nothing", plan(on, host, from, from), 0, 0, 0, 0},
	} {
		claims := c.plan.claims()
		got := map[resourceKind]int{}
		for _, claim := range claims {
			got[claim.kind] = claim.cost
		}
		if len(claims) != c.claims || got[hostLimit] != c.hosts || got[networkLimit] != c.network || got[storeLimit] != c.disk {
			t.Errorf("%s: %v", c.name, claims)
		}
	}
}

func TestALaterMoveOvertakesOnlyWhereNobodyWaits(t *testing.T) {
	b := newBook(&site{})
	a, c, d := resource{hostLimit, moRef{Value: "a"}}, resource{hostLimit, moRef{Value: "c"}}, resource{hostLimit, moRef{Value: "d"}}
	b.take([]claim{{a, 5}})
	queue := []*move{
		{claims: []claim{{a, 4}, {c, 4}}}, // a is full for it
		{claims: []claim{{a, 1}}},         // would fit, but must not go ahead of the first
		{claims: []claim{{c, 4}, {d, 4}}},
	}
	if got := b.first(queue); got != 2 {
		t.Errorf("number %d starts", got)
	}
	b.release([]claim{{a, 1}})
	if got := b.first(queue); got != 0 {
		t.Errorf("number %d starts", got)
	}
}
