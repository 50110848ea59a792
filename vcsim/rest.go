package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
)

// apiSessionHeader is the header, and the cookie, with a session's key.
const apiSessionHeader = "vmware-api-session-id"

// restAPI answers the vSphere Automation API: JSON-RPC on POST /api, as the Automation SDK speaks it, and REST on /api/ and the older
// /rest/. What it does not know itself goes on to govmomi.
type restAPI struct {
	registry *simulator.Registry
	sessions *sessionTable
	tags     *tagStore
	builtIn  builtInAPI
}

// registerREST adds the API to a service whose endpoints are registered.
func registerREST(service *simulator.Service, registry *simulator.Registry, sessions *sessionTable, who login) *tagStore {
	store := newTagStore(service, registry)
	a := &restAPI{registry: registry, sessions: sessions, tags: store}
	a.builtIn.who = who
	a.builtIn.handler, _ = service.ServeMux.Handler(&http.Request{URL: mustParse("/rest/")})
	service.ServeMux.HandleFunc("POST /api", a.serveRPC)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		service.ServeMux.HandleFunc(method+" /api/", a.serve)
		service.ServeMux.HandleFunc(method+" /rest/", a.serve)
	}
	service.Handle("/vsphere-motion-tags/", tagManagerOf{store})
	return store
}

// tagManagerOf hands the store to govmomi, which recognises one among the handlers it is given.
type tagManagerOf struct{ *tagStore }

func (tagManagerOf) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// restRequest is a REST request taken apart.
type restRequest struct {
	w      http.ResponseWriter
	r      *http.Request
	old    bool     // below /rest: answers are wrapped, identifiers prefixed
	path   []string // below /api, or /rest and the package names
	action string
	key    string // of the session
}

// serve answers everything below /api/ and /rest/.
func (a *restAPI) serve(w http.ResponseWriter, r *http.Request) {
	q := takeApart(w, r)
	if q.isSession() && r.Method == http.MethodPost && q.action == "" {
		a.open(q)
		return
	}
	if !a.sessions.use(r, q.key) {
		q.fail(errUnauthenticated)
		return
	}
	name, find := route(q)
	if name == "" {
		if err := a.viewerOf(q.key).refusesBuiltIn(a.root(), r); err != nil {
			q.fail(err)
			return
		}
		a.builtIn.serve(w, r)
		return
	}
	call := &apiCall{api: a, request: r, key: q.key}
	if err := find(q, &call.arguments); err != nil {
		q.fail(err)
		return
	}
	value, err := call.carryOut(name)
	if err != nil {
		q.fail(err)
		return
	}
	q.succeed(value, strings.HasSuffix(name, "/create"))
}

func takeApart(w http.ResponseWriter, r *http.Request) *restRequest {
	q := &restRequest{w: w, r: r, old: strings.HasPrefix(r.URL.Path, "/rest/"), key: r.Header.Get(apiSessionHeader)}
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/rest"), "/api")
	if q.old {
		path = strings.TrimPrefix(path, "/com/vmware")
	}
	q.path = strings.Split(strings.Trim(path, "/"), "/")
	q.action = r.URL.Query().Get("action")
	if q.old {
		q.action = r.URL.Query().Get("~action")
	}
	if cookie, err := r.Cookie(apiSessionHeader); q.key == "" && err == nil {
		q.key = cookie.Value
	}
	return q
}

func (q *restRequest) at(parts ...string) bool {
	if len(q.path) < len(parts) {
		return false
	}
	for i, part := range parts {
		if q.path[i] != part {
			return false
		}
	}
	return true
}

// isSession is true for /api/session and /rest/com/vmware/cis/session.
func (q *restRequest) isSession() bool {
	if q.old {
		return q.at("cis", "session") && len(q.path) == 2
	}
	return q.at("session") && len(q.path) == 1
}

// open logs in with Basic authentication.
func (a *restAPI) open(q *restRequest) {
	user, password, given := q.r.BasicAuth()
	key, ok := "", false
	if given {
		key, ok = a.sessions.login(q.r, user, password)
	}
	if !ok {
		q.fail(errUnauthenticated)
		return
	}
	if !strings.EqualFold(q.r.Header.Get("vmware-use-header-authn"), "true") {
		path := "/api"
		if q.old {
			path = "/rest"
		}
		http.SetCookie(q.w, &http.Cookie{Name: apiSessionHeader, Value: key, Path: path, Secure: q.r.TLS != nil, HttpOnly: true})
	}
	q.succeed(key, true)
}

// succeed answers with a value; nil is no content.
func (q *restRequest) succeed(value any, created bool) {
	switch {
	case value == nil && q.old:
		q.w.WriteHeader(http.StatusOK)
	case value == nil:
		q.w.WriteHeader(http.StatusNoContent)
	case q.old:
		writeJSON(q.w, http.StatusOK, map[string]any{"value": value})
	case created:
		writeJSON(q.w, http.StatusCreated, value)
	default:
		writeJSON(q.w, http.StatusOK, value)
	}
}

// fail answers with an error, in the form of the path.
func (q *restRequest) fail(err *apiError) {
	status, known := httpStatuses[err.kind]
	if !known {
		status = http.StatusInternalServerError
	}
	messages := err.messages
	if messages == nil {
		messages = []message{}
	}
	if q.old {
		writeJSON(q.w, status, map[string]any{"type": "com.vmware.vapi.std.errors." + err.kind, "value": map[string]any{"messages": messages}})
		return
	}
	writeJSON(q.w, status, map[string]any{"error_type": strings.ToUpper(err.kind), "messages": messages})
}

// readBody decodes a body that may be empty.
func (q *restRequest) readBody(into any) *apiError {
	err := json.NewDecoder(http.MaxBytesReader(q.w, q.r.Body, maxAPIBytes)).Decode(into)
	if err != nil && !errors.Is(err, io.EOF) {
		return invalidArgument("the body cannot be read: %v", err)
	}
	return nil
}

// indexed is the name of a list's part in /rest: filter.names.1.
var indexed = regexp.MustCompile(`\.[0-9]+$`)

// readFilter takes the filter out of the query: names=a&names=b, below /rest filter.names.1=a&filter.names.2=b.
func (q *restRequest) readFilter(into *arguments) *apiError {
	into.Filter = filterSpec{}
	for name, values := range q.r.URL.Query() {
		if q.old {
			bare, is := strings.CutPrefix(name, "filter.")
			if !is {
				return invalidArgument("%q is no filter; filters begin with filter.", name)
			}
			name = indexed.ReplaceAllString(bare, "")
		}
		words, _ := into.Filter[name].([]string)
		into.Filter[name] = append(words, values...)
	}
	return nil
}

// builtInAPI is govmomi's own part of the API: content libraries and the like. It keeps sessions of its own, of which it gets one.
type builtInAPI struct {
	handler http.Handler
	who     login

	mu  sync.Mutex
	key string
}

func (b *builtInAPI) serve(w http.ResponseWriter, r *http.Request) {
	if b.handler == nil {
		http.NotFound(w, r)
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			log.Printf("%s %s: %v", r.Method, r.URL.Path, cause)
			writeError(w, http.StatusInternalServerError, "this request is beyond the simulator")
		}
	}()
	inner := r.Clone(r.Context())
	inner.Header.Set(apiSessionHeader, b.session())
	b.handler.ServeHTTP(w, inner)
}

func (b *builtInAPI) session() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.key == "" {
		request := &http.Request{Method: http.MethodPost, URL: mustParse("/rest/com/vmware/cis/session"), Header: http.Header{}, Body: http.NoBody}
		request.SetBasicAuth(b.who.user, b.who.password)
		answer := &answerHead{header: http.Header{}}
		b.handler.ServeHTTP(answer, request)
		for _, cookie := range (&http.Response{Header: answer.header}).Cookies() {
			if cookie.Name == apiSessionHeader {
				b.key = cookie.Value
			}
		}
	}
	return b.key
}
