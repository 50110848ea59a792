package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxTracedCalls bounds the memory of the trace; the oldest calls go first.
const maxTracedCalls = 20000

// sessionCookie is the cookie of a vSphere session.
const sessionCookie = "vmware_soap_session"

// tracedCall is one SOAP call as it came in, before it was carried out.
type tracedCall struct {
	N           int64     `json:"n"`
	Time        time.Time `json:"time"`
	Method      string    `json:"method"`
	Object      string    `json:"object"`
	Session     string    `json:"session"` // digest of the session's key, empty before the login
	OperationID string    `json:"operation_id"`
}

// trace remembers the latest calls in order.
type trace struct {
	mu    sync.Mutex
	calls []tracedCall
	start int // index of the oldest call once the ring is full
	limit int
	next  int64
}

func newTrace(limit int) *trace { return &trace{limit: limit, next: 1} }

// add numbers a call and keeps it, in place of the oldest one where the ring is full.
func (t *trace) add(call tracedCall) {
	t.mu.Lock()
	defer t.mu.Unlock()
	call.N = t.next
	t.next++
	if len(t.calls) < t.limit {
		t.calls = append(t.calls, call)
		return
	}
	t.calls[t.start] = call
	t.start = (t.start + 1) % t.limit
}

// list returns the calls, the oldest first.
func (t *trace) list() []tracedCall {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls := make([]tracedCall, 0, len(t.calls))
	calls = append(calls, t.calls[t.start:]...)
	return append(calls, t.calls[:t.start]...)
}

// clear forgets every call; the numbers go on.
func (t *trace) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls, t.start = nil, 0
}

// wrap serves a pattern through next and notes each call.
func (t *trace) wrap(mux *http.ServeMux, pattern string, next http.HandlerFunc) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			http.Error(w, "the request's body cannot be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.Header.Get("Content-Encoding") == "" {
			t.add(describeCall(r, body))
		} else {
			t.add(describeCall(r, nil))
		}
		next(w, r)
	})
}

func describeCall(r *http.Request, body []byte) tracedCall {
	call := tracedCall{Time: time.Now().UTC()}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		digest := sha256.Sum256([]byte(cookie.Value))
		call.Session = hex.EncodeToString(digest[:6])
	}
	call.Method, call.Object, call.OperationID = readEnvelope(body)
	return call
}

// readEnvelope reads as much of a SOAP request as names the call: the operationID of the header, the element in the body and its _this.
func readEnvelope(body []byte) (method, object, operationID string) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	inBody := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return method, object, operationID
		}
		element, ok := token.(xml.StartElement)
		switch {
		case !ok || element.Name.Local == "Envelope" || element.Name.Local == "Header":
		case element.Name.Local == "Body":
			inBody = true
		case !inBody && element.Name.Local == "operationID":
			_ = decoder.DecodeElement(&operationID, &element)
		case inBody && method == "":
			method = element.Name.Local
		case inBody:
			if element.Name.Local == "_this" {
				_ = decoder.DecodeElement(&object, &element)
			}
			return method, object, operationID
		}
	}
}
