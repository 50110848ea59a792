package main

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// faultName is the name of a fault's type, as clients know it.
func faultName(fault types.BaseMethodFault) string {
	return reflect.TypeOf(fault).Elem().Name()
}

func systemError(cause any) types.BaseMethodFault {
	return &types.SystemError{Reason: fmt.Sprint(cause)}
}

// localized puts a message to a fault.
func localized(fault types.BaseMethodFault) *types.LocalizedMethodFault {
	return &types.LocalizedMethodFault{Fault: fault, LocalizedMessage: messageOf(fault)}
}

func localizedAll(faults []types.BaseMethodFault) []types.LocalizedMethodFault {
	var all []types.LocalizedMethodFault
	for _, fault := range faults {
		all = append(all, *localized(fault))
	}
	return all
}

// messageOf is what a person reads of a fault. The texts are modelled on vCenter's; those of VMotionNotConfigured and
// SystemError are vCenter's own, the rest is UNVERIFIED.
func messageOf(fault types.BaseMethodFault) string {
	if said := spokenMessage(fault); said != "" {
		return said
	}
	switch f := fault.(type) {
	case *types.RequestCanceled:
		return "The task was canceled by a user."
	case *types.TaskInProgress:
		return "The operation cannot be allowed at the moment because the virtual machine has another task in progress: " + f.Task.Value
	case *types.ManagedObjectNotFound:
		return "The object '" + f.Obj.Type + ":" + f.Obj.Value + "' has already been deleted or has not been completely created"
	case *types.SystemError:
		return "A general system error occurred: " + f.Reason
	case *types.InvalidArgument:
		return "A specified parameter was not correct: " + f.InvalidProperty
	case *types.InvalidPowerState:
		return fmt.Sprintf("The attempted operation cannot be performed in the current state (%s).", f.ExistingState)
	case *types.InvalidState:
		return "The operation is not allowed in the current state."
	case *types.QuestionPending:
		return "The virtual machine waits for an answer: " + f.Text
	case *types.MethodDisabled:
		return "The method is disabled."
	case *types.NotSupported:
		return "The operation is not supported on the object."
	case *types.DuplicateName:
		return "The name '" + f.Name + "' already exists."
	}
	return hostMessage(fault)
}

func hostMessage(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.HostNotConnected:
		return "Unable to communicate with the host, since it is disconnected."
	case *types.InvalidHostState:
		return "The operation is not allowed in the current state of the host: it is in maintenance mode."
	case *types.VMotionNotConfigured:
		side := "destination"
		if f.AtSourceHost {
			side = "source"
		}
		return "The vMotion interface is not configured (or is misconfigured) on the " + side + " host '" + f.FailedHost + "'."
	case *types.NotEnoughCpus:
		return fmt.Sprintf("The virtual machine needs %d CPUs and the host has %d.", f.NumCpuVm, f.NumCpuDest)
	case *types.InsufficientHostMemoryCapacityFault:
		return fmt.Sprintf("The host does not have sufficient memory resources: %d bytes requested, %d unreserved.", f.Requested, f.Unreserved)
	case *types.VmHostAffinityRuleViolation:
		return "Virtual machine '" + f.VmName + "' on host '" + f.HostName + "' would violate a virtual machine - host affinity rule."
	case *types.RuleViolation:
		return "The move would violate the rule '" + f.Rule.GetClusterRuleInfo().Name + "'."
	}
	return partMessage(fault)
}

func partMessage(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.AffinityConfigured:
		return "The virtual machine has CPU affinity set."
	case *types.DisallowedMigrationDeviceAttached:
		return "The virtual machine is configured to use a device that prevents the operation: " + f.Fault.LocalizedMessage
	case *types.CannotAccessVmDevice:
		return "Device '" + f.Device + "' uses backing '" + f.Backing + "', which is not accessible."
	case *types.CannotAccessVmDisk:
		return "Virtual disk '" + f.Device + "' is not accessible on the host: " + f.Fault.LocalizedMessage
	case *types.CannotAccessVmConfig:
		return "The virtual machine's configuration is not accessible: " + f.Reason.LocalizedMessage
	case *types.CannotAccessNetwork:
		return "Network interface '" + f.Device + "' uses network '" + f.Backing + "', which is not accessible."
	case *types.InaccessibleDatastore:
		return "Datastore '" + f.Name + "' is not accessible from the host."
	case *types.DatastoreNotWritableOnHost:
		return "Datastore '" + f.Name + "' is not writable on the host."
	case *types.InvalidDatastoreState:
		return "Datastore '" + f.DatastoreName + "' is in maintenance mode."
	case *types.SnapshotRevertIssue:
		return "Reverting to a snapshot of the virtual machine might fail or lose its state after the move."
	case *types.DeviceNotSupported:
		return "Device '" + f.Device + "' does not support the operation."
	case *types.RemoteDeviceNotSupported:
		return "Device '" + f.Device + "' is backed by a client's device."
	case *types.FileBackedPortNotSupported:
		return "Device '" + f.Device + "' is a port that writes to a file."
	case *types.SharedBusControllerNotSupported:
		return "Device '" + f.Device + "' is a SCSI controller engaged in bus-sharing."
	}
	return admissionMessage(fault)
}
