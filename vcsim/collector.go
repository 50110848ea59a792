package main

import (
	"context"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	// collectorTick is how often a waiting call looks for news.
	collectorTick = 20 * time.Millisecond
	// collectorPage is how many objects one update has at most, as vCenter's has.
	collectorPage = 100
	// fullPause is how many times its own duration passes between two full reads of a filter that news did not ask for.
	fullPause = 20
)

// collector is a property collector that reads of a filter what has changed, where govmomi's own reads the whole filter once for
// each update of any object: the cost of watching N tasks is then not N squared. govmomi makes one per session from the zero value.
type collector struct {
	simulator.PropertyCollector

	news news

	mine struct { // filters in the order of their creation; govmomi's own list is not safe to read while another call changes it
		sync.Mutex
		refs []moRef
	}

	waiting sync.Mutex // one wait at a time, as the versions are one sequence
	filters map[moRef]*filterState
	queue   []types.PropertyFilterUpdate // what is still to be sent, pages cut off
	version int
	listens bool

	cancelMu sync.Mutex
	cancel   context.CancelFunc
}

// registerCollector puts the collector in the place of govmomi's.
func registerCollector(registry *simulator.Registry) {
	c := &collector{}
	c.Self = registry.Get(vim25.ServiceInstance).(*simulator.ServiceInstance).Content.PropertyCollector
	registry.Put(c)
}

// PutObject, UpdateObject and RemoveObject are called for every object of the registry: they take notes and nothing else.
func (c *collector) PutObject(_ *simulator.Context, o mo.Reference) { c.news.appeared(o.Reference()) }

func (c *collector) UpdateObject(_ *simulator.Context, o mo.Reference, changes []types.PropertyChange) {
	c.news.changed(o.Reference(), changes)
}

func (c *collector) RemoveObject(_ *simulator.Context, r types.ManagedObjectReference) {
	c.news.vanished(r)
}

// CreatePropertyCollector makes one more collector of this kind.
func (c *collector) CreatePropertyCollector(ctx *simulator.Context, _ *types.CreatePropertyCollector) soap.HasFault {
	created := &collector{}
	created.Self.Type = "PropertyCollector"
	r := ctx.Session.Put(created).Reference()
	return &methods.CreatePropertyCollectorBody{Res: &types.CreatePropertyCollectorResponse{Returnval: r}}
}

// CreateFilter makes a filter.
func (c *collector) CreateFilter(ctx *simulator.Context, req *types.CreateFilter) soap.HasFault {
	c.mine.Lock()
	defer c.mine.Unlock()
	answer := c.PropertyCollector.CreateFilter(ctx, req)
	if body, is := answer.(*methods.CreateFilterBody); is && body.Res != nil {
		c.mine.refs = append(c.mine.refs, body.Res.Returnval)
	}
	return answer
}

// living are the filters that have not been destroyed.
func (c *collector) living(ctx *simulator.Context) []*simulator.PropertyFilter {
	c.mine.Lock()
	defer c.mine.Unlock()
	var filters []*simulator.PropertyFilter
	var refs []moRef
	for _, r := range c.mine.refs {
		if filter, found := ctx.Session.Get(r).(*simulator.PropertyFilter); found {
			filters, refs = append(filters, filter), append(refs, r)
		}
	}
	c.mine.refs = refs
	return filters
}

// DestroyPropertyCollector ends a wait under way and forgets the filters.
func (c *collector) DestroyPropertyCollector(ctx *simulator.Context, req *types.DestroyPropertyCollector) soap.HasFault {
	c.stopWait()
	ctx.Map.RemoveHandler(c)
	return c.PropertyCollector.DestroyPropertyCollector(ctx, req)
}

// CancelWaitForUpdates ends a wait under way with RequestCanceled.
func (c *collector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	c.stopWait()
	return &methods.CancelWaitForUpdatesBody{Res: &types.CancelWaitForUpdatesResponse{}}
}

func (c *collector) stopWait() {
	c.cancelMu.Lock()
	defer c.cancelMu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}

// startWait is the context of one wait; the limit is in seconds, nil for none.
func (c *collector) startWait(limit *int32) (context.Context, context.CancelFunc) {
	wait, cancel := context.WithCancel(context.Background())
	if limit != nil && *limit > 0 {
		wait, cancel = context.WithTimeout(context.Background(), time.Duration(*limit)*time.Second)
	}
	c.cancelMu.Lock()
	c.cancel = cancel
	c.cancelMu.Unlock()
	return wait, cancel
}

// WaitForUpdates is the old form, which some clients still use.
func (c *collector) WaitForUpdates(ctx *simulator.Context, req *types.WaitForUpdates) soap.HasFault {
	body := &methods.WaitForUpdatesBody{}
	set, fault := c.wait(ctx, req.Version, nil)
	if fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	body.Res = &types.WaitForUpdatesResponse{Returnval: *set}
	return body
}

// WaitForUpdatesEx waits for the filters' news. An empty version asks for everything; without news it answers nothing when the time is up.
func (c *collector) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	body := &methods.WaitForUpdatesExBody{}
	set, fault := c.wait(ctx, req.Version, req.Options)
	if fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	body.Res = &types.WaitForUpdatesExResponse{Returnval: set}
	return body
}

func (c *collector) wait(ctx *simulator.Context, version string, options *types.WaitOptions) (*types.UpdateSet, types.BaseMethodFault) {
	if options == nil {
		options = &types.WaitOptions{}
	}
	wait, cancel := c.startWait(options.MaxWaitSeconds)
	defer cancel()
	call := beginLongCall(ctx)
	defer call.finish()
	c.waiting.Lock()
	defer c.waiting.Unlock()
	c.prepare(ctx, version)
	page := collectorPage
	if options.MaxObjectUpdates > 0 {
		page = min(page, int(options.MaxObjectUpdates))
	}
	once := options.MaxWaitSeconds != nil && *options.MaxWaitSeconds == 0
	ticker := time.NewTicker(collectorTick)
	defer ticker.Stop()
	pace := paceOf(ctx)
	for {
		seen := pace.seen()
		if len(c.queue) == 0 {
			if fault := c.gather(ctx); fault != nil {
				return nil, fault
			}
		}
		if len(c.queue) > 0 || version == "" {
			pace.unblock(c)
			return c.nextSet(page), nil
		}
		if once {
			return nil, nil
		}
		kicked := pace.block(c, seen)
		select {
		case <-wait.Done():
			pace.unblock(c)
			if wait.Err() == context.Canceled {
				return nil, &types.RequestCanceled{}
			}
			return nil, nil
		case <-ticker.C:
		case <-kicked:
		}
		if call.sessionEnded() {
			pace.unblock(c)
			return nil, notAuthenticated(c.Self)
		}
	}
}

// prepare begins to listen and, for the empty version, forgets what was sent.
func (c *collector) prepare(ctx *simulator.Context, version string) {
	if !c.listens {
		c.listens = true
		ctx.Map.AddHandler(c)
	}
	if version == "" || c.filters == nil {
		c.filters, c.queue = map[moRef]*filterState{}, nil
	}
}

// nextSet cuts the next page off the queue.
func (c *collector) nextSet(page int) *types.UpdateSet {
	c.version++
	set := &types.UpdateSet{Version: strconv.Itoa(c.version)}
	for page > 0 && len(c.queue) > 0 {
		first := &c.queue[0]
		if len(first.ObjectSet) <= page {
			page -= len(first.ObjectSet)
			set.FilterSet = append(set.FilterSet, *first)
			c.queue = c.queue[1:]
			continue
		}
		set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: first.Filter, ObjectSet: first.ObjectSet[:page]})
		first.ObjectSet = first.ObjectSet[page:]
		page = 0
	}
	if len(c.queue) > 0 {
		set.Truncated = types.NewBool(true)
	}
	return set
}

// fetchResponse is named as the answer to Fetch is on the wire.
type fetchBody struct {
	Res *FetchResponse `xml:"FetchResponse,omitempty"`
}

func (*fetchBody) Fault() *soap.Fault { return nil }

// FetchResponse is the answer to Fetch for a property that is not set: an empty one. govmomi answers with another method's.
type FetchResponse struct{}

// Fetch reads one property. Its request's type is govmomi's own and cannot be named here, hence the reflection.
func (c *collector) Fetch(ctx *simulator.Context, req any) soap.HasFault {
	builtIn := reflect.ValueOf(&c.PropertyCollector).MethodByName("Fetch")
	answer := builtIn.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(req)})[0].Interface().(soap.HasFault)
	if _, wrong := answer.(*methods.RetrievePropertiesExBody); wrong && answer.Fault() == nil {
		return &fetchBody{Res: &FetchResponse{}}
	}
	return answer
}
