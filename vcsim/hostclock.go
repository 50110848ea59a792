package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// hostClock is a host's HostDateTimeSystem: simulated time, ahead of vCenter's by the host's clock_skew_s, as its logs are.
type hostClock struct {
	mo.HostDateTimeSystem

	engine *engine
	host   *simulator.HostSystem
}

// registerHostClocks gives each host a clock that can be asked.
func registerHostClocks(registry *simulator.Registry, e *engine) {
	for _, object := range registry.All("HostSystem") {
		host := object.(*simulator.HostSystem)
		c := &hostClock{engine: e, host: host}
		c.Self = moRef{Type: "HostDateTimeSystem", Value: "dateTimeSystem-" + strings.TrimPrefix(host.Self.Value, "host-")}
		c.DateTimeInfo = types.HostDateTimeInfo{TimeZone: types.HostDateTimeSystemTimeZone{Key: "UTC", Name: "UTC", Description: "UTC"}}
		registry.Put(c)
		self := c.Self
		host.ConfigManager.DateTimeSystem = &self
	}
}

// QueryDateTime is what the host takes for the time; one that vCenter does not reach does not say.
func (c *hostClock) QueryDateTime(ctx *simulator.Context, _ *types.QueryDateTime) soap.HasFault {
	body := &methods.QueryDateTimeBody{}
	if viewHost(ctx, c.host).connection != types.HostSystemConnectionStateConnected {
		body.Fault_ = simulator.Fault("", &types.HostNotConnected{})
		return body
	}
	now := c.engine.clock.now().Add(c.engine.site.Hosts[c.host.Self].ClockSkew)
	body.Res = &types.QueryDateTimeResponse{Returnval: now}
	return body
}

// needsOfClock: to ask a host for its time takes System.Read on the host.
func (a *authority) needsOfClock(system moRef) []need {
	if clock, is := a.registry.Get(system).(*hostClock); is {
		return []need{{clock.host.Self, readsObject}}
	}
	return nil
}
