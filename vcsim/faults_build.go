package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// faultClassNames are the classes of the API's faults in alphabetical order. govmomi can look one up by its name and cannot list them.
//
//go:embed fault_classes.txt
var faultClassNames string

func faultClasses() []string { return strings.Fields(faultClassNames) }

var faultBase = reflect.TypeOf((*types.BaseMethodFault)(nil)).Elem()

// faultClass finds a fault's type by its name.
func faultClass(name string) (reflect.Type, bool) {
	if !slices.Contains(faultClasses(), name) {
		return nil, false
	}
	return types.TypeFunc()(name)
}

// build makes the fault; object stands where the class asks for a reference and none is given.
func (s *failSpec) build(object moRef) (types.BaseMethodFault, error) {
	cause, class := s.cause(), s.Fault
	switch {
	case class == "" && cause != nil:
		class = faultName(cause.fault())
	case class == "":
		class = "SystemError"
	}
	kind, known := faultClass(class)
	if !known {
		return nil, fmt.Errorf("there is no fault class %q", class)
	}
	fresh := reflect.New(kind)
	if err := s.fill(class, fresh); err != nil {
		return nil, err
	}
	complete(fresh.Elem(), object)
	fault := fresh.Interface().(types.BaseMethodFault)
	s.say(fault, cause)
	return fault, nil
}

// fill sets the given properties, in the JSON form PATCH takes.
func (s *failSpec) fill(class string, fresh reflect.Value) error {
	if len(s.Properties) == 0 {
		return nil
	}
	members := maps.Clone(s.Properties)
	members["_typeName"] = class
	text, err := json.Marshal(members)
	if err != nil {
		return err
	}
	var fault types.BaseMethodFault
	if err := decodeInto(text, &fault); err != nil {
		return fmt.Errorf("the properties do not fit %s: %w", class, err)
	}
	if err := checkNames(text, reflect.ValueOf(fault)); err != nil {
		return err
	}
	fresh.Elem().Set(reflect.ValueOf(fault).Elem())
	return checkGiven(fresh.Elem(), s.Properties)
}

// checkGiven refuses words outside an enumeration among the given properties; what was not given is completed later.
func checkGiven(fault reflect.Value, given map[string]any) error {
	for name := range given {
		field, _, ok := fieldNamed(fault, name)
		if !ok {
			continue
		}
		if err := checkEnums(field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// say puts the message into the fault, where clients look for it.
func (s *failSpec) say(fault types.BaseMethodFault, cause *motionFailure) {
	text, key := s.Message, "vsphere-motion.planted"
	if text == "" && cause != nil {
		text = cause.said
	}
	if cause != nil && cause.key != "" {
		key = cause.key
	}
	if text == "" {
		return
	}
	fault.GetMethodFault().FaultMessage = []types.LocalizableMessage{{Key: key, Message: text}}
	if reason := reflect.ValueOf(fault).Elem().FieldByName("Reason"); reason.IsValid() && reason.Kind() == reflect.String && reason.String() == "" {
		reason.SetString(text)
	}
}

// spokenMessage is the message a fault carries itself; empty if none.
func spokenMessage(fault types.BaseMethodFault) string {
	for _, message := range fault.GetMethodFault().FaultMessage {
		if message.Message != "" {
			return message.Message
		}
	}
	return ""
}

// complete gives required enumerations their first word and required references an object: clients cannot parse empty ones.
func complete(v reflect.Value, object moRef) {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if !field.IsExported() || strings.Contains(field.Tag.Get("xml"), "omitempty") || value.Type() == timeType {
			continue
		}
		switch {
		case value.Type() == reflect.TypeOf(moRef{}):
			if value.IsZero() {
				value.Set(reflect.ValueOf(object))
			}
		case value.Kind() == reflect.Struct:
			complete(value, object)
		case value.Kind() == reflect.String && value.String() == "":
			completeWord(value)
		case value.Kind() == reflect.Interface && value.IsNil() && value.Type() == faultBase:
			value.Set(reflect.ValueOf(&types.MethodFault{}))
		}
	}
}

func completeWord(v reflect.Value) {
	method := v.MethodByName("Values")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return
	}
	if words := method.Call(nil)[0]; words.Len() > 0 {
		v.SetString(words.Index(0).String())
	}
}

// parseCode reads a VMkernel code: decimal as vCenter shows it, or hexadecimal as the logs do, with or without the prefix 0x.
func parseCode(text string) (uint32, error) {
	if text == "" {
		return 0, nil
	}
	hexadecimal := strings.ToLower(strings.TrimPrefix(text, "0x"))
	for _, form := range []struct {
		text string
		base int
	}{{text, 10}, {hexadecimal, 16}} {
		number, err := strconv.ParseUint(form.text, form.base, 32)
		if err == nil && number >= kernelBase && number < kernelBase+0x1000 {
			return uint32(number - kernelBase), nil
		}
	}
	return 0, fmt.Errorf("%q is no VMkernel code: 195887105 to 195891199, or 0xbad0001 to 0xbad0fff", text)
}
