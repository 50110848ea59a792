package main

import (
	"encoding/json"
	"slices"
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
)

// filterSpec is the filter of a list: each value is a list of words, or one.
type filterSpec map[string]any

// row is one object of a list.
type row struct {
	ref     moRef
	name    string
	parent  moRef
	fields  map[string]string
	summary any
}

// aspect gives what a filter looks at in an object.
type aspect func(*row, lineage) []string

type filters map[string]aspect

// listed is a list the API gives.
type listed struct {
	kinds   []string
	limit   int
	what    string
	read    func(*row, mo.Entity) bool
	filters filters
	words   map[string][]string
}

// listing is the operation that gives a list.
func listing(l *listed) apiOperation {
	return func(c *apiCall) (any, *apiError) {
		wanted, err := l.wanted(c.Filter)
		if err != nil {
			return nil, err
		}
		return l.list(c.api.registry, wanted, c.viewer())
	}
}

// wanted checks a filter and gives the words of each of its parts. A part that is unset or empty matches everything.
func (l *listed) wanted(filter filterSpec) (map[string][]string, *apiError) {
	wanted := map[string][]string{}
	for name, value := range filter {
		if _, known := l.filters[name]; !known {
			return nil, invalidArgument("%s are not filtered by %q", l.what, name)
		}
		words, ok := wordsOf(value)
		if !ok {
			return nil, invalidArgument("the filter %q is no list of texts", name)
		}
		for _, word := range words {
			if closed := l.words[name]; closed != nil && !slices.Contains(closed, word) {
				return nil, invalidArgument("%q is no value of the filter %q", word, name)
			}
		}
		if len(words) > 0 {
			wanted[name] = words
		}
	}
	return wanted, nil
}

func wordsOf(value any) ([]string, bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case bool:
		return []string{boolText(v)}, true
	case string:
		return []string{v}, true
	case []string:
		return v, true
	case []any:
		var words []string
		for _, one := range v {
			word, is := one.(string)
			if !is {
				return nil, false
			}
			words = append(words, word)
		}
		return words, true
	case json.Number:
		return []string{v.String()}, true
	}
	return nil, false
}

// list reads what the user sees of the inventory, in the order of references. More than the limit is an error.
func (l *listed) list(registry *simulator.Registry, wanted map[string][]string, who *viewer) (any, *apiError) {
	family := lineage{ctx: &simulator.Context{Map: registry}, known: map[moRef]map[moRef]bool{}}
	var rows []row
	for _, kind := range l.kinds {
		for _, object := range registry.All(kind) {
			if row, take := l.row(family.ctx, object); take && matches(&row, family, l.filters, wanted) && who.may(row.ref, readsObject) {
				rows = append(rows, row)
			}
		}
	}
	if len(rows) > l.limit {
		return nil, newAPIError("unable_to_allocate_resource", "more than %d %s match the filter", l.limit, l.what)
	}
	sort.Slice(rows, func(i, j int) bool {
		a, b := rows[i].ref.Value, rows[j].ref.Value
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	summaries := make([]any, 0, len(rows))
	for _, row := range rows {
		summaries = append(summaries, row.summary)
	}
	return summaries, nil
}

// row reads one object under its lock.
func (l *listed) row(ctx *simulator.Context, object mo.Entity) (r row, take bool) {
	r.fields = map[string]string{}
	ctx.WithLock(object, func() {
		entity := object.Entity()
		r.ref, r.name, r.parent = entity.Self, entity.Name, deref(entity.Parent)
		take = l.read(&r, object)
	})
	return r, take
}

func matches(r *row, family lineage, known filters, wanted map[string][]string) bool {
	for name, words := range wanted {
		seen := known[name](r, family)
		if !slices.ContainsFunc(seen, func(value string) bool { return slices.Contains(words, value) }) {
			return false
		}
	}
	return true
}

func ownID(r *row, _ lineage) []string   { return []string{r.ref.Value} }
func ownName(r *row, _ lineage) []string { return []string{r.name} }

// field looks at what the reader left in the row.
func field(name string) aspect {
	return func(r *row, _ lineage) []string { return []string{r.fields[name]} }
}

// above looks at the objects of a type the object is below.
func above(kind string) aspect {
	return func(r *row, family lineage) []string {
		var ids []string
		for ref := range family.above(r.ref) {
			if ref.Type == kind {
				ids = append(ids, ref.Value)
			}
		}
		return ids
	}
}

func directParent(kind string) aspect {
	return func(r *row, _ lineage) []string {
		if r.parent.Type != kind {
			return nil
		}
		return []string{r.parent.Value}
	}
}

var (
	datacenters  = above("Datacenter")
	parentFolder = directParent("Folder")
)

// nearestFolder is the folder a host is in, its cluster's where it is in one.
func nearestFolder(r *row, family lineage) []string {
	at := r.parent
	for at.Type == "ClusterComputeResource" || at.Type == "ComputeResource" {
		parents := family.parents(at)
		if len(parents) == 0 {
			return nil
		}
		at = parents[0]
	}
	return []string{at.Value}
}
