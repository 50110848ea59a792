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
	number        int      // of the move, from 1
	vmx           *vmxPair // vmware.log on both sides
}

// logFacts invents IDs for a move and looks its addresses up. e.mu is held.
func (e *engine) logFacts(m *move, p *placement) logFacts {
	operationID := m.operationID
	if operationID == "" {
		operationID = fmt.Sprintf("%08x-%d-auto-%x", m.rng.Uint32(), m.rng.Intn(99), m.rng.Intn(1<<16))
	}
	return logFacts{
		id: e.newMigrationID(m, p), live: m.flow.load.live && m.flow.load.twoHosts,
		source: p.source.ref, destination: p.host.ref,
		sourceIP: e.addressOf(&p.source), destinationIP: e.addressOf(&p.host),
		operationID: operationID, opID: kernelOpID(operationID),
		world: 2_100_000 + m.rng.Intn(900_000), targetWorld: 2_100_000 + m.rng.Intn(900_000),
		encrypted: p.vm.encrypted, vmxPath: p.vm.homePath, number: m.number + 1, vmx: &vmxPair{uuid: vmxUUID(p.vm.uuid)},
	}
}

// newMigrationID is vCenter's clock in microseconds where a host is of release 6.5 or older, and a random number of 63 bits
// otherwise. e.mu is held.
func (e *engine) newMigrationID(m *move, p *placement) string {
	old := isOld(e.site.Hosts[p.source.ref].ESXiVersion) || isOld(e.site.Hosts[p.host.ref].ESXiVersion)
	number := m.rng.Int63n(1<<63-1-1<<60) + 1<<60
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

// sub is what hostd writes a migration's lines under.
func (f *logFacts) sub(side string) string { return "Vcsvc.VMotion" + side + " (" + f.id + ")" }

// started writes the first lines of a vMotion, on both hosts.
func (l *hostLogs) started(f logFacts, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about(f.number, "started", at)
	l.agent(moRef{}, keyVpxd, levelInfo, "VmProv", f.operationID, "Starting relocation of "+f.vmxPath, at) // UNVERIFIED wording
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
	// UNVERIFIED wording of hostd's two lines.
	l.agent(f.source, keyHostd, levelInfo, f.sub("Src"), f.operationID, "Initiating vMotion of "+f.vmxPath, at)
	l.agent(f.destination, keyHostd, levelInfo, f.sub("Dst"), f.operationID, "Preparing vMotion of "+f.vmxPath, at)
	number := l.rng.IntN(9999)
	l.agent(f.destination, keyVpxa, levelInfo, "TaskInfo", f.operationID,
		fmt.Sprintf("[TaskInfoChannel::GetTaskInfo] task: haTask--vim.host.VMotionManager.initiateDestination-%d", number), at)
	l.vmxStarted(f, at)
}

// startLine is the line that tells both addresses, in the form of the host's release. The word Dest on the destination up to 7.0 is
// UNVERIFIED.
func (l *hostLogs) startLine(f logFacts, atSource bool) string {
	suffix := ""
	if f.encrypted {
		suffix = ", encrypted"
	}
	host, side, gap, world, other := f.source, "Source", " ", f.world, f.targetWorld
	if !atSource {
		host, side, gap, world, other = f.destination, "Dest", "", f.targetWorld, 0
	}
	if isEight(l.hosts[host].release) {
		return fmt.Sprintf("Migrate: %d: vmotion: %s vmmLeaderID = %d, ts =%s%s, srcIP = <%s> dstIP = <%s> Dest wid = %d using SHARED swap%s",
			l.sourceLine(), side, world, gap, f.id, f.sourceIP, f.destinationIP, other, suffix)
	}
	return fmt.Sprintf("Migrate: vm %d: %d: Setting VMOTION info: %s ts = %s, src ip = <%s> dest ip = <%s> Dest wid = %d using SHARED swap%s",
		world, l.sourceLine(), side, f.id, f.sourceIP, f.destinationIP, other, suffix)
}

// sourceLine is the line of the kernel's source a message comes from: it changes with every build. l.mu is held.
func (l *hostLogs) sourceLine() int { return 2000 + l.rng.IntN(4000) }

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
	l.about(f.number, "precopyStarted", at)
	for _, end := range []struct {
		host      moRef
		ip        string
		direction string
	}{{f.source, f.sourceIP, "send"}, {f.destination, f.destinationIP, "recv"}} {
		world := 2_097_152 + l.rng.IntN(60_000)
		l.motion(f, end.host, at, false, "VMotion", fmt.Sprintf("Set ip address '%s' worldlet affinity to %s World ID %d", end.ip, end.direction, world))
		l.kernel(end.host, at, "", false, fmt.Sprintf("Tcpip_Vmk: %d: Affinitizing %s to world %d, Success", l.sourceLine(), end.ip, world))
		// Hearsay.
		l.motion(f, end.host, at, false, "VMotionUtil", fmt.Sprintf("Stream connection %d added.", 1)) // UNVERIFIED
	}
	stun := 40_000 + l.rng.IntN(45_000)
	l.agent(f.source, keyHostd, levelVerbose, f.sub("Src"), f.operationID, fmt.Sprintf("Set source task result precopyStunTime to %d", stun), at)
	l.vmxState(f, at, 1, 2)
}

// precopyPassed writes that a pass is over and another one follows. UNVERIFIED wording.
func (l *hostLogs) precopyPassed(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about(f.number, "precopyPassed", at)
	l.motion(f, f.source, at, false, "VMotion", fmt.Sprintf(
		"Another pre-copy iteration needed with %d pages left to send (network bandwidth ~%.3f MB/s, %.0f%% t2d)",
		flow.restPages, flow.stopBytesPerS/1e6, flow.transmitRatio*100))
}

// precopyStopped writes the line that tells pages, bandwidth and transmit-to-dirty ratio.
func (l *hostLogs) precopyStopped(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about(f.number, "precopyStopped", at)
	l.noise(f.source, at.Add(-time.Millisecond))
	l.motion(f, f.source, at, false, "VMotion", fmt.Sprintf(
		"Stopping pre-copy: only %d pages left to send, which can be sent within the switchover time goal of %.3f seconds (network bandwidth ~%.3f MB/s, %.0f%% t2d)",
		flow.restPages, switchoverGoal.Seconds(), flow.stopBytesPerS/1e6, flow.transmitRatio*100))
	l.motion(f, f.destination, at, false, "VMotionRecv", // UNVERIFIED
		fmt.Sprintf("Estimated network bandwidth %.3f MB/s during pre-copy", flow.stopBytesPerS/1e6))
	l.vmxStun(f, at, flow.maxSwitchover())
}

// pagesSent writes the end of the transfer.
func (l *hostLogs) pagesSent(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about(f.number, "pagesSent", at)
	l.motion(f, f.source, at, false, "VMotionSend", fmt.Sprintf("Sent all modified pages to destination (network bandwidth ~%.3f MB/s)", flow.rate/1e6))
	l.motion(f, f.destination, at, false, "VMotionRecv", "DONE paging in") // UNVERIFIED
	l.vmxRestore(f, at)
}

// resumed writes that the machine runs on the destination, and for how long it did not.
func (l *hostLogs) resumed(f logFacts, at time.Time, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about(f.number, "resumed", at)
	l.agent(moRef{}, keyVpxd, levelInfo, "VmProv", f.operationID, "Relocation of "+f.vmxPath+" completed", at) // UNVERIFIED wording
	if !f.live {
		return
	}
	l.motion(f, f.destination, at, false, "VMotion", "Resume handshake successful") // UNVERIFIED
	result := fmt.Sprintf("[MIGRATE] (%s) vmotion result has downtime value %d", f.id, flow.downtime.Microseconds())
	l.agent(f.source, keyVpxa, levelVerbose, "VpxaMigrate", f.operationID, result, at)
	l.agent(f.destination, keyVpxa, levelVerbose, "VpxaMigrate", f.operationID, result, at)
	// The value true is UNVERIFIED; false was seen after a failure.
	l.agent(f.source, keyHostd, levelInfo, f.sub("Src"), f.operationID, "ResolveCb: VMX reports needsUnregister = true for migrateType MIGRATE_TYPE_VMOTION", at)
	l.noise(f.source, at.Add(5*time.Millisecond))
	l.noise(f.destination, at.Add(5*time.Millisecond))
	l.vmxResumed(f, at, flow.downtime)
}
