package main

import (
	"fmt"
	"path"
	"reflect"
	"sort"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
	"gopkg.in/yaml.v3"
)

// faultSpec is a fault as its author plants it, in a scenario's `faults` or by POST /_sim/v1/faults. It has one of the parts from
// fail on.
type faultSpec struct {
	Name        string           `yaml:"name"` // fault-N
	Match       matchSpec        `yaml:"match"`
	When        *whenSpec        `yaml:"when"`
	Fail        *failSpec        `yaml:"fail"`
	Hang        *hangSpec        `yaml:"hang"`
	NetworkLoss *spanSpec        `yaml:"network_loss"`
	Slow        *slowSpec        `yaml:"slow"`
	Host        *hostTroubleSpec `yaml:"host"`
	DRSMove     *drsMoveSpec     `yaml:"drs_move"`
	EndSession  *struct{}        `yaml:"end_session"`
	Delay       *spanSpec        `yaml:"delay"`
	Cut         string           `yaml:"cut"` // before, after

	said map[string]any // as its author wrote it
}

// UnmarshalYAML keeps what was written, to show it again.
func (s *faultSpec) UnmarshalYAML(node *yaml.Node) error {
	type plain faultSpec
	if err := node.Decode((*plain)(s)); err != nil {
		return err
	}
	return node.Decode(&s.said)
}

// matchSpec chooses moves or, with a method, SOAP calls. Names are shell patterns.
type matchSpec struct {
	VM          string   `yaml:"vm"`
	Host        string   `yaml:"host"` // either of the two
	Source      string   `yaml:"source"`
	Destination string   `yaml:"destination"`
	Method      string   `yaml:"method"`
	Skip        int      `yaml:"skip"`        // 0
	Every       int      `yaml:"every"`       // 1
	Count       int      `yaml:"count"`       // no limit
	Probability *float64 `yaml:"probability"` // 1
}

// whenSpec is when in a move it happens: at the start of a phase, or as soon as the task's progress reaches a percentage.
type whenSpec struct {
	Phase   string   `yaml:"phase"`
	Percent *float64 `yaml:"percent"`
}

type failSpec struct {
	Fault      string         `yaml:"fault"`   // SystemError
	Message    string         `yaml:"message"` // the fault's own
	Code       string         `yaml:"code"`    // of the VMkernel: 195887371, 0xbad010b
	Properties map[string]any `yaml:"properties"`
}

type hangSpec struct {
	Seconds    *float64 `yaml:"seconds"`    // for ever
	Cancelable *bool    `yaml:"cancelable"` // true
}

type spanSpec struct {
	Seconds float64 `yaml:"seconds"`
}

type slowSpec struct {
	Factor float64 `yaml:"factor"`
}

type hostTroubleSpec struct {
	State string `yaml:"state"`
	Which string `yaml:"which"` // destination
}

type drsMoveSpec struct {
	Host     string `yaml:"host"`     // the compatible one with the fewest virtual machines
	Finished bool   `yaml:"finished"` // false: it is under way when the relocation comes in
}

// Closed sets of words in a fault.
var (
	phaseWords = map[string]string{"": "", "submit": "", "precopy": "", "switchover": "", "resume": ""}
	cutWords   = map[string]string{"": "", "before": "", "after": ""}
	sideWords  = map[string]string{"": "", "source": "", "destination": ""}
	hostWords  = map[string]string{"disconnected": "", "notResponding": "", "maintenance": ""}
)

// parts are the names of what the fault does.
func (s *faultSpec) parts() []string {
	given := map[string]bool{
		"fail": s.Fail != nil, "hang": s.Hang != nil, "network_loss": s.NetworkLoss != nil, "slow": s.Slow != nil, "host": s.Host != nil,
		"drs_move": s.DRSMove != nil, "end_session": s.EndSession != nil, "delay": s.Delay != nil, "cut": s.Cut != "",
	}
	var parts []string
	for part, is := range given {
		if is {
			parts = append(parts, part)
		}
	}
	sort.Strings(parts)
	return parts
}

// Which parts a fault of a move has, and which one of a SOAP call.
var (
	moveParts = map[string]string{"fail": "", "hang": "", "network_loss": "", "slow": "", "host": "", "drs_move": "", "end_session": ""}
	callParts = map[string]string{"fail": "", "delay": "", "cut": "", "end_session": ""}
)

// fault checks one planted fault of a scenario or a request; at is where it stands.
func (v *validation) fault(s *faultSpec, at []any) {
	field := func(names ...any) []any { return append(append([]any{}, at...), names...) }
	known, of := moveParts, "move"
	if s.Match.Method != "" {
		known, of = callParts, "SOAP call"
		v.method(s.Match.Method, field("match", "method"))
		v.need(s.When == nil, field("when"), "a SOAP call has no phases")
		v.need(s.Match.Source == "" && s.Match.Destination == "", field("match"), "source and destination are a move's; a SOAP call has vm and host")
	}
	parts := s.parts()
	v.need(len(parts) == 1, at, "what is to happen to the %s? Give one of %s", of, wordList(known))
	for _, part := range parts {
		v.word(part, known, at...)
	}
	v.match(&s.Match, field)
	v.when(s, field)
	v.part(s, field)
}

func (v *validation) match(m *matchSpec, field func(...any) []any) {
	for name, pattern := range map[string]string{"vm": m.VM, "host": m.Host, "source": m.Source, "destination": m.Destination} {
		_, err := path.Match(pattern, "")
		v.need(err == nil, field("match", name), "%q is no pattern (*, ?, [a-z])", pattern)
	}
	for name, number := range map[string]int{"skip": m.Skip, "every": m.Every, "count": m.Count} {
		v.between(float64(number), 0, 1e9, field("match", name))
	}
	v.between(or(m.Probability, 1), 0, 1, field("match", "probability"))
}

// method checks the name of a SOAP method; a pattern may stand for several.
func (v *validation) method(name string, at []any) {
	if strings.ContainsAny(name, "*?[") {
		_, err := path.Match(name, "")
		v.need(err == nil, at, "%q is no pattern (*, ?, [a-z])", name)
		return
	}
	kind, known := types.TypeFunc()(name)
	if known && kind.Kind() == reflect.Struct {
		_, known = kind.FieldByName("This")
	}
	v.need(known, at, "%q is no method of the vSphere API; methods are written as in RelocateVM_Task", name)
}

func (v *validation) when(s *faultSpec, field func(...any) []any) {
	if s.When == nil {
		return
	}
	v.word(s.When.Phase, phaseWords, field("when", "phase")...)
	v.need((s.When.Phase == "") != (s.When.Percent == nil), field("when"), "give a phase or a percent")
	v.between(or(s.When.Percent, 0), 0, 99, field("when", "percent"))
	v.need(s.DRSMove == nil || s.When.Phase == "submit", field("when"), "drs_move comes before the move: the phase is submit")
}

// part checks what is to happen.
func (v *validation) part(s *faultSpec, field func(...any) []any) {
	switch {
	case s.Fail != nil:
		v.failPart(s.Fail, field)
	case s.Hang != nil:
		v.between(or(s.Hang.Seconds, 0), 0, 1e9, field("hang", "seconds"))
	case s.NetworkLoss != nil:
		v.between(s.NetworkLoss.Seconds, 0.001, 1e9, field("network_loss", "seconds"))
	case s.Delay != nil:
		v.between(s.Delay.Seconds, 0, 3600, field("delay", "seconds"))
	case s.Slow != nil:
		v.between(s.Slow.Factor, 1, 1e6, field("slow", "factor"))
	case s.Host != nil:
		v.word(s.Host.State, hostWords, field("host", "state")...)
		v.word(s.Host.Which, sideWords, field("host", "which")...)
	case s.Cut != "":
		v.word(s.Cut, cutWords, field("cut")...)
	}
}

func (v *validation) failPart(s *failSpec, field func(...any) []any) {
	_, err := parseCode(s.Code)
	v.need(err == nil, field("fail", "code"), "%v", err)
	if _, known := faultClass(s.Fault); s.Fault != "" && !known {
		v.fail(field("fail", "fault"), "there is no fault class %q; there are %s", s.Fault, strings.Join(faultClasses(), ", "))
		return
	}
	_, err = s.build(moRef{})
	v.need(err == nil, field("fail", "properties"), "%v", err)
}

// plantedName is the name of the n-th fault where its author gave none.
func plantedName(n int) string { return fmt.Sprintf("fault-%d", n) }
