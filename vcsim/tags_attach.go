package main

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// attach attaches a tag to an object. One that is attached already stays so.
func (s *tagStore) attach(tagID string, ref moRef) *apiError {
	if err := s.link(tagID, ref); err != nil {
		return err
	}
	s.mirror(ref)
	return nil
}

func (s *tagStore) link(tagID string, ref moRef) *apiError {
	if _, is := s.registry.Get(ref).(mo.Entity); !is {
		return invalidArgument("there is no object %s:%s a tag could be attached to", ref.Type, ref.Value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := s.tags[tagID]
	if tag == nil {
		return notFound("tag", tagID)
	}
	if tag.objects[ref] {
		return nil
	}
	if err := s.eligible(tag, ref); err != nil {
		return err
	}
	tag.objects[ref] = true
	return nil
}

// eligible asks the tag's category. mu is held.
func (s *tagStore) eligible(tag *heldTag, ref moRef) *apiError {
	category := s.categories[tag.CategoryID]
	if !associable(category.AssociableTypes, ref.Type) {
		return invalidArgument("tags of category %s cannot be attached to a %s", category.Name, ref.Type)
	}
	if category.Cardinality == cardinalityMultiple {
		return nil
	}
	for _, other := range s.tags {
		if other.CategoryID == tag.CategoryID && other.ID != tag.ID && other.objects[ref] {
			return invalidArgument("%s:%s has a tag of category %s already, which allows one", ref.Type, ref.Value, category.Name)
		}
	}
	return nil
}

// parentTypes are the types a category may name in the place of a kind of them.
var parentTypes = map[string]string{
	"VmwareDistributedVirtualSwitch": "DistributedVirtualSwitch", "DistributedVirtualPortgroup": "Network", "OpaqueNetwork": "Network",
	"ClusterComputeResource": "ComputeResource", "VirtualApp": "ResourcePool", "StoragePod": "Folder",
}

func associable(names []string, kind string) bool {
	return len(names) == 0 || slices.Contains(names, kind) || slices.Contains(names, parentTypes[kind])
}

// detach takes a tag off an object; one that is not attached is none the worse.
func (s *tagStore) detach(tagID string, ref moRef) *apiError {
	s.mu.Lock()
	tag := s.tags[tagID]
	if tag != nil {
		delete(tag.objects, ref)
	}
	s.mu.Unlock()
	if tag == nil {
		return notFound("tag", tagID)
	}
	s.mirror(ref)
	return nil
}

// objectsOf lists the objects of a tag, in the order of their references.
func (s *tagStore) objectsOf(tagID string) ([]objectID, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := s.tags[tagID]
	if tag == nil {
		return nil, notFound("tag", tagID)
	}
	var refs []moRef
	for ref := range tag.objects {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b moRef) int {
		if byType := strings.Compare(a.Type, b.Type); byType != 0 {
			return byType
		}
		if byLength := len(a.Value) - len(b.Value); byLength != 0 {
			return byLength
		}
		return strings.Compare(a.Value, b.Value)
	})
	ids := make([]objectID, 0, len(refs))
	for _, ref := range refs {
		ids = append(ids, objectID{Type: ref.Type, ID: ref.Value})
	}
	return ids, nil
}

func (s *tagStore) tagsOf(ref moRef) []string {
	return s.listTags(func(tag *heldTag) bool { return tag.objects[ref] })
}

// attachable lists the tags that could be attached to an object now, and are not.
func (s *tagStore) attachable(ref moRef) []string {
	return s.listTags(func(tag *heldTag) bool { return !tag.objects[ref] && s.eligible(tag, ref) == nil })
}

// batch does a thing to many and gathers what went wrong.
func batch[T any](many []T, do func(T) *apiError) batchResult {
	result := batchResult{Success: true, ErrorMessages: []message{}}
	for _, one := range many {
		if err := do(one); err != nil {
			result.Success = false
			result.ErrorMessages = append(result.ErrorMessages, err.messages...)
		}
	}
	return result
}

// mirror shows the tags of an object in its tag property.
func (s *tagStore) mirror(ref moRef) {
	entity, is := s.registry.Get(ref).(mo.Entity)
	if !is {
		return
	}
	ctx := *s.service.Context
	ctx.WithLock(entity, func() {
		shown := []types.Tag{}
		for _, id := range s.tagsOf(ref) {
			shown = append(shown, types.Tag{Key: id})
		}
		ctx.Update(entity, []types.PropertyChange{{Name: "tag", Val: shown}})
	})
}

func (s *tagStore) mirrorAll(refs map[moRef]bool) {
	for ref := range refs {
		s.mirror(ref)
	}
}

// The six methods below make the store govmomi's own as well, for the tags in specs and of virtual disks. Their callers hold
// objects' locks, so that the mirrors follow a moment later.

// AttachedObjects lists the objects of a tag.
func (s *tagStore) AttachedObjects(tagID string) ([]moRef, types.BaseMethodFault) {
	ids, err := s.objectsOf(tagID)
	if err != nil {
		return nil, &types.NotFound{}
	}
	var refs []moRef
	for _, id := range ids {
		refs = append(refs, id.ref())
	}
	return refs, nil
}

// AttachedTags lists the tags of an object.
func (s *tagStore) AttachedTags(ref moRef) ([]string, types.BaseMethodFault) {
	return s.tagsOf(ref), nil
}

// AttachTag attaches a tag.
func (s *tagStore) AttachTag(ref moRef, tagID string) types.BaseMethodFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := s.tags[tagID]
	if tag == nil {
		return &types.NotFound{}
	}
	tag.objects[ref] = true
	go s.mirror(ref)
	return nil
}

// DetachTag takes a tag off.
func (s *tagStore) DetachTag(ref moRef, tagID string) types.BaseMethodFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag := s.tags[tagID]
	if tag == nil {
		return &types.NotFound{}
	}
	delete(tag.objects, ref)
	go s.mirror(ref)
	return nil
}

// GetTagByCategoryAndName finds a tag by names.
func (s *tagStore) GetTagByCategoryAndName(category, name string) (string, types.BaseMethodFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.tagsWhere(func(tag *heldTag) bool { return tag.Name == name && s.categories[tag.CategoryID].Name == category })
	if len(ids) == 0 {
		return "", &types.NotFound{}
	}
	return ids[0], nil
}

// GetTagCategoryAndName gives the category and the name of a tag.
func (s *tagStore) GetTagCategoryAndName(tagID string) (string, string, types.BaseMethodFault) {
	tag, err := s.tag(tagID)
	if err != nil {
		return "", "", &types.NotFound{}
	}
	return tag.CategoryID, tag.Name, nil
}
