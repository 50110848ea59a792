package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// set decodes a JSON value into the leaf. Null unsets what may be unset.
func (l leaf) set(value json.RawMessage) error {
	if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		return l.unset()
	}
	fresh := reflect.New(l.value.Type())
	if err := decodeInto(value, fresh.Interface()); err != nil {
		return fmt.Errorf("%s does not fit: %s", kindName(l.value.Type()), err)
	}
	if err := checkNames(value, fresh.Elem()); err != nil {
		return err
	}
	if err := checkEnums(fresh.Elem()); err != nil {
		return err
	}
	l.value.Set(fresh.Elem())
	return nil
}

func (l leaf) unset() error {
	switch l.value.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Interface:
		l.value.SetZero()
		return nil
	case reflect.String:
		if strings.Contains(l.tag, "omitempty") {
			l.value.SetZero()
			return nil
		}
	}
	return fmt.Errorf("%s: cannot be unset here", kindName(l.value.Type()))
}

// decodeInto reads govmomi's own JSON form: _typeName where the declared type is a base type, references as type and value.
func decodeInto(value json.RawMessage, into any) (err error) {
	defer func() { // the decoder panics on some values of the wrong kind
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	decoder := types.NewJSONDecoder(bytes.NewReader(value))
	if err := decoder.Decode(into); err != nil {
		return errors.New(decodingProblem(err))
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// decodingProblem words the decoder's error; about a wrong value inside an object of a base type it says only what follows from it.
func decodingProblem(err error) string {
	text := strings.TrimPrefix(err.Error(), "json: ")
	if text == "unsupported discriminator kind: struct" {
		return "a property in it has a value of the wrong kind"
	}
	return text
}

// checkNames refuses names in a JSON value that the decoded type has no property for; the decoder passes over them.
func checkNames(value json.RawMessage, decoded reflect.Value) error {
	for decoded.Kind() == reflect.Pointer || decoded.Kind() == reflect.Interface {
		if decoded.IsNil() {
			return nil
		}
		decoded = decoded.Elem()
	}
	switch decoded.Kind() {
	case reflect.Slice:
		return checkElements(value, decoded)
	case reflect.Struct:
		return checkObject(value, decoded)
	}
	return nil
}

func checkElements(value json.RawMessage, decoded reflect.Value) error {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return nil // a text that stands for bytes
	}
	for i, element := range elements {
		if i < decoded.Len() {
			if err := checkNames(element, decoded.Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkObject(value json.RawMessage, decoded reflect.Value) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return nil // a text that stands for a time
	}
	for name, member := range members {
		if name == "_typeName" {
			continue
		}
		field, _, ok := fieldNamed(decoded, name)
		if !ok {
			return fmt.Errorf("%s has no property %q", decoded.Type().Name(), name)
		}
		if err := checkNames(member, field); err != nil {
			return err
		}
	}
	return nil
}

func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice {
		return "list of " + kindName(t.Elem())
	}
	return t.Name()
}

// checkEnums refuses words outside an enumeration anywhere in a value; clients cannot parse them. An empty word in a part that is
// optional counts as unset.
func checkEnums(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return checkEnums(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkEnums(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return checkFields(v)
	case reflect.String:
		return checkWord(v)
	}
	return nil
}

func checkFields(v reflect.Value) error {
	if v.Type() == timeType {
		return nil
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		optional := strings.Contains(field.Tag.Get("json"), "omitempty")
		if !field.IsExported() || optional && v.Field(i).IsZero() {
			continue
		}
		if err := checkEnums(v.Field(i)); err != nil {
			return fmt.Errorf("%s: %w", strings.Split(field.Tag.Get("json"), ",")[0], err)
		}
	}
	return nil
}

// checkWord uses the method Values that each enumeration of the API has.
func checkWord(v reflect.Value) error {
	method := v.MethodByName("Values")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return nil
	}
	words := method.Call(nil)[0]
	var list []string
	for i := range words.Len() {
		if words.Index(i).String() == v.String() {
			return nil
		}
		list = append(list, words.Index(i).String())
	}
	return fmt.Errorf("%q is no %s (%s)", v.String(), v.Type().Name(), strings.Join(list, ", "))
}
