package main

import (
	"reflect"
	"sync"
	"text/template"
	"time"
	"unsafe"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// stamper puts simulated time into events. govmomi's event manager stamps the real time, then formats the event's message, then shows
// the event to the collectors, and offers no way in but the message: so each message's template begins with a call of stamp. That way
// filters by time judge what they are going to show, and nobody sees an event before it is finished.
type stamper struct {
	clock clock

	// Set for one event by postEvent, under the event manager's lock; formatting happens under the same.
	at    time.Time
	chain int32
}

// stampers finds the stamper of a registry's event manager.
var stampers sync.Map

// stampFormat is put before the text of each event.
const stampFormat = "{{stamp .}}"

// registerStamps prepares the templates of all events that have a text. The list of texts must be complete by then.
func registerStamps(ctx *simulator.Context, registry *simulator.Registry, clock clock) {
	s := &stamper{clock: clock}
	manager := registry.EventManager()
	ctx.WithLock(manager, func() {
		templates := templatesOf(manager)
		for _, info := range manager.Description.EventInfo {
			s.prepare(templates, info.Key, info.FullFormat)
		}
		s.restamp(ctx, manager)
	})
	stampers.Store(registry, s)
}

// restamp dates what happened while the inventory was built to the start. The event manager is locked.
func (s *stamper) restamp(ctx *simulator.Context, manager *simulator.EventManager) {
	query := &types.QueryEvents{This: manager.Self, Filter: types.EventFilterSpec{MaxCount: 1000}}
	answer, is := manager.QueryEvents(ctx, query).(*methods.QueryEventsBody)
	if !is || answer.Res == nil {
		return
	}
	for _, event := range answer.Res.Returnval {
		event.GetEvent().CreatedTime = s.clock.now()
	}
}

// templatesOf is the event manager's own store of parsed templates, by the name of the event's type. There is no other way to them.
func templatesOf(manager *simulator.EventManager) map[string]*template.Template {
	field := reflect.ValueOf(manager).Elem().FieldByName("templates")
	return *(*map[string]*template.Template)(unsafe.Pointer(field.UnsafeAddr()))
}

// prepare stores one template. A text that does not parse is left out of it: an event is worth more than its message.
func (s *stamper) prepare(templates map[string]*template.Template, kind, text string) {
	parse := func(text string) (*template.Template, error) {
		return template.New(kind).Funcs(template.FuncMap{"stamp": s.stamp}).Parse(stampFormat + text)
	}
	parsed, err := parse(text)
	if err != nil {
		parsed = template.Must(parse("{{.FullFormattedMessage}}"))
	}
	templates[kind] = parsed
}

// known makes sure that an event's kind has a template; kinds without a text keep the message they come with. The event manager is locked.
func (s *stamper) known(manager *simulator.EventManager, event types.BaseEvent) {
	templates, kind := templatesOf(manager), reflect.TypeOf(event).Elem().Name()
	if templates[kind] == nil {
		s.prepare(templates, kind, "{{.FullFormattedMessage}}")
	}
}

// stamp is called by the templates. It gives the empty text.
func (s *stamper) stamp(event types.BaseEvent) string {
	posted := event.GetEvent()
	posted.CreatedTime = s.clock.now()
	if !s.at.IsZero() {
		posted.CreatedTime = s.at
	}
	if s.chain != 0 {
		posted.ChainId = s.chain
	}
	return ""
}

// postEvent posts an event at a simulated time, into a chain or, for 0, as the first of its own, and gives the chain.
func postEvent(ctx *simulator.Context, event types.BaseEvent, at time.Time, chain int32) int32 {
	manager := ctx.Map.EventManager()
	found, _ := stampers.Load(ctx.Map)
	withLock(ctx, manager, func() {
		s, stamps := found.(*stamper)
		if stamps {
			s.known(manager, event)
			s.at, s.chain = at, chain
			defer func() { s.at, s.chain = time.Time{}, 0 }()
		}
		manager.PostEvent(ctx, &types.PostEvent{EventToPost: event})
		chain = event.GetEvent().ChainId
	})
	return chain
}

// prepareEvent readies the stamper for an event that a client is about to post.
func prepareEvent(ctx *simulator.Context, method *simulator.Method) {
	post, is := method.Body.(*types.PostEvent)
	found, stamps := stampers.Load(ctx.Map)
	if !is || !stamps || post.EventToPost == nil {
		return
	}
	manager := ctx.Map.EventManager()
	withLock(ctx, manager, func() { found.(*stamper).known(manager, post.EventToPost) })
}

// withLock is ctx.WithLock, but lets go of the lock when f panics: govmomi's would keep the object locked for ever.
func withLock(ctx *simulator.Context, object mo.Reference, f func()) {
	unlock := ctx.Map.AcquireLock(ctx, object)
	defer unlock()
	f()
}

// taskCounter lets a virtual clock stand still while a task of govmomi's own runs.
type taskCounter struct {
	mo.DiagnosticManager // govmomi wants a managed object's type first

	engine *engine
	mu     sync.Mutex
	open   map[moRef]bool
}

func registerTaskCounter(registry *simulator.Registry, e *engine) {
	c := &taskCounter{engine: e, open: map[moRef]bool{}}
	c.Self = types.ManagedObjectReference{Type: "TaskCounter", Value: "TaskCounter"}
	registry.AddHandler(c)
}

// PutObject counts a new task that has work to do: govmomi's have, the engine's own and a client's have not.
func (c *taskCounter) PutObject(_ *simulator.Context, object mo.Reference) {
	task, is := object.(*simulator.Task)
	if !is || task.Execute == nil {
		return
	}
	c.mu.Lock()
	c.open[task.Self] = true
	c.mu.Unlock()
	c.engine.mu.Lock()
	c.engine.begun()
	c.engine.mu.Unlock()
}

// UpdateObject counts down when one ends.
func (c *taskCounter) UpdateObject(_ *simulator.Context, object mo.Reference, _ []types.PropertyChange) {
	task, is := object.(*mo.Task)
	if !is || task.Info.State != types.TaskInfoStateSuccess && task.Info.State != types.TaskInfoStateError {
		return
	}
	c.close(task.Self)
}

// RemoveObject counts down when one vanishes.
func (c *taskCounter) RemoveObject(_ *simulator.Context, ref moRef) { c.close(ref) }

func (c *taskCounter) close(ref moRef) {
	c.mu.Lock()
	was := c.open[ref]
	delete(c.open, ref)
	c.mu.Unlock()
	if was {
		c.engine.restAgain()
	}
}
