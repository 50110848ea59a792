package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// services are what a vCenter keeps beside its inventory: sessions, the history of tasks, and the API with the tags.
type services struct {
	sessions *sessionTable
	tasks    *taskBook
	tags     *tagStore
}

// registerServices starts them. The sessions come last: they judge each call first.
func registerServices(service *simulator.Service, registry *simulator.Registry, clock clock, timeout time.Duration, who login, policies *policyBook) *services {
	s := &services{tasks: registerTasks(service, registry, clock)}
	s.sessions = registerSessions(service, registry, clock, timeout)
	s.sessions.onEnd(s.tasks.forgetSession)
	s.tags = registerREST(service, registry, s.sessions, who)
	registerPolicies(service, registry, policies)
	return s
}

// begin starts what runs on its own, once the server listens.
func (s *services) begin() {
	go s.sessions.sweep()
	go s.tasks.forgetLoop()
}

// plant puts in what a scenario says of tags and custom attributes.
func (s *services) plant(plan *scenario) error {
	if plan == nil {
		return nil
	}
	if err := s.tags.plant(plan); err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	return plantAttributes(s.tags.service.Context, s.tags.registry, plan)
}

// stop ends what runs on its own.
func (s *services) stop() {
	s.sessions.stop()
	s.tasks.stop()
}

// idleTimeout is the flag's where it is given, else the scenario's.
func (o *options) idleTimeout(plan *scenario) time.Duration {
	if !o.given["session-timeout"] && plan != nil && plan.SessionTimeoutMinutes != nil {
		return time.Duration(*plan.SessionTimeoutMinutes * float64(time.Minute))
	}
	return o.sessionTimeout
}
