package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// step is one step of a property path: the name of a field, or the key or index in brackets.
type step struct {
	name    string
	bracket bool
}

// parsePath splits config.hardware.device[4000].connectable.connected into its steps. A key may hold dots and may be quoted.
func parsePath(path string) ([]step, error) {
	var steps []step
	rest := path
	for rest != "" {
		if rest[0] == '[' {
			end := strings.IndexByte(rest, ']')
			if end < 0 || len(steps) == 0 {
				return nil, fmt.Errorf("%s: brackets do not match", path)
			}
			steps = append(steps, step{strings.Trim(rest[1:end], `"`), true})
			rest = rest[end+1:]
			if rest != "" && rest[0] == '.' {
				rest = rest[1:]
			} else if rest != "" && rest[0] != '[' {
				return nil, fmt.Errorf("%s: a bracket is followed by a dot, another bracket or nothing", path)
			}
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, fmt.Errorf("%s: an empty name", path)
		}
		steps = append(steps, step{rest[:end], false})
		rest = strings.TrimPrefix(rest[end:], ".")
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("the property path is empty")
	}
	return steps, nil
}

// pathOf writes steps as a path again.
func pathOf(steps []step) string {
	var path strings.Builder
	for _, s := range steps {
		if s.bracket {
			path.WriteString("[" + s.name + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(s.name)
	}
	return path.String()
}

// leaf is the place a path leads to.
type leaf struct {
	value reflect.Value
	tag   string // of the field, to see whether it may be left empty
}

// walk follows the steps from a struct. Everything on the way must exist: what is unset has to be set as a whole.
func walk(from reflect.Value, steps []step) (leaf, error) {
	at := leaf{value: from}
	for i, s := range steps {
		container, err := open(at.value, pathOf(steps[:i]))
		if err != nil {
			return leaf{}, err
		}
		if at, err = at.into(container, s, steps[:i+1]); err != nil {
			return leaf{}, err
		}
	}
	return at, nil
}

// open dereferences pointers and interfaces.
func open(v reflect.Value, path string) (reflect.Value, error) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, fmt.Errorf("%s is unset; set it as a whole", path)
		}
		v = v.Elem()
	}
	return v, nil
}

func (leaf) into(container reflect.Value, s step, at []step) (leaf, error) {
	if s.bracket {
		if container.Kind() != reflect.Slice {
			return leaf{}, fmt.Errorf("%s is no list", pathOf(at[:len(at)-1]))
		}
		index := indexOf(container, s.name)
		if index < 0 {
			return leaf{}, fmt.Errorf("%s: there is no such element (the list has %d)", pathOf(at), container.Len())
		}
		return leaf{value: container.Index(index)}, nil
	}
	if container.Kind() != reflect.Struct {
		return leaf{}, fmt.Errorf("%s: unknown property; %s", pathOf(at), describeKind(container))
	}
	field, tag, ok := fieldNamed(container, s.name)
	if !ok {
		return leaf{}, fmt.Errorf("%s: unknown property of %s", pathOf(at), container.Type().Name())
	}
	return leaf{value: field, tag: tag}, nil
}

func describeKind(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		return "a list needs a key or an index in brackets"
	}
	return "a " + v.Type().Name() + " has no properties"
}

// fieldNamed finds a field by its name in the API, also in embedded structs.
func fieldNamed(v reflect.Value, name string) (reflect.Value, string, bool) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && v.Field(i).Kind() == reflect.Struct {
			if found, tag, ok := fieldNamed(v.Field(i), name); ok {
				return found, tag, true
			}
			continue
		}
		tag := field.Tag.Get("json")
		if field.IsExported() && name != "self" && strings.Split(tag, ",")[0] == name {
			return v.Field(i), tag, true
		}
	}
	return reflect.Value{}, "", false
}

// keyFields are the fields that name an element of a list, the strongest first.
var keyFields = []string{"Key", "NicType", "Device", "Name"}

// indexOf finds an element by its key, else by its index.
func indexOf(list reflect.Value, key string) int {
	for _, field := range keyFields {
		for i := range list.Len() {
			if keyText(list.Index(i), field) == key {
				return i
			}
		}
	}
	index, err := strconv.Atoi(key)
	if err != nil || index < 0 || index >= list.Len() {
		return -1
	}
	return index
}

// keyText is the text of a key field of an element; a reference's is its moid.
func keyText(element reflect.Value, field string) string {
	for element.Kind() == reflect.Pointer || element.Kind() == reflect.Interface {
		if element.IsNil() {
			return ""
		}
		element = element.Elem()
	}
	if element.Kind() != reflect.Struct {
		return ""
	}
	if ref, ok := element.Interface().(types.ManagedObjectReference); ok {
		return ref.Value
	}
	value := element.FieldByName(field)
	if !value.IsValid() {
		return ""
	}
	if ref, ok := value.Interface().(types.ManagedObjectReference); ok {
		return ref.Value
	}
	switch value.Kind() {
	case reflect.String, reflect.Int32, reflect.Int64, reflect.Int16:
		return fmt.Sprint(value.Interface())
	}
	return ""
}
