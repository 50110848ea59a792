package main

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

// admissionMessage is what a person reads of the rules' faults that have no text of their own elsewhere; modelled on vCenter's, UNVERIFIED
// in wording.
func admissionMessage(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.MigrationNotReady:
		return "The virtual machine is not ready for migration: " + f.Reason
	case *types.VMotionLinkDown:
		return "The vMotion interface of host '" + f.FailedHost + "' has no link on network '" + f.Network + "'."
	case *types.VMotionLinkCapacityLow:
		return "The link of the vMotion interface of host '" + f.FailedHost + "' is slower than recommended (network '" + f.Network + "')."
	case *types.VMotionNotLicensed:
		return "Host '" + f.FailedHost + "' is not licensed for vMotion."
	case *types.VMotionNotSupported:
		return "Host '" + f.FailedHost + "' does not support vMotion."
	case *types.MismatchedVMotionNetworkNames:
		return "The hosts' vMotion networks have different names: '" + f.SourceNetwork + "' and '" + f.DestNetwork + "'."
	case *types.GenericVmConfigFault:
		return f.Reason
	case *types.FeatureRequirementsNotMet:
		return fmt.Sprintf("The target host does not support the virtual machine's current hardware requirements: %d features are missing.", len(f.FeatureRequirement))
	case *types.VirtualHardwareVersionNotSupported:
		return "The virtual machine's hardware version is not supported by host '" + f.HostName + "'."
	case *types.NoDiskSpace:
		return "Insufficient disk space on datastore '" + f.Datastore + "'."
	case *types.DisallowedOperationOnFailoverHost:
		return "Host '" + f.Hostname + "' is configured as a failover host for vSphere HA."
	case *types.FaultToleranceAntiAffinityViolated:
		return "The other virtual machine of the fault tolerance pair is on host '" + f.HostName + "'."
	case *types.InsufficientAgentVmsDeployed:
		return fmt.Sprintf("Host '%s' has %d of %d required agent virtual machines.", f.HostName, f.CurrentNumAgentVms, f.RequiredNumAgentVms)
	case *types.NetworksMayNotBeTheSame:
		return "Network '" + f.Name + "' of the destination may not be the same network."
	case *types.CannotUseNetwork:
		return "Network interface '" + f.Device + "' cannot use network '" + f.Backing + "': " + f.Reason
	case *types.NoPermission:
		return "Permission to perform this operation was denied."
	}
	if text, known := admissionTexts[faultName(fault)]; known {
		return text
	}
	return faultName(fault)
}

var admissionTexts = map[string]string{
	"ToolsInstallationInProgress":         "The VMware Tools installer is mounted in the virtual machine.",
	"NoGuestHeartbeat":                    "No guest OS heartbeats are being received.",
	"EncryptionKeyRequired":               "An encryption key is required.",
	"QuarantineModeFault":                 "The host is in quarantine mode.",
	"InsufficientFailoverResourcesFault":  "Insufficient resources to satisfy configured failover level for vSphere HA.",
	"InsufficientCpuResourcesFault":       "The available CPU resources in the parent resource pool are insufficient for the operation.",
	"InsufficientMemoryResourcesFault":    "The available memory resources in the parent resource pool are insufficient for the operation.",
	"InsufficientHostCpuCapacityFault":    "The host does not have sufficient CPU resources to satisfy the reservation.",
	"VMotionProtocolIncompatible":         "The vMotion protocols of the hosts are incompatible.",
	"NoActiveHostInCluster":               "The cluster has no active host.",
	"DatacenterMismatch":                  "The input arguments had entities that did not belong to the same datacenter.",
	"MaintenanceModeFileMove":             "Files cannot be moved while the host is in maintenance mode.",
	"HAErrorsAtDest":                      "vSphere HA is not running properly at the destination.",
	"WillLoseHAProtection":                "The virtual machine would lose vSphere HA protection.",
	"SuspendedRelocateNotSupported":       "A suspended virtual machine cannot be relocated between these hosts.",
	"InsufficientGraphicsResourcesFault":  "The host has no graphics resources of the profile the virtual machine asks for.",
	"WillResetSnapshotDirectory":          "The snapshot directory will be reset to the virtual machine's home.",
	"VmSmpFaultToleranceTooManyVMsOnHost": "The host runs the most fault-tolerant virtual machines it may.",
}
