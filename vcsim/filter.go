package main

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// news is what has happened in the registry since it was last asked.
type news struct {
	mu    sync.Mutex
	dirty map[moRef]map[string]bool // objects, and the first words of their changed properties
	kinds map[string]bool           // types of which an object appeared or vanished
}

func (n *news) changed(r moRef, changes []types.PropertyChange) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dirty == nil {
		n.dirty = map[moRef]map[string]bool{}
	}
	if n.dirty[r] == nil {
		n.dirty[r] = map[string]bool{}
	}
	for _, change := range changes {
		first, _, _ := strings.Cut(change.Name, ".")
		n.dirty[r][first] = true
	}
}

func (n *news) appeared(r moRef) { n.note(r.Type) }
func (n *news) vanished(r moRef) { n.note(r.Type) }

func (n *news) note(kind string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kinds == nil {
		n.kinds = map[string]bool{}
	}
	n.kinds[kind] = true
}

// take gives what there is and begins anew.
func (n *news) take() (dirty map[moRef]map[string]bool, kinds map[string]bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	dirty, kinds = n.dirty, n.kinds
	n.dirty, n.kinds = nil, nil
	return dirty, kinds
}

// filterState is what the client knows of one filter's objects.
type filterState struct {
	sent     map[moRef]map[string]any
	paths    map[string]bool // properties its traversals go along
	readAt   time.Time       // of the last full read
	cost     time.Duration   // of the last full read
	unsettle bool            // changed since without being read in full
}

func newFilterState(filter *simulator.PropertyFilter) *filterState {
	return &filterState{sent: map[moRef]map[string]any{}, paths: traversedPaths(filter.Spec)}
}

// gather reads what the news concern and queues the differences. Filters that are new are read in full.
func (c *collector) gather(ctx *simulator.Context) types.BaseMethodFault {
	dirty, kinds := c.news.take()
	before := c.filters
	c.filters = map[moRef]*filterState{}
	for _, filter := range c.living(ctx) {
		r := filter.Self
		state := before[r]
		c.filters[r] = state
		var update []types.ObjectUpdate
		var fault types.BaseMethodFault
		switch {
		case state == nil:
			state = newFilterState(filter)
			c.filters[r] = state
			update, fault = c.readAll(ctx, filter, state)
		case state.mustRead(filter, dirty, kinds):
			update, fault = c.readAll(ctx, filter, state)
		default:
			update, fault = c.readSome(ctx, filter, state, dirty)
		}
		if fault != nil {
			return fault
		}
		if len(update) > 0 {
			c.queue = append(c.queue, types.PropertyFilterUpdate{Filter: r, ObjectSet: update})
		}
	}
	return nil
}

// mustRead is true when the news may have changed which objects the filter has. Now and then a filter is read in full because of any
// change at all: some of govmomi's methods change objects without saying so.
func (s *filterState) mustRead(filter *simulator.PropertyFilter, dirty map[moRef]map[string]bool, kinds map[string]bool) bool {
	if len(dirty) > 0 || len(kinds) > 0 {
		s.unsettle = true
	}
	for kind := range kinds {
		if kind != "Task" || s.watches(filter, kind) {
			return true
		}
	}
	if len(s.paths) > 0 {
		for _, names := range dirty {
			for name := range names {
				if s.paths[name] {
					return true
				}
			}
		}
	}
	return s.unsettle && time.Since(s.readAt) > max(time.Second, s.cost*fullPause)
}

// watches is true for a filter that lists objects of the kind directly, or comes to them by a traversal.
func (s *filterState) watches(filter *simulator.PropertyFilter, kind string) bool {
	for _, set := range filter.Spec.PropSet {
		if set.Type == kind {
			return true
		}
	}
	return false
}

// traversedPaths are the properties a filter's traversals go along.
func traversedPaths(spec types.PropertyFilterSpec) map[string]bool {
	paths := map[string]bool{}
	var walk func([]types.BaseSelectionSpec)
	walk = func(set []types.BaseSelectionSpec) {
		for _, selection := range set {
			if traversal, is := selection.(*types.TraversalSpec); is {
				first, _, _ := strings.Cut(traversal.Path, ".")
				paths[first] = true
				walk(traversal.SelectSet)
			}
		}
	}
	for _, object := range spec.ObjectSet {
		walk(object.SelectSet)
	}
	return paths
}

// readAll reads the whole filter.
func (c *collector) readAll(ctx *simulator.Context, filter *simulator.PropertyFilter, state *filterState) ([]types.ObjectUpdate, types.BaseMethodFault) {
	begin := time.Now()
	contents, fault := c.read(ctx, filter.Spec)
	if fault != nil {
		return nil, fault
	}
	state.readAt, state.cost, state.unsettle = time.Now(), time.Since(begin), false
	var updates []types.ObjectUpdate
	present := map[moRef]bool{}
	for _, content := range contents {
		present[content.Obj] = true
		if update, differs := state.compare(content); differs {
			updates = append(updates, update)
		}
	}
	var gone []moRef
	for r := range state.sent {
		if !present[r] {
			gone = append(gone, r)
		}
	}
	sortRefs(gone)
	for _, r := range gone {
		delete(state.sent, r)
		updates = append(updates, types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: r})
	}
	return updates, nil
}

// readSome reads those of the filter's objects that have changed.
func (c *collector) readSome(ctx *simulator.Context, filter *simulator.PropertyFilter, state *filterState, dirty map[moRef]map[string]bool) ([]types.ObjectUpdate, types.BaseMethodFault) {
	var refs []moRef
	for r := range dirty {
		if _, have := state.sent[r]; have {
			refs = append(refs, r)
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	sortRefs(refs)
	spec := types.PropertyFilterSpec{PropSet: filter.Spec.PropSet}
	for _, r := range refs {
		spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: r})
	}
	contents, fault := c.read(ctx, spec)
	var updates []types.ObjectUpdate
	for _, content := range contents {
		if update, differs := state.compare(content); differs {
			updates = append(updates, update)
		}
	}
	return updates, fault
}

// read collects a specification's objects and properties; objects that are gone are left out.
func (c *collector) read(ctx *simulator.Context, spec types.PropertyFilterSpec) ([]types.ObjectContent, types.BaseMethodFault) {
	spec.ReportMissingObjectsInResults = types.NewBool(true)
	answer := c.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{spec}})
	if fault := answer.Fault(); fault != nil {
		method, is := fault.VimFault().(types.BaseMethodFault)
		if !is {
			return nil, &types.SystemError{Reason: fault.String}
		}
		return nil, method
	}
	return answer.(*methods.RetrievePropertiesExBody).Res.Returnval.Objects, nil
}

// compare takes an object's values and tells what of them the client does not know yet.
func (s *filterState) compare(content types.ObjectContent) (types.ObjectUpdate, bool) {
	known, have := s.sent[content.Obj]
	update := types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: content.Obj}
	if !have {
		update.Kind, update.MissingSet = types.ObjectUpdateKindEnter, content.MissingSet
	}
	values := make(map[string]any, len(content.PropSet))
	for _, property := range content.PropSet {
		values[property.Name] = property.Val
		if old, was := known[property.Name]; !was || !reflect.DeepEqual(old, property.Val) {
			change := types.PropertyChange{Name: property.Name, Op: types.PropertyChangeOpAssign, Val: property.Val}
			update.ChangeSet = append(update.ChangeSet, change)
		}
	}
	for name := range known {
		if _, still := values[name]; !still {
			update.ChangeSet = append(update.ChangeSet, types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign})
		}
	}
	s.sent[content.Obj] = values
	return update, !have || len(update.ChangeSet) > 0
}
