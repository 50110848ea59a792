package main

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// scenarioSource is the YAML a scenario came from: it knows which line each value stands on.
type scenarioSource struct {
	file string
	root *yaml.Node
}

// errorf makes an error about the value at a path of keys (string) and indexes (int); the deepest part that exists gives the line.
func (s scenarioSource) errorf(at []any, format string, args ...any) error {
	node := s.root
	for i := range at {
		if next := s.find(at[:i+1]...); next != nil {
			node = next
		}
	}
	return fmt.Errorf("%s:%d: %s%s", s.file, node.Line, pathText(at), fmt.Sprintf(format, args...))
}

// pathText writes a path as vms[3].host, followed by a colon.
func pathText(at []any) string {
	var text strings.Builder
	for _, part := range at {
		if index, ok := part.(int); ok {
			fmt.Fprintf(&text, "[%d]", index)
			continue
		}
		if text.Len() > 0 {
			text.WriteByte('.')
		}
		fmt.Fprint(&text, part)
	}
	if text.Len() == 0 {
		return ""
	}
	return text.String() + ": "
}

// find returns the node at a path, or nil.
func (s scenarioSource) find(at ...any) *yaml.Node {
	node := s.root
	for _, part := range at {
		if node = child(node, part); node == nil {
			return nil
		}
	}
	return node
}

func child(node *yaml.Node, part any) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if index, ok := part.(int); ok {
		if node.Kind != yaml.SequenceNode || index >= len(node.Content) {
			return nil
		}
		return node.Content[index]
	}
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == part {
			return node.Content[i+1]
		}
	}
	return nil
}

// checkKeys refuses a key that no field of the scenario has.
func (s scenarioSource) checkKeys() error {
	if s.root.Kind != yaml.MappingNode {
		return fmt.Errorf("%s:%d: a scenario is a mapping with the keys %s", s.file, s.root.Line, keysOf(reflect.TypeOf(scenario{})))
	}
	return s.checkNode(s.root, reflect.TypeOf(scenario{}))
}

func (s scenarioSource) checkNode(node *yaml.Node, kind reflect.Type) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			if err := s.checkNode(item, kind.Elem()); err != nil {
				return err
			}
		}
	case kind.Kind() == reflect.Struct && kind != reflect.TypeOf(hostList{}) && node.Kind == yaml.MappingNode:
		return s.checkMapping(node, kind)
	}
	return nil
}

func (s scenarioSource) checkMapping(node *yaml.Node, kind reflect.Type) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		field, ok := fieldOf(kind, key.Value)
		if !ok {
			return fmt.Errorf("%s:%d: unknown key %q; known here are %s", s.file, key.Line, key.Value, keysOf(kind))
		}
		if err := s.checkNode(node.Content[i+1], field.Type); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf finds the field a YAML key stands for.
func fieldOf(kind reflect.Type, key string) (reflect.StructField, bool) {
	for i := range kind.NumField() {
		if tag := kind.Field(i).Tag.Get("yaml"); tag == key && tag != "-" {
			return kind.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

func keysOf(kind reflect.Type) string {
	var keys []string
	for i := range kind.NumField() {
		if tag := kind.Field(i).Tag.Get("yaml"); tag != "-" {
			keys = append(keys, tag)
		}
	}
	return strings.Join(keys, ", ")
}
