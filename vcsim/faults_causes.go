package main

import (
	"fmt"
	"regexp"

	"github.com/vmware/govmomi/vim25/types"
)

// kernelBase is what VMkernel codes begin with: vCenter shows 195887104 + n in decimal, logs 0xbad0000 + n in hexadecimal.
const kernelBase = 0x0bad0000

// kernelTexts are the VMkernel's texts of codes that end a vMotion. Source: opensea-transport, src/vm_nvme_lib.c.
var kernelTexts = map[uint32]string{
	0x0001: "Failure", 0x0003: "Not found", 0x0004: "Busy", 0x0006: "Limit exceeded", 0x0007: "Bad parameter", 0x0014: "Out of memory",
	0x0020: "Not supported", 0x0021: "Timeout", codeConnectionClosed: "Connection closed by remote host, possibly due to timeout",
	0x0040: "No connection", 0x0047: "Network is down", 0x0048: "Network unreachable", 0x0049: "Network dropped connection on reset",
	0x004a: "Software caused connection abort", 0x004b: "Connection reset by peer", 0x004f: "Connection refused", 0x0051: "No route to host",
	0x0076: "CPU admission check failed", 0x0081: "Memory admission check failed", 0x0082: "No swap file",
	codeVMXFailure: "Migration determined a failure by the VMX", codePreempted: "Failed to start for lack of CPU or memory resources",
	0x00d7: "No space left on device", codeAborted: "IO was aborted", 0x0107: "Maximum switchover time exceeded",
	0x0109: "Lack of pre-copy forward progress", 0x010b: "The hosts failed to connect over the vMotion network",
	0x010c: "No migration in progress", 0x0121: "Remote page fault failure",
}

// Codes that something in this program causes by itself.
const (
	codeConnectionClosed = 0x003f
	codeVMXFailure       = 0x0092
	codePreempted        = 0x00a4
	codeAborted          = 0x00e0
)

// messageKeys are the keys of the messages a failure puts into vmware.log and into the fault. Source: KB 320352, KB 308477, KB 393932;
// that of a lost connection is known by name alone.
var messageKeys = map[uint32]string{
	0x0006: "msg.checkpoint.migration.writefail", codeConnectionClosed: "vob.vmotion.stream.keepalive.read.fail",
	0x0107: "msg.checkpoint.migration.maxSwitchoverTimeExceeded", 0x0109: "vob.vmotion.precopy.noprogress",
}

// networkTimeout is Migrate.NetTimeout, 20 s in ESXi 6.0u3 to 9.0.1: a stream that is silent for longer is given up.
const networkTimeoutSeconds = 20

// kernelFailure is a failure with a VMkernel code. vCenter shows the code in decimal; the words around it are UNVERIFIED.
func kernelFailure(code uint32) *motionFailure {
	text, known := kernelTexts[code]
	if !known {
		text = "Failure"
	}
	key := messageKeys[code]
	if key == "" {
		key = "msg.checkpoint.precopyfailure"
	}
	said := fmt.Sprintf("Migration to the destination host failed with error %s (%d).", text, kernelBase+code)
	switch code {
	case 0x0107:
		return switchoverExceeded(defaultMaxSwitchover)
	case 0x0109:
		return noForwardProgress
	}
	return &motionFailure{code: code, text: text, key: key, said: said}
}

// destinationFailed is a failure of the destination to resume the machine (msg.migrate.fail.dst, seen in hostd 6.7).
var destinationFailed = &motionFailure{
	code: codeVMXFailure, text: kernelTexts[codeVMXFailure], key: "msg.migrate.fail.dst",
	said: "The source detected that the destination failed to resume.",
}

// cause is what the hosts' logs say of the planted failure where its author named a code, by itself or in the message; else nil.
func (s *failSpec) cause() *motionFailure {
	if code, err := parseCode(s.Code); err == nil && code != 0 {
		return kernelFailure(code)
	}
	if code, found := codeIn(s.Message); found {
		return kernelFailure(code)
	}
	return nil
}

var decimalCode = regexp.MustCompile(`\b1958\d{5}\b`)

// codeIn finds a code of the table, in decimal, in a message.
func codeIn(message string) (uint32, bool) {
	for _, digits := range decimalCode.FindAllString(message, -1) {
		code, err := parseCode(digits)
		if _, known := kernelTexts[code]; known && err == nil {
			return code, true
		}
	}
	return 0, false
}

// causeOf is what the hosts' logs say of a fault that a move ended with.
func causeOf(fault types.BaseMethodFault) *motionFailure {
	if code, found := codeIn(messageOf(fault)); found {
		return kernelFailure(code)
	}
	switch f := fault.(type) {
	case *types.RequestCanceled:
		return kernelFailure(codeAborted)
	case *types.Timedout:
		return kernelFailure(0x0021)
	case *types.GenericVmConfigFault:
		said := *destinationFailed
		if f.Reason != "" {
			said.said = f.Reason
		}
		return &said
	case types.BaseInsufficientResourcesFault:
		return kernelFailure(codePreempted)
	case types.BaseHostCommunication:
		return kernelFailure(codeConnectionClosed)
	}
	failure := *kernelFailure(codeVMXFailure)
	failure.said = messageOf(fault)
	return &failure
}
