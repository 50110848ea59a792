package main

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A scenario of hundreds of hosts is written down by repetition: an entry of a list with the key repeat stands for that many entries,
// and a run of # in its texts is the number of the copy, with zeros in front up to the run's length. Names of hosts may be patterns.

// maxRepeated bounds what one scenario can grow to.
const maxRepeated = 100_000

// repetition is what the key repeat says: a count, or the first and the last number.
type repetition struct{ first, last int }

func readRepetition(node *yaml.Node) (repetition, error) {
	var count int
	if node.Kind == yaml.ScalarNode && node.Decode(&count) == nil {
		return repetition{1, count}, nil
	}
	var ends []int
	if node.Kind == yaml.SequenceNode && node.Decode(&ends) == nil && len(ends) == 2 {
		return repetition{ends[0], ends[1]}, nil
	}
	return repetition{}, fmt.Errorf("repeat must be a number, or the first and the last number such as [5, 8]")
}

// unroll puts the copies in the place of each entry that has a repeat.
func (s scenarioSource) unroll() error {
	left := maxRepeated
	return s.unrollNode(s.root, &left)
}

func (s scenarioSource) unrollNode(node *yaml.Node, left *int) error {
	if node.Kind == yaml.SequenceNode {
		if err := s.unrollList(node, left); err != nil {
			return err
		}
	}
	for _, child := range node.Content {
		if err := s.unrollNode(child, left); err != nil {
			return err
		}
	}
	return nil
}

func (s scenarioSource) unrollList(list *yaml.Node, left *int) error {
	var items []*yaml.Node
	for _, item := range list.Content {
		at := keyIndex(item, "repeat")
		if at < 0 {
			items = append(items, item)
			continue
		}
		said, err := readRepetition(item.Content[at+1])
		if err == nil && (said.first < 0 || said.last < said.first || said.last-said.first >= *left) {
			err = fmt.Errorf("repeat must go up, and not beyond %d entries in all", maxRepeated)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", s.file, item.Content[at].Line, err)
		}
		*left -= said.last - said.first + 1
		plain := *item
		plain.Content = append(append([]*yaml.Node{}, item.Content[:at]...), item.Content[at+2:]...)
		for n := said.first; n <= said.last; n++ {
			items = append(items, numbered(&plain, n))
		}
	}
	list.Content = items
	return nil
}

func keyIndex(node *yaml.Node, key string) int {
	if node.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// numbered is a copy of a node with the number in its texts; the lines stay those of the original.
func numbered(node *yaml.Node, n int) *yaml.Node {
	fresh := *node
	fresh.Value = numberedText(node.Value, n)
	fresh.Content = nil
	for _, child := range node.Content {
		fresh.Content = append(fresh.Content, numbered(child, n))
	}
	return &fresh
}

// numberedText puts the number in the place of each run of #.
func numberedText(text string, n int) string {
	var out strings.Builder
	for {
		at := strings.IndexByte(text, '#')
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		rest := strings.TrimLeft(text[at:], "#")
		width := len(text) - at - len(rest)
		out.WriteString(text[:at])
		fmt.Fprintf(&out, "%0*s", width, strconv.Itoa(n))
		text = rest
	}
}

// expandHosts puts the hosts' names in the place of patterns in the lists of datastores and networks; a pattern nobody fits stays, to
// be refused as an unknown name.
func (s *scenario) expandHosts() {
	names := s.hostNames()
	for i := range s.Datastores {
		s.Datastores[i].Hosts.expand(names)
	}
	for i := range s.Networks {
		s.Networks[i].Hosts.expand(names)
	}
}

func (l *hostList) expand(names []string) {
	var list []string
	for _, pattern := range l.Names {
		var fit []string
		if strings.ContainsAny(pattern, "*?[") {
			fit = matching(pattern, names)
		}
		if fit == nil {
			fit = []string{pattern}
		}
		list = append(list, fit...)
	}
	l.Names = list
}

func matching(pattern string, names []string) []string {
	var fit []string
	for _, name := range names {
		if ok, err := path.Match(pattern, name); ok && err == nil {
			fit = append(fit, name)
		}
	}
	return fit
}

// hostsOf lists the hosts of a cluster, of all of them for the empty name.
func (s *scenario) hostsOf(cluster string) []string {
	var names []string
	for _, each := range s.Clusters {
		if cluster == "" || each.Name == cluster {
			for _, host := range each.Hosts {
				names = append(names, host.Name)
			}
		}
	}
	return names
}

// id is what a virtual machine is called in rules and faults: its name, or FOLDER/NAME where an earlier one in another folder has
// the same name.
func (s vmSpec) id() string {
	if s.key != "" {
		return s.key
	}
	return s.Name
}

// fileName names a virtual machine's folder and files; the second one of a name gets another, as in vCenter.
func (s vmSpec) fileName() string {
	if s.id() != s.Name {
		return s.Name + "_1"
	}
	return s.Name
}
