"""Which check a fault of vCenter's own checker belongs to, and what an administrator can do about it.

The class names are those of the vSphere API 9.1. A fault that is not here is `vcenter.fault` and keeps its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vsphere_motion.preflight import (
    cluster,
    cpu,
    devices,
    drs_rules,
    encryption,
    files,
    ft,
    guest,
    hardware,
    host,
    limits,
    memory,
    network,
    permissions,
    place,
    pool,
    storage,
    swap,
    vm,
    vmknic,
)
from vsphere_motion.preflight.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """The check that a class of faults belongs to, and the remedy."""

    id: str
    remedy: str


def _rows(check: Check, remedy: str, *kinds: str) -> dict[str, FaultRow]:
    return dict.fromkeys(kinds, FaultRow(id=check.id, remedy=remedy))


FAULTS: Mapping[str, FaultRow] = {
    # the VM
    **_rows(vm.CONNECTION, "reconnect the VM's host, or register the VM again", "InvalidVmState"),
    **_rows(vm.POWER_STATE, "bring the VM into the power state that the fault names", "InvalidPowerState"),
    **_rows(vm.READY, "wait until the VM has finished powering on or resuming", "MigrationNotReady"),
    **_rows(
        vm.SNAPSHOTS,
        "delete the snapshots that are no longer needed",
        "SnapshotRevertIssue",
        "WillResetSnapshotDirectory",
        "InvalidSnapshotFormat",
    ),
    **_rows(
        vm.DISABLED_METHOD,
        "wait for the backup or import that locked the VM, or remove a stale lock with that tool",
        "MethodDisabled",
        "MigrationDisabled",
    ),
    **_rows(vm.RUNNING_TASK, "wait until the task has ended, or cancel it", "TaskInProgress", "VAppTaskInProgress"),
    **_rows(vm.QUESTION, "answer the VM's question in the vSphere Client", "QuestionPending"),
    **_rows(guest.TOOLS_INSTALLER, "end the VMware Tools installation", "ToolsInstallationInProgress"),
    **_rows(guest.HEARTBEAT, "look why the guest sends no heartbeat", "NoGuestHeartbeat"),
    **_rows(encryption.KEYS, "make the VM's keys available on the destination", "EncryptionKeyRequired"),
    **_rows(
        ft.PARTNER,
        "choose a host that runs no other VM of the group, or turn Fault Tolerance off",
        "FaultToleranceAntiAffinityViolated",
    ),
    **_rows(
        ft.SUPPORT,
        "choose a host that suits the fault tolerant VM, or turn Fault Tolerance off",
        "FaultToleranceNeedsThickDisk",
        "FaultToleranceCpuIncompatible",
        "FtVmHostRuleViolation",
    ),
    **_rows(ft.BUILD, "choose a host of the same build, or turn Fault Tolerance off", "FaultToleranceNotSameBuild"),
    **_rows(ft.DISK, "make the disk dependent, or turn Fault Tolerance off", "VirtualDiskModeNotSupported"),
    **_rows(
        ft.LIMIT,
        "choose a host that runs fewer fault tolerant VMs",
        "VmSmpFaultToleranceTooManyVMsOnHost",
        "VmFaultToleranceTooManyVMsOnHost",
        "VmFaultToleranceTooManyFtVcpusOnHost",
    ),
    **_rows(
        hardware.VERSION,
        "choose a newer host: a virtual hardware version cannot be lowered",
        "VirtualHardwareVersionNotSupported",
    ),
    # the hosts
    **_rows(
        host.CONNECTION,
        "reconnect the host in vCenter, or check its power and management network",
        "HostNotConnected",
        "HostNotReachable",
        "HostCommunication",
        "InvalidHostConnectionState",
    ),
    **_rows(
        host.MAINTENANCE,
        "exit maintenance mode on the host, or choose another host",
        "InvalidHostState",
        "NoActiveHostInCluster",
    ),
    **_rows(host.QUARANTINE, "repair the host, or choose another host", "QuarantineModeFault"),
    **_rows(host.LICENSE, "license both hosts for vMotion", "VMotionNotLicensed"),
    **_rows(
        host.FEATURE,
        "choose a host that has the feature, or move host and storage one after the other",
        "VMotionNotSupported",
        "VMotionProtocolIncompatible",
        "MigrationFeatureNotSupported",
        "IndependentDiskVMotionNotSupported",
        "NonHomeRDMVMotionNotSupported",
        "NotSupportedHostInCluster",
    ),
    **_rows(host.SUSPENDED, "resume the VM or power it off, and move it then", "SuspendedRelocateNotSupported"),
    **_rows(host.FAILOVER, "choose a host that is not reserved for failover", "DisallowedOperationOnFailoverHost"),
    # memory and CPU
    **_rows(
        memory.RESERVATION,
        "choose another host, or lower the VM's memory reservation",
        "InsufficientHostMemoryCapacityFault",
        "InsufficientStandbyMemoryResource",
    ),
    **_rows(
        pool.MEMORY,
        "lower the VM's memory reservation, or that of pools and VMs in the destination's cluster",
        "InsufficientMemoryResourcesFault",
    ),
    **_rows(
        pool.CPU,
        "lower the VM's CPU reservation, or that of pools and VMs in the destination's cluster",
        "InsufficientCpuResourcesFault",
    ),
    **_rows(
        hardware.MEMORY,
        "choose a host that supports the VM's memory size",
        "MemorySizeNotSupported",
        "MemorySizeNotRecommended",
    ),
    **_rows(
        cpu.THREADS,
        "choose a host with more logical processors, or give the VM fewer vCPUs",
        "NotEnoughCpus",
        "NotEnoughLogicalCpus",
    ),
    **_rows(
        hardware.VCPUS,
        "choose a newer host, or power the VM off and give it fewer vCPUs",
        "NumVirtualCpusNotSupported",
        "NumVirtualCpusIncompatible",
    ),
    **_rows(
        hardware.HOST_VCPUS,
        "choose another host, or move other VMs off the destination first",
        "NumVirtualCpusExceedsLimit",
    ),
    **_rows(
        limits.CORES,
        "choose a newer host, or give the VM fewer cores a socket while it is off",
        "NumVirtualCoresPerSocketNotSupported",
    ),
    **_rows(
        limits.VIDEO,
        "choose another host, or give the VM less video memory while it is off",
        "IncompatibleDefaultDevice",
    ),
    **_rows(
        cpu.RESERVATION,
        "choose another host, or lower the VM's CPU reservation",
        "InsufficientHostCpuCapacityFault",
        "InsufficientStandbyCpuResource",
    ),
    **_rows(
        cpu.VCPU_RESERVATION,
        "choose a host with faster cores, or lower the VM's CPU reservation",
        "InsufficientPerCpuCapacity",
    ),
    **_rows(
        cpu.FEATURES,
        "choose a host with those CPU features, or power the VM off, or enable EVC on the cluster",
        "FeatureRequirementsNotMet",
        "CpuIncompatible",
        "CpuIncompatible1ECX",
        "CpuIncompatible81EDX",
        "CpuCompatibilityUnknown",
        "CannotModifyConfigCpuRequirements",
        "WillModifyConfigCpuRequirements",
    ),
    **_rows(cpu.AFFINITY, "remove the VM's CPU or memory affinity, or power it off", "AffinityConfigured"),
    # storage and network
    **_rows(
        storage.REACHABLE,
        "mount the datastore read-write on the destination, or choose a host that has it",
        "CannotAccessVmDisk",
        "CannotAccessVmConfig",
        "CannotAccessVmComponent",
        "CannotAccessFile",
        "InaccessibleDatastore",
        "DatastoreNotWritableOnHost",
        "InvalidDatastore",
    ),
    **_rows(
        storage.MAINTENANCE, "exit maintenance mode on the datastore, or move the files first", "InvalidDatastoreState"
    ),
    **_rows(storage.RDM, "present the LUN to the destination and rescan its storage", "RDMPointsToInaccessibleDisk"),
    **_rows(
        storage.DISK,
        "change the disk's kind or mode, or power the VM off",
        "RawDiskNotSupported",
        "RDMNotSupported",
        "RDMNotPreserved",
        "RDMConversionNotSupported",
        "LargeRDMConversionNotSupported",
        "PhysCompatRDMNotSupported",
        "DiskNotSupported",
        "DeltaDiskFormatNotSupported",
        "EightHostLimitViolated",
    ),
    **_rows(
        storage.MULTI_WRITER, "let the disk have one writer, or move the VM while it is off", "MultiWriterNotSupported"
    ),
    **_rows(
        storage.INDEPENDENT,
        "leave the disk where it is while the VM runs, or power the VM off",
        "NonPersistentDisksNotSupported",
        "UncommittedUndoableDisk",
    ),
    # files on their way to another datastore
    **_rows(
        files.VMOTION,
        "move the VM and its files one after the other, or choose a host that has the feature",
        "StorageVMotionNotSupported",
        "FullStorageVMotionNotSupported",
    ),
    **_rows(files.SOURCE, "exit maintenance mode on the source, or leave the files there", "MaintenanceModeFileMove"),
    **_rows(
        files.SNAPSHOTS,
        "delete the snapshots, or leave the files where they are",
        "SnapshotCopyNotSupported",
        "HotSnapshotMoveNotSupported",
        "SnapshotCloneNotSupported",
        "SnapshotMoveNotSupported",
        "SnapshotMoveFromNonHomeNotSupported",
        "SnapshotMoveToNonHomeNotSupported",
        "CannotMoveVmWithDeltaDisk",
        "CannotMoveVmWithNativeDeltaDisk",
    ),
    **_rows(
        files.RDM,
        "choose a VMFS datastore, or leave the mapping where it is",
        "RDMNotSupportedOnDatastore",
        "LargeRDMNotSupportedOnDatastore",
    ),
    **_rows(files.SIZE, "choose a datastore that holds larger files", "FileTooLarge"),
    **_rows(files.SWAP, "choose a datastore that holds larger files", "MemorySizeNotSupportedByDatastore"),
    **_rows(devices.SHARED_BUS, "move the VM while it is off", "SharedBusControllerNotSupported"),
    **_rows(storage.SPACE, "free space on the datastore, or choose another", "NoDiskSpace", "InsufficientStorageSpace"),
    **_rows(
        swap.SUPPORT,
        "keep the VM's swap file with the VM, or on a datastore that both hosts have",
        "UnsharedSwapVMotionNotSupported",
        "SwapDatastoreNotWritableOnHost",
        "SwapPlacementOverrideNotSupported",
    ),
    **_rows(
        network.PRESENT,
        "add the network to the destination, or choose a host that has it",
        "CannotAccessNetwork",
        "DVPortNotSupported",
    ),
    **_rows(
        network.USABLE,
        "make the network of both hosts alike, or choose another host",
        "CannotUseNetwork",
        "DestinationSwitchFull",
        "LegacyNetworkInterfaceInUse",
        "VMOnConflictDVPort",
        "MismatchedNetworkPolicies",
        "InsufficientNetworkCapacity",
        "InsufficientNetworkResourcePoolCapacity",
    ),
    **_rows(
        network.USABLE,
        "see that the network of that name leads to the same place, or name another one with --network",
        "NetworksMayNotBeTheSame",
    ),
    **_rows(
        network.CHANGE,
        "leave the networks as they are, move the VM while it is off, or choose another host",
        "VMotionAcrossNetworkNotSupported",
    ),
    **_rows(place.NAME, "rename one of the two, or name another folder", "DuplicateName"),
    **_rows(place.IDENTITY, "remove the copy, or give it another instance UUID", "AlreadyExists"),
    **_rows(network.UPLINK, "add an uplink to the switch, or disconnect the adapter", "VMOnVirtualIntranet"),
    # the vMotion interfaces
    **_rows(vmknic.MISSING, "enable vMotion on a VMkernel adapter of the host", "VMotionNotConfigured"),
    **_rows(
        vmknic.LINK,
        "check the uplinks behind the host's vMotion vmknic",
        "VMotionLinkDown",
        "VMotionLinkCapacityLow",
        "MismatchedVMotionNetworkNames",
    ),
    # devices: `vcenter.py` looks for the device that the fault names
    **_rows(
        devices.SUPPORTED,
        "disconnect or remove the device, or choose a host that supports it",
        "CannotAccessVmDevice",
        "DisallowedMigrationDeviceAttached",
        "RemoteDeviceNotSupported",
        "FileBackedPortNotSupported",
        "DeviceNotSupported",
        "DeviceBackingNotSupported",
        "DeviceControllerNotSupported",
        "VirtualEthernetCardNotSupported",
        "WakeOnLanNotSupported",
    ),
    **_rows(
        devices.VGPU_PROFILE,
        "choose a host with a free GPU that offers the VM's profile",
        "InsufficientGraphicsResourcesFault",
    ),
    # the cluster
    **_rows(
        drs_rules.MUST_RULE,
        "choose a host that the rule allows, or change the rule",
        "VmHostAffinityRuleViolation",
        "NoCompatibleHardAffinityHost",
        "RuleViolation",
    ),
    **_rows(
        drs_rules.SHOULD_RULE,
        "choose a host that the rule wants, or change the rule",
        "NoCompatibleSoftAffinityHost",
        "SoftRuleVioCorrectionDisallowed",
        "SoftRuleVioCorrectionImpact",
    ),
    **_rows(
        cluster.HA,
        "repair vSphere HA on the destination's cluster, or free failover capacity",
        "HAErrorsAtDest",
        "InsufficientFailoverResourcesFault",
        "InsufficientAgentVmsDeployed",
    ),
    **_rows(
        cluster.PROTECTION,
        "move the files back under vSphere HA, or turn HA on in the destination's cluster",
        "WillLoseHAProtection",
    ),
    **_rows(
        cluster.DRS,
        "change the DRS override of the VM, or choose a host that DRS allows",
        "DrsDisabledOnVm",
        "DrsVmotionIncompatibleFault",
        "StorageVmotionIncompatible",
    ),
    # the account
    **_rows(
        permissions.MISSING,
        "give the account the privileges that the fault names, on the object that it names",
        "NoPermission",
        "NotAuthenticated",
    ),
}
