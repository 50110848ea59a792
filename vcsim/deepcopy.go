package main

import (
	"reflect"
	"sync"
	"time"
)

// deepCopy returns a copy that shares nothing with the original. Times are values; unexported fields are left out.
func deepCopy[T any](value T) T {
	return copyValue(reflect.ValueOf(&value).Elem()).Interface().(T)
}

var timeType = reflect.TypeOf(time.Time{})

func copyValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		return copyPointer(v)
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		fresh := reflect.New(v.Type()).Elem()
		fresh.Set(copyValue(v.Elem()))
		return fresh
	case reflect.Slice:
		return copySlice(v)
	case reflect.Map:
		return copyMap(v)
	case reflect.Struct:
		return copyStruct(v)
	}
	return v
}

func copyPointer(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	fresh := reflect.New(v.Type().Elem())
	fresh.Elem().Set(copyValue(v.Elem()))
	return fresh
}

func copySlice(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		fresh.Index(i).Set(copyValue(v.Index(i)))
	}
	return fresh
}

func copyMap(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
	for _, key := range v.MapKeys() {
		fresh.SetMapIndex(key, copyValue(v.MapIndex(key)))
	}
	return fresh
}

func copyStruct(v reflect.Value) reflect.Value {
	if v.Type() == timeType {
		return v
	}
	fresh := reflect.New(v.Type()).Elem()
	for _, i := range exportedFields(v.Type()) {
		fresh.Field(i).Set(copyValue(v.Field(i)))
	}
	return fresh
}

// fieldIndexes remembers the exported fields of each type: a site of 10,000 machines asks for the same ones very often.
var fieldIndexes sync.Map

func exportedFields(kind reflect.Type) []int {
	if known, found := fieldIndexes.Load(kind); found {
		return known.([]int)
	}
	var indexes []int
	for i := range kind.NumField() {
		if kind.Field(i).IsExported() {
			indexes = append(indexes, i)
		}
	}
	fieldIndexes.Store(kind, indexes)
	return indexes
}
