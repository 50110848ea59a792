package main

import (
	"encoding/json"
	"reflect"
	"strings"
)

// decodeInput reads the arguments of an operation out of their JSON-RPC form.
func decodeInput(input json.RawMessage, into *arguments) error {
	if len(input) == 0 {
		return nil
	}
	var wrapped any
	if err := json.Unmarshal(input, &wrapped); err != nil {
		return err
	}
	bare, err := json.Marshal(unwrapped(wrapped))
	if err != nil {
		return err
	}
	return json.Unmarshal(bare, into)
}

// unwrapped takes off what JSON-RPC wraps values in: {"STRUCTURE": {name: fields}}, {"OPTIONAL": value} and {"SECRET": text}.
func unwrapped(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = unwrapped(v[i])
		}
	case map[string]any:
		if len(v) == 1 {
			for key, inner := range v {
				if bare, is := unwrapOne(key, inner); is {
					return bare
				}
			}
		}
		for key := range v {
			v[key] = unwrapped(v[key])
		}
	}
	return value
}

func unwrapOne(key string, inner any) (any, bool) {
	switch key {
	case "OPTIONAL", "SECRET":
		return unwrapped(inner), true
	case "STRUCTURE":
		if named, is := inner.(map[string]any); is && len(named) == 1 {
			for _, fields := range named {
				return fieldsOf(fields), true
			}
		}
	}
	return nil, false
}

// fieldsOf unwraps the fields of a structure, which is no wrapper itself, whatever its only field is called.
func fieldsOf(fields any) any {
	named, is := fields.(map[string]any)
	if !is {
		return fields
	}
	for name := range named {
		named[name] = unwrapped(named[name])
	}
	return named
}

// rpcValue is the JSON-RPC form of an answer.
func rpcValue(value any) any {
	if value == nil {
		return nil
	}
	return rpcOf(reflect.ValueOf(value))
}

func rpcOf(value reflect.Value) any {
	switch v := value.Interface().(type) {
	case secret:
		return map[string]any{"SECRET": string(v)}
	case apiTime:
		return v.String()
	case taskError:
		return v.rpcForm()
	}
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return map[string]any{"OPTIONAL": nil}
		}
		return map[string]any{"OPTIONAL": rpcOf(value.Elem())}
	case reflect.Interface:
		return rpcOf(value.Elem())
	case reflect.Slice:
		list := make([]any, 0, value.Len())
		for i := range value.Len() {
			list = append(list, rpcOf(value.Index(i)))
		}
		return list
	case reflect.Struct:
		return rpcStructure(value)
	}
	return value.Interface()
}

func rpcStructure(value reflect.Value) any {
	fields := map[string]any{}
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = rpcOf(value.Field(i))
	}
	return map[string]any{"STRUCTURE": map[string]any{value.Interface().(structNamed).structName(): fields}}
}
