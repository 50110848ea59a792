package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// vmware.log of a virtual machine that moves: the source's process and the destination's write one each. Sources of the lines: HW23
// (8.x, source), KB 320352, KB 435078, KB 432796, KB 308477, and VIC (6.5, destination).

// vmxPair is what both processes have written and not yet stored. The logs' mu guards it.
type vmxPair struct {
	uuid string

	source      []string
	destination []string
	after       []string // the source's, from where it goes on alone after a failure
}

// vmxUUID is a UUID as configuration files have it: 16 bytes, a blank between them, a hyphen in the middle.
func vmxUUID(uuid string) string {
	digits := strings.ReplaceAll(uuid, "-", "")
	if len(digits) != 32 {
		return "00 00 00 00 00 00 00 00-00 00 00 00 00 00 00 00"
	}
	var parts []string
	for i := 0; i < 32; i += 2 {
		parts = append(parts, digits[i:i+2])
	}
	return strings.Join(parts[:8], " ") + "-" + strings.Join(parts[8:], " ")
}

// vmxLine is a line in the form of the host's release: "TS In(05) vmx - MSG" from 8.0 on, "TS| vmx| I120: MSG" before. l.mu is held.
func (l *hostLogs) vmxLine(host moRef, at time.Time, thread, message string) string {
	switch release := l.hosts[host].release; {
	case isEight(release):
		return fmt.Sprintf("%s In(05) %s - %s", l.stamp(host, at), thread, message)
	case isOld(release):
		return fmt.Sprintf("%s| %s| I125: %s", l.stamp(host, at), thread, message)
	}
	return fmt.Sprintf("%s| %s| I120: %s", l.stamp(host, at), thread, message)
}

func (l *hostLogs) vmxSource(f logFacts, at time.Time, messages ...string) {
	for _, message := range messages {
		f.vmx.source = append(f.vmx.source, l.vmxLine(f.source, at, "vmx", message))
	}
}

func (l *hostLogs) vmxDestination(f logFacts, at time.Time, messages ...string) {
	for _, message := range messages {
		f.vmx.destination = append(f.vmx.destination, l.vmxLine(f.destination, at, "vmx", message))
	}
}

// vmxStarted writes what is asked of both processes. The ID is decimal in the requests and, from 7.0 on, hexadecimal in the
// specification; which form older releases have there is not known, and they get no such line. l.mu is held.
func (l *hostLogs) vmxStarted(f logFacts, at time.Time) {
	number, _ := strconv.ParseInt(f.id, 10, 64)
	release := l.hosts[f.source].release
	if isEight(release) {
		l.vmxSource(f, at, fmt.Sprintf("VigorTransportProcessClientPayload: opID=%s seq=%d: Receiving Migrate.PrepareSource request.", f.operationID, 1000+l.rng.IntN(9000)))
	}
	l.vmxSource(f, at, fmt.Sprintf("Received migrate 'to' request for mid id %s, src ip <%s>, dst ip <%s>(invalidate source config).", f.id, f.sourceIP, f.destinationIP))
	if !isOld(release) {
		l.vmxSource(f, at, fmt.Sprintf("MigrateVMXdrToSpec: type: 1 srcIp=<%s> dstIp=<%s> mid=%x uuid=%s priority=yes checksumMemory=no maxDowntime=0 latencyAware=yes "+
			"diskOpFile= srcLogIp=<<unknown>> dstLogIp=<<unknown>> ftPrimaryIp=<<unknown>> ftSecondaryIp=<<unknown>>", f.sourceIP, f.destinationIP, number, f.vmx.uuid))
	}
	l.vmxSource(f, at, fmt.Sprintf("MigrateSetInfo: state=1 srcIp=<%s> dstIp=<%s> mid=%s uuid=%s priority=high", f.sourceIP, f.destinationIP, f.id, f.vmx.uuid))
	l.vmxState(f, at, 0, 1)
	l.vmxDestination(f, at,
		fmt.Sprintf("Received migrate 'from' request for mid id %s, src ip <%s>, dst ip <%s>", f.id, f.sourceIP, f.destinationIP),
		fmt.Sprintf("Migrate_Open: Restoring from <%s> with migration id %s", f.sourceIP, f.id))
}

// vmxState writes a change of the source's state. The number of the last two is one higher from 7.0 on; 8.0 names them. l.mu is held.
func (l *hostLogs) vmxState(f logFacts, at time.Time, from, to int) {
	l.vmxSource(f, at, fmt.Sprintf("MigrateSetState: Transitioning from state %d to %d.", from, to))
}

// vmxStun writes that the machine stands still. l.mu is held.
func (l *hostLogs) vmxStun(f logFacts, at time.Time, limit time.Duration) {
	l.vmxState(f, at, 2, 3)
	l.vmxSource(f, at, fmt.Sprintf("Migrate: VM starting stun, waiting %.0f seconds for go/no-go message.", limit.Seconds()), "Migrate: VM successfully stunned.")
}

// vmxRestore writes that the destination reads what the source has sent. l.mu is held.
func (l *hostLogs) vmxRestore(f logFacts, at time.Time) {
	l.vmxSource(f, at, "Migrate: Remote Log: Beginning checkpoint restore.", "Migrate: Remote Log: Switching to checkpoint state.")
	l.vmxDestination(f, at, "CPT: Restoring checkpoint", "DUMPER: Restoring checkpoint version 8.")
}

// vmxResumed writes the end of a move that succeeded; the destination knows how long the machine stood still. l.mu is held.
func (l *hostLogs) vmxResumed(f logFacts, at time.Time, stopped time.Duration) {
	took := fmt.Sprintf("MigrateWriteHostLog: Writing to log file took %d us.", 200+l.rng.IntN(900))
	l.vmxFinished(f, at)
	l.vmxSource(f, at, took, "VMX has left the building: 0.")
	f.vmx.destination = append(f.vmx.destination,
		l.vmxLine(f.destination, at, "vcpu-0", fmt.Sprintf("Checkpoint_Unstun: vm stopped for %d us", stopped.Microseconds())),
		l.vmxLine(f.destination, at, "vmx", took))
}

// vmxFinished writes the last states, which 8.0 names and 6.5 numbers one lower. l.mu is held.
func (l *hostLogs) vmxFinished(f logFacts, at time.Time) {
	switch release := l.hosts[f.source].release; {
	case isEight(release):
		l.vmxSource(f, at, "MigrateSetState: Transitioning from state MIGRATE_TO_VMX_WAIT_HANDSHAKE (5) to MIGRATE_TO_VMX_FINISHED (6).",
			"MigrateSetStateFinished: type=1 new state=MIGRATE_TO_VMX_FINISHED")
	case isOld(release): // KB 1010634
		l.vmxState(f, at, 4, 5)
		l.vmxSource(f, at, "MigrateSetStateFinished: type=1 new state=5")
	default:
		l.vmxState(f, at, 5, 6)
		l.vmxSource(f, at, "MigrateSetStateFinished: type=1 new state=6")
	}
}

// vmxFailed writes why the move failed and that the machine goes on where it was. l.mu is held.
func (l *hostLogs) vmxFailed(f logFacts, at time.Time, why *motionFailure, stunned bool, stopped time.Duration) {
	failure := fmt.Sprintf("Migrate_SetFailure: Failed waiting for data. Error %x. %s.", kernelBase+why.code, why.text)
	l.vmxSource(f, at, failure, "Migrate: Caching migration error message list:", fmt.Sprintf("[%s] %s", why.key, l.vmxMessage(&f, why)),
		"Migrate_SetFailureMsgList: switching to new log file.")
	l.vmxDestination(f, at, failure, "[msg.moduletable.powerOnFailed] Module Migrate power on failed.", "VMX has left the building: 0.")
	alone := []string{"Migrate_SetFailureMsgList: Now in new log file.", "Migrate: cleaning up migration state.", "Msg_Post: Error",
		fmt.Sprintf("[%s] %s", why.key, l.vmxMessage(&f, why)), "Migrate: Attempting to continue running on the source."}
	for _, message := range alone {
		f.vmx.after = append(f.vmx.after, l.vmxLine(f.source, at, "vmx", message))
	}
	if stunned {
		f.vmx.after = append(f.vmx.after, l.vmxLine(f.source, at, "vcpu-0", fmt.Sprintf("Checkpoint_Unstun: vm stopped for %d us", stopped.Microseconds())))
	}
}

// vmxMessage is the failure's message; those of the kernel's own kind (VOBs) begin with the migration's ID. The wording of the one
// about a lost connection is UNVERIFIED.
func (l *hostLogs) vmxMessage(f *logFacts, why *motionFailure) string {
	if strings.HasPrefix(why.key, "vob.") {
		return fmt.Sprintf("vMotion migration %s failed: %s (%d)", f.textID(), why.text, kernelBase+why.code)
	}
	return why.said
}
