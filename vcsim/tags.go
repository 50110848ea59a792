package main

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// How many tags of a category one object may have.
const (
	cardinalitySingle   = "SINGLE"
	cardinalityMultiple = "MULTIPLE"
)

// Prefixes of identifiers.
const (
	categoryPrefix = "urn:vmomi:InventoryServiceCategory:"
	tagPrefix      = "urn:vmomi:InventoryServiceTag:"
)

// tagCategory is a category of tags.
type tagCategory struct {
	number int64
	categoryModel
}

// heldTag is a tag with the objects it is attached to.
type heldTag struct {
	number int64
	tagModel
	objects map[moRef]bool
}

// tagStore has every category and tag. What REST and JSON-RPC do here shows in the tag property of the objects. An identifier is
// handed out once and lists are in the order of creation.
//
// Locks: mu is a leaf; an object's lock may be held when it is taken.
type tagStore struct {
	mo.DiagnosticManager // govmomi wants a managed object's type first

	service  *simulator.Service
	registry *simulator.Registry

	mu         sync.Mutex
	categories map[string]*tagCategory
	tags       map[string]*heldTag
	next       int64
}

// newTagStore makes a store that forgets objects when they are destroyed.
func newTagStore(service *simulator.Service, registry *simulator.Registry) *tagStore {
	s := &tagStore{service: service, registry: registry, categories: map[string]*tagCategory{}, tags: map[string]*heldTag{}}
	s.Self = moRef{Type: "TagStore", Value: "TagStore"}
	registry.AddHandler(s)
	return s
}

// PutObject and UpdateObject are of no concern here.
func (*tagStore) PutObject(*simulator.Context, mo.Reference)                            {}
func (*tagStore) UpdateObject(*simulator.Context, mo.Reference, []types.PropertyChange) {}

// RemoveObject forgets an object that is gone.
func (s *tagStore) RemoveObject(_ *simulator.Context, ref moRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tag := range s.tags {
		delete(tag.objects, ref)
	}
}

func newURN(prefix string) string { return prefix + uuid.NewString() + ":GLOBAL" }

// createCategory makes a category and gives its identifier.
func (s *tagStore) createCategory(spec *tagSpec) (string, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	category := &tagCategory{categoryModel: categoryModel{ID: or(spec.CategoryID, ""), UsedBy: []string{}, AssociableTypes: []string{}}}
	if category.ID == "" {
		category.ID = newURN(categoryPrefix)
	}
	category.Name, category.Description, category.Cardinality = or(spec.Name, ""), or(spec.Description, ""), or(spec.Cardinality, "")
	if spec.AssociableTypes != nil {
		category.AssociableTypes = plainTypes(*spec.AssociableTypes)
	}
	if err := s.judgeCategory(category); err != nil {
		return "", err
	}
	if s.categories[category.ID] != nil {
		return "", alreadyExists("category", category.ID)
	}
	s.next++
	category.number = s.next
	s.categories[category.ID] = category
	return category.ID, nil
}

// plainTypes drops what clients put in front of a type's name.
func plainTypes(names []string) []string {
	plain := make([]string, 0, len(names))
	for _, name := range names {
		plain = append(plain, strings.TrimPrefix(name, "urn:vim25:"))
	}
	return plain
}

func (s *tagStore) judgeCategory(category *tagCategory) *apiError {
	switch {
	case category.Name == "":
		return invalidArgument("the name of a category must not be empty")
	case category.Cardinality != cardinalitySingle && category.Cardinality != cardinalityMultiple:
		return invalidArgument("the cardinality of a category is SINGLE or MULTIPLE, not %q", category.Cardinality)
	case !isURN(category.ID, categoryPrefix):
		return invalidArgument("%q is no identifier of a category", category.ID)
	}
	for _, other := range s.categories {
		if other.ID != category.ID && strings.EqualFold(other.Name, category.Name) {
			return alreadyExists("category", category.Name)
		}
	}
	return nil
}

func isURN(id, prefix string) bool {
	return strings.HasPrefix(id, prefix) && strings.Count(id, ":") == 4
}

// updateCategory changes what the spec names. Types are only ever added, and a category that allowed many tags goes on allowing them.
func (s *tagStore) updateCategory(id string, spec *tagSpec) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	category := s.categories[id]
	if category == nil {
		return notFound("category", id)
	}
	changed := *category
	changed.Name, changed.Description = or(spec.Name, category.Name), or(spec.Description, category.Description)
	changed.Cardinality = or(spec.Cardinality, category.Cardinality)
	if category.Cardinality == cardinalityMultiple && changed.Cardinality == cardinalitySingle {
		return invalidArgument("the cardinality of category %s cannot change from MULTIPLE to SINGLE", category.Name)
	}
	if spec.AssociableTypes != nil {
		changed.AssociableTypes = plainTypes(*spec.AssociableTypes)
		if !extends(category.AssociableTypes, changed.AssociableTypes) {
			return invalidArgument("types can be added to category %s and not taken away", category.Name)
		}
	}
	if err := s.judgeCategory(&changed); err != nil {
		return err
	}
	s.categories[id] = &changed
	return nil
}

// extends is true when the new list has all of the old one, where empty means every type.
func extends(before, after []string) bool {
	if len(after) == 0 {
		return true
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			return false
		}
	}
	return len(before) > 0
}

// deleteCategory takes a category away, its tags with it.
func (s *tagStore) deleteCategory(id string) *apiError {
	s.mu.Lock()
	if s.categories[id] == nil {
		s.mu.Unlock()
		return notFound("category", id)
	}
	delete(s.categories, id)
	bare := map[moRef]bool{}
	for tagID, tag := range s.tags {
		if tag.CategoryID == id {
			for ref := range tag.objects {
				bare[ref] = true
			}
			delete(s.tags, tagID)
		}
	}
	s.mu.Unlock()
	s.mirrorAll(bare)
	return nil
}

func (s *tagStore) category(id string) (categoryModel, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if category := s.categories[id]; category != nil {
		return category.categoryModel, nil
	}
	return categoryModel{}, notFound("category", id)
}

func (s *tagStore) listCategories() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*tagCategory, 0, len(s.categories))
	for _, category := range s.categories {
		list = append(list, category)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].number < list[j].number })
	ids := make([]string, 0, len(list))
	for _, category := range list {
		ids = append(ids, category.ID)
	}
	return ids
}

// createTag makes a tag in a category and gives its identifier.
func (s *tagStore) createTag(spec *tagSpec) (string, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := &heldTag{objects: map[moRef]bool{}, tagModel: tagModel{ID: or(spec.TagID, ""), UsedBy: []string{}}}
	if tag.ID == "" {
		tag.ID = newURN(tagPrefix)
	}
	tag.Name, tag.Description, tag.CategoryID = or(spec.Name, ""), or(spec.Description, ""), or(spec.CategoryID, "")
	if s.categories[tag.CategoryID] == nil {
		return "", notFound("category", tag.CategoryID)
	}
	if err := s.judgeTag(tag); err != nil {
		return "", err
	}
	if s.tags[tag.ID] != nil {
		return "", alreadyExists("tag", tag.ID)
	}
	s.next++
	tag.number = s.next
	s.tags[tag.ID] = tag
	return tag.ID, nil
}

func (s *tagStore) judgeTag(tag *heldTag) *apiError {
	switch {
	case tag.Name == "":
		return invalidArgument("the name of a tag must not be empty")
	case !isURN(tag.ID, tagPrefix):
		return invalidArgument("%q is no identifier of a tag", tag.ID)
	}
	for _, other := range s.tags {
		if other.ID != tag.ID && other.CategoryID == tag.CategoryID && strings.EqualFold(other.Name, tag.Name) {
			return alreadyExists("tag", tag.Name)
		}
	}
	return nil
}

// updateTag changes name and description.
func (s *tagStore) updateTag(id string, spec *tagSpec) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := s.tags[id]
	if tag == nil {
		return notFound("tag", id)
	}
	changed := *tag
	changed.Name, changed.Description = or(spec.Name, tag.Name), or(spec.Description, tag.Description)
	if err := s.judgeTag(&changed); err != nil {
		return err
	}
	s.tags[id] = &changed
	return nil
}

// deleteTag takes a tag away, from all its objects.
func (s *tagStore) deleteTag(id string) *apiError {
	s.mu.Lock()
	tag := s.tags[id]
	delete(s.tags, id)
	s.mu.Unlock()
	if tag == nil {
		return notFound("tag", id)
	}
	s.mirrorAll(tag.objects)
	return nil
}

func (s *tagStore) tag(id string) (tagModel, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tag := s.tags[id]; tag != nil {
		return tag.tagModel, nil
	}
	return tagModel{}, notFound("tag", id)
}

// listTags lists the tags a test accepts.
func (s *tagStore) listTags(accept func(*heldTag) bool) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tagsWhere(accept)
}

// tagsWhere is listTags with mu held.
func (s *tagStore) tagsWhere(accept func(*heldTag) bool) []string {
	var list []*heldTag
	for _, tag := range s.tags {
		if accept(tag) {
			list = append(list, tag)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].number < list[j].number })
	ids := make([]string, 0, len(list))
	for _, tag := range list {
		ids = append(ids, tag.ID)
	}
	return ids
}
