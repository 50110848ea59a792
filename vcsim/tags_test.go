package main

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// tagManager is govmomi's client for tags, logged in over REST.
func tagManager(t *testing.T, r *runningSimulator) *tags.Manager {
	t.Helper()
	client := rest.NewClient(entered(t, r).Client)
	if err := client.Login(context.Background(), url.UserPassword(r.ready.User, r.ready.Password)); err != nil {
		t.Fatal(err)
	}
	return tags.NewManager(client)
}

func newCategory(t *testing.T, m *tags.Manager, name, cardinality string, kinds ...string) string {
	t.Helper()
	id, err := m.CreateCategory(context.Background(), &tags.Category{Name: name, Cardinality: cardinality, AssociableTypes: kinds})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newTag(t *testing.T, m *tags.Manager, name, category string) string {
	t.Helper()
	id, err := m.CreateTag(context.Background(), &tags.Tag{Name: name, CategoryID: category})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestGovmomiClientTags(t *testing.T) {
	r := running(t)
	ctx, m := context.Background(), tagManager(t, r)
	if session, err := m.Session(ctx); err != nil || session == nil || session.User != r.ready.User {
		t.Fatalf("session: %+v, %v", session, err)
	}
	category := newCategory(t, m, "env", "MULTIPLE", "VirtualMachine")
	prod, live := newTag(t, m, "prod", category), newTag(t, m, "live", category)
	one, two := vmNamed(t, r, "vm-001").Self, vmNamed(t, r, "vm-002").Self
	if err := m.AttachTag(ctx, prod, one); err != nil {
		t.Fatal(err)
	}
	if err := m.AttachTagToMultipleObjects(ctx, live, []mo.Reference{one, two}); err != nil {
		t.Fatal(err)
	}
	attached := func() string {
		all, err := m.GetAttachedTagsOnObjects(ctx, []mo.Reference{one, two})
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, object := range all {
			for _, tag := range object.Tags {
				text = append(text, object.ObjectID.Reference().Value+" "+tag.Name)
			}
		}
		return strings.Join(text, ", ")
	}
	if got, want := attached(), one.Value+" prod, "+one.Value+" live, "+two.Value+" live"; got != want {
		t.Errorf("attached: %s, want %s", got, want)
	}
	if err := m.DetachMultipleTagsFromObject(ctx, []string{prod, live}, one); err != nil {
		t.Fatal(err)
	}
	if got, want := attached(), two.Value+" live"; got != want {
		t.Errorf("after detaching: %s, want %s", got, want)
	}
	if objects, err := m.ListAttachedObjects(ctx, prod); err != nil || len(objects) != 0 {
		t.Errorf("objects of a tag that is detached: %v, %v", objects, err)
	}
	if err := m.DeleteCategory(ctx, &tags.Category{ID: category}); err != nil {
		t.Fatal(err)
	}
	if list, err := m.ListTags(ctx); err != nil || len(list) != 0 {
		t.Errorf("tags after their category is gone: %v, %v", list, err)
	}
	if err := m.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	if session, err := m.Session(ctx); err != nil || session != nil {
		t.Errorf("after the logout: %+v, %v", session, err)
	}
}

func TestTagRules(t *testing.T) {
	r := running(t)
	ctx, m := context.Background(), tagManager(t, r)
	single := newCategory(t, m, "tier", "SINGLE", "VirtualMachine", "Network")
	gold, silver := newTag(t, m, "gold", single), newTag(t, m, "silver", single)
	vm, host := vmNamed(t, r, "vm-001").Self, hostNamed(t, r, "esx-001").Self
	portgroup := r.model.Map().Any("DistributedVirtualPortgroup").Reference()
	if err := m.AttachTag(ctx, gold, vm); err != nil {
		t.Fatal(err)
	}
	for name, ref := range map[string]moRef{"the same again": vm, "a port group where networks are allowed": portgroup} {
		if err := m.AttachTag(ctx, gold, ref); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused := func(name string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "errors.") && !strings.Contains(err.Error(), "404") {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("a second tag of a SINGLE category", m.AttachTag(ctx, silver, vm))
	refused("a type the category does not name", m.AttachTag(ctx, gold, host))
	refused("an object that is not there", m.AttachTag(ctx, gold, moRef{Type: "VirtualMachine", Value: "vm-none"}))
	refused("a tag that is not there", m.AttachTag(ctx, "urn:vmomi:InventoryServiceTag:none:GLOBAL", vm))
	for name, category := range map[string]tags.Category{
		"no name": {Cardinality: "SINGLE"}, "no cardinality": {Name: "x"}, "a name twice": {Name: "TIER", Cardinality: "SINGLE"},
	} {
		_, err := m.CreateCategory(ctx, &category)
		refused(name, err)
	}
	_, err := m.CreateTag(ctx, &tags.Tag{Name: "x", CategoryID: "urn:vmomi:InventoryServiceCategory:none:GLOBAL"})
	refused("a tag without category", err)
	refused("fewer types", m.UpdateCategory(ctx, &tags.Category{ID: single, AssociableTypes: []string{"VirtualMachine"}}))
	if err := m.UpdateCategory(ctx, &tags.Category{ID: single, Cardinality: "MULTIPLE"}); err != nil {
		t.Error(err)
	}
	refused("back to one", m.UpdateCategory(ctx, &tags.Category{ID: single, Cardinality: "SINGLE"}))
	if err := m.AttachTag(ctx, silver, vm); err != nil {
		t.Errorf("a second tag of a MULTIPLE category: %v", err)
	}
}

// tagKeys reads the tag property over SOAP.
func tagKeys(t *testing.T, r *runningSimulator, ref moRef) []string {
	t.Helper()
	entity := r.model.Map().Get(ref).(mo.Entity)
	ctx := *r.model.Service.Context
	keys := []string{}
	ctx.WithLock(entity, func() {
		for _, tag := range entity.Entity().Tag {
			keys = append(keys, tag.Key)
		}
	})
	return keys
}

func TestTagsShowInSOAP(t *testing.T) {
	r := running(t)
	ctx, m := context.Background(), tagManager(t, r)
	category := newCategory(t, m, "env", "MULTIPLE")
	prod, live := newTag(t, m, "prod", category), newTag(t, m, "live", category)
	vm := vmNamed(t, r, "vm-001").Self
	for _, id := range []string{live, prod} {
		if err := m.AttachTag(ctx, id, vm); err != nil {
			t.Fatal(err)
		}
	}
	if got := tagKeys(t, r, vm); !slices.Equal(got, []string{prod, live}) {
		t.Errorf("vm.tag is %v", got)
	}
	if err := m.DetachTag(ctx, live, vm); err != nil {
		t.Fatal(err)
	}
	if err := m.DeleteTag(ctx, &tags.Tag{ID: prod}); err != nil {
		t.Fatal(err)
	}
	if got := tagKeys(t, r, vm); len(got) != 0 {
		t.Errorf("vm.tag is still %v", got)
	}
}

func TestDestroyedObjectsLoseTheirTags(t *testing.T) {
	r := running(t)
	client := entered(t, r)
	ctx, m := context.Background(), tagManager(t, r)
	tag := newTag(t, m, "prod", newCategory(t, m, "env", "MULTIPLE"))
	vm := vmNamed(t, r, "vm-001").Self
	if err := m.AttachTag(ctx, tag, vm); err != nil {
		t.Fatal(err)
	}
	powered(t, client, vm, false, "")
	task, err := object.NewVirtualMachine(client.Client, vm).Destroy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if objects, err := m.ListAttachedObjects(ctx, tag); err != nil || len(objects) != 0 {
		t.Errorf("objects of the tag: %v, %v", objects, err)
	}
}

const taggedScenario = `version: 1
clusters: [{name: c, hosts: [{name: h1}, {name: h2}]}]
datastores: [{name: d}]
networks: [{name: n}]
session_timeout_minutes: 7
tags:
  categories:
    - {name: env, cardinality: single, types: [VirtualMachine, HostSystem]}
    - {name: owner}
  tags:
    - {name: prod, category: env}
    - {name: test, category: env, description: not for users}
    - {name: prod, category: owner}
  attachments:
    - {tag: env/test, kind: host, names: [h2]}
    - {tag: owner/prod, kind: network, names: [n]}
vms:
  - {name: a, tags: [env/prod]}
  - {name: b, tags: [test, owner/prod]}
`

func taggedSite(t *testing.T) *runningSimulator {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tagged.yaml")
	if err := os.WriteFile(file, []byte(taggedScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	return running(t, "-scenario", file)
}

func TestTagsOfAScenario(t *testing.T) {
	r := taggedSite(t)
	ctx, m := context.Background(), tagManager(t, r)
	list, err := m.GetTags(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, tag := range list {
		category, err := m.GetCategory(ctx, tag.CategoryID)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := m.ListAttachedObjects(ctx, tag.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			got = append(got, category.Name+"/"+tag.Name+" "+r.model.Map().Get(object.Reference()).(mo.Entity).Entity().Name)
		}
	}
	want := []string{"env/prod a", "env/test h2", "env/test b", "owner/prod n", "owner/prod b"}
	if !slices.Equal(got, want) {
		t.Errorf("attached: %v, want %v", got, want)
	}
	if keys := tagKeys(t, r, vmNamed(t, r, "b").Self); len(keys) != 2 {
		t.Errorf("vm.tag of b: %v", keys)
	}
	if again := tagKeys(t, taggedSite(t), vmNamed(t, r, "b").Self); !slices.Equal(again, tagKeys(t, r, vmNamed(t, r, "b").Self)) {
		t.Error("the identifiers of a scenario's tags change from start to start")
	}
	if r.services.sessions.timeout.Minutes() != 7 {
		t.Errorf("the idle timeout is %v", r.services.sessions.timeout)
	}
}

func TestMistakesInTags(t *testing.T) {
	for mistake, want := range map[string]string{
		"category: env}\n    - {name: test":    "category: nowhere}\n    - {name: test|there is no category \"nowhere\"",
		"tags: [test, owner/prod]":             "tags: [prod]|\"prod\" is the name of 2 tags; write CATEGORY/TAG",
		"tags: [env/prod]":                     "tags: [env/none]|there is no tag \"env/none\"",
		"cardinality: single":                  "cardinality: few|\"few\" is none of multiple, single",
		"{name: owner}":                        "{name: env}|there are two categories env",
		"kind: host":                           "kind: planet|\"planet\" is none of",
		"session_timeout_minutes: 7":           "session_timeout_minutes: 0|must be between",
		"{tag: env/test, kind: host, names: [": "{tag: env/test, kind: host, colour: red, names: [|unknown key \"colour\"",
	} {
		replacement, message, _ := strings.Cut(want, "|")
		_, err := parseScenario("s.yaml", []byte(strings.Replace(taggedScenario, mistake, replacement, 1)))
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %s", replacement, err, message)
		}
	}
}

func TestAttachmentToNothingStopsTheStart(t *testing.T) {
	plan, err := parseScenario("s.yaml", []byte(strings.Replace(taggedScenario, "names: [h2]", "names: [h3]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	r := running(t)
	err = (&services{tags: r.services.tags}).plant(plan)
	if err == nil || !strings.Contains(err.Error(), `there is no HostSystem "h3"`) {
		t.Errorf("%v", err)
	}
}

func TestGovcListsByTag(t *testing.T) {
	govc, err := exec.LookPath("govc")
	if err != nil {
		t.Skip("no govc on PATH")
	}
	r := taggedSite(t)
	tag, err := tagManager(t, r).GetTagForCategory(context.Background(), "prod", "env")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(govc, "tags.attached.ls", tag.ID)
	command.Env = append(os.Environ(), "GOVC_URL="+r.ready.URL, "GOVC_USERNAME="+r.ready.User, "GOVC_PASSWORD="+r.ready.Password,
		"GOVC_TLS_CA_CERTS="+r.ready.CAFile, "GOVC_PERSIST_SESSION=false")
	output, err := command.CombinedOutput()
	want := types.ManagedObjectReference{Type: "VirtualMachine", Value: vmNamed(t, r, "a").Self.Value}.String()
	if err != nil || strings.TrimSpace(string(output)) != want {
		t.Errorf("govc: %v\n%s\nwant %s", err, output, want)
	}
}
