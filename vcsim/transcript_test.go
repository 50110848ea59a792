package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// transcriptOfGovmomi is what a client made of govmomi's own packages does and sees. The clock is virtual, so every step of the progress
// and every duration is there; migration IDs are masked once both hosts were seen to name the same one.
var transcriptOfGovmomi = strings.TrimSpace(`
log in     administrator@vsphere.local on VMware vCenter Server 8.0.3
list       db01 on esx1, files01 on esx2, off01 on esx3, snap01 on esx3, web01 on esx1, web02 on esx2
tag        env/prod on db01; with env/prod: db01
relocate   db01 to esx3: VirtualMachine.relocate, operation transcript-1
watch      queued; 0 5 10 15 20 25 30 35 40 45 50 55 60 65 70 75 80 85 90 95 %; success after 14.5 s, not cancelled; db01 on esx3
read logs  esx1: <id> begun, <id> stopped pre-copy, <id> sent; esx3: <id> begun
relocate   db01 to esx1: VirtualMachine.relocate, operation transcript-2
watch      queued; 0 5 10 15 20 25 30 35 40 45 50 %
cancel     error RequestCanceled, cancelled; db01 on esx3; again: InvalidState
read logs  esx3: <id> begun, <id> failed 0xbad00e0; esx1: <id> begun, <id> failed 0xbad003f
log out    NotAuthenticated
`)

// govmomiClient is a client outside the simulator: all it knows is the address, a user and the authority to trust.
type govmomiClient struct {
	t       *testing.T
	ctx     context.Context
	client  *vim25.Client
	manager *session.Manager
	finder  *find.Finder
	lines   []string
}

func TestTranscriptOfGovmomi(t *testing.T) {
	r := running(t, "-scenario", "small", "-clock", "virtual")
	c := &govmomiClient{t: t, ctx: context.Background()}
	c.logIn(r)
	c.list()
	c.tag(url.UserPassword(r.ready.User, r.ready.Password))
	c.moveToTheEnd()
	c.cancelHalfWay()
	c.logOut()
	if got := strings.Join(c.lines, "\n"); got != transcriptOfGovmomi {
		t.Errorf("the transcript is\n%s\nnot\n%s", got, transcriptOfGovmomi)
	}
}

func (c *govmomiClient) say(step, format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf("%-10s ", step)+fmt.Sprintf(format, args...))
}

func (c *govmomiClient) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%v; so far\n%s", err, strings.Join(c.lines, "\n"))
	}
}

func (c *govmomiClient) logIn(r *runningSimulator) {
	client, err := logIn(c.t, r, r.ready.User, r.ready.Password)
	c.must(err)
	c.client, c.manager = client.Client, client.SessionManager
	who, err := c.manager.UserSession(c.ctx)
	c.must(err)
	c.finder = find.NewFinder(c.client)
	about := c.client.ServiceContent.About
	c.say("log in", "%s on %s %s", who.UserName, about.Name, about.Version)
}

func (c *govmomiClient) list() {
	container, err := view.NewManager(c.client).CreateContainerView(c.ctx, c.client.ServiceContent.RootFolder, nil, true)
	c.must(err)
	defer func() { c.must(container.Destroy(c.ctx)) }()
	var hosts []mo.HostSystem
	c.must(container.Retrieve(c.ctx, []string{"HostSystem"}, []string{"name"}, &hosts))
	names := map[string]string{}
	for _, host := range hosts {
		names[host.Self.Value] = host.Name
	}
	var vms []mo.VirtualMachine
	c.must(container.Retrieve(c.ctx, []string{"VirtualMachine"}, []string{"name", "runtime.host"}, &vms))
	var found []string
	for _, vm := range vms {
		found = append(found, vm.Name+" on "+names[vm.Runtime.Host.Value])
	}
	sort.Strings(found)
	c.say("list", "%s", strings.Join(found, ", "))
}

func (c *govmomiClient) tag(who *url.Userinfo) {
	api := rest.NewClient(c.client)
	c.must(api.Login(c.ctx, who))
	defer func() { c.must(api.Logout(c.ctx)) }()
	manager := tags.NewManager(api)
	category, err := manager.CreateCategory(c.ctx, &tags.Category{Name: "env", Cardinality: "SINGLE", AssociableTypes: []string{"VirtualMachine"}})
	c.must(err)
	tag, err := manager.CreateTag(c.ctx, &tags.Tag{Name: "prod", CategoryID: category})
	c.must(err)
	c.must(manager.AttachTag(c.ctx, tag, c.vm().Reference()))
	of, err := manager.GetAttachedTags(c.ctx, c.vm().Reference())
	c.must(err)
	with, err := manager.ListAttachedObjects(c.ctx, tag)
	c.must(err)
	var attached, objects []string
	for _, each := range of {
		attached = append(attached, "env/"+each.Name)
	}
	for _, each := range with {
		objects = append(objects, c.nameOf(each.Reference()))
	}
	c.say("tag", "%s on db01; with env/prod: %s", strings.Join(attached, " "), strings.Join(objects, " "))
}

func (c *govmomiClient) vm() *object.VirtualMachine {
	vm, err := c.finder.VirtualMachine(c.ctx, "db01")
	c.must(err)
	return vm
}

func (c *govmomiClient) host(name string) *object.HostSystem {
	host, err := c.finder.HostSystem(c.ctx, name)
	c.must(err)
	return host
}

func (c *govmomiClient) nameOf(ref types.ManagedObjectReference) string {
	var entity mo.ManagedEntity
	c.must(property.DefaultCollector(c.client).RetrieveOne(c.ctx, ref, []string{"name"}, &entity))
	return entity.Name
}

// placed is the name of db01's host.
func (c *govmomiClient) placed() string {
	host, err := c.vm().HostSystem(c.ctx)
	c.must(err)
	return c.nameOf(host.Reference())
}

func (c *govmomiClient) relocate(to, operation string) *object.Task {
	target := c.host(to).Reference()
	ctx := context.WithValue(c.ctx, types.ID{}, operation)
	started, err := c.vm().Relocate(ctx, types.VirtualMachineRelocateSpec{Host: &target}, types.VirtualMachineMovePriorityDefaultPriority)
	c.must(err)
	info := c.info(started)
	c.say("relocate", "%s to %s: %s, operation %s", info.EntityName, to, info.DescriptionId, info.ActivationId)
	return started
}

func (c *govmomiClient) info(of *object.Task) types.TaskInfo {
	var read mo.Task
	c.must(property.DefaultCollector(c.client).RetrieveOne(c.ctx, of.Reference(), []string{"info"}, &read))
	return read.Info
}

// watch waits in the property collector until the task is over or has come so far, and gives what it saw in between.
func (c *govmomiClient) watch(of *object.Task, until int32) string {
	collector, err := property.DefaultCollector(c.client).Create(c.ctx)
	c.must(err)
	defer func() { c.must(collector.Destroy(c.ctx)) }()
	state, seen := "", []string{}
	filter := new(property.WaitFilter).Add(of.Reference(), "Task", []string{"info.state", "info.progress"})
	c.must(property.WaitForUpdates(c.ctx, collector, filter, func(updates []types.ObjectUpdate) bool {
		stop := false
		for _, change := range updates[0].ChangeSet {
			switch value := change.Val.(type) {
			case types.TaskInfoState:
				if state == "" {
					state = string(value)
				}
				stop = stop || value == types.TaskInfoStateSuccess || value == types.TaskInfoStateError
			case int32:
				stop = stop || value >= until
				if value < 100 {
					seen = append(seen, fmt.Sprint(value))
				}
			}
		}
		return stop
	}))
	return state + "; " + strings.Join(seen, " ") + " %"
}

func (c *govmomiClient) moveToTheEnd() {
	started := c.relocate("esx3", "transcript-1")
	seen := c.watch(started, 100)
	info := c.info(started)
	took := info.CompleteTime.Sub(*info.StartTime).Round(100 * time.Millisecond)
	c.say("watch", "%s; %s after %.1f s, %s; db01 on %s", seen, info.State, took.Seconds(), cancelled(info), c.placed())
	c.readLogs("transcript-1", "esx1", "esx3")
}

func cancelled(info types.TaskInfo) string {
	if info.Cancelled {
		return "cancelled"
	}
	return "not cancelled"
}

func (c *govmomiClient) cancelHalfWay() {
	started := c.relocate("esx1", "transcript-2")
	c.say("watch", "%s", c.watch(started, 50))
	c.must(started.Cancel(c.ctx))
	result, err := started.WaitForResult(c.ctx)
	var failed task.Error
	if !errors.As(err, &failed) {
		c.t.Fatalf("the cancelled task ends with %v, %v", result, err)
	}
	info := c.info(started)
	again := callFault(started.Cancel(c.ctx))
	c.say("cancel", "%s %s, %s; db01 on %s; again: %s", info.State, reflect.TypeOf(failed.Fault()).Elem().Name(), cancelled(info), c.placed(), again)
	c.readLogs("transcript-2", "esx3", "esx1")
}

// readLogs finds the migration of an operation in the logs of both hosts.
func (c *govmomiClient) readLogs(operation, source, destination string) {
	left, leftSays := c.readLog(operation, source)
	right, rightSays := c.readLog(operation, destination)
	if left != right {
		c.t.Errorf("%s has migration %s, %s has %s", source, left, destination, right)
	}
	c.say("read logs", "%s: %s; %s: %s", source, leftSays, destination, rightSays)
}

var (
	mappedOperation = regexp.MustCompile(`VC opID (\S+) maps to vmkernel opID ([0-9a-f]+)`)
	begunMigration  = regexp.MustCompile(`opID=([0-9a-f]+)\)Migrate: .* ts = ?(\d+), `)
	toldByMigration = []struct {
		line  *regexp.Regexp
		words string
	}{
		{regexp.MustCompile(`Migrate: .* ts = ?(\d+), `), "begun"},
		{regexp.MustCompile(`VMotion: \d+: (\d+) S: Stopping pre-copy`), "stopped pre-copy"},
		{regexp.MustCompile(`VMotionSend: \d+: (\d+) S: Sent all modified pages`), "sent"},
		{regexp.MustCompile(`(\d+) [SD]: Failed: .*\((0xbad[0-9a-f]+)\)`), "failed"},
	}
)

// readLog reads a host's vmkernel log page by page, as far back as vCenter gives it.
func (c *govmomiClient) readLog(operation, name string) (string, string) {
	var lines []string
	manager, host := object.NewDiagnosticManager(c.client), c.host(name)
	for start := int32(1); ; {
		page, err := manager.BrowseLog(c.ctx, host, "vmkernel", start, 500)
		c.must(err)
		lines = append(lines, page.LineText...)
		if len(page.LineText) == 0 || start > page.LineEnd {
			break
		}
		start = page.LineEnd + 1
	}
	id := migrationOf(operation, lines)
	return id, toldOf(id, lines)
}

// toldOf is what lines of a log say of a migration.
func toldOf(id string, lines []string) string {
	var told []string
	for _, line := range lines {
		for _, each := range toldByMigration {
			if match := each.line.FindStringSubmatch(line); match != nil && match[1] == id {
				told = append(told, strings.Join(append([]string{"<id> " + each.words}, match[2:]...), " "))
			}
		}
	}
	return strings.Join(told, ", ")
}

// migrationOf goes from vCenter's operation ID to the host's and from there to the migration ID.
func migrationOf(operation string, lines []string) string {
	local := map[string]bool{}
	for _, line := range lines {
		if match := mappedOperation.FindStringSubmatch(line); match != nil && strings.HasPrefix(match[1], operation) {
			local[match[2]] = true
		}
		if match := begunMigration.FindStringSubmatch(line); match != nil && local[match[1]] {
			return match[2]
		}
	}
	return "none"
}

func (c *govmomiClient) logOut() {
	c.must(c.manager.Logout(c.ctx))
	_, err := methods.GetCurrentTime(c.ctx, c.client)
	c.say("log out", "%s", callFault(err))
}
