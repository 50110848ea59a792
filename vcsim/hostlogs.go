package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sort"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// The keys of the logs, as QueryDescriptions gives them.
const (
	keyVMkernel = "vmkernel"
	keyHostd    = "hostd"
	keyVpxa     = "vpxa"
	keyVpxd     = "vpxd:vpxd.log"
)

// logHost is what a host's logs look like.
type logHost struct {
	release string        // of the grammar
	skew    time.Duration // of the stamps, against vCenter's clock
	limit   int           // bytes of a file
}

// hostLogs are the log files of all hosts and of vCenter (the zero reference). Its lock is a leaf. What is made up in a line depends
// on the seed, on what it is about and on its time, and not on what else is written.
type hostLogs struct {
	clock clock
	seed  int64

	mu    sync.Mutex
	files map[moRef]map[string]*logFile
	hosts map[moRef]logHost
	rng   *rand.Rand // of what is being written
	order int        // number of the move it is about; 0: none
}

func newHostLogs(clock clock, seed int64) *hostLogs {
	return &hostLogs{clock: clock, seed: seed, files: map[moRef]map[string]*logFile{}, hosts: map[moRef]logHost{}}
}

// about begins to write about a move, or with the number 0 about something else. l.mu is held until it is over.
func (l *hostLogs) about(number int, what string, at time.Time) {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%d/%d/%s/%d", l.seed, number, what, at.UnixNano())
	l.rng, l.order = rand.New(rand.NewPCG(uint64(l.seed), hash.Sum64())), number
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
	l.about(0, keyVpxd, now)
	for _, host := range hosts {
		traits := s.Hosts[host]
		l.about(0, host.Value, now)
		l.hosts[host] = logHost{release: traits.ESXiVersion, skew: traits.ClockSkew, limit: traits.LogBytes}
		for minute := 60; minute > 0; minute-- {
			l.noise(host, now.Add(-time.Duration(minute)*time.Minute))
		}
		// UNVERIFIED wording of both lines, and of vCenter's below.
		l.agent(host, keyHostd, levelInfo, "Hostsvc", "", "Hostd is ready", now.Add(-time.Hour))
		l.agent(host, keyVpxa, levelInfo, "Default", "", "Connected to vCenter Server", now.Add(-time.Hour))
	}
	l.agent(moRef{}, keyVpxd, levelInfo, "Default", "", "vCenter Server is ready", now.Add(-time.Hour))
}

// file is one log; it is made when first written to. l.mu is held.
func (l *hostLogs) file(host moRef, key string) *logFile {
	if l.files[host] == nil {
		l.files[host] = map[string]*logFile{}
	}
	if l.files[host][key] == nil {
		l.files[host][key] = newLogFile(l.hosts[host].limit)
	}
	return l.files[host][key]
}

// browse gives at most count lines of the current file from the line start (the first is 1) on, and the number of its last line. A
// start beyond the end gives no lines. ok is false for a log that does not exist.
func (l *hostLogs) browse(host moRef, key string, start, count int) (lines []string, from, last int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.files[host][key]
	if f == nil {
		return nil, 0, 0, false
	}
	l.idle(host, key, f)
	last = len(f.lines)
	start = max(start, 1)
	if start > last {
		return nil, last, last, true
	}
	for _, line := range f.lines[start-1 : min(last, start-1+count)] {
		lines = append(lines, line.text)
	}
	return lines, start, last, true
}

// read gives all lines of the current file, or for a number above 0 of that old one.
func (l *hostLogs) read(host moRef, key string, number int) (lines []string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.files[host][key]
	switch {
	case f == nil || number < 0 || number > len(f.archives):
		return nil, false
	case number > 0:
		return splitLines(expand(f.archives[number-1])), true
	}
	l.idle(host, key, f)
	return splitLines(f.text()), true
}

// idle catches up with the noise of the time since the kernel's last line, an hour's at most. l.mu is held.
func (l *hostLogs) idle(host moRef, key string, f *logFile) {
	at, any := f.latest()
	if key != keyVMkernel || !any {
		return
	}
	now := l.clock.now()
	if now.Sub(at) > time.Hour {
		at = now.Add(-time.Hour)
	}
	for at = at.Add(time.Minute); at.Before(now.Add(-time.Minute)); at = at.Add(time.Minute) {
		l.about(0, host.Value, at)
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
