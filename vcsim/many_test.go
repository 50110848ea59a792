package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// manyScenario has pairs of hosts, with eight machines on the first of each: as many as may move at once.
func manyScenario(t *testing.T, pairs int, rate float64) string {
	var text strings.Builder
	text.WriteString("version: 1\nclusters:\n  - name: c\n    hosts:\n")
	for i := range 2 * pairs {
		fmt.Fprintf(&text, "      - {name: h%03d, vmotion: {effective_mbytes_per_s: %g}}\n", i, rate)
	}
	text.WriteString("datastores:\n")
	for i := range 8 {
		fmt.Fprintf(&text, "  - {name: ds%d, hosts: all}\n", i)
	}
	text.WriteString("networks: [{name: net, hosts: all}]\nvms:\n")
	for i := range 8 * pairs {
		fmt.Fprintf(&text, "  - {name: vm%03d, host: h%03d, datastore: ds%d, networks: [net]}\n", i, i%pairs, i%8)
	}
	path := filepath.Join(t.TempDir(), "many.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestManyMovesAreSeenDoneThroughOneFilter is the short form of the nightly test. It judges that each task is seen through its states
// in their order and to its end; how soon is judged nightly, by moves that are long enough for a busy machine.
func TestManyMovesAreSeenDoneThroughOneFilter(t *testing.T) { moveMany(t, 12, 1200) }

// manyMoves is how moveMany went.
type manyMoves struct {
	most   int           // in flight at once
	length time.Duration // of the longest
	late   time.Duration // from the end of the last one until the client has seen it
}

// moveMany moves eight machines a pair at real speed, so that what the client sees and what the stamps say compare.
func moveMany(t *testing.T, pairs int, rate float64) manyMoves {
	r := running(t, "-scenario", manyScenario(t, pairs, rate))
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	watch := watchLimits(r.engine)
	begin := time.Now()
	var tasks []moRef
	for i := range 8 * pairs {
		host := hostNamed(t, r, fmt.Sprintf("h%03d", pairs+i%pairs)).Self
		vm := vmNamed(t, r, fmt.Sprintf("vm%03d", i)).Self
		req := types.RelocateVM_Task{This: vm, Spec: types.VirtualMachineRelocateSpec{Host: &host}}
		res, err := methods.RelocateVM_Task(context.Background(), client, &req)
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, res.Returnval)
	}
	submitted := time.Since(begin)
	seen := seeDone(t, client, tasks)
	length, last, most := measure(t, r)
	watch.report(t)
	t.Logf("%d submitted in %s, %d in flight at once, the longest %s, seen %s after the last end", len(tasks), submitted, most, length, seen.Sub(last))
	return manyMoves{most, length, seen.Sub(last)}
}

// seeDone waits with one filter until all tasks are seen to have succeeded, and says when that was.
func seeDone(t *testing.T, client *govmomi.Client, tasks []moRef) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), worldPatience)
	defer cancel()
	list, err := view.NewManager(client.Client).CreateListView(ctx, tasks)
	if err != nil {
		t.Fatal(err)
	}
	filter := new(property.WaitFilter).Add(list.Reference(), "Task", []string{"info.state", "info.progress"}, list.TraversalSpec())
	done, stories := map[moRef]bool{}, map[moRef]*taskStory{}
	for _, task := range tasks {
		stories[task] = &taskStory{}
	}
	err = property.WaitForUpdates(ctx, property.DefaultCollector(client.Client), filter, func(updates []types.ObjectUpdate) bool {
		for _, update := range updates {
			for _, change := range update.ChangeSet {
				if problem := stories[update.Obj].tell(change.Val); problem != "" {
					t.Errorf("%s: %s", update.Obj.Value, problem)
				}
				done[update.Obj] = stories[update.Obj].state == types.TaskInfoStateSuccess
			}
		}
		return countTrue(done) == len(tasks)
	})
	if err != nil {
		t.Fatalf("%d of %d seen done: %v", countTrue(done), len(tasks), err)
	}
	return time.Now()
}

// taskStory is what a client has seen of a task.
type taskStory struct {
	state    types.TaskInfoState
	progress int32
}

// taskStates are the states of a move that succeeds, in their order.
var taskStates = []types.TaskInfoState{types.TaskInfoStateQueued, types.TaskInfoStateRunning, types.TaskInfoStateSuccess}

// tell goes on with the story by a property's new value, and says what is wrong with it.
func (s *taskStory) tell(value any) string {
	switch v := value.(type) {
	case types.TaskInfoState:
		was := s.state
		if s.state = v; !slices.Contains(taskStates, v) || slices.Index(taskStates, v) < slices.Index(taskStates, was) {
			return fmt.Sprintf("%s after %q", v, was)
		}
	case int32:
		was := s.progress
		if s.progress = v; v < was {
			return fmt.Sprintf("%d %% after %d %%", v, was)
		}
	}
	return ""
}

func countTrue(set map[moRef]bool) int {
	n := 0
	for _, is := range set {
		if is {
			n++
		}
	}
	return n
}

// measure gives the length of the longest move, the end of the last one, and how many were in flight at once.
func measure(t *testing.T, r *runningSimulator) (length time.Duration, last time.Time, most int) {
	t.Helper()
	moves := r.engine.motions()
	for _, m := range moves {
		if m.StartedAt == nil || m.CompletedAt == nil {
			t.Fatalf("%s has not ended", m.Task)
		}
		length = max(length, m.CompletedAt.Sub(*m.StartedAt))
		last = later(last, *m.CompletedAt)
		flying := 0
		for _, other := range moves {
			if !other.StartedAt.After(*m.StartedAt) && other.CompletedAt.After(*m.StartedAt) {
				flying++
			}
		}
		most = max(most, flying)
	}
	return length, last, most
}
