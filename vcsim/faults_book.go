package main

import (
	"fmt"
	"hash/fnv"
	"math/rand"
	"path"
	"sort"
	"sync"
)

// faultRule is a planted fault and how often it has come about.
type faultRule struct {
	id   string
	spec faultSpec
	said map[string]any // as its author wrote it

	matched int            // moves or calls that fit, before skip, every, count and probability
	fired   int            // times it happened
	chosen  int            // times it was going to happen; a move may end before
	seen    map[string]int // matches of one virtual machine or method
}

// faultBook holds the planted faults in the order in which they were planted. Its lock is a leaf.
type faultBook struct {
	seed int64

	mu    sync.Mutex
	rules []*faultRule
	next  int // number of the next fault without a name
}

func newFaultBook(seed int64) *faultBook { return &faultBook{seed: seed, next: 1} }

// plant adds faults, all or none of them.
func (b *faultBook) plant(specs []faultSpec) ([]*faultRule, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := map[string]bool{}
	for _, rule := range b.rules {
		taken[rule.id] = true
	}
	next := b.next
	var planted []*faultRule
	for _, spec := range specs {
		rule := &faultRule{id: spec.Name, spec: spec, seen: map[string]int{}}
		for rule.id == "" {
			if name := plantedName(next); !taken[name] {
				rule.id = name
			}
			next++
		}
		if taken[rule.id] {
			return nil, fmt.Errorf("there is a fault called %q already", rule.id)
		}
		taken[rule.id] = true
		planted = append(planted, rule)
	}
	b.rules, b.next = append(b.rules, planted...), next
	return planted, nil
}

// remove takes a fault out, or all of them for the empty name. It is false where there is none of that name.
func (b *faultBook) remove(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id == "" {
		b.rules = nil
		return true
	}
	for i, rule := range b.rules {
		if rule.id == id {
			b.rules = append(b.rules[:i:i], b.rules[i+1:]...)
			return true
		}
	}
	return false
}

// list shows every fault: as it was written, with its name and its counts.
func (b *faultBook) list() []map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	shown := []map[string]any{}
	for _, rule := range b.rules {
		shown = append(shown, rule.show())
	}
	return shown
}

func (r *faultRule) show() map[string]any {
	shown := map[string]any{}
	for key, value := range r.spec.said {
		shown[key] = value
	}
	shown["name"], shown["matched"], shown["fired"] = r.id, r.matched, r.fired
	return shown
}

// subject is a move or a call that planted faults are matched with.
type subject struct {
	key         string // what makes chance repeatable: the machine's name, or the call's method and object
	method      string // empty: a move
	vms         []string
	source      string
	destination string
}

// choose returns the faults that happen to the subject, in order.
func (b *faultBook) choose(s subject, want func(*faultSpec) bool) []*faultRule {
	b.mu.Lock()
	defer b.mu.Unlock()
	var chosen []*faultRule
	for _, rule := range b.rules {
		if want(&rule.spec) && rule.spec.Match.fits(s) && b.turn(rule, s.key) {
			chosen = append(chosen, rule)
		}
	}
	return chosen
}

// turn counts a match and says whether it is the rule's turn. b.mu is held.
func (b *faultBook) turn(rule *faultRule, key string) bool {
	m := &rule.spec.Match
	rule.matched++
	rule.seen[key]++
	number := rule.matched - m.Skip
	switch {
	case number <= 0, m.Every > 1 && number%m.Every != 0, m.Count > 0 && rule.chosen >= m.Count:
		return false
	case m.Probability != nil && b.chance(rule, key) >= *m.Probability:
		return false
	}
	rule.chosen++
	return true
}

// chance is a number from 0 to 1 that depends on the seed, the rule, and which match of this machine or method it is, and not on what
// else goes on at the same time. b.mu is held.
func (b *faultBook) chance(rule *faultRule, key string) float64 {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%d/%s/%s/%d", b.seed, rule.id, key, rule.seen[key])
	return rand.New(rand.NewSource(int64(hash.Sum64()))).Float64()
}

// happened counts that a chosen fault came about.
func (b *faultBook) happened(rule *faultRule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rule.fired++
}

// hasCalls is true where some fault is of a SOAP call.
func (b *faultBook) hasCalls() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rule := range b.rules {
		if rule.spec.Match.Method != "" {
			return true
		}
	}
	return false
}

// fits is true where the subject is one the match speaks of. A pattern that is not given fits everything.
func (m *matchSpec) fits(s subject) bool {
	if (m.Method == "") != (s.method == "") || m.Method != "" && !like(m.Method, s.method) {
		return false
	}
	return (m.VM == "" || anyLike(m.VM, s.vms)) &&
		(m.Host == "" || like(m.Host, s.source) || like(m.Host, s.destination)) &&
		(m.Source == "" || like(m.Source, s.source)) && (m.Destination == "" || like(m.Destination, s.destination))
}

func like(pattern, name string) bool {
	matched, err := path.Match(pattern, name)
	return err == nil && matched && name != ""
}

func anyLike(pattern string, names []string) bool {
	for _, name := range names {
		if like(pattern, name) {
			return true
		}
	}
	return false
}

// ids are the names of the planted faults in alphabetical order.
func (b *faultBook) ids() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, rule := range b.rules {
		ids = append(ids, rule.id)
	}
	sort.Strings(ids)
	return ids
}
