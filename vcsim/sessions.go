package main

import (
	"net/http"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// defaultSessionTimeout is how long a session may be idle, as vCenter's default (120 minutes).
const defaultSessionTimeout = 120 * time.Minute

// sessionTable ends sessions: idle ones, logged out and terminated ones. govmomi keeps the table itself, and SOAP, REST and
// JSON-RPC all use that one, so that a session opened by one of them is a session of all. Idleness is real time at every -speed.
type sessionTable struct {
	mo.DiagnosticManager // govmomi wants a managed object's type first

	service  *simulator.Service
	registry *simulator.Registry
	clock    clock
	timeout  time.Duration
	done     chan struct{}

	mu     sync.Mutex
	visits map[string]*visit // by session key
	ended  []func(key string)
}

// visit is what is known of a session's use.
type visit struct {
	last    time.Time
	calls   int                 // long calls under way: a session in use is not idle
	objects *simulator.Registry // views, filters and collectors of the session
}

// sessionRef is known to nobody but the redirection.
var sessionRef = types.ManagedObjectReference{Type: "SessionTable", Value: "SessionTable"}

// sessionTables finds the table that belongs to a registry, for those who have nothing but a call's context.
var sessionTables sync.Map

// Lock and Unlock opt out of the lock govmomi holds during a call.
func (*sessionTable) Lock()   {}
func (*sessionTable) Unlock() {}

// registerSessions makes sessions end. It has to be the last to chain itself to the registry's handler: an ended session is nobody's.
func registerSessions(service *simulator.Service, registry *simulator.Registry, clock clock, timeout time.Duration) *sessionTable {
	if timeout <= 0 {
		timeout = defaultSessionTimeout
	}
	t := &sessionTable{
		service: service, registry: registry, clock: clock, timeout: timeout, visits: map[string]*visit{}, done: make(chan struct{}),
	}
	t.Self = sessionRef
	registry.Put(t)
	next := registry.Handler
	registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		if fault := t.admit(ctx, method); fault != nil {
			return nil, fault
		}
		if next != nil {
			if object, fault := next(ctx, method); object != nil || fault != nil {
				return object, fault
			}
		}
		return t.redirect(ctx, method), nil
	}
	sessionTables.Store(registry, t)
	return t
}

// stop ends the sweeping.
func (t *sessionTable) stop() {
	sessionTables.Delete(t.registry)
	close(t.done)
}

// onEnd asks for a call with the key of each session that ends.
func (t *sessionTable) onEnd(f func(key string)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = append(t.ended, f)
}

// admit ends a session that was idle for too long, and notes the use of any other.
func (t *sessionTable) admit(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	if ctx.Session == nil {
		return nil
	}
	if !t.idle(ctx.Session.Key) {
		t.touch(ctx.Session)
		return nil
	}
	t.end(ctx.Session.Key)
	switch method.Name {
	case "Fetch", "RetrieveProperties", "RetrievePropertiesEx", "RetrieveServiceContent":
		// As without a session: the properties are missing with NotAuthenticated, and there is no fault.
		ctx.Session = nil
		return nil
	}
	return notAuthenticated(method.This)
}

func notAuthenticated(object types.ManagedObjectReference) *types.NotAuthenticated {
	return &types.NotAuthenticated{NoPermission: types.NoPermission{Object: &object, PrivilegeId: "System.View"}}
}

// redirect takes over the session manager's methods that this table has something to add to.
func (t *sessionTable) redirect(ctx *simulator.Context, method *simulator.Method) mo.Reference {
	if method.This.Type != "SessionManager" {
		return nil
	}
	switch {
	case ctx.Session == nil && method.Name == "Login":
		return t
	case ctx.Session != nil && (method.Name == "Logout" || method.Name == "TerminateSession"):
		method.This = sessionRef
	}
	return nil
}

func (t *sessionTable) idle(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.visits[key]
	return v != nil && v.calls == 0 && time.Since(v.last) > t.timeout
}

// touch notes a use of the session.
func (t *sessionTable) touch(session *simulator.Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.visits[session.Key]
	if v == nil {
		v = &visit{}
		t.visits[session.Key] = v
	}
	v.last, v.objects = time.Now(), session.Registry
}

// forget takes a session's visit away and tells those who wait for its end.
func (t *sessionTable) forget(key string) *visit {
	t.mu.Lock()
	v, ended := t.visits[key], t.ended
	delete(t.visits, key)
	t.mu.Unlock()
	for _, f := range ended {
		f(key)
	}
	return v
}

// sweep ends idle sessions that nobody asks for any more. It must not begin before the server listens: govmomi completes its session
// manager until then.
func (t *sessionTable) sweep() {
	ticker := time.NewTicker(min(30*time.Second, max(20*time.Millisecond, t.timeout/8)))
	defer ticker.Stop()
	for {
		select {
		case <-t.done:
			return
		case <-ticker.C:
		}
		t.sweepOnce(t.list())
	}
}

func (t *sessionTable) sweepOnce(sessions []types.UserSession) {
	alive := map[string]bool{}
	for _, session := range sessions {
		alive[session.Key] = true
		if t.outdated(session) {
			t.end(session.Key)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, v := range t.visits {
		if !alive[key] && v.calls == 0 && time.Since(v.last) > time.Second {
			delete(t.visits, key)
		}
	}
}

// outdated also counts calls to the services beside vim25, which this table does not see.
func (t *sessionTable) outdated(session types.UserSession) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := session.LastActiveTime
	if v := t.visits[session.Key]; v != nil {
		if v.last.Before(last) {
			v.last = last
		}
		last = v.last
		if v.calls > 0 {
			return false
		}
	}
	return time.Since(last) > t.timeout
}

// list is every session there is.
func (t *sessionTable) list() []types.UserSession {
	view := simulator.Session{Registry: simulator.NewRegistry(), Map: t.registry}
	ref := t.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.SessionManager
	return view.Get(*ref).(*simulator.SessionManager).SessionList
}

// find gives the session with the key.
func (t *sessionTable) find(key string) (types.UserSession, bool) {
	for _, session := range t.list() {
		if session.Key == key {
			return session, true
		}
	}
	return types.UserSession{}, false
}

// end ends a session: its key is worth nothing afterwards, its views, filters and collectors are gone, and the logout is an event.
func (t *sessionTable) end(key string) bool {
	session, found := t.find(key)
	v := t.forget(key)
	if !found {
		return false
	}
	objects := simulator.NewRegistry()
	if v != nil {
		objects = v.objects
	}
	ctx := *t.service.Context
	ctx.Session = &simulator.Session{UserSession: session, Registry: objects, Map: t.registry}
	t.registry.SessionManager().Logout(&ctx, nil)
	return true
}

// Login logs in; a refusal is an event.
func (t *sessionTable) Login(ctx *simulator.Context, req *types.Login) soap.HasFault {
	answer := t.registry.SessionManager().Login(ctx, req)
	if answer.Fault() == nil {
		t.touch(ctx.Session)
		return answer
	}
	event := &types.BadUsernameSessionEvent{IpAddress: clientAddress(ctx)}
	nobody := *ctx
	nobody.Session = &simulator.Session{UserSession: types.UserSession{UserName: req.UserName}, Registry: simulator.NewRegistry(), Map: ctx.Map}
	postEvent(&nobody, event, t.clock.now(), 0)
	return answer
}

// Logout ends the caller's session.
func (t *sessionTable) Logout(ctx *simulator.Context, _ *types.Logout) soap.HasFault {
	t.end(ctx.Session.Key)
	return &methods.LogoutBody{Res: &types.LogoutResponse{}}
}

// TerminateSession ends other sessions, all that are named or, where one is unknown or the caller's own, none.
func (t *sessionTable) TerminateSession(ctx *simulator.Context, req *types.TerminateSession) soap.HasFault {
	body := &methods.TerminateSessionBody{}
	var victims []types.UserSession
	for _, key := range req.SessionId {
		victim, found := t.find(key)
		switch {
		case key == ctx.Session.Key:
			body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "sessionId"})
			return body
		case !found:
			body.Fault_ = simulator.Fault("", &types.NotFound{})
			return body
		}
		victims = append(victims, victim)
	}
	for _, victim := range victims {
		t.end(victim.Key)
		postEvent(ctx, &types.SessionTerminatedEvent{SessionId: victim.Key, TerminatedUsername: victim.UserName}, t.clock.now(), 0)
	}
	body.Res = &types.TerminateSessionResponse{}
	return body
}

// longCall is a call that lasts, such as a wait for updates. The nil one belongs to no session this program watches over.
type longCall struct {
	table *sessionTable
	key   string
}

// beginLongCall keeps the session of the call from being idle until finish.
func beginLongCall(ctx *simulator.Context) *longCall {
	table, known := sessionTables.Load(ctx.Map)
	if !known || ctx.Session == nil {
		return nil
	}
	call := &longCall{table.(*sessionTable), ctx.Session.Key}
	call.count(1)
	return call
}

func (c *longCall) finish() {
	if c != nil {
		c.count(-1)
	}
}

func (c *longCall) count(by int) {
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	if v := c.table.visits[c.key]; v != nil {
		v.calls += by
		v.last = time.Now()
	}
}

// sessionEnded is true when the session has ended since the call began.
func (c *longCall) sessionEnded() bool {
	if c == nil {
		return false
	}
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	return c.table.visits[c.key] == nil
}

// clientAddress is the address a call came from.
func clientAddress(ctx *simulator.Context) string {
	request := (*http.Request)(hidden(ctx, "req"))
	if request == nil {
		return ""
	}
	return addressOf(request)
}

// hidden reads a pointer that govmomi keeps to itself; nil where there is no such field.
func hidden(object any, field string) unsafe.Pointer {
	value := reflect.ValueOf(object).Elem().FieldByName(field)
	if !value.IsValid() || value.Kind() != reflect.Pointer {
		return nil
	}
	return value.UnsafePointer()
}
