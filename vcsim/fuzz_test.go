package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator answers whatever comes over the wire, and is as before afterwards. VCSIM_FUZZ_CALLS sets how many calls are made
// (10000 in the nightly run), VCSIM_FUZZ_SEED what they are made from.
const (
	usualFuzzCalls = 1200
	fuzzWorkers    = 4
	// fuzzPatience is three times what a call may take at most: it waits no longer than lockPatience for an object. A call without an
	// answer by then ends the test, which names it and shows what every goroutine does.
	fuzzPatience = 3 * lockPatience
)

// fuzzSite has a cluster that the calls may do anything to, and one they do not know of, with which the simulator is tried afterwards.
const fuzzSite = `version: 1
clusters:
  - name: prey
    drs: {automation: fullyAutomated}
    ha: {enabled: true}
    pools: [{name: gold}, {name: silver, parent: gold}]
    hosts: [{name: p1}, {name: p2}, {name: p3, esxi: "6.5"}]
  - name: kept
    hosts: [{name: k1}, {name: k2}]
datastores: [{name: ds1, hosts: [p1, p2, p3]}, {name: ds2, hosts: [p1, p2]}, {name: keep, hosts: [k1, k2]}]
networks: [{name: dv, hosts: [p1, p2, p3]}, {name: std, kind: standard, hosts: [p1, p2, p3]}, {name: keepnet, hosts: [k1, k2]}]
vms:
  - {name: v1, host: p1, snapshots: 2, pool: silver}
  - {name: v2, host: p2, power: "off", folder: Odd %2f names}
  - {name: v3, host: p3, devices: [usb, rdm-virtual], cdrom: {kind: iso, path: "[ds1] iso/a.iso", connected: true}}
  - {name: v4, host: p1, power: suspended}
  - {name: kept-vm, host: k1, folder: Kept}
rules: [{cluster: prey, name: apart, kind: anti-affinity, vms: [v1, v3]}]
`

func fuzzNumber(t *testing.T, variable string, usual int) int {
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return number
}

func TestNothingOverTheWireCrashesIt(t *testing.T) {
	calls, seed := fuzzNumber(t, "VCSIM_FUZZ_CALLS", usualFuzzCalls), fuzzNumber(t, "VCSIM_FUZZ_SEED", 1)
	r := fuzzed(t)
	prey := preyOf(r.model.Map())
	valid := recordedCalls(t, r)
	tally := &fuzzTally{faults: map[string]int{}}
	var workers sync.WaitGroup
	for n := range fuzzWorkers {
		workers.Go(func() {
			f := newFuzzer(uint64(seed), uint64(n), prey, valid)
			client := newRawClient(t, r)
			for i := range calls / fuzzWorkers {
				envelope := f.next(i)
				if problem := tally.judge(client.timed(envelope, tally)); problem != "" {
					t.Errorf("seed %d, worker %d, call %d: %s\n%s", seed, n, i, problem, cutText(envelope, 4000))
					tally.stacks(t)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
	workers.Wait()
	t.Log(tally)
	if t.Failed() {
		return
	}
	if tally.answers < calls/20 {
		t.Errorf("only %d of %d calls were answered without a fault: the calls are too wild to get anywhere", tally.answers, calls)
	}
	stillWorks(t, r)
}

func fuzzed(t *testing.T) *runningSimulator {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fuzz.yaml")
	if err := os.WriteFile(file, []byte(fuzzSite), 0o600); err != nil {
		t.Fatal(err)
	}
	return running(t, "-scenario", file, "-speed", "1000")
}

// preyOf are the objects that calls are made on: all that a client can know, but those of the kept cluster.
func preyOf(registry *simulator.Registry) []moRef {
	kept := map[string]bool{"kept": true, "k1": true, "k2": true, "keep": true, "keepnet": true, "kept-vm": true, "Kept": true}
	hidden := map[string]bool{"Keeper": true, "TaskGuard": true, "SessionTable": true, "MotionEngine": true, "MotionWatcher": true}
	var prey []moRef
	for _, o := range registry.AllReference("") {
		r := o.Reference()
		if entity, is := registry.Get(r).(mo.Entity); is && kept[entity.Entity().Name] || hidden[r.Type] {
			continue
		}
		prey = append(prey, r)
	}
	keptPools := map[moRef]bool{}
	for _, o := range registry.All("ClusterComputeResource") {
		if o.Entity().Name == "kept" {
			keptPools[*o.(*simulator.ClusterComputeResource).ResourcePool] = true
		}
	}
	prey = withoutRefs(prey, keptPools)
	sortRefs(prey)
	return prey
}

func withoutRefs(list []moRef, drop map[moRef]bool) []moRef {
	left := list[:0]
	for _, r := range list {
		if !drop[r] {
			left = append(left, r)
		}
	}
	return left
}

// rawClient sends envelopes as they are.
type rawClient struct {
	http *http.Client
	url  string
}

func newRawClient(t *testing.T, r *runningSimulator) *rawClient {
	client, err := clientTrusting(r.ready.CAFile)
	if err != nil {
		t.Error(err)
		return nil
	}
	client.Timeout = fuzzPatience
	client.Jar, _ = cookiejar.New(nil)
	c := &rawClient{http: client, url: r.ready.URL}
	login := envelopeOf(&types.Login{This: *sessionManagerRef(), UserName: r.ready.User, Password: r.ready.Password})
	if status, body, err := c.call(login); err != nil || status != http.StatusOK {
		t.Errorf("login: %d %v %s", status, err, body)
	}
	return c
}

func sessionManagerRef() *moRef { return &moRef{Type: "SessionManager", Value: "SessionManager"} }

func (c *rawClient) call(envelope string) (int, string, error) {
	response, err := c.http.Post(c.url, "text/xml", strings.NewReader(envelope))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// timed is call, and notes how long it took.
func (c *rawClient) timed(envelope string, tally *fuzzTally) (int, string, error) {
	begin := time.Now()
	status, body, err := c.call(envelope)
	tally.took(envelope, time.Since(begin))
	return status, body, err
}

// fuzzTally counts what came back.
type fuzzTally struct {
	mu      sync.Mutex
	answers int
	faults  map[string]int
	shown   sync.Once
	longest time.Duration
	slowest string // the call that took longest
}

func (f *fuzzTally) took(envelope string, time time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time > f.longest {
		_, body, _ := strings.Cut(envelope, "<Body>")
		f.longest, f.slowest = time, cutText(body, 300)
	}
}

// stacks shows once what every goroutine does: after a call without an answer, who holds the lock.
func (f *fuzzTally) stacks(t *testing.T) {
	f.shown.Do(func() {
		text := make([]byte, 1<<20)
		t.Logf("%s", text[:runtime.Stack(text, true)])
	})
}

func (f *fuzzTally) String() string {
	return fmt.Sprintf("%d answers, faults: %v; the longest call took %s: %s", f.answers, f.faults, f.longest, f.slowest)
}

// judge says what is wrong with an answer; nothing for one a client can read.
func (f *fuzzTally) judge(status int, body string, err error) string {
	if err != nil {
		return err.Error()
	}
	if status != http.StatusOK && status != http.StatusInternalServerError {
		return fmt.Sprintf("status %d: %s", status, cutText(body, 300))
	}
	var answer struct {
		Body struct {
			Fault *struct {
				Detail struct {
					Inner []struct{ XMLName xml.Name } `xml:",any"`
				} `xml:"detail"`
			}
			Inner []struct{ XMLName xml.Name } `xml:",any"`
		}
	}
	if err := xml.Unmarshal([]byte(body), &answer); err != nil {
		return fmt.Sprintf("status %d, an answer that is no XML (%v): %s", status, err, cutText(body, 300))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch fault := answer.Body.Fault; {
	case fault != nil && len(fault.Detail.Inner) == 1:
		f.faults[fault.Detail.Inner[0].XMLName.Local]++
	case fault != nil:
		return "a fault without detail: " + cutText(body, 300)
	case len(answer.Body.Inner) != 1:
		return "neither fault nor answer: " + cutText(body, 300)
	default:
		f.answers++
	}
	return ""
}

func cutText(text string, most int) string {
	return text[:min(len(text), most)]
}

// stillWorks logs in anew, moves a machine, and reads the events of the move.
func stillWorks(t *testing.T, r *runningSimulator) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatalf("login afterwards: %v", err)
	}
	vm, to := vmNamed(t, r, "kept-vm"), hostNamed(t, r, "k2")
	task, err := object.NewVirtualMachine(client.Client, vm.Self).Relocate(ctx, types.VirtualMachineRelocateSpec{Host: &to.Self}, types.VirtualMachineMovePriorityDefaultPriority)
	if err != nil {
		t.Fatalf("relocate afterwards: %v", err)
	}
	if err := task.Wait(ctx); err != nil {
		t.Fatalf("relocate afterwards: %v", err)
	}
	request := types.QueryEvents{This: *client.ServiceContent.EventManager, Filter: types.EventFilterSpec{Entity: &types.EventFilterSpecByEntity{Entity: vm.Self, Recursion: types.EventFilterSpecRecursionOptionSelf}}}
	events, err := methods.QueryEvents(ctx, client.Client, &request)
	if err != nil {
		t.Fatalf("events afterwards: %v", err)
	}
	for _, event := range events.Returnval {
		if _, moved := event.(*types.VmMigratedEvent); moved {
			return
		}
	}
	t.Error("the move afterwards left no event")
}

// recordedCalls are what a client sends that logs in, looks around, moves a machine and watches it.
func recordedCalls(t *testing.T, r *runningSimulator) []string {
	t.Helper()
	var list []string
	for _, call := range usualCalls(r) {
		list = append(list, envelopeOf(call))
	}
	client := newRawClient(t, r)
	for _, envelope := range list {
		if status, body, err := client.call(envelope); err != nil || status != http.StatusOK {
			t.Fatalf("a call that is to be mutated fails by itself: %d %v %s\n%s", status, err, body, envelope)
		}
	}
	return list
}

func envelopeOf(body any) string {
	var text bytes.Buffer
	text.WriteString(`<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Body>`)
	text.WriteString(bodyText(body))
	text.WriteString(`</Body></Envelope>`)
	return text.String()
}

func randomOf[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }
