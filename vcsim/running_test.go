package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
)

// running starts a simulator with the given flags and stops it when the test ends.
func running(t *testing.T, args ...string) *runningSimulator {
	t.Helper()
	o, err := parseOptions(append(args, "-state", t.TempDir()), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	r, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

// logIn opens a vSphere session that trusts the simulator's own authority and nothing else.
func logIn(t *testing.T, r *runningSimulator, user, password string) (*govmomi.Client, error) {
	t.Helper()
	address, err := url.Parse(r.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := soap.NewClient(address, false)
	if err := transport.SetRootCAs(r.ready.CAFile); err != nil {
		t.Fatal(err)
	}
	inner, err := vim25.NewClient(context.Background(), transport)
	if err != nil {
		return nil, err
	}
	client := &govmomi.Client{Client: inner, SessionManager: session.NewManager(inner)}
	return client, client.Login(context.Background(), url.UserPassword(user, password))
}

// ask sends a request to the control endpoint and decodes its answer where one is expected.
func ask(t *testing.T, r *runningSimulator, method, path string, body any, into any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, "https://"+r.server.URL.Host+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(r.ready.User, r.ready.Password)
	return send(t, r, request, into)
}

func send(t *testing.T, r *runningSimulator, request *http.Request, into any) int {
	t.Helper()
	client, err := clientTrusting(r.ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if into != nil {
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode
}

// hostNamed and vmNamed find objects of a running simulator's inventory.
func hostNamed(t *testing.T, r *runningSimulator, name string) *simulator.HostSystem {
	t.Helper()
	for _, object := range r.model.Map().All("HostSystem") {
		if host := object.(*simulator.HostSystem); host.Name == name {
			return host
		}
	}
	t.Fatalf("there is no host %s", name)
	return nil
}

func vmNamed(t *testing.T, r *runningSimulator, name string) *simulator.VirtualMachine {
	t.Helper()
	for _, object := range r.model.Map().All("VirtualMachine") {
		if vm := object.(*simulator.VirtualMachine); vm.Name == name {
			return vm
		}
	}
	t.Fatalf("there is no VM %s", name)
	return nil
}
