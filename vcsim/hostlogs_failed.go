package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// failed writes how a vMotion that was begun ended on both hosts: the kernel's text and code, hostd's dump of the fault, and what the
// machine's own log says. Sources: RS14, FB and KB 1010045 (vmkernel), FB (hostd), KB 308477 and KB 320352 (vmware.log).
func (l *hostLogs) failed(f logFacts, at time.Time, end ending, flow *flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about(f.number, "failed", at)
	l.agent(moRef{}, keyVpxd, levelError, "VmProv", f.operationID, "Relocation of "+f.vmxPath+" failed", at) // UNVERIFIED wording
	if !f.live {
		return
	}
	why := end.failure
	if why == nil {
		why = causeOf(end.fault)
	}
	stunned := !flow.stunnedAt.IsZero()
	if flow.passes > 0 && !stunned {
		l.motion(f, f.source, at, true, "VMotion", "failed to end preCopy stream: IO was aborted")
	}
	l.kernelFailed(f, at, why)
	l.hostdFailed(f, at, end, why)
	l.vmxFailed(f, at, why, stunned, at.Sub(flow.stunnedAt))
}

// kernelFailed writes the failure with its code. A failure the machine's own process found has the text that says so; on the other
// host the stream breaks off, unless both have lost it. l.mu is held.
func (l *hostLogs) kernelFailed(f logFacts, at time.Time, why *motionFailure) {
	text := l.coded(why.text, why.code)
	if why.code == codeVMXFailure {
		text = "Migration considered a failure by the VMX. It is most likely a timeout, but check the VMX log for the true error."
	}
	l.motion(f, f.source, at, true, "Migrate", text)
	l.motion(f, f.destination, at, true, "Migrate", l.coded(kernelTexts[codeConnectionClosed], codeConnectionClosed))
}

// coded is a failure's text with its code and an address in the kernel. l.mu is held.
func (l *hostLogs) coded(text string, code uint32) string {
	return fmt.Sprintf("Failed: %s (0x%x) @0x4180%08x", text, kernelBase+code, l.rng.Uint32())
}

// hostdFailed writes the ending of hostd's part on the source. l.mu is held.
func (l *hostLogs) hostdFailed(f logFacts, at time.Time, end ending, why *motionFailure) {
	write := func(severity level, message string) {
		l.agent(f.source, keyHostd, severity, f.sub("Src"), f.operationID, message, at)
	}
	if end.cancelled {
		write(levelInfo, "Throw vmodl.fault.RequestCanceled")
		return
	}
	write(levelInfo, "ResolveCb: VMX reports needsUnregister = false for migrateType MIGRATE_TYPE_VMOTION")
	// The lines between the first and the key are UNVERIFIED.
	write(levelInfo, fmt.Sprintf("ResolveCb: Failed with fault: (%s) {\nfaultMessage = (vmodl.LocalizableMessage) [\n(vmodl.LocalizableMessage) {\nkey = %q,\nmessage = %q\n}\n]\n}",
		dottedName(end.fault), why.key, why.said))
	write(levelInfo, "State Transition (VM_STATE_EMIGRATING -> VM_STATE_ON)")
	l.agent(f.source, keyVpxa, levelError, "VpxaMigrate", f.operationID, fmt.Sprintf("[MIGRATE] (%s) vMotion failed: %s", f.id, dottedName(end.fault)), at)
}

// dottedName is a fault's name as hostd writes it: vmodl.fault for those every service has, vim.fault for the rest.
func dottedName(fault types.BaseMethodFault) string {
	if _, common := fault.(types.BaseRuntimeFault); common {
		return "vmodl.fault." + faultName(fault)
	}
	if _, cancelled := fault.(*types.RequestCanceled); cancelled {
		return "vmodl.fault.RequestCanceled"
	}
	return "vim.fault." + faultName(fault)
}

// textID is a migration's ID with an address in front, the form VOBs have: the address as a number, and the ID. l.mu is held.
func (f *logFacts) textID() string {
	number := uint32(0)
	if address, err := netip.ParseAddr(f.destinationIP); err == nil && address.Is4() {
		for _, b := range address.As4() {
			number = number<<8 | uint32(b)
		}
	}
	return fmt.Sprintf("[%d:%s]", number, f.id)
}
