package main

import "github.com/vmware/govmomi/vim25/types"

// The names of the checkers' groups of tests (CheckTestType).
const (
	testSource    = string(types.CheckTestTypeSourceTests)
	testHost      = string(types.CheckTestTypeHostTests)
	testPool      = string(types.CheckTestTypeResourcePoolTests)
	testDatastore = string(types.CheckTestTypeDatastoreTests)
	testNetwork   = string(types.CheckTestTypeNetworkTests)
)

// rule is one thing that may stand against a relocation. CheckRelocate_Task reports what the rules say; RelocateVM_Task fails with
// the first error. The order is that of the list below. says lists the faults it may come up with, as "Class severity"; a class that
// carries another one, or a reason, is written with it: "Outer/Inner severity".
type rule struct {
	test  string
	apply func(*inquiry)
	says  []string
}

var rules = []rule{
	{testSource, checkTemplate, []string{"NotSupported error"}},
	{testSource, checkDisabledMethod, []string{"MethodDisabled error"}},
	{testSource, checkVMConnection, []string{"InvalidState error"}},
	{testSource, checkQuestion, []string{"QuestionPending error"}},
	{testSource, checkReadiness, []string{
		"MigrationDisabled error", "MigrationNotReady error", "ToolsInstallationInProgress error", "NoGuestHeartbeat warning",
	}},
	{testSource, checkSourceHost, []string{"HostNotConnected error"}},
	{testHost, checkDestinationHost, []string{"HostNotConnected error", "InvalidHostState error", "QuarantineModeFault warning"}},
	{testHost, checkFailoverHost, []string{"DisallowedOperationOnFailoverHost error"}},
	{testHost, checkAgents, []string{"InsufficientAgentVmsDeployed error"}},
	{testSource, checkSourceVMotion, vmotionOutcomes},
	{testHost, checkDestinationVMotion, vmotionOutcomes},
	{testHost, checkVMotionPair, []string{
		"VMotionNotConfigured error", "VMotionProtocolIncompatible error", "GenericVmConfigFault warning", "MismatchedVMotionNetworkNames warning",
	}},
	{testHost, checkFeatures, []string{
		"SuspendedRelocateNotSupported error", "StorageVMotionNotSupported error", "FullStorageVMotionNotSupported error",
		"IndependentDiskVMotionNotSupported error", "VMotionAcrossNetworkNotSupported error",
	}},
	{testHost, checkDevices, []string{
		"CannotAccessVmDevice error", "CannotAccessVmDevice warning", "DisallowedMigrationDeviceAttached/RemoteDeviceNotSupported error",
		"DisallowedMigrationDeviceAttached/FileBackedPortNotSupported error", "DisallowedMigrationDeviceAttached/DeviceNotSupported error",
		"DisallowedMigrationDeviceAttached/SharedBusControllerNotSupported error",
		"DisallowedMigrationDeviceAttached/DeviceNotSupported warning", "DisallowedMigrationDeviceAttached/SharedBusControllerNotSupported warning",
		"DisallowedMigrationDeviceAttached/RemoteDeviceNotSupported warning", "DisallowedMigrationDeviceAttached/FileBackedPortNotSupported warning",
	}},
	{testHost, checkRawDisks, []string{
		"DisallowedMigrationDeviceAttached/RawDiskNotSupported error", "DisallowedMigrationDeviceAttached/RawDiskNotSupported warning",
	}},
	{testHost, checkGraphics, []string{"InsufficientGraphicsResourcesFault error", "IncompatibleDefaultDevice error"}},
	{testSource, checkAffinity, []string{"AffinityConfigured error"}},
	{testHost, checkCPUs, []string{"NotEnoughCpus error", "NumVirtualCpusNotSupported error", "NumVirtualCoresPerSocketNotSupported error"}},
	{testHost, checkMemorySize, []string{"MemorySizeNotSupported error"}},
	{testHost, checkHardwareVersion, []string{"VirtualHardwareVersionNotSupported error"}},
	{testHost, checkCPUFeatures, []string{"FeatureRequirementsNotMet error"}},
	{testHost, checkEncryption, []string{"EncryptionKeyRequired error"}},
	{testHost, checkEncryptedVMotion, []string{"MigrationFeatureNotSupported error"}},
	{testHost, checkFaultTolerance, []string{
		"MultiWriterNotSupported error", "VirtualDiskModeNotSupported error", "FaultToleranceAntiAffinityViolated error",
		"FaultToleranceNotSameBuild error", "VmSmpFaultToleranceTooManyVMsOnHost error", "VmFaultToleranceTooManyFtVcpusOnHost error",
	}},
	{testPool, checkMemory, []string{"InsufficientHostMemoryCapacityFault error"}},
	{testPool, checkCPUCapacity, []string{
		"InsufficientHostCpuCapacityFault error", "InsufficientPerCpuCapacity error", "NumVirtualCpusExceedsLimit error",
	}},
	{testPool, checkPool, []string{"InsufficientMemoryResourcesFault error", "InsufficientCpuResourcesFault error"}},
	{testPool, checkFailover, []string{"InsufficientFailoverResourcesFault error"}},
	{testHost, checkRules, []string{
		"VmHostAffinityRuleViolation error", "VmHostAffinityRuleViolation warning", "RuleViolation error", "RuleViolation warning",
	}},
	{testHost, checkHA, []string{"HAErrorsAtDest warning", "WillLoseHAProtection warning"}},
	{testDatastore, checkTargetDatastores, []string{
		"InaccessibleDatastore error", "DatastoreNotWritableOnHost error", "InvalidDatastoreState error", "NoDiskSpace error",
		"FileTooLarge error", "MemorySizeNotSupportedByDatastore error", "MaintenanceModeFileMove error",
	}},
	{testDatastore, checkDisks, []string{
		"CannotAccessVmDisk/InaccessibleDatastore error", "CannotAccessVmDisk/DatastoreNotWritableOnHost error",
		"CannotAccessVmDisk/InvalidDatastoreState error", "CannotAccessVmConfig/InaccessibleDatastore error",
		"CannotAccessVmConfig/DatastoreNotWritableOnHost error", "CannotAccessVmConfig/InvalidDatastoreState error",
	}},
	{testDatastore, checkRDMs, []string{
		"RDMPointsToInaccessibleDisk error", "RDMConversionNotSupported error", "LargeRDMConversionNotSupported error",
		"RDMNotSupportedOnDatastore error", "NonHomeRDMVMotionNotSupported error",
	}},
	{testDatastore, checkSwap, []string{
		"SwapPlacementOverrideNotSupported error", "UnsharedSwapVMotionNotSupported error", "SwapDatastoreNotWritableOnHost warning",
	}},
	{testDatastore, checkDiskModes, []string{"UncommittedUndoableDisk error", "NonPersistentDisksNotSupported error", "MultiWriterNotSupported error"}},
	{testDatastore, checkDeltaDisks, []string{
		"CannotMoveVmWithNativeDeltaDisk error", "CannotMoveVmWithDeltaDisk error", "SnapshotMoveFromNonHomeNotSupported error",
		"SnapshotMoveToNonHomeNotSupported error", "HotSnapshotMoveNotSupported error", "SnapshotMoveNotSupported error",
	}},
	{testDatastore, checkSnapshotDirectory, []string{"WillResetSnapshotDirectory warning"}},
	{testNetwork, checkNetworks, []string{
		"CannotAccessNetwork error", "CannotAccessNetwork warning", "LegacyNetworkInterfaceInUse error", "LegacyNetworkInterfaceInUse warning",
		"VMOnConflictDVPort error", "DestinationSwitchFull error", "DestinationSwitchFull warning",
		"VMOnVirtualIntranet error", "VMOnVirtualIntranet warning",
		"CannotUseNetwork/NetworkReservationNotSupported error", "CannotUseNetwork/NetworkReservationNotSupported warning",
		"CannotUseNetwork/MismatchedEnsMode error", "CannotUseNetwork/MismatchedEnsMode warning", "CannotUseNetwork/VMotionToUnsupportedNetworkType warning",
		"CannotUseNetwork/MismatchedNetworkPolicies error", "CannotUseNetwork/MismatchedNetworkPolicies warning",
	}},
	{testNetwork, checkAcrossDatacenters, []string{"NetworksMayNotBeTheSame warning"}},
	{testSource, checkSnapshots, []string{"SnapshotRevertIssue warning"}},
}

// vmotionOutcomes are the same on either side.
var vmotionOutcomes = []string{
	"VMotionNotSupported error", "VMotionNotLicensed error", "VMotionNotConfigured error", "VMotionLinkDown error", "VMotionLinkCapacityLow warning",
}

// refusals are what a spec is refused with before it is judged: the error of the task, of a check's as well as of a relocation's.
var refusals = []string{
	"ManagedObjectNotFound error", "InvalidArgument error", "InvalidPowerState error", "DatacenterMismatch error", "NoActiveHostInCluster error", "DuplicateName error",
}

// outcomeOf names a fault the way the list above does.
func outcomeOf(fault types.BaseMethodFault, severity string) string {
	name := faultName(fault)
	switch f := fault.(type) {
	case *types.DisallowedMigrationDeviceAttached:
		name += "/" + faultName(f.Fault.Fault)
	case *types.CannotAccessVmDisk:
		name += "/" + faultName(f.Fault.Fault)
	case *types.CannotAccessVmConfig:
		name += "/" + faultName(f.Reason.Fault)
	case *types.CannotUseNetwork:
		name += "/" + f.Reason
	}
	return name + " " + severity
}
