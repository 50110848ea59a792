package main

import (
	"fmt"
	"hash/fnv"
	"math/rand"
	"sort"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// ringLines is how many lines of a log are kept, and ringCut how many of the oldest go at a time when there are more.
const (
	ringLines = 20_000
	ringCut   = 1_000
)

// logLine is one line with the simulated time it was written at.
type logLine struct {
	at   time.Time
	text string
}

// ring is one log file. Lines are in the order of their times.
type ring struct {
	lines []logLine
}

// add inserts a line; one that is a little late goes where it belongs.
func (r *ring) add(line logLine) {
	i := len(r.lines)
	for i > 0 && r.lines[i-1].at.After(line.at) {
		i--
	}
	r.lines = append(r.lines, logLine{})
	copy(r.lines[i+1:], r.lines[i:])
	r.lines[i] = line
	if len(r.lines) > ringLines {
		r.lines = append(r.lines[:0:0], r.lines[ringCut:]...)
	}
}

// The keys of the logs, as QueryDescriptions gives them.
const (
	keyVMkernel = "vmkernel"
	keyHostd    = "hostd"
	keyVpxa     = "vpxa"
	keyVpxd     = "vpxd:vpxd.log"
)

// hostLogs are the log files of all hosts and of vCenter (the zero reference). Its lock is a leaf.
type hostLogs struct {
	clock clock

	mu    sync.Mutex
	rng   *rand.Rand
	files map[moRef]map[string]*ring
	style map[moRef]string
}

func newHostLogs(clock clock, seed int64) *hostLogs {
	return &hostLogs{
		clock: clock, rng: rand.New(rand.NewSource(seed ^ 0x10c5)),
		files: map[moRef]map[string]*ring{}, style: map[moRef]string{},
	}
}

// open writes what each host has logged before the simulator started: an hour of kernel noise.
func (l *hostLogs) open(registry *simulator.Registry, s *site) {
	var hosts []moRef
	for _, host := range registry.All("HostSystem") {
		hosts = append(hosts, host.Reference())
	}
	sortRefs(hosts)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	for _, host := range hosts {
		l.style[host] = s.Hosts[host].ESXiVersion
		for minute := 60; minute > 0; minute-- {
			l.noise(host, now.Add(-time.Duration(minute)*time.Minute))
		}
		l.agent(host, keyHostd, "info", "Hostsvc", "", "Hostd is ready", now.Add(-time.Hour))
		l.agent(host, keyVpxa, "info", "Default", "", "Connected to vCenter Server", now.Add(-time.Hour))
	}
	l.agent(moRef{}, keyVpxd, "info", "Default", "", "vCenter Server is ready", now.Add(-time.Hour))
}

// file is the ring of one log; it is made when first written to. l.mu is held.
func (l *hostLogs) file(host moRef, key string) *ring {
	if l.files[host] == nil {
		l.files[host] = map[string]*ring{}
	}
	if l.files[host][key] == nil {
		l.files[host][key] = &ring{}
	}
	return l.files[host][key]
}

// kernel writes a line of vmkernel.log in the form of the host's release: up to 7.x "TS cpuN:W opID=O)MSG", with a severity and a
// program from 8.0 on. l.mu is held.
func (l *hostLogs) kernel(host moRef, at time.Time, opID string, warning bool, message string) {
	where := fmt.Sprintf("cpu%d:%d", l.rng.Intn(32), 2_097_152+l.rng.Intn(60_000))
	if opID != "" {
		where += " opID=" + opID
	}
	if warning {
		message = "WARNING: " + message
	}
	program := ""
	if isEight(l.style[host]) {
		program = "In(182) vmkernel: "
		if warning {
			program = "Wa(180) vmkwarning: "
		}
	}
	text := at.UTC().Format("2006-01-02T15:04:05.000Z") + " " + program + where + ")" + message
	l.file(host, keyVMkernel).add(logLine{at, text})
}

// isEight is true for releases that write severity and program; an unknown release is a recent one.
func isEight(release string) bool {
	return release == "" || release[0] >= '8'
}

// isOld is true for releases whose migration IDs are vCenter's clock (up to 6.5).
func isOld(release string) bool {
	return release == "6.5" || release == "6.0"
}

// agent writes a line of hostd's, vpxa's or vpxd's log. l.mu is held.
func (l *hostLogs) agent(host moRef, key, level, sub, opID, message string, at time.Time) {
	program := map[string]string{keyHostd: "hostd", keyVpxa: "vpxa", keyVpxd: "vpxd"}[key]
	origin := "Originator@6876 sub=" + sub
	if opID != "" {
		origin += " opID=" + opID
	}
	text := fmt.Sprintf("%s %s %s[%d] [%s] %s", at.UTC().Format("2006-01-02T15:04:05.000Z"), level, program, 2_099_000+l.rng.Intn(999), origin, message)
	l.file(host, key).add(logLine{at, text})
}

// noise writes one line of what else a kernel has to say. l.mu is held.
func (l *hostLogs) noise(host moRef, at time.Time) {
	choices := []string{
		fmt.Sprintf("ScsiDeviceIO: %d: Cmd(0x45b%09x) 0x1a, CmdSN 0x%x from world 0 to dev \"mpx.vmhba0:C0:T0:L0\" failed H:0x0 D:0x2 P:0x0 Valid sense data: 0x5 0x24 0x0.", 3000+l.rng.Intn(999), l.rng.Int63n(1<<36), l.rng.Intn(1<<16)),
		fmt.Sprintf("Vol3: %d: Could not open device 'datastore' for volume open: Not found", 1000+l.rng.Intn(999)),
		fmt.Sprintf("NetPort: %d: enabled port 0x%x with mac 00:50:56:%02x:%02x:%02x", 1500+l.rng.Intn(99), 0x2000000+l.rng.Intn(99), l.rng.Intn(64), l.rng.Intn(256), l.rng.Intn(256)),
		fmt.Sprintf("DVFilter: %d: Checking disconnected filters for timeouts", 5900+l.rng.Intn(99)),
		fmt.Sprintf("NMP: nmp_ThrottleLogForDevice:%d: last error status from device mpx.vmhba0:C0:T0:L0 repeated %d times", 3800+l.rng.Intn(99), 1+l.rng.Intn(40)),
	}
	l.kernel(host, at, "", false, choices[l.rng.Intn(len(choices))])
}

// browse gives at most count lines from the line start (the first is 1) on, and the number of the file's last line. A start beyond
// the end gives no lines. ok is false for a log that does not exist.
func (l *hostLogs) browse(host moRef, key string, start, count int) (lines []string, from, last int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.files[host][key]
	if r == nil {
		return nil, 0, 0, false
	}
	l.idle(host, key, r)
	last = len(r.lines)
	start = max(start, 1)
	if start > last {
		return nil, last, last, true
	}
	for _, line := range r.lines[start-1 : min(last, start-1+count)] {
		lines = append(lines, line.text)
	}
	return lines, start, last, true
}

// idle catches up with the noise of the time since the kernel's last line, an hour's at most. l.mu is held.
func (l *hostLogs) idle(host moRef, key string, r *ring) {
	if key != keyVMkernel || len(r.lines) == 0 {
		return
	}
	now := l.clock.now()
	at := r.lines[len(r.lines)-1].at
	if now.Sub(at) > time.Hour {
		at = now.Add(-time.Hour)
	}
	for at = at.Add(time.Minute); at.Before(now.Add(-time.Minute)); at = at.Add(time.Minute) {
		l.noise(host, at)
	}
}

// keys are the logs of a host, or of vCenter.
func (l *hostLogs) keys(host moRef) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var keys []string
	for key := range l.files[host] {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// kernelOpID is the short ID a vmkernel gives to an operation of vCenter's.
func kernelOpID(operationID string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(operationID))
	return fmt.Sprintf("%x", hash.Sum32())
}
