package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// taggers are somebody who may attach tags to one machine, somebody who keeps the tags, and somebody who sees nothing.
const taggers = `
roles:
  - {name: attacher, privileges: [InventoryService.Tagging.AttachTag]}
  - {name: keeper, privileges: [InventoryService.Tagging.CreateCategory, InventoryService.Tagging.CreateTag, InventoryService.Tagging.DeleteTag]}
users:
  - {name: alice, password: a long password for alice}
  - {name: bob, password: a long password for bob, role: keeper}
  - {name: carol, password: a long password for carol}
permissions:
  - {entity: vm, user: alice, role: attacher}
  - {entity: A, user: alice, role: ReadOnly}
`

// restAs logs a user of the scenario in.
func restAs(t *testing.T, r *runningSimulator, user string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+r.server.URL.Host+"/api/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, "a long password for "+user)
	var key string
	if status := send(t, r, request, &key); status != http.StatusCreated {
		t.Fatalf("login of %s: %d", user, status)
	}
	return key
}

func TestRESTListsWhatAUserSees(t *testing.T) {
	c := staged(t, in("rest", taggers))
	for user, want := range map[string][]string{"alice": {"vm"}, "bob": {"vm"}, "carol": nil} {
		if got := namesIn(t, c.sim, restAs(t, c.sim, user), "/api/vcenter/vm"); !slices.Equal(got, want) {
			t.Errorf("%s sees %v, not %v", user, got, want)
		}
	}
	if hosts := namesIn(t, c.sim, restAs(t, c.sim, "alice"), "/api/vcenter/host"); !slices.Contains(hosts, "a1") || slices.Contains(hosts, "b1") {
		t.Errorf("alice sees the hosts %v", hosts)
	}
}

func TestRESTAsksForPrivilegesOfTags(t *testing.T) {
	c := staged(t, in("rest", taggers))
	alice, bob, carol := restAs(t, c.sim, "alice"), restAs(t, c.sim, "bob"), restAs(t, c.sim, "carol")
	call := func(key, path string, body, into any, want int) {
		t.Helper()
		var problem struct {
			Type     string    `json:"error_type"`
			Messages []message `json:"messages"`
		}
		answer := into
		if want >= http.StatusBadRequest {
			answer = &problem
		}
		if status := api(t, c.sim, http.MethodPost, path, key, body, answer); status != want {
			t.Fatalf("%s: %d, not %d", path, status, want)
		}
		if want == http.StatusForbidden && (problem.Type != "UNAUTHORIZED" || !strings.Contains(problem.Messages[0].DefaultMessage, "privilege InventoryService.Tagging.") &&
			!strings.Contains(problem.Messages[0].DefaultMessage, "privilege System.Read")) {
			t.Errorf("%s: %+v", path, problem)
		}
	}
	var category, tag string
	categorySpec := map[string]any{"name": "env", "description": "", "cardinality": "MULTIPLE", "associable_types": []string{}}
	call(alice, "/api/cis/tagging/category", categorySpec, nil, http.StatusForbidden)
	call(bob, "/api/cis/tagging/category", categorySpec, &category, http.StatusCreated)
	tagSpec := map[string]any{"name": "prod", "description": "", "category_id": category}
	call(alice, "/api/cis/tagging/tag", tagSpec, nil, http.StatusForbidden)
	call(bob, "/api/cis/tagging/tag", tagSpec, &tag, http.StatusCreated)

	vm, host := map[string]string{"type": "VirtualMachine", "id": c.ref("vm").Value}, map[string]string{"type": "HostSystem", "id": c.ref("a1").Value}
	association := "/api/cis/tagging/tag-association/" + tag
	call(bob, association+"?action=attach", map[string]any{"object_id": vm}, nil, http.StatusForbidden)
	call(alice, association+"?action=attach", map[string]any{"object_id": host}, nil, http.StatusForbidden)
	call(alice, association+"?action=attach", map[string]any{"object_id": vm}, nil, http.StatusNoContent)
	var batch batchResult
	many := map[string]any{"object_ids": []any{vm, host}}
	call(alice, association+"?action=attach-tag-to-multiple-objects", many, &batch, http.StatusOK)
	if batch.Success || len(batch.ErrorMessages) != 1 {
		t.Errorf("one of two objects is out of reach: %+v", batch)
	}
	var attached []objectID
	for key, want := range map[string]int{alice: 1, bob: 1, carol: 0} {
		if call(key, association+"?action=list-attached-objects", nil, &attached, http.StatusOK); len(attached) != want {
			t.Errorf("%d objects of the tag are seen, not %d", len(attached), want)
		}
	}
	call(carol, "/api/cis/tagging/tag-association?action=list-attached-tags", map[string]any{"object_id": vm}, nil, http.StatusForbidden)
	if status := api(t, c.sim, http.MethodDelete, "/api/cis/tagging/tag/"+tag, alice, nil, nil); status != http.StatusForbidden {
		t.Errorf("alice deletes the tag: %d", status)
	}
	if status := api(t, c.sim, http.MethodDelete, "/api/cis/tagging/tag/"+tag, bob, nil, nil); status != http.StatusNoContent {
		t.Errorf("bob deletes the tag: %d", status)
	}
}

func TestTheRestOfTheAPIIsTheAdministrators(t *testing.T) {
	c := staged(t, in("rest", taggers))
	for user, want := range map[string]int{"bob": http.StatusOK, "carol": http.StatusForbidden} {
		key := restAs(t, c.sim, user)
		if status := api(t, c.sim, http.MethodGet, "/rest/com/vmware/content/library", key, nil, nil); status != want {
			t.Errorf("%s lists the libraries: %d", user, status)
		}
		if status := api(t, c.sim, http.MethodPost, "/rest/com/vmware/content/local-library", key, map[string]any{}, nil); status != http.StatusForbidden {
			t.Errorf("%s makes a library: %d", user, status)
		}
	}
}

func TestRPCAsksForPrivilegesToo(t *testing.T) {
	c := staged(t, in("rest", taggers))
	result := invoke(t, c.sim, "com.vmware.cis.tagging.category", "create", `{}`, sessionContext(restAs(t, c.sim, "carol")))
	if kind := errorKind(result); kind != "unauthorized" {
		t.Errorf("carol makes a category: %v", result)
	}
}
