package main

import (
	"context"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// timeOf asks a host for its time.
func timeOf(c *cast, client *govmomi.Client, host string) (time.Time, error) {
	system := hostNamed(c.t, c.sim, host).ConfigManager.DateTimeSystem
	answer, err := methods.QueryDateTime(context.Background(), client, &types.QueryDateTime{This: *system})
	if err != nil {
		return time.Time{}, err
	}
	return answer.Returnval, nil
}

func TestAHostTellsTheTimeByItsOwnClock(t *testing.T) {
	c := staged(t, and(in("a1", "clock_skew_s: -90"), in("a2", "connection: disconnected"), in("rest", people)))
	before := c.sim.engine.clock.now()
	ahead, err := timeOf(c, c.client, "a1")
	after := c.sim.engine.clock.now()
	if err != nil {
		t.Fatal(err)
	}
	if at := ahead.Add(90 * time.Second); at.Before(before) || at.After(after) {
		t.Errorf("between %s and %s a1 says %s, which is not 90 s behind", before, after, ahead)
	}
	if _, err := timeOf(c, c.client, "a2"); err == nil || callFault(err) != "HostNotConnected" {
		t.Errorf("a host out of reach: %v", err)
	}
	if _, err := timeOf(c, as(t, c, "carol"), "a1"); err != nil {
		t.Errorf("carol sees a1: %v", err)
	}
	if _, err := timeOf(c, as(t, c, "carol"), "b1"); err == nil || callFault(err) != "NoPermission" {
		t.Errorf("carol does not see b1: %v", err)
	}
}
