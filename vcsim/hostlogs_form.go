package main

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// What stands in front of a message. Sources: lnav's formats vmk_log and esx_syslog_log and KB 441977 (vmkernel), hostd logs of 6.7.

// level is the severity of an agent's line: the word of releases up to 7.0, and the letters of 8.0.
type level struct{ word, letters string }

// The number in parentheses is the syslog facility times 8 plus the severity; hostd's is local4, as the <166> of relayed lines says. The
// letters of hostd and vpxa are those of the kernel's lines; that they stand before the program is UNVERIFIED.
var (
	levelError   = level{"error", "Er(163)"}
	levelWarning = level{"warning", "Wa(164)"}
	levelInfo    = level{"info", "In(166)"}
	levelVerbose = level{"verbose", "Db(167)"}
)

// isEight is true for releases that write severity and program; an unknown release is a recent one.
func isEight(release string) bool {
	return release == "" || release[0] >= '8'
}

// isOld is true for releases whose migration IDs are vCenter's clock (up to 6.5).
func isOld(release string) bool {
	return release == "6.5" || release == "6.0"
}

// stamp is the time by the host's own clock. l.mu is held.
func (l *hostLogs) stamp(host moRef, at time.Time) string {
	return at.Add(l.hosts[host].skew).UTC().Format("2006-01-02T15:04:05.000Z")
}

// kernel writes a line of vmkernel.log in the form of the host's release: up to 7.x "TS cpuN:W opID=O)MSG", with a severity and a
// program from 8.0 on. l.mu is held.
func (l *hostLogs) kernel(host moRef, at time.Time, opID string, warning bool, message string) {
	f := l.file(host, keyVMkernel)
	where := fmt.Sprintf("cpu%d:%d", l.rng.IntN(32), 2_097_152+l.rng.IntN(60_000))
	if opID != "" {
		where += " opID=" + opID
	}
	if warning {
		message = "WARNING: " + message
	}
	program := ""
	if isEight(l.hosts[host].release) {
		program = "In(182) vmkernel: "
		if warning {
			program = "Wa(180) vmkwarning: "
		}
	}
	f.add(logLine{at: at, order: l.order, text: l.stamp(host, at) + " " + program + where + ")" + message})
}

// agent writes a line of hostd's, vpxa's or vpxd's log. Further lines of the message begin with an arrow, as those of a fault dump do.
// l.mu is held.
func (l *hostLogs) agent(host moRef, key string, severity level, sub, opID, message string, at time.Time) {
	f := l.file(host, key)
	program := map[string]string{keyHostd: "hostd", keyVpxa: "vpxa", keyVpxd: "vpxd"}[key]
	thread := 2_099_000 + l.rng.IntN(999)
	origin := "[Originator@6876 sub=" + sub
	if opID != "" {
		origin += " opID=" + opID
	}
	form := fmt.Sprintf("%s %s[%d] %s]", severity.word, program, thread, origin)
	if key != keyVpxd && isEight(l.hosts[host].release) {
		form = fmt.Sprintf("%s %s[%d]: %s]", severity.letters, strings.ToUpper(program[:1])+program[1:], thread, origin)
	}
	first, rest, _ := strings.Cut(message, "\n")
	f.add(logLine{at: at, order: l.order, text: l.stamp(host, at) + " " + form + " " + first})
	for _, more := range strings.Split(rest, "\n") {
		if more != "" {
			f.add(logLine{at: at, order: l.order, text: "--> " + more})
		}
	}
}

// kernelOpID is the short ID a vmkernel gives to an operation of vCenter's.
func kernelOpID(operationID string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(operationID))
	return fmt.Sprintf("%x", hash.Sum32())
}
