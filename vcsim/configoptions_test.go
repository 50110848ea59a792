package main

import (
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// TestConfigOptionsSayWhatTheHostAllows: what admission refuses by, a client can ask for.
func TestConfigOptionsSayWhatTheHostAllows(t *testing.T) {
	w := newWorld(t, 100)
	host := w.hosts[1]
	admission := w.engine.site.Hosts[host]
	admission.Admission.MaxVideoRAMKB, admission.Admission.MaxCoresPerSocket = 2048, 4
	w.engine.site.Hosts[host] = admission
	for _, c := range []struct {
		host  moRef
		video int64
		cores int32
	}{{w.hosts[0], usualVideoRAMKB, 0}, {host, 2048, 4}} {
		options := hardwareOptionsOf(t, w, c.host)
		card := options.VirtualDeviceOption[0].(*types.VirtualVideoCardOption)
		if got := card.VideoRamSizeInKB.Max; got != c.video {
			t.Errorf("%s allows %d KB of video memory, want %d", c.host.Value, got, c.video)
		}
		if got := options.NumCoresPerSocket.Max; got != c.cores {
			t.Errorf("%s allows %d cores a socket, want %d", c.host.Value, got, c.cores)
		}
	}
}

func hardwareOptionsOf(t *testing.T, w *world, host moRef) types.VirtualHardwareOption {
	t.Helper()
	browser := w.vms[0].EnvironmentBrowser
	spec := &types.EnvironmentBrowserConfigOptionQuerySpec{Host: &host}
	res, err := methods.QueryConfigOptionEx(w.ctx, w.client, &types.QueryConfigOptionEx{This: browser, Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	return res.Returnval.HardwareOptions
}
