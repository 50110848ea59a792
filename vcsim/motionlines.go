package main

import (
	"fmt"
	"strconv"
	"time"
)

// logFacts are what the lines of one move say.
type logFacts struct {
	id            string // of the migration, the same on both hosts
	live          bool   // a move of files or of a machine that is off has no vMotion lines
	source        moRef
	destination   moRef
	sourceIP      string
	destinationIP string
	operationID   string
	opID          string // the kernel's short one
	world         int    // the machine's world on the source
	targetWorld   int
	encrypted     bool
	vmxPath       string
}

// logFacts invents IDs for a move and looks its addresses up. e.mu is held.
func (e *engine) logFacts(m *move, p *placement) logFacts {
	operationID := m.operationID
	if operationID == "" {
		operationID = fmt.Sprintf("%08x-%d-auto-%x", e.rng.Uint32(), e.rng.Intn(99), e.rng.Intn(1<<16))
	}
	return logFacts{
		id: e.newMigrationID(p), live: m.flow.load.live && m.flow.load.twoHosts,
		source: p.source.ref, destination: p.host.ref,
		sourceIP: e.addressOf(&p.source), destinationIP: e.addressOf(&p.host),
		operationID: operationID, opID: kernelOpID(operationID),
		world: 2_100_000 + e.rng.Intn(900_000), targetWorld: 2_100_000 + e.rng.Intn(900_000),
		encrypted: p.vm.encrypted, vmxPath: p.vm.homePath,
	}
}

// newMigrationID is vCenter's clock in microseconds where a host is of release 6.5 or older, and a random number of 63 bits
// otherwise. e.mu is held.
func (e *engine) newMigrationID(p *placement) string {
	old := isOld(e.site.Hosts[p.source.ref].ESXiVersion) || isOld(e.site.Hosts[p.host.ref].ESXiVersion)
	number := e.rng.Int63n(1<<63-1-1<<60) + 1<<60
	if old {
		number = e.clock.now().UnixMicro()
	}
	for e.ids[strconv.FormatInt(number, 10)] {
		number++
	}
	id := strconv.FormatInt(number, 10)
	e.ids[id] = true
	return id
}

// addressOf is the address of a host's vMotion vmknic.
func (e *engine) addressOf(host *hostView) string {
	if ip := e.site.Hosts[host.ref].VMotionIP; ip != "" {
		return ip
	}
	if len(host.vmotion) > 0 && host.vmotion[0] != "" {
		return host.vmotion[0]
	}
	return "0.0.0.0"
}

// started writes the first lines of a vMotion, on both hosts.
func (l *hostLogs) started(f logFacts, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.agent(moRef{}, keyVpxd, "info", "VmProv", f.operationID, "Starting relocation of "+f.vmxPath, at)
	if !f.live {
		return
	}
	for _, host := range []moRef{f.source, f.destination} {
		l.noise(host, at.Add(-10*time.Millisecond))
		l.kernel(host, at, f.opID, false, fmt.Sprintf("World: %d: VC opID %s maps to vmkernel opID %s", l.sourceLine(), f.operationID, f.opID))
	}
	at = at.Add(2 * time.Millisecond)
	l.kernel(f.source, at, f.opID, false, l.startLine(f, true))
	l.kernel(f.destination, at, f.opID, false, l.startLine(f, false))
	l.agent(f.source, keyHostd, "info", "Vcsvc.VMotionSrc ("+f.id+")", f.operationID, "Initiating vMotion of "+f.vmxPath, at)
	l.agent(f.destination, keyHostd, "info", "Vcsvc.VMotionDst ("+f.id+")", f.operationID, "Preparing vMotion of "+f.vmxPath, at)
}

// startLine is the line that tells both addresses, in the form of the host's release.
func (l *hostLogs) startLine(f logFacts, atSource bool) string {
	suffix := ""
	if f.encrypted {
		suffix = ", encrypted"
	}
	host, side, gap, world, other := f.source, "Source", " ", f.world, f.targetWorld
	if !atSource {
		host, side, gap, world, other = f.destination, "Dest", "", f.targetWorld, 0
	}
	if isEight(l.style[host]) {
		return fmt.Sprintf("Migrate: %d: vmotion: %s vmmLeaderID = %d, ts =%s%s, srcIP = <%s> dstIP = <%s> Dest wid = %d using SHARED swap%s",
			l.sourceLine(), side, world, gap, f.id, f.sourceIP, f.destinationIP, other, suffix)
	}
	return fmt.Sprintf("Migrate: vm %d: %d: Setting VMOTION info: %s ts = %s, src ip = <%s> dest ip = <%s> Dest wid = %d using SHARED swap%s",
		world, l.sourceLine(), side, f.id, f.sourceIP, f.destinationIP, other, suffix)
}

// sourceLine is the line of the kernel's source a message comes from: it changes with every build. l.mu is held.
func (l *hostLogs) sourceLine() int { return 2000 + l.rng.Intn(4000) }

// motion writes a kernel line that begins with the migration's ID. l.mu is held.
func (l *hostLogs) motion(f logFacts, host moRef, at time.Time, warning bool, module, text string) {
	side := "S"
	if host == f.destination {
		side = "D"
	}
	l.kernel(host, at, "", warning, fmt.Sprintf("%s: %d: %s %s: %s", module, l.sourceLine(), f.id, side, text))
}

// precopyStarted writes which addresses carry the streams.
func (l *hostLogs) precopyStarted(f logFacts, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, end := range []struct {
		host      moRef
		ip        string
		direction string
	}{{f.source, f.sourceIP, "send"}, {f.destination, f.destinationIP, "recv"}} {
		world := 2_097_152 + l.rng.Intn(60_000)
		l.motion(f, end.host, at, false, "VMotion", fmt.Sprintf("Set ip address '%s' worldlet affinity to %s World ID %d", end.ip, end.direction, world))
		l.kernel(end.host, at, "", false, fmt.Sprintf("Tcpip_Vmk: %d: Affinitizing %s to world %d, Success", l.sourceLine(), end.ip, world))
	}
	l.agent(f.source, keyHostd, "verbose", "Vcsvc.VMotionSrc ("+f.id+")", f.operationID,
		fmt.Sprintf("Set source task result precopyStunTime to %d", 40_000+l.rng.Intn(45_000)), at)
}

// precopyStopped writes the line that tells pages, bandwidth and transmit-to-dirty ratio.
func (l *hostLogs) precopyStopped(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noise(f.source, at.Add(-time.Millisecond))
	l.motion(f, f.source, at, false, "VMotion", fmt.Sprintf(
		"Stopping pre-copy: only %d pages left to send, which can be sent within the switchover time goal of %.3f seconds (network bandwidth ~%.3f MB/s, %.0f%% t2d)",
		flow.restPages, switchoverGoal.Seconds(), flow.stopBytesPerS/1e6, flow.transmitRatio*100))
	l.motion(f, f.destination, at, false, "VMotionRecv", fmt.Sprintf("Estimated network bandwidth %.3f MB/s during pre-copy", flow.stopBytesPerS/1e6))
}

// pagesSent writes the end of the transfer.
func (l *hostLogs) pagesSent(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.motion(f, f.source, at, false, "VMotionSend", fmt.Sprintf("Sent all modified pages to destination (network bandwidth ~%.3f MB/s)", flow.rate/1e6))
	l.motion(f, f.destination, at, false, "VMotionRecv", "DONE paging in")
}

// resumed writes that the machine runs on the destination, and for how long it did not.
func (l *hostLogs) resumed(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.agent(moRef{}, keyVpxd, "info", "VmProv", f.operationID, "Relocation of "+f.vmxPath+" completed", at)
	if !f.live {
		return
	}
	l.motion(f, f.destination, at, false, "VMotion", "Resume handshake successful")
	result := fmt.Sprintf("[MIGRATE] (%s) vmotion result has downtime value %d", f.id, flow.downtime.Microseconds())
	l.agent(f.source, keyVpxa, "verbose", "VpxaMigrate", f.operationID, result, at)
	l.agent(f.destination, keyVpxa, "verbose", "VpxaMigrate", f.operationID, result, at)
	l.noise(f.source, at.Add(5*time.Millisecond))
	l.noise(f.destination, at.Add(5*time.Millisecond))
}

// failed writes how a vMotion that was begun ended on both hosts.
func (l *hostLogs) failed(f logFacts, at time.Time, cancelled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.agent(moRef{}, keyVpxd, "error", "VmProv", f.operationID, "Relocation of "+f.vmxPath+" failed", at)
	if !f.live {
		return
	}
	l.motion(f, f.source, at, true, "VMotion", "failed to end preCopy stream: IO was aborted")
	l.motion(f, f.source, at, true, "Migrate", fmt.Sprintf("Failed: IO was aborted (0xbad00e0) @0x4180%08x", l.rng.Uint32()))
	l.motion(f, f.destination, at, true, "Migrate", fmt.Sprintf("Failed: Connection closed by remote host, possibly due to timeout (0xbad003f) @0x4180%08x", l.rng.Uint32()))
	if cancelled {
		l.agent(f.source, keyHostd, "info", "Vcsvc.VMotionSrc ("+f.id+")", f.operationID, "Throw vmodl.fault.RequestCanceled", at)
		return
	}
	l.agent(f.source, keyHostd, "info", "Vcsvc.VMotionSrc ("+f.id+")", f.operationID, "State Transition (VM_STATE_EMIGRATING -> VM_STATE_ON)", at)
}
