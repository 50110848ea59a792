package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReadyFileTellsHowToConnect(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	info, err := os.Stat(r.state.readyFile())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	content, err := os.ReadFile(r.state.readyFile())
	if err != nil {
		t.Fatal(err)
	}
	var ready readyState
	if err := json.Unmarshal(content, &ready); err != nil || ready != r.ready || ready.PID != os.Getpid() || ready.Stock {
		t.Errorf("%s: %v", content, err)
	}
	if _, err := logIn(t, r, ready.User, ready.Password); err != nil {
		t.Error(err)
	}
}

func TestStoppingTakesEverythingAway(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, flags := range [][]string{{"-hosts", "1"}, {"-stock", "-hosts", "1"}} {
		state := t.TempDir()
		o, err := parseOptions(append(flags, "-state", state), os.Stderr)
		if err != nil {
			t.Fatal(err)
		}
		r, err := start(o)
		if err != nil {
			t.Fatal(err)
		}
		r.close()
		if _, err := net.DialTimeout("tcp", r.server.URL.Host, time.Second); err == nil {
			t.Error("still listening")
		}
		if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if _, err := os.Stat(filepath.Join(state, "ready.json")); !os.IsNotExist(err) {
			t.Errorf("ready.json: %v", err)
		}
	}
}

func TestOnlyTheUserWithThePasswordLogsIn(t *testing.T) {
	for _, mode := range [][]string{{"-hosts", "1", "-vms", "0"}, {"-stock", "-hosts", "1", "-vms", "0"}} {
		r := running(t, mode...)
		tests := []struct {
			user, password string
			accepted       bool
		}{
			{"administrator@vsphere.local", r.ready.Password, true},
			{"administrator", r.ready.Password, true},
			{"ADMINISTRATOR@VSPHERE.LOCAL", r.ready.Password, true},
			{`vsphere.local\administrator`, r.ready.Password, true},
			{"administrator@other.local", r.ready.Password, false},
			{"root", r.ready.Password, false},
			{"administrator@vsphere.local", r.ready.Password + "x", false},
			{"administrator@vsphere.local", "", false},
		}
		for _, test := range tests {
			client, err := logIn(t, r, test.user, test.password)
			if (err == nil) != test.accepted {
				t.Errorf("%v %s: %v", mode, test.user, err)
			}
			if err == nil {
				_ = client.Logout(context.Background())
			}
		}
	}
}

func TestCertificateNamesAndAuthority(t *testing.T) {
	made, err := makeCertificates([]string{"sim.example", "10.1.2.3"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(made.caPEM)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(made.caPEM)
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !authority.IsCA {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(made.leaf.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(authority.SubjectKeyId) == 0 || string(leaf.AuthorityKeyId) != string(authority.SubjectKeyId) {
		t.Error("the leaf does not name the authority's key")
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "sim.example", "10.1.2.3"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "elsewhere.example", Roots: roots}); err == nil {
		t.Error("the certificate is good for any name")
	}
}

func TestEachStartHasItsOwnAuthority(t *testing.T) {
	first, second := running(t, "-hosts", "1"), running(t, "-hosts", "1")
	client, err := clientTrusting(first.ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get(strings.TrimSuffix(second.ready.URL, "/sdk") + "/about"); err == nil {
		t.Error("one simulator's authority vouches for another")
	}
}

func TestHealth(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "0")
	var discard strings.Builder
	if err := healthCommand([]string{r.ready.URL, "--ca", r.ready.CAFile}, &discard); err != nil {
		t.Error(err)
	}
	if err := healthCommand([]string{r.ready.URL}, &discard); err == nil {
		t.Error("an unknown authority is trusted")
	}
	r.server.Close()
	if err := healthCommand([]string{"--ca", r.ready.CAFile, r.ready.URL}, &discard); err == nil {
		t.Error("a stopped server is healthy")
	}
}

func TestUsedPortIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o, err := parseOptions([]string{"-hosts", "1", "-listen", taken.Addr().String(), "-state", t.TempDir()}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(o); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
}

func TestStockHasNothingOfOurs(t *testing.T) {
	r := running(t, "-stock", "-hosts", "4", "-vms", "8", "-clusters", "2")
	for method, path := range map[string]string{http.MethodGet: "/_sim/v1/motions", http.MethodPatch: "/_sim/v1/objects/host-1", http.MethodDelete: "/_sim/v1/trace"} {
		if status := ask(t, r, method, path, map[string]any{}, nil); status != http.StatusNotFound {
			t.Errorf("%s %s: %d", method, path, status)
		}
	}
	count := r.model.Count()
	if count.Cluster != 2 || count.Host != 4 || count.Machine != 8 {
		t.Errorf("%+v", count)
	}
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	if about := client.ServiceContent.About; about.ApiVersion != "8.0.3.0" || about.Version != "6.5.0" {
		t.Errorf("%+v", about)
	}
	for _, object := range r.model.Map().All("HostSystem") {
		if hostNamed(t, r, object.Entity().Name).Capability.VmotionSupported {
			t.Error("a stock host is vMotion-capable: its template was changed")
		}
	}
}

func TestAdvertisedHost(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", "0.0.0.0:8989": "127.0.0.1", ":8989": "127.0.0.1", "[::]:1": "::1", "sim.example:1": "sim.example", "[::1]:0": "::1",
	} {
		if got := advertisedHost(listen); got != want {
			t.Errorf("%s: got %s, want %s", listen, got, want)
		}
	}
}
