package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Whatever a client sends, it gets an answer and the next one finds the simulator as before. govmomi trusts its callers: a reference
// of the wrong type makes a method panic, which drops the connection, leaves every lock the call held locked for ever, and stops the
// process where it happens in a task. Here a panic becomes a SystemError, and the call's locks are released.

// maxRequestBytes bounds the body of a request to /sdk; a PUT below /folder may be larger.
const maxRequestBytes = 64 << 20

// sdkPaths are the paths that speak SOAP.
var sdkPaths = []string{"/sdk", "/sdk/vimService"}

// request is one HTTP request: the context govmomi made for it, once it gets to a method.
type request struct {
	ctx  *simulator.Context
	done chan struct{} // closed when the request has its answer
}

type requestKey struct{}

// guard stands before everything the server has.
type guard struct {
	next http.Handler
}

// ServeHTTP serves a request through next and answers in its place where it panics or gives no answer.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	about := &request{done: make(chan struct{})}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, about))
	answer := &watchedAnswer{ResponseWriter: w}
	soapCall := r.Method == http.MethodPost && isSDK(r.URL.Path)
	if soapCall {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	}
	defer close(about.done)
	defer func() {
		problem := recover()
		if problem == http.ErrAbortHandler {
			go releaseLocks(about.ctx, about)
			panic(problem)
		}
		if problem != nil {
			noteProblem(r.URL.Path, problem)
			go releaseLocks(about.ctx, about)
		}
		if problem != nil || soapCall && !answer.begun {
			answer.apologize(soapCall, problem)
		}
	}()
	g.next.ServeHTTP(answer, r)
}

func isSDK(path string) bool {
	for _, each := range sdkPaths {
		if path == each {
			return true
		}
	}
	return false
}

// noteProblem writes what went wrong, with the place in the code, to the log.
func noteProblem(where string, problem any) {
	log.Printf("%s: %v\n%s", where, problem, debug.Stack())
}

// watchedAnswer knows whether an answer has begun. A status alone is no beginning: govmomi sends one before it finds out that it
// cannot write the rest.
type watchedAnswer struct {
	http.ResponseWriter

	status int
	begun  bool
}

// WriteHeader keeps the status until the first byte.
func (a *watchedAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	if status == http.StatusNoContent || status == http.StatusNotModified || status < http.StatusOK || status == http.StatusMethodNotAllowed {
		a.begin()
	}
}

func (a *watchedAnswer) Write(part []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(part)
}

func (a *watchedAnswer) begin() {
	if a.begun {
		return
	}
	a.begun = true
	if a.status != 0 {
		a.ResponseWriter.WriteHeader(a.status)
	}
}

// Flush sends what there is.
func (a *watchedAnswer) Flush() {
	a.begin()
	if flusher, can := a.ResponseWriter.(http.Flusher); can {
		flusher.Flush()
	}
}

// Unwrap lets http.ResponseController find the connection.
func (a *watchedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// ReadFrom keeps the fast way for files.
func (a *watchedAnswer) ReadFrom(from io.Reader) (int64, error) {
	a.begin()
	return io.Copy(a.ResponseWriter, from)
}

// apologize answers in place of a handler that did not.
func (a *watchedAnswer) apologize(soapCall bool, problem any) {
	if a.begun {
		return
	}
	if !soapCall {
		a.status = 0
		http.Error(a, "the simulator could not carry out this request", http.StatusInternalServerError)
		return
	}
	a.status = 0
	refuseWith(a, brokenCall(problem))
}

// brokenCall is vCenter's fault for what should not have happened.
func brokenCall(problem any) types.BaseMethodFault {
	if problem == nil {
		problem = "the answer cannot be written"
	}
	return &types.SystemError{Reason: "A general system error occurred: " + firstLine(fmt.Sprint(problem))}
}

// firstLine cuts a text at its first line end, and to a bearable length. What XML cannot hold is left out.
func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	clean := strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == '\uFFFE' || r == '\uFFFF' {
			return -1
		}
		return r
	}, text), "")
	return clean[:min(len(clean), 300)]
}

// refuseWith answers a call with a fault.
func refuseWith(w http.ResponseWriter, fault types.BaseMethodFault) {
	text, err := faultText(fault)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.Copy(w, bytes.NewReader(text))
}

// registerGuard lets requests know their context, tasks survive a panic, and calls that govmomi cannot bear be refused.
func registerGuard(registry *simulator.Registry) {
	next := registry.Handler
	registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		if about := requestOf(ctx); about != nil && about.ctx == nil {
			about.ctx = ctx
		}
		setSessionLocks(ctx)
		if fault := unbearable(ctx, method); fault != nil {
			return nil, fault
		}
		if next == nil {
			return nil, nil
		}
		return next(ctx, method)
	}
	survivor := &taskGuard{}
	survivor.Self = types.ManagedObjectReference{Type: "TaskGuard", Value: "TaskGuard"}
	registry.AddHandler(survivor)
}

// requestOf is the request a context belongs to; nil for what the simulator does by itself.
func requestOf(ctx *simulator.Context) *request {
	r := (*http.Request)(hidden(ctx, "req"))
	if r == nil {
		return nil
	}
	about, _ := r.Context().Value(requestKey{}).(*request)
	return about
}

// guardRegistries guards everything that speaks SOAP: vim25 and the services beside it.
func guardRegistries(service *simulator.Service, registry *simulator.Registry) {
	guarded := map[*simulator.Registry]bool{registry: true}
	registerGuard(registry)
	all := reflect.ValueOf(service).Elem().FieldByName("sdk")
	for _, each := range all.Seq2() {
		if other := (*simulator.Registry)(each.UnsafePointer()); !guarded[other] {
			guarded[other] = true
			registerGuard(other)
		}
	}
}
