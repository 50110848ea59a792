package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// story is a scripted client and what it has been told.
type story struct {
	t      *testing.T
	ctx    context.Context
	run    *runningSimulator
	client *govmomi.Client
	tasks  []moRef
	lines  []string
}

func newStory(t *testing.T, args ...string) *story {
	r := running(t, args...)
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	return &story{t: t, ctx: context.Background(), run: r, client: client}
}

func (s *story) tell(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// move submits a relocation and goes on at once.
func (s *story) move(vm, host string) moRef {
	s.t.Helper()
	target := hostNamed(s.t, s.run, host).Self
	return s.submit(vm, types.VirtualMachineRelocateSpec{Host: &target})
}

func (s *story) submit(vm string, spec types.VirtualMachineRelocateSpec) moRef {
	s.t.Helper()
	res, err := methods.RelocateVM_Task(s.ctx, s.client, &types.RelocateVM_Task{This: vmNamed(s.t, s.run, vm).Self, Spec: spec})
	if err != nil {
		s.t.Fatal(err)
	}
	s.tasks = append(s.tasks, res.Returnval)
	return res.Returnval
}

// wait waits for the end of all tasks with WaitForUpdatesEx.
func (s *story) wait() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	for _, task := range s.tasks {
		_, _ = object.NewTask(s.client.Client, task).WaitForResult(ctx)
		if ctx.Err() != nil {
			s.t.Fatalf("task %s has not ended", task.Value)
		}
		s.tellTask(task)
	}
	s.tasks = nil
}

func (s *story) tellTask(task moRef) {
	var t mo.Task
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, task, []string{"info"}, &t); err != nil {
		s.t.Fatal(err)
	}
	i := t.Info
	s.tell("task %s %s of %s: %s %q, queued %s, started %s, completed %s", task.Value, i.Name, i.EntityName, i.State, errorName(i),
		stampText(&i.QueueTime), stampText(i.StartTime), stampText(i.CompleteTime))
}

func stampText(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// power makes one of govmomi's own tasks.
func (s *story) power(vm string, on bool) {
	s.t.Helper()
	machine := object.NewVirtualMachine(s.client.Client, vmNamed(s.t, s.run, vm).Self)
	act := machine.PowerOff
	if on {
		act = machine.PowerOn
	}
	task, err := act(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	s.tasks = append(s.tasks, task.Reference())
	s.wait()
}

// tellAll reads all events and all logs.
func (s *story) tellAll() {
	s.t.Helper()
	res, err := methods.QueryEvents(s.ctx, s.client, &types.QueryEvents{
		This: *s.client.ServiceContent.EventManager, Filter: types.EventFilterSpec{MaxCount: 1000},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, posted := range res.Returnval {
		event := posted.GetEvent()
		s.tell("event %d in %d: %T at %s by %s: %s", event.Key, event.ChainId, posted, stampText(&event.CreatedTime), event.UserName, event.FullFormattedMessage)
	}
	logs := s.run.engine.logs
	for _, host := range s.hosts() {
		for _, key := range logs.keys(host) {
			lines, _, _, _ := logs.browse(host, key, 1, 1<<20)
			for _, line := range lines {
				s.tell("log %s %s: %s", host.Value, key, line)
			}
		}
	}
}

func (s *story) hosts() []moRef {
	refs := []moRef{{}}
	for _, host := range s.run.model.Map().All("HostSystem") {
		refs = append(refs, host.Reference())
	}
	sortRefs(refs)
	return refs
}

var masked = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|127\.0\.0\.1:\d+`)

func (s *story) text() []string {
	var lines []string
	for _, line := range s.lines {
		lines = append(lines, masked.ReplaceAllString(line, "MASKED"))
	}
	return lines
}

// paceScenario has two small hosts' worth of machines that get into each other's way.
func paceScenario(t *testing.T) string {
	text := `version: 1
seed: 7
clusters:
  - name: c
    hosts:
      - {name: a, esxi: "8.0"}
      - {name: b, esxi: "7.0", vmotion: {link_gbps: 1}}
      - {name: c, esxi: "6.5"}
datastores: [{name: ds, hosts: all}]
networks: [{name: net, hosts: all}]
vms:
`
	for i := range 12 {
		text += fmt.Sprintf("  - {name: vm%02d, host: a, memory_gib: %d, dirty_mbps: %d, datastore: ds, networks: [net]}\n", i, 1+i%4, 10*i)
	}
	path := filepath.Join(t.TempDir(), "pace.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// playStory moves, cancels, switches off and on, and waits in between.
func playStory(t *testing.T) []string {
	s := newStory(t, "-clock", "virtual", "-start", "2026-02-03T04:05:06Z", "-scenario", paceScenario(t))
	for i := range 12 {
		s.move(fmt.Sprintf("vm%02d", i), []string{"b", "c"}[i%2])
	}
	if _, err := methods.CancelTask(s.ctx, s.client, &types.CancelTask{This: s.tasks[10]}); err != nil {
		t.Fatal(err)
	}
	s.wait()
	s.power("vm03", false)
	s.move("vm03", "a")
	s.move("vm04", "a")
	s.wait()
	s.power("vm03", true)
	s.tellAll()
	return s.text()
}

func TestTheSameScriptGivesTheSameStory(t *testing.T) {
	first, second := playStory(t), playStory(t)
	if len(first) < 300 {
		t.Fatalf("the story has %d lines", len(first))
	}
	for i := range first {
		if i >= len(second) || first[i] != second[i] {
			t.Fatalf("line %d of %d and %d:\n%s\n%s", i, len(first), len(second), first[i], strings.Join(second[min(i, len(second)-1):min(i+1, len(second))], ""))
		}
	}
	if !strings.Contains(first[0], "queued 2026-02-03T04:05:06Z, started 2026-02-03T04:05:06Z") {
		t.Errorf("it begins with %s", first[0])
	}
}

func TestPollingLetsVirtualTimeGoOn(t *testing.T) {
	s := newStory(t, "-clock", "virtual", "-scenario", paceScenario(t))
	task := s.move("vm01", "c")
	begin := time.Now()
	for reads := range 1000 {
		var seen mo.Task
		if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, task, []string{"info.state"}, &seen); err != nil {
			t.Fatal(err)
		}
		if seen.Info.State == types.TaskInfoStateSuccess {
			if took := time.Since(begin); reads < 3 || took > quietLimit {
				t.Errorf("%d reads in %s", reads, took)
			}
			return
		}
	}
	t.Error("polling does not let time go on")
}

func TestVirtualTimeStandsStillWhileTheClientIsBusy(t *testing.T) {
	s := newStory(t, "-clock", "virtual", "-scenario", paceScenario(t))
	s.move("vm01", "c")
	for range 10 {
		time.Sleep(10 * time.Millisecond)
	}
	now, err := methods.GetCurrentTime(s.ctx, s.client)
	if err != nil || !now.Equal(virtualStart) {
		t.Errorf("it is %v (%v)", now, err)
	}
}

func TestClockFlagsAreChecked(t *testing.T) {
	for _, args := range [][]string{{"-clock", "sundial"}, {"-clock", "virtual", "-speed", "2"}, {"-start", "yesterday"}} {
		if _, err := parseOptions(args, os.Stderr); err == nil {
			t.Errorf("%v passes", args)
		}
	}
	s := newStory(t, "-start", "2030-01-01T00:00:00Z")
	if now, err := methods.GetCurrentTime(s.ctx, s.client); err != nil || now.Year() != 2030 {
		t.Errorf("it is %v (%v)", now, err)
	}
}
