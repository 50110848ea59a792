package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// motionFailure is a way a vMotion fails by itself: the kernel's code and text, and what vCenter makes of it.
type motionFailure struct {
	code uint32 // vmkernel's, without the prefix 0x0bad
	text string // vmkernel's
	key  string // of the message in vmware.log
	said string // that message
}

var noForwardProgress = &motionFailure{
	code: 0x0109, text: "Lack of pre-copy forward progress", key: "vob.vmotion.precopy.noprogress",
	said: "The migration has failed because of a lack of pre-copy forward progress: the virtual machine writes its memory faster than the network carries it.",
}

func switchoverExceeded(limit time.Duration) *motionFailure {
	return &motionFailure{
		code: 0x0107, text: "Maximum switchover time exceeded", key: "msg.checkpoint.migration.maxSwitchoverTimeExceeded",
		said: fmt.Sprintf("The migration has exceeded the maximum switchover time of %d second(s).", int(limit.Seconds())),
	}
}

// fault is what the task ends with: vCenter reports the switch-over's limit as a system error, the rest by the machine's own message.
func (f *motionFailure) fault() types.BaseMethodFault {
	message := []types.LocalizableMessage{{Key: f.key, Message: f.said}}
	if f.code == 0x0107 {
		fault := &types.SystemError{Reason: f.said}
		fault.FaultMessage = message
		return fault
	}
	fault := &types.GenericVmConfigFault{Reason: f.said}
	fault.FaultMessage = message
	return fault
}
