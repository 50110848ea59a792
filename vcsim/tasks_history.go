package main

import (
	"sort"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	maxTaskCollectors   = 32   // of one session, as TaskManager.maxCollector says
	taskCollectorPage   = 10   // default size of latestPage
	maxTaskCollectorGet = 1000 // largest page
)

// taskCollector reads the history of tasks through a filter. What it shows is the present state of each task; its position lies
// between two tasks, in the order in which they were queued.
type taskCollector struct {
	mo.TaskHistoryCollector

	book    *taskBook
	session string

	mu       sync.Mutex
	size     int
	position int64 // number of the last task before the position
}

// Lock and Unlock opt out of the lock govmomi holds during a call: reading the inventory for a filter takes other objects' locks.
func (*taskCollector) Lock()   {}
func (*taskCollector) Unlock() {}

// CreateCollectorForTasks makes a collector, which stands before the oldest task.
func (b *taskBook) CreateCollectorForTasks(ctx *simulator.Context, req *types.CreateCollectorForTasks) soap.HasFault {
	body := &methods.CreateCollectorForTasksBody{}
	fault := b.refuseFilter(req.Filter)
	if fault == nil && b.collectorsOf(ctx.Session.Key) >= maxTaskCollectors {
		fault = &types.InvalidState{}
	}
	if fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	c := &taskCollector{book: b, session: ctx.Session.Key, size: taskCollectorPage}
	c.Filter = req.Filter
	c.Self.Type = "TaskHistoryCollector"
	ref := ctx.Session.Put(c).Reference()
	b.mu.Lock()
	b.collectors[ref] = c
	b.mu.Unlock()
	body.Res = &types.CreateCollectorForTasksResponse{Returnval: ref}
	return body
}

// refuseFilter judges what of a filter can be judged beforehand.
func (b *taskBook) refuseFilter(filter types.TaskFilterSpec) types.BaseMethodFault {
	if filter.Entity == nil {
		return nil
	}
	if b.registry.Get(filter.Entity.Entity) == nil {
		return &types.ManagedObjectNotFound{Obj: filter.Entity.Entity}
	}
	switch filter.Entity.Recursion {
	case types.TaskFilterSpecRecursionOptionSelf, types.TaskFilterSpecRecursionOptionChildren, types.TaskFilterSpecRecursionOptionAll:
		return nil
	}
	return &types.InvalidArgument{InvalidProperty: "filter.entity.recursion"}
}

func (b *taskBook) collectorsOf(session string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	count := 0
	for _, c := range b.collectors {
		if c.session == session {
			count++
		}
	}
	return count
}

// forgetSession lets go of the collectors of a session that has ended.
func (b *taskBook) forgetSession(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ref, c := range b.collectors {
		if c.session == key {
			delete(b.collectors, ref)
		}
	}
}

// snapshot gives copies of the tasks with numbers above one and up to another.
func (b *taskBook) snapshot(above, upTo int64) []taskRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := sort.Search(len(b.records), func(i int) bool { return b.records[i].number > above })
	var records []taskRecord
	for _, record := range b.records[first:] {
		if record.number > upTo {
			break
		}
		records = append(records, *record)
	}
	return records
}

const newestTask = int64(1) << 62

// ReadNextTasks reads towards the newest task.
func (c *taskCollector) ReadNextTasks(_ *simulator.Context, req *types.ReadNextTasks) soap.HasFault {
	body := &methods.ReadNextTasksBody{}
	if fault := refuseCount(req.MaxCount, 1); fault != nil {
		body.Fault_ = fault
		return body
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	body.Res = &types.ReadNextTasksResponse{}
	match := c.matcher()
	for _, record := range c.book.snapshot(c.position, newestTask) {
		if len(body.Res.Returnval) == int(req.MaxCount) {
			break
		}
		c.position = record.number
		if match(&record.info) {
			body.Res.Returnval = append(body.Res.Returnval, record.info)
		}
	}
	return body
}

// ReadPreviousTasks reads towards the oldest task.
func (c *taskCollector) ReadPreviousTasks(_ *simulator.Context, req *types.ReadPreviousTasks) soap.HasFault {
	body := &methods.ReadPreviousTasksBody{}
	if fault := refuseCount(req.MaxCount, 1); fault != nil {
		body.Fault_ = fault
		return body
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	body.Res = &types.ReadPreviousTasksResponse{}
	match := c.matcher()
	records := c.book.snapshot(0, c.position)
	for i := len(records) - 1; i >= 0 && len(body.Res.Returnval) < int(req.MaxCount); i-- {
		c.position = records[i].number - 1
		if match(&records[i].info) {
			body.Res.Returnval = append(body.Res.Returnval, records[i].info)
		}
	}
	return body
}

// RewindCollector moves before the oldest task.
func (c *taskCollector) RewindCollector(*types.RewindCollector) soap.HasFault {
	c.move(0)
	return &methods.RewindCollectorBody{Res: &types.RewindCollectorResponse{}}
}

// ResetCollector moves behind the newest task.
func (c *taskCollector) ResetCollector(*types.ResetCollector) soap.HasFault {
	c.book.mu.Lock()
	last := c.book.next
	c.book.mu.Unlock()
	c.move(last)
	return &methods.ResetCollectorBody{Res: &types.ResetCollectorResponse{}}
}

func (c *taskCollector) move(to int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.position = to
}

// SetCollectorPageSize sets the size of latestPage; 0 is the default.
func (c *taskCollector) SetCollectorPageSize(req *types.SetCollectorPageSize) soap.HasFault {
	body := &methods.SetCollectorPageSizeBody{}
	if fault := refuseCount(req.MaxCount, 0); fault != nil {
		body.Fault_ = fault
		return body
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = int(req.MaxCount)
	if c.size == 0 {
		c.size = taskCollectorPage
	}
	body.Res = &types.SetCollectorPageSizeResponse{}
	return body
}

// DestroyCollector ends the collector.
func (c *taskCollector) DestroyCollector(ctx *simulator.Context, _ *types.DestroyCollector) soap.HasFault {
	c.book.mu.Lock()
	delete(c.book.collectors, c.Self)
	c.book.mu.Unlock()
	ctx.Session.Remove(ctx, c.Self)
	return &methods.DestroyCollectorBody{Res: &types.DestroyCollectorResponse{}}
}

func refuseCount(count, least int32) *soap.Fault {
	if count < least || count > maxTaskCollectorGet {
		return simulator.Fault("", &types.InvalidArgument{InvalidProperty: "maxCount"})
	}
	return nil
}

// Get is what a reader of the collector's properties sees: latestPage has the newest tasks, the newest first.
func (c *taskCollector) Get() mo.Reference {
	c.mu.Lock()
	size := c.size
	c.mu.Unlock()
	shown := &mo.TaskHistoryCollector{}
	shown.Self, shown.Filter, shown.LatestPage = c.Self, c.Filter, []types.TaskInfo{}
	match := c.matcher()
	records := c.book.snapshot(0, newestTask)
	for i := len(records) - 1; i >= 0 && len(shown.LatestPage) < size; i-- {
		if match(&records[i].info) {
			shown.LatestPage = append(shown.LatestPage, records[i].info)
		}
	}
	return shown
}
