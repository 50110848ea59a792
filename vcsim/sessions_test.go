package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/event"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// entered logs in with the right password.
func entered(t *testing.T, r *runningSimulator) *govmomi.Client {
	t.Helper()
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// keyOf is the key of a client's session.
func keyOf(t *testing.T, client *govmomi.Client) string {
	t.Helper()
	session, err := client.SessionManager.UserSession(context.Background())
	if err != nil || session == nil {
		t.Fatalf("no session: %v", err)
	}
	return session.Key
}

func sessionKeys(t *testing.T, client *govmomi.Client) map[string]string {
	t.Helper()
	var manager mo.SessionManager
	err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), *client.ServiceContent.SessionManager, []string{"sessionList"}, &manager)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, session := range manager.SessionList {
		keys[session.Key] = session.UserName
	}
	return keys
}

// readName reads the name of a VM without a fault for what is missing.
func readName(t *testing.T, client *govmomi.Client, ref moRef) types.ObjectContent {
	t.Helper()
	answer, err := methods.RetrievePropertiesEx(context.Background(), client.Client, &types.RetrievePropertiesEx{
		This: client.ServiceContent.PropertyCollector,
		SpecSet: []types.PropertyFilterSpec{{
			PropSet:   []types.PropertySpec{{Type: ref.Type, PathSet: []string{"name"}}},
			ObjectSet: []types.ObjectSpec{{Obj: ref}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Returnval.Objects[0]
}

func isNotAuthenticated(err error) bool {
	return soap.IsSoapFault(err) && fault.Is(err, &types.NotAuthenticated{})
}

// assertOver checks that a session is over, in each of the ways a client can notice.
func assertOver(t *testing.T, r *runningSimulator, client *govmomi.Client) {
	t.Helper()
	vm := vmNamed(t, r, "vm-001").Self
	content := readName(t, client, vm)
	if len(content.PropSet) != 0 || len(content.MissingSet) != 1 {
		t.Fatalf("read %d properties, %d missing", len(content.PropSet), len(content.MissingSet))
	}
	if _, is := content.MissingSet[0].Fault.Fault.(*types.NotAuthenticated); !is {
		t.Errorf("missing because of %T", content.MissingSet[0].Fault.Fault)
	}
	if _, err := methods.GetCurrentTime(context.Background(), client.Client); !isNotAuthenticated(err) {
		t.Errorf("CurrentTime: %v", err)
	}
}

func TestIdleSessionEnds(t *testing.T) {
	r := running(t, "-session-timeout", "400ms")
	client, witness := entered(t, r), entered(t, r)
	key := keyOf(t, client)
	for range 6 {
		time.Sleep(150 * time.Millisecond)
		if content := readName(t, witness, vmNamed(t, r, "vm-001").Self); len(content.PropSet) != 1 {
			t.Fatal("a session in use ended")
		}
	}
	if _, found := sessionKeys(t, witness)[key]; found {
		t.Error("the idle session is still in the list")
	}
	assertOver(t, r, client)
}

func TestFirstReadAfterTimeoutFindsNothing(t *testing.T) {
	r := running(t, "-session-timeout", "10m")
	client := entered(t, r)
	vm := vmNamed(t, r, "vm-001").Self
	if content := readName(t, client, vm); len(content.PropSet) != 1 {
		t.Fatal("the name cannot be read")
	}
	table := r.services.sessions
	table.mu.Lock()
	table.visits[keyOf2(t, client)].last = time.Now().Add(-11 * time.Minute)
	table.mu.Unlock()
	assertOver(t, r, client)
}

// keyOf2 is the key from the cookie, without a call.
func keyOf2(t *testing.T, client *govmomi.Client) string {
	t.Helper()
	for _, cookie := range client.Client.Client.Jar.Cookies(client.URL()) {
		if cookie.Name == sessionCookie {
			return cookie.Value
		}
	}
	t.Fatal("no session cookie")
	return ""
}

func TestWaitingIsNotIdling(t *testing.T) {
	r := running(t, "-session-timeout", "300ms")
	client := entered(t, r)
	collector := property.DefaultCollector(client.Client)
	vm := vmNamed(t, r, "vm-001").Self
	_, err := collector.CreateFilter(context.Background(), types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: vm}},
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	wait := int32(1)
	request := &types.WaitForUpdatesEx{This: collector.Reference(), Options: &types.WaitOptions{MaxWaitSeconds: &wait}}
	answer, err := methods.WaitForUpdatesEx(context.Background(), client.Client, request)
	if err != nil {
		t.Fatal(err)
	}
	request.Version = answer.Returnval.Version
	if _, err := methods.WaitForUpdatesEx(context.Background(), client.Client, request); err != nil {
		t.Errorf("a wait of thrice the timeout: %v", err)
	}
	if _, err := methods.GetCurrentTime(context.Background(), client.Client); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestTerminatedSessionEndsItsWait(t *testing.T) {
	r := running(t)
	victim, other := entered(t, r), entered(t, r)
	key := keyOf(t, victim)
	collector := property.DefaultCollector(victim.Client)
	_, err := collector.CreateFilter(context.Background(), types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: vmNamed(t, r, "vm-001").Self}},
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := methods.WaitForUpdatesEx(context.Background(), victim.Client, &types.WaitForUpdatesEx{This: collector.Reference()})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := methods.WaitForUpdatesEx(context.Background(), victim.Client,
			&types.WaitForUpdatesEx{This: collector.Reference(), Version: answer.Returnval.Version})
		ended <- err
	}()
	waitUntil(t, func() bool { return callsOf(r, key) == 1 })
	if err := other.SessionManager.TerminateSession(context.Background(), []string{key}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !isNotAuthenticated(err) {
			t.Errorf("the wait ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the wait goes on without a session")
	}
	assertOver(t, r, victim)
	messages := eventMessagesOf(t, other, "SessionTerminatedEvent")
	if len(messages) != 1 || !strings.Contains(messages[0], r.ready.User) {
		t.Errorf("termination's events: %q", messages)
	}
}

func callsOf(r *runningSimulator, key string) int {
	table := r.services.sessions
	table.mu.Lock()
	defer table.mu.Unlock()
	if v := table.visits[key]; v != nil {
		return v.calls
	}
	return 0
}

// waitUntil polls a condition for ten seconds.
func waitUntil(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("it did not come true")
}

func eventMessagesOf(t *testing.T, client *govmomi.Client, kind string) []string {
	t.Helper()
	events, err := event.NewManager(client.Client).QueryEvents(context.Background(), types.EventFilterSpec{EventTypeId: []string{kind}})
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, e := range events {
		messages = append(messages, e.GetEvent().FullFormattedMessage)
	}
	return messages
}

func TestTerminateSessionIsAllOrNothing(t *testing.T) {
	r := running(t)
	client, other := entered(t, r), entered(t, r)
	key := keyOf(t, other)
	for _, keys := range [][]string{{key, "no-such-session"}, {key, keyOf(t, client)}} {
		if err := client.SessionManager.TerminateSession(context.Background(), keys); err == nil {
			t.Errorf("%v: no fault", keys)
		}
		if sessionKeys(t, client)[key] == "" {
			t.Fatalf("%v: ended the other session all the same", keys)
		}
	}
}

func TestLoginsAreEvents(t *testing.T) {
	r := running(t)
	if _, err := logIn(t, r, r.ready.User, "wrong"); err == nil {
		t.Fatal("a wrong password logs in")
	}
	client := entered(t, r)
	second := entered(t, r)
	if err := second.Logout(context.Background()); err != nil {
		t.Fatal(err)
	}
	for kind, text := range map[string]string{
		"BadUsernameSessionEvent": "Cannot login " + r.ready.User + "@127.0.0.1",
		"UserLoginSessionEvent":   "User " + r.ready.User + "@127.0.0.1 logged in",
		"UserLogoutSessionEvent":  "User " + r.ready.User + "@127.0.0.1 logged out",
	} {
		messages := eventMessagesOf(t, client, kind)
		if len(messages) == 0 || !strings.HasPrefix(messages[0], text) {
			t.Errorf("%s: %q, want %q", kind, messages, text)
		}
	}
}

func TestSessionsAreSharedBetweenProtocols(t *testing.T) {
	r := running(t)
	soapClient := entered(t, r)
	key := keyOf(t, soapClient)
	if status := api(t, r, http.MethodGet, "/api/session", key, nil, nil); status != http.StatusOK {
		t.Errorf("the key of a SOAP session over REST: %d", status)
	}
	var restKey string
	if status := apiLogin(t, r, r.ready.Password, &restKey); status != http.StatusCreated {
		t.Fatalf("login over REST: %d", status)
	}
	stranger := clientWithKey(t, r, restKey)
	if content := readName(t, stranger, vmNamed(t, r, "vm-001").Self); len(content.PropSet) != 1 {
		t.Error("the key of a REST session reads nothing over SOAP")
	}
	if status := api(t, r, http.MethodDelete, "/api/session", restKey, nil, nil); status != http.StatusNoContent {
		t.Errorf("logout over REST: %d", status)
	}
	assertOver(t, r, stranger)
	if err := soapClient.Logout(context.Background()); err != nil {
		t.Fatal(err)
	}
	if status := api(t, r, http.MethodGet, "/api/session", key, nil, nil); status != http.StatusUnauthorized {
		t.Errorf("after the SOAP logout REST says %d", status)
	}
}

// clientWithKey is a SOAP client that never logged in and has the key of a session.
func clientWithKey(t *testing.T, r *runningSimulator, key string) *govmomi.Client {
	t.Helper()
	address, err := url.Parse(r.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := soap.NewClient(address, false)
	if err := transport.SetRootCAs(r.ready.CAFile); err != nil {
		t.Fatal(err)
	}
	transport.Jar.SetCookies(address, []*http.Cookie{{Name: sessionCookie, Value: key}})
	inner, err := vim25.NewClient(context.Background(), transport)
	if err != nil {
		t.Fatal(err)
	}
	return &govmomi.Client{Client: inner}
}
