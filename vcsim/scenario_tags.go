package main

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// tagsSpec are the categories and tags of a scenario, and what they are attached to.
type tagsSpec struct {
	Categories  []categorySpec   `yaml:"categories"`
	Tags        []namedTagSpec   `yaml:"tags"`
	Attachments []attachmentSpec `yaml:"attachments"`
}

type categorySpec struct {
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Cardinality string   `yaml:"cardinality"` // multiple
	Types       []string `yaml:"types"`       // every type
}

type namedTagSpec struct {
	Name        string `yaml:"name"`
	Category    string `yaml:"category"`
	Description string `yaml:"description"`
}

// attachmentSpec attaches a tag to objects of one kind.
type attachmentSpec struct {
	Tag   string   `yaml:"tag"`  // CATEGORY/TAG, or TAG where only one has the name
	Kind  string   `yaml:"kind"` // vm
	Names []string `yaml:"names"`
}

var (
	cardinalityWords = map[string]string{"": cardinalityMultiple, "multiple": cardinalityMultiple, "single": cardinalitySingle}
	taggedKinds      = map[string]string{
		"": "VirtualMachine", "vm": "VirtualMachine", "host": "HostSystem", "cluster": "ClusterComputeResource", "datastore": "Datastore",
		"network": "Network", "folder": "Folder", "datacenter": "Datacenter", "pool": "ResourcePool",
	}
)

// tagging checks tags and attachments.
func (v *validation) tagging() {
	categories := map[string]int{}
	for i, category := range v.plan.Tags.Categories {
		_, again := categories[category.Name]
		v.need(category.Name != "", []any{"tags", "categories", i, "name"}, "is missing")
		v.need(!again, []any{"tags", "categories", i, "name"}, "there are two categories %s", category.Name)
		categories[category.Name] = i
		v.word(category.Cardinality, cardinalityWords, "tags", "categories", i, "cardinality")
	}
	tags := map[string]int{}
	for i, tag := range v.plan.Tags.Tags {
		_, known := categories[tag.Category]
		v.need(known, []any{"tags", "tags", i, "category"}, "there is no category %q", tag.Category)
		v.need(tag.Name != "", []any{"tags", "tags", i, "name"}, "is missing")
		full := tag.Category + "/" + tag.Name
		_, again := tags[full]
		v.need(!again, []any{"tags", "tags", i, "name"}, "there are two tags %s", full)
		tags[full] = i
	}
	for i, attachment := range v.plan.Tags.Attachments {
		v.oneTag(attachment.Tag, "tags", "attachments", i, "tag")
		v.word(attachment.Kind, taggedKinds, "tags", "attachments", i, "kind")
	}
	for i, vm := range v.plan.VMs {
		for t, tag := range vm.Tags {
			v.oneTag(tag, "vms", i, "tags", t)
		}
	}
}

// oneTag checks that a text names exactly one tag.
func (v *validation) oneTag(text string, at ...any) {
	matches := 0
	for _, tag := range v.plan.Tags.Tags {
		if tag.isCalled(text) {
			matches++
		}
	}
	v.need(matches > 0, at, "there is no tag %q", text)
	v.need(matches < 2, at, "%q is the name of %d tags; write CATEGORY/TAG", text, matches)
}

func (t namedTagSpec) isCalled(text string) bool {
	return text == t.Name || text == t.Category+"/"+t.Name
}

// urn is the identifier of something in a scenario: the same at each start, and another one in a scenario of another seed.
func (s *scenario) urn(prefix, name string) string {
	of := fmt.Sprintf("%s%d/%s", prefix, or(s.Seed, 0), name)
	return prefix + uuid.NewSHA1(uuid.NameSpaceURL, []byte(of)).String() + ":GLOBAL"
}

func (s *scenario) tagURN(t namedTagSpec) string { return s.urn(tagPrefix, t.Category+"/"+t.Name) }

// plant puts a scenario's categories, tags and attachments into the store. The first thing that cannot be done is the error.
func (s *tagStore) plant(plan *scenario) error {
	for _, category := range plan.Tags.Categories {
		id, cardinality := plan.urn(categoryPrefix, category.Name), cardinalityWords[category.Cardinality]
		spec := tagSpec{Name: &category.Name, Description: &category.Description, Cardinality: &cardinality, AssociableTypes: &category.Types, CategoryID: &id}
		if _, err := s.createCategory(&spec); err != nil {
			return err
		}
	}
	for _, tag := range plan.Tags.Tags {
		category, id := plan.urn(categoryPrefix, tag.Category), plan.tagURN(tag)
		if _, err := s.createTag(&tagSpec{Name: &tag.Name, Description: &tag.Description, CategoryID: &category, TagID: &id}); err != nil {
			return err
		}
	}
	return s.plantAttachments(plan)
}

func (s *tagStore) plantAttachments(plan *scenario) error {
	attachments := append([]attachmentSpec(nil), plan.Tags.Attachments...)
	for _, vm := range plan.VMs {
		for _, tag := range vm.Tags {
			attachments = append(attachments, attachmentSpec{Tag: tag, Names: []string{vm.Name}})
		}
	}
	if len(attachments) == 0 {
		return nil
	}
	index := s.index()
	for _, attachment := range attachments {
		for _, tag := range plan.Tags.Tags {
			if !tag.isCalled(attachment.Tag) {
				continue
			}
			if err := s.plantOne(plan.tagURN(tag), attachment, index); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *tagStore) plantOne(id string, attachment attachmentSpec, index map[string]moRef) error {
	for _, name := range attachment.Names {
		kind := taggedKinds[attachment.Kind]
		ref, found := index[kind+"/"+name]
		if !found {
			return invalidArgument("tag %s: there is no %s %q", attachment.Tag, kind, name)
		}
		if err := s.attach(id, ref); err != nil {
			return err
		}
	}
	return nil
}

// index finds entities by type and name; both kinds of network are one.
func (s *tagStore) index() map[string]moRef {
	index := map[string]moRef{}
	for _, object := range s.registry.All("") {
		entity := object.Entity()
		kind := entity.Self.Type
		if strings.HasSuffix(kind, "Portgroup") {
			kind = "Network"
		}
		index[kind+"/"+entity.Name] = entity.Self
	}
	return index
}
