package main

import (
	"bytes"
	"reflect"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// idleOption is the setting govmomi reads at each login, without looking whether it is a time.
const idleOption = "config.vmacore.soap.sessionTimeout"

// unbearable is the fault for a call that would not panic itself but harm what comes after it.
func unbearable(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	if ctx.Session == nil {
		return nil
	}
	switch body := method.Body.(type) {
	case *types.UpdateOptions:
		return badOptions(ctx, body)
	case *types.PostEvent:
		if body.EventToPost == nil {
			return &types.InvalidArgument{InvalidProperty: "eventToPost"}
		}
	case *types.QueryPerf:
		boundSamples(body.QuerySpec)
	case *types.CreateFilter, *types.RetrieveProperties, *types.RetrievePropertiesEx, *types.WaitForUpdatesEx, *types.WaitForUpdates:
		return nil // nothing in them is the path of a file
	}
	if path, leaves := leavingPath(reflect.ValueOf(method.Body), 0); leaves {
		return &types.InvalidDatastorePath{InvalidDatastore: types.InvalidDatastore{Name: path}, DatastorePath: path}
	}
	return nil
}

// mostSamples of one counter fit in an answer; a real vCenter keeps 180 of them (an hour at 20 s).
const mostSamples = 10_000

// boundSamples bounds what govmomi would make up: without a start it counts from the first year on.
func boundSamples(specs []types.PerfQuerySpec) {
	for i := range specs {
		if specs[i].MaxSample <= 0 || specs[i].MaxSample > mostSamples {
			specs[i].MaxSample = mostSamples
		}
	}
}

// badOptions refuses a setting without a value, one of another type than the setting has, and an idle time that is none.
func badOptions(ctx *simulator.Context, body *types.UpdateOptions) types.BaseMethodFault {
	known := map[string]any{}
	if manager, is := ctx.Map.Get(body.This).(*simulator.OptionManager); is {
		ctx.WithLock(manager, func() {
			for _, setting := range manager.Setting {
				known[setting.GetOptionValue().Key] = setting.GetOptionValue().Value
			}
		})
	}
	for _, change := range body.ChangedValue {
		if change == nil || reflect.ValueOf(change).IsNil() {
			return &types.InvalidArgument{InvalidProperty: "changedValue"}
		}
		option := change.GetOptionValue()
		now, exists := known[option.Key]
		text, isText := option.Value.(string)
		_, err := time.ParseDuration(text)
		switch {
		case option.Key == "":
			return &types.InvalidName{Name: option.Key}
		case option.Value == nil, exists && now != nil && reflect.TypeOf(now) != reflect.TypeOf(option.Value),
			option.Key == idleOption && (!isText || err != nil):
			return &types.InvalidArgument{InvalidProperty: option.Key}
		}
	}
	return nil
}

// deepestPath bounds the search for paths; a request nests less.
const deepestPath = 40

// leavingPath finds a datastore path, such as [ds] a/b, that leads out of its datastore: the datastores are directories of this machine.
func leavingPath(v reflect.Value, depth int) (path string, leaves bool) {
	if depth > deepestPath {
		return "", false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return leavingPath(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if path, leaves = leavingPath(v.Field(i), depth+1); leaves {
				return path, true
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return "", false
		}
		for i := range v.Len() {
			if path, leaves = leavingPath(v.Index(i), depth+1); leaves {
				return path, true
			}
		}
	case reflect.String:
		return v.String(), leavesDatastore(v.String())
	}
	return "", false
}

func leavesDatastore(text string) bool {
	if !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "..") && !strings.Contains(text, "/../") {
		return false
	}
	_, path, _ := strings.Cut(text, "]")
	if !strings.HasPrefix(text, "[") {
		path = text
	}
	for part := range strings.SplitSeq(strings.TrimSpace(path), "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// faultText is the answer to a call that ends with a fault.
func faultText(fault types.BaseMethodFault) ([]byte, error) {
	envelope := faultEnvelope{XSI: "http://www.w3.org/2001/XMLSchema-instance"}
	envelope.Fault.Code.Text = "ServerFaultCode"
	envelope.Fault.Text.Text = messageOf(fault)
	envelope.Fault.Detail.Fault.fault = fault
	var text bytes.Buffer
	text.WriteString(xml.Header)
	err := xml.NewEncoder(&text).Encode(&envelope)
	return text.Bytes(), err
}
