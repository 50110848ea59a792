package main

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// soapFaults lets planted faults happen to SOAP calls. govmomi has a fault injector too: it sits behind the look-up of the object, has
// one stream of chance seeded by the clock, and cannot cut a connection.
type soapFaults struct {
	engine   *engine
	registry *simulator.Registry
}

// callReference finds the virtual machines and hosts that a call names.
var callReference = regexp.MustCompile(`type="(VirtualMachine|HostSystem)"[^<>]*>\s*([^<>\s]+)\s*<`)

// around serves /sdk through next.
func (s *soapFaults) around(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.engine.faults.hasCalls() || r.Header.Get("Content-Encoding") != "" {
			next(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the request's body cannot be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.serve(w, r, body, next)
	}
}

// serve lets every fault of the call happen in the order they were planted, and the call itself unless one of them prevents it.
func (s *soapFaults) serve(w http.ResponseWriter, r *http.Request, body []byte, next http.HandlerFunc) {
	cut := false
	for _, rule := range s.engine.faults.choose(s.describe(body), func(spec *faultSpec) bool { return spec.Match.Method != "" }) {
		s.engine.faults.happened(rule)
		switch spec := &rule.spec; {
		case spec.Fail != nil:
			refuse(w, spec.Fail, objectOf(body))
			return
		case spec.Cut == "before":
			panic(http.ErrAbortHandler) // closes the connection without an answer
		case spec.Cut == "after":
			cut = true
		case spec.Delay != nil:
			pause(r, time.Duration(spec.Delay.Seconds*float64(time.Second)))
		case spec.EndSession != nil:
			s.endSession(r)
		}
	}
	if cut {
		next(&unheard{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
	next(w, r)
}

// describe is what faults are matched with: the method, and the names of the machines and hosts in the call.
func (s *soapFaults) describe(body []byte) subject {
	method, object, _ := readEnvelope(body)
	about := subject{key: method + " " + object, method: method}
	ctx := &simulator.Context{Map: s.registry}
	for _, found := range callReference.FindAllSubmatch(body, -1) {
		name := entityNameOf(ctx, moRef{Type: string(found[1]), Value: string(found[2])})
		if string(found[1]) == "HostSystem" {
			about.source = name
		} else {
			about.vms = append(about.vms, name)
		}
	}
	return about
}

// objectOf is the object of the call, for faults that name one.
func objectOf(body []byte) moRef {
	_, object, _ := readEnvelope(body)
	found := thisReference.FindSubmatch(body)
	if found == nil {
		return moRef{Type: "ServiceInstance", Value: "ServiceInstance"}
	}
	return moRef{Type: string(found[1]), Value: object}
}

var thisReference = regexp.MustCompile(`_this[^<>]*\btype="(\w+)"`)

// pause waits in real time, or until the client goes away.
func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func (s *soapFaults) endSession(r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.engine.endSession(strings.Trim(cookie.Value, `"`))
	}
}

// unheard takes an answer that nobody gets.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header            { return u.header }
func (*unheard) Write(answer []byte) (int, error) { return len(answer), nil }
func (*unheard) WriteHeader(int)                  {}

// The form of a SOAP fault on the wire.
type (
	faultEnvelope struct {
		XMLName xml.Name  `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		XSI     string    `xml:"xmlns:xsi,attr"`
		Fault   soapFault `xml:"Body>Fault"`
	}
	soapFault struct {
		Code   plainText   `xml:"faultcode"`
		Text   plainText   `xml:"faultstring"`
		Detail soapDetails `xml:"detail"`
	}
	plainText struct {
		Space string `xml:"xmlns,attr"`
		Text  string `xml:",chardata"`
	}
	soapDetails struct {
		Space string `xml:"xmlns,attr"`
		Fault soapDetail
	}
	soapDetail struct{ fault types.BaseMethodFault }
)

// MarshalXML names the element after the fault's class.
func (d soapDetail) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	class := reflect.TypeOf(d.fault).Elem().Name()
	start.Name.Local = class + "Fault"
	start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: "urn:vim25"}, xml.Attr{Name: xml.Name{Local: "xsi:type"}, Value: class})
	return e.EncodeElement(d.fault, start)
}

// refuse answers a call with a fault.
func refuse(w http.ResponseWriter, spec *failSpec, object moRef) {
	fault, _ := spec.build(object)
	envelope := faultEnvelope{XSI: "http://www.w3.org/2001/XMLSchema-instance"}
	envelope.Fault.Code.Text = "ServerFaultCode"
	envelope.Fault.Text.Text = messageOf(fault)
	envelope.Fault.Detail.Fault.fault = fault
	var text bytes.Buffer
	text.WriteString(xml.Header)
	if err := xml.NewEncoder(&text).Encode(&envelope); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(text.Bytes())
}
