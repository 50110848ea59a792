package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// kernelNoise is what else a kernel has to say. The map of an operation ID is as in lnav's samples, the boot line as in KB 441977; the
// others look like what storage and network modules write, and their wording is UNVERIFIED. Some are there to lead a careless reader
// astray: long numbers, and lines of a migration within the host (a hot-add), which have neither an ID nor addresses.
var kernelNoise = []func(*rand.Rand) string{
	func(r *rand.Rand) string {
		return fmt.Sprintf("ScsiDeviceIO: %d: Cmd(0x45b%09x) 0x1a, CmdSN 0x%x from world 0 to dev \"mpx.vmhba0:C0:T0:L0\" failed H:0x0 D:0x2 P:0x0 Valid sense data: 0x5 0x24 0x0.", 3000+r.IntN(999), r.Int64N(1<<36), r.IntN(1<<16))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("Vol3: %d: Could not open device 'datastore' for volume open: Not found", 1000+r.IntN(999))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("NetPort: %d: enabled port 0x%x with mac 00:50:56:%02x:%02x:%02x", 1500+r.IntN(99), 0x2000000+r.IntN(99), r.IntN(64), r.IntN(256), r.IntN(256))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("DVFilter: %d: Checking disconnected filters for timeouts", 5900+r.IntN(99))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("NMP: nmp_ThrottleLogForDevice:%d: last error status from device mpx.vmhba0:C0:T0:L0 repeated %d times", 3800+r.IntN(99), 1+r.IntN(40))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("World: %d: VC opID hostd-%04x maps to vmkernel opID %x", 14000+r.IntN(999), r.IntN(1<<16), r.Uint32())
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("HBX: %d: 'datastore': HB at offset %d - Waiting for timed out HB: [HB state abcdef02 stamp %d uS 5f%06x gen %d]", 3000+r.IntN(99), 3_000_000+r.IntN(999_999), 1_000_000_000_000_000+r.Int64N(1<<40), r.IntN(1<<24), 1+r.IntN(999))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("Hbr: %d: Migration start received (worldID=%d) (migrateType=1) (event=0) (isSource=1)", 2900+r.IntN(99), 2_100_000+r.IntN(90_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("FSR: %d: FSR of vm %d: memory hot-add, no network", 500+r.IntN(99), 2_100_000+r.IntN(90_000))
	},
}

// noise writes one line of what else the kernel has to say. l.mu is held.
func (l *hostLogs) noise(host moRef, at time.Time) {
	f := l.file(host, keyVMkernel)
	if l.rng.IntN(40) == 0 && isEight(l.hosts[host].release) {
		l.bootLine(host, at, f)
		return
	}
	l.kernel(host, at, "", false, kernelNoise[l.rng.IntN(len(kernelNoise))](l.rng))
}

// bootLine is a line without a CPU and without the fraction of the second, as 8.0 writes some. l.mu is held.
func (l *hostLogs) bootLine(host moRef, at time.Time, f *logFile) {
	stamp := at.Add(l.hosts[host].skew).UTC().Format("2006-01-02T15:04:05Z")
	f.add(logLine{at: at, order: l.order, text: fmt.Sprintf("%s In(182) vmkernel: VMB: %d: mbMagic: %x", stamp, 60+l.rng.IntN(9), l.rng.Uint32())})
}
