package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// browse reads a log.
func (w *world) browse(host *moRef, key string, start, lines int32) (types.DiagnosticManagerLogHeader, error) {
	req := types.BrowseDiagnosticLog{This: *w.client.ServiceContent.DiagnosticManager, Host: host, Key: key, Start: start, Lines: lines}
	res, err := methods.BrowseDiagnosticLog(w.ctx, w.client, &req)
	if err != nil {
		return types.DiagnosticManagerLogHeader{}, err
	}
	return res.Returnval, nil
}

// grep gives the lines of a log with a word in them.
func (w *world) grep(host moRef, key, word string) []string {
	w.t.Helper()
	header, err := w.browse(&host, key, 1, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for _, line := range header.LineText {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}

var (
	stopLine = regexp.MustCompile(`VMotion: \d+: (\d+) S: Stopping pre-copy: only (\d+) pages left to send, which can be sent within the ` +
		`switchover time goal of 0\.500 seconds \(network bandwidth ~([0-9.]+) MB/s, (\d+)% t2d\)$`)
	downtimeLine = regexp.MustCompile(`\[MIGRATE\] \((\d+)\) vmotion result has downtime value (\d+)$`)
	startLines   = map[string]*regexp.Regexp{
		"8.0 S": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z In\(182\) vmkernel: cpu\d+:\d+ opID=[0-9a-f]+\)Migrate: \d+: vmotion: Source vmmLeaderID = \d+, ts = (\d+), srcIP = <10\.1\.1\.\d> dstIP = <10\.1\.1\.\d> Dest wid = \d+ using SHARED swap`),
		"8.0 D": regexp.MustCompile(`^\S+Z In\(182\) vmkernel: cpu\d+:\d+ opID=[0-9a-f]+\)Migrate: \d+: vmotion: Dest vmmLeaderID = \d+, ts =(\d+), srcIP = <10\.1\.1\.\d> dstIP = <10\.1\.1\.\d> Dest wid = 0 using SHARED swap`),
		"7.0 S": regexp.MustCompile(`^\S+Z cpu\d+:\d+ opID=[0-9a-f]+\)Migrate: vm \d+: \d+: Setting VMOTION info: Source ts = (\d+), src ip = <10\.1\.1\.\d> dest ip = <10\.1\.1\.\d> Dest wid = \d+ using SHARED swap`),
		"7.0 D": regexp.MustCompile(`^\S+Z cpu\d+:\d+ opID=[0-9a-f]+\)Migrate: vm \d+: \d+: Setting VMOTION info: Dest ts = (\d+), src ip = <10\.1\.1\.\d> dest ip = <10\.1\.1\.\d> Dest wid = 0 using SHARED swap`),
	}
)

func TestBothHostsLogOneMigrationIDInTheirGrammar(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	release := []string{"8.0", "7.0", "6.5", "8.0"}
	for _, step := range []struct{ from, to int }{{0, 1}, {1, 3}, {3, 2}, {2, 0}} {
		task := w.relocate(vm, toHost(w.hosts[step.to]))
		w.succeed(task)
		truth := w.truth(task)
		for _, end := range []struct {
			index int
			side  string
		}{{step.from, "S"}, {step.to, "D"}} {
			grammar := strings.ReplaceAll(release[end.index], "6.5", "7.0")
			lines := w.grep(w.hosts[end.index], keyVMkernel, truth.MigrationID)
			if len(lines) < 4 {
				t.Fatalf("%s %s: %v", release[end.index], end.side, lines)
			}
			match := startLines[grammar+" "+end.side].FindStringSubmatch(lines[0])
			if match == nil || match[1] != truth.MigrationID {
				t.Errorf("%s %s begins with %s", release[end.index], end.side, lines[0])
			}
		}
		micro := release[step.from] == "6.5" || release[step.to] == "6.5"
		if (len(truth.MigrationID) == 16) != micro {
			t.Errorf("%d to %d has the ID %s", step.from, step.to, truth.MigrationID)
		}
	}
}

func TestLogNumbersAgreeWithTheTruth(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	w.site.VMs[vm.Self] = vmTraits{Ref: vm.Self, TouchedBytes: -1, DirtyBytesPerS: 300_000_000}
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 16 * 1024 })
	task := w.relocate(vm, toHost(w.hosts[1]))
	w.succeed(task)
	truth := w.truth(task)
	stop := w.grep(w.hosts[0], keyVMkernel, "Stopping pre-copy")
	if len(stop) != 1 {
		t.Fatalf("%v", stop)
	}
	match := stopLine.FindStringSubmatch(stop[0])
	if match == nil || match[1] != truth.MigrationID {
		t.Fatalf("%s", stop[0])
	}
	pages, _ := strconv.ParseFloat(match[2], 64)
	rate, _ := strconv.ParseFloat(match[3], 64)
	if math.Abs(rate*8e6-float64(truth.BandwidthBitsPerS)) > 8e3 {
		t.Errorf("the log has %f MB/s, the truth %d bit/s", rate, truth.BandwidthBitsPerS)
	}
	if want := pages*4096/(rate*1e6) + deviceStateTime.Seconds(); math.Abs(want-truth.DowntimeS) > 0.001 {
		t.Errorf("%f s for the pages and the devices, the truth says %f s", want, truth.DowntimeS)
	}
	for _, host := range []moRef{w.hosts[0], w.hosts[1]} {
		down := w.grep(host, keyVpxa, truth.MigrationID)
		if len(down) != 1 || downtimeLine.FindStringSubmatch(down[0])[2] != fmt.Sprint(math.Round(truth.DowntimeS*1e6)) &&
			downtimeLine.FindStringSubmatch(down[0])[2] != fmt.Sprint(math.Floor(truth.DowntimeS*1e6)) {
			t.Errorf("vpxa: %v, truth %f", down, truth.DowntimeS)
		}
	}
	if got := w.grep(w.hosts[0], keyHostd, "Vcsvc.VMotionSrc ("+truth.MigrationID+")"); len(got) < 2 {
		t.Errorf("hostd: %v", got)
	}
	for _, line := range append(stop, w.grep(w.hosts[1], keyVMkernel, "Resume handshake")...) {
		stamp, err := time.Parse(time.RFC3339, line[:24])
		if err != nil || stamp.Before(*truth.StartedAt) || stamp.After(*truth.CompletedAt) {
			t.Errorf("%s is not within the move: %v", line[:24], err)
		}
	}
}

func TestCancelledMoveLogsFailureOnBothHosts(t *testing.T) {
	w := newWorld(t, 1)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	task := w.relocate(vm, toHost(w.hosts[1]))
	w.until(func() bool { return w.truth(task).Phase == "precopy" })
	_, _ = methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task})
	w.finish(task)
	id := w.truth(task).MigrationID
	if got := w.grep(w.hosts[0], keyVMkernel, id+" S: Failed: IO was aborted (0xbad00e0)"); len(got) != 1 || !strings.Contains(got[0], "Wa(180) vmkwarning: ") {
		t.Errorf("source: %v", got)
	}
	if got := w.grep(w.hosts[1], keyVMkernel, id+" D: Failed:"); len(got) != 1 || !strings.Contains(got[0], ")WARNING: Migrate: ") {
		t.Errorf("destination: %v", got)
	}
	if got := w.grep(w.hosts[0], keyVMkernel, "Stopping pre-copy"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestRefusedMoveLogsNothing(t *testing.T) {
	w := newWorld(t, 1000)
	onHost(1, withoutVMotion)(w, nil)
	w.finish(w.relocate(w.vms[0], toHost(w.hosts[1])))
	for _, host := range w.hosts[:2] {
		if got := w.grep(host, keyVMkernel, "Migrate:"); len(got) != 0 {
			t.Errorf("%v", got)
		}
	}
}

func TestBrowsePagesAndTail(t *testing.T) {
	w := newWorld(t, 1)
	host := w.hosts[0]
	w.engine.logs.mu.Lock()
	for range 1234 {
		w.engine.logs.noise(host, w.engine.clock.now())
	}
	w.engine.logs.mu.Unlock()
	end, err := w.browse(&host, keyVMkernel, math.MaxInt32, 0)
	if err != nil || len(end.LineText) != 0 || end.LineEnd < 1234 {
		t.Fatalf("tail: %d lines, end %d, %v", len(end.LineText), end.LineEnd, err)
	}
	first, _ := w.browse(&host, keyVMkernel, 1, 1000)
	if len(first.LineText) != browseLines || first.LineStart != 1 {
		t.Errorf("the first page has %d lines from %d", len(first.LineText), first.LineStart)
	}
	last, _ := w.browse(&host, keyVMkernel, end.LineEnd-9, 500)
	if len(last.LineText) != 10 || last.LineStart != end.LineEnd-9 || last.LineEnd != end.LineEnd {
		t.Errorf("the last page has %d lines, %d to %d", len(last.LineText), last.LineStart, last.LineEnd)
	}
	if _, err := w.browse(&host, "nonsense", 1, 1); callFault(err) != "InvalidArgument" {
		t.Errorf("an unknown key gives %s", callFault(err))
	}
	if _, err := w.browse(nil, "vpxd", 1, 1); err != nil {
		t.Error(err)
	}
}

func TestLogsRotateAtTheirSize(t *testing.T) {
	w := newWorld(t, 1)
	host := w.hosts[0]
	w.engine.logs.mu.Lock()
	f := w.engine.logs.file(host, keyVMkernel)
	f.limit = 64 << 10
	for f.size < f.limit-200 {
		w.engine.logs.noise(host, w.engine.clock.now())
	}
	full := len(f.lines)
	w.engine.logs.mu.Unlock()
	before, _ := w.browse(&host, keyVMkernel, math.MaxInt32, 0)
	if int(before.LineEnd) != full {
		t.Fatalf("%d lines, not %d", before.LineEnd, full)
	}
	w.engine.logs.mu.Lock()
	for range 3 {
		w.engine.logs.noise(host, w.engine.clock.now())
	}
	w.engine.logs.mu.Unlock()
	after, _ := w.browse(&host, keyVMkernel, 1, 500)
	if after.LineStart != 1 || after.LineEnd > 3 || len(after.LineText) == 0 {
		t.Errorf("after the rotation: %d to %d", after.LineStart, after.LineEnd)
	}
	old, found := w.engine.logs.read(host, keyVMkernel, 1)
	if size := len(strings.Join(old, "\n")) + 1; !found || len(old) < full || len(old) > full+2 || size > f.limit {
		t.Errorf("the old file has %d lines and %d bytes", len(old), size)
	}
}

func TestOldLogsAreLimitedAndLateLinesSorted(t *testing.T) {
	f := newLogFile(100)
	for i := range 100 {
		f.add(logLine{at: epoch.Add(time.Duration(i) * time.Second), text: strings.Repeat("x", 29)})
	}
	if len(f.archives) != logArchives || len(f.lines) > 3 {
		t.Errorf("%d old ones, %d lines", len(f.archives), len(f.lines))
	}
	f = newLogFile(0)
	for i := range 10 {
		f.add(logLine{at: epoch.Add(time.Duration(i) * time.Second), text: fmt.Sprint(i)})
	}
	f.add(logLine{at: epoch.Add(5*time.Second + 1), text: "late"})
	if f.lines[6].text != "late" {
		t.Error("a late line is not where it belongs")
	}
}

func TestDescriptionsNameTheLogs(t *testing.T) {
	w := newWorld(t, 1)
	keys := func(host *moRef) string {
		req := types.QueryDescriptions{This: *w.client.ServiceContent.DiagnosticManager, Host: host}
		res, err := methods.QueryDescriptions(w.ctx, w.client, &req)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, d := range res.Returnval {
			keys = append(keys, d.Key)
		}
		return strings.Join(keys, " ")
	}
	if got := keys(&w.hosts[0]); got != "hostd vmkernel vpxa" {
		t.Error(got)
	}
	if got := keys(nil); got != keyVpxd {
		t.Error(got)
	}
}
