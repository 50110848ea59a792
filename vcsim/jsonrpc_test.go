package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// rpc makes a JSON-RPC call and gives the whole answer.
func rpc(t *testing.T, r *runningSimulator, body string) map[string]any {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+r.server.URL.Host+"/api", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if status := send(t, r, request, &answer); status != http.StatusOK {
		t.Fatalf("HTTP status %d", status)
	}
	return answer
}

// invoke calls an operation and gives the result part.
func invoke(t *testing.T, r *runningSimulator, service, operation, input, security string) map[string]any {
	t.Helper()
	answer := rpc(t, r, `{"jsonrpc":"2.0","method":"invoke","id":"7","params":{"serviceId":"`+service+`","operationId":"`+operation+
		`","input":{"STRUCTURE":{"operation-input":`+input+`}},"ctx":{"appCtx":{"opId":"x"},"securityCtx":`+security+`}}}`)
	if answer["id"] != "7" || answer["jsonrpc"] != "2.0" {
		t.Fatalf("answer %v", answer)
	}
	return answer["result"].(map[string]any)
}

func passwordContext(user, password string) string {
	text, _ := json.Marshal(map[string]string{"schemeId": schemeUser, "userName": user, "password": password})
	return string(text)
}

func sessionContext(key string) string {
	return `{"schemeId":"` + schemeSession + `","sessionId":"` + key + `"}`
}

// errorKind is the kind of an error's result.
func errorKind(result map[string]any) string {
	wrapped, is := result["error"].(map[string]any)
	if !is {
		return ""
	}
	for kind := range wrapped["ERROR"].(map[string]any) {
		return strings.TrimPrefix(kind, "com.vmware.vapi.std.errors.")
	}
	return ""
}

func rpcLogin(t *testing.T, r *runningSimulator) string {
	t.Helper()
	result := invoke(t, r, "com.vmware.cis.session", "create", "{}", passwordContext(r.ready.User, r.ready.Password))
	return result["output"].(map[string]any)["SECRET"].(string)
}

func TestRPCAuthenticates(t *testing.T) {
	r := running(t)
	key := rpcLogin(t, r)
	for security, want := range map[string]string{
		sessionContext(key):                             "",
		sessionContext("none"):                          "unauthenticated",
		passwordContext(r.ready.User, r.ready.Password): "unauthenticated",
		"{}": "unauthenticated",
	} {
		if got := errorKind(invoke(t, r, "com.vmware.vcenter.VM", "list", "{}", security)); got != want {
			t.Errorf("%s: %q, want %q", security, got, want)
		}
	}
	for _, security := range []string{passwordContext(r.ready.User, "wrong"), passwordContext("nobody", r.ready.Password), sessionContext(key), "{}"} {
		if got := errorKind(invoke(t, r, "com.vmware.cis.session", "create", "{}", security)); got != "unauthenticated" {
			t.Errorf("login with %s: %q", security, got)
		}
	}
	if status := api(t, r, http.MethodGet, "/api/session", key, nil, nil); status != http.StatusOK {
		t.Errorf("the session over REST: %d", status)
	}
	if result := invoke(t, r, "com.vmware.cis.session", "delete", "{}", sessionContext(key)); result["output"] != nil || errorKind(result) != "" {
		t.Errorf("logout: %v", result)
	}
	if got := errorKind(invoke(t, r, "com.vmware.cis.session", "get", "{}", sessionContext(key))); got != "unauthenticated" {
		t.Errorf("after the logout: %q", got)
	}
}

func TestRPCEncoding(t *testing.T) {
	r := running(t)
	key := rpcLogin(t, r)
	filter := `{"filter":{"OPTIONAL":{"STRUCTURE":{"com.vmware.vcenter.VM.filter_spec":{"names":{"OPTIONAL":["vm-001"]},"hosts":{"OPTIONAL":null}}}}}}`
	result := invoke(t, r, "com.vmware.vcenter.VM", "list", filter, sessionContext(key))
	want := []any{map[string]any{"STRUCTURE": map[string]any{"com.vmware.vcenter.VM.summary": map[string]any{
		"vm": vmNamed(t, r, "vm-001").Self.Value, "name": "vm-001", "power_state": "POWERED_ON",
		"cpu_count": map[string]any{"OPTIONAL": 2.0}, "memory_size_MiB": map[string]any{"OPTIONAL": 1024.0},
	}}}}
	if !reflect.DeepEqual(result["output"], want) {
		t.Errorf("list: %v\nwant %v", result["output"], want)
	}
	for _, c := range []struct{ service, operation, input, want string }{
		{"com.vmware.vcenter.VM", "list", `{"filter":{"OPTIONAL":{"STRUCTURE":{"x":{"power_states":{"OPTIONAL":["LOUD"]}}}}}}`, "invalid_argument"},
		{"com.vmware.vcenter.VM", "list", `{"filter":5}`, "invalid_argument"},
		{"com.vmware.vcenter.VM", "explode", "{}", "operation_not_found"},
		{"com.vmware.cis.tagging.tag", "get", `{"tag_id":"urn:vmomi:InventoryServiceTag:none:GLOBAL"}`, "not_found"},
	} {
		if got := errorKind(invoke(t, r, c.service, c.operation, c.input, sessionContext(key))); got != c.want {
			t.Errorf("%s/%s %s: %q, want %q", c.service, c.operation, c.input, got, c.want)
		}
	}
	for _, operation := range []string{"cis.tagging.category/list", "cis.tagging.tag/list"} {
		service, name, _ := strings.Cut("com.vmware."+operation, "/")
		if list, is := invoke(t, r, service, name, "{}", sessionContext(key))["output"].([]any); !is || len(list) != 0 {
			t.Errorf("%s gives no empty list", operation)
		}
	}
}

func TestRPCSurvivesRubbish(t *testing.T) {
	r := running(t)
	for body, code := range map[string]float64{
		"": rpcParseError, "{": rpcParseError, "[]": rpcParseError, "{}": rpcInvalidRequest,
		`{"jsonrpc":"2.0","method":"invoke","id":"1","params":{}}`:                         rpcInvalidRequest,
		`{"jsonrpc":"1.0","method":"invoke","params":{"serviceId":"a","operationId":"b"}}`: rpcInvalidRequest,
	} {
		problem, is := rpc(t, r, body)["error"].(map[string]any)
		if !is || problem["code"] != code {
			t.Errorf("%q: %v", body, problem)
		}
	}
	key := rpcLogin(t, r)
	for _, input := range []string{`null`, `[]`, `"x"`, `{"object_id":null}`, `{"object_ids":"x"}`, `{"create_spec":{"STRUCTURE":{}}}`, `{"create_spec":7}`} {
		if got := errorKind(invoke(t, r, "com.vmware.cis.tagging.tag", "create", input, sessionContext(key))); got != "invalid_argument" && got != "not_found" {
			t.Errorf("input %s: %q", input, got)
		}
	}
}
