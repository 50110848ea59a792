package main

import (
	"fmt"
	"reflect"
	"strings"
)

// findText looks through a value for a text that contains the given one, and gives the place and the text; empty where there is none.
func findText(value any, text string) string {
	return findIn(reflect.ValueOf(value), text, "")
}

func findIn(v reflect.Value, text, at string) string {
	switch v.Kind() {
	case reflect.String:
		if strings.Contains(v.String(), text) {
			return at + ": " + v.String()
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return findIn(v.Elem(), text, at)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if found := findIn(v.Index(i), text, fmt.Sprintf("%s[%d]", at, i)); found != "" {
				return found
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			if found := findIn(v.Field(i), text, at+"."+v.Type().Field(i).Name); found != "" {
				return found
			}
		}
	}
	return ""
}
