package main

import "github.com/vmware/govmomi/vim25/types"

// situation is one row of the table of rules brought about: by words in a scenario and by patches, and the relocation it is to stop.
type situation struct {
	want  string            // "Class severity", as in the list of rules
	scene map[string]string // what is put into the scenario's places; see sceneText
	patch []patchOf
	spec  func(*cast) types.VirtualMachineRelocateSpec // to host a2 where absent
	state types.VirtualMachinePowerState               // MigrateVM_Task's; that method and its check are used then
}

// patchOf changes one property of one object through the control endpoint; %name% stands for an object's moid.
type patchOf struct{ object, path, value string }

func in(place, words string) map[string]string { return map[string]string{place: words} }

func on(object, path, value string) []patchOf { return []patchOf{{object, path, value}} }

// and joins places.
func and(scenes ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, scene := range scenes {
		for place, words := range scene {
			all[place] = words
		}
	}
	return all
}

const (
	disconnected = `{"startConnected": false, "allowGuestControl": true, "connected": false}`
	halfHost     = "cores: 1, cpu_mhz: 2600"
)

var (
	off        = in("vm", `power: "off"`)
	haA        = in("A", "ha: {enabled: true}")
	dv         = in("nets", "[dv]")
	cut        = patchOf{"vm", "config.hardware.device[4000].connectable", disconnected}
	rdmVirtual = in("vm", "devices: [rdm-virtual]")
	hostLocal  = patchOf{"vm", "config.swapPlacement", `"hostLocal"`}
)

func offWith(words string) map[string]string { return in("vm", `power: "off", `+words) }

func toA2(c *cast) types.VirtualMachineRelocateSpec { return toHost(c.ref("a2")) }
func toB1(c *cast) types.VirtualMachineRelocateSpec { return c.toPool("b1", "B/") }

// storage moves all files to the second datastore and stays on the host; storageToA2 changes host as well.
func storage(c *cast) types.VirtualMachineRelocateSpec {
	second, here := c.ref("second"), c.ref("a1")
	return types.VirtualMachineRelocateSpec{Host: &here, Datastore: &second}
}

func storageToA2(c *cast) types.VirtualMachineRelocateSpec {
	spec := storage(c)
	spec.Host = toA2(c).Host
	return spec
}

// oneDisk moves one disk to a datastore.
func oneDisk(key int32, datastore string) func(*cast) types.VirtualMachineRelocateSpec {
	return func(c *cast) types.VirtualMachineRelocateSpec {
		here := c.ref("a1")
		return types.VirtualMachineRelocateSpec{Host: &here, Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: key, Datastore: c.ref(datastore)}}}
	}
}

func withHost(host string, spec func(*cast) types.VirtualMachineRelocateSpec) func(*cast) types.VirtualMachineRelocateSpec {
	return func(c *cast) types.VirtualMachineRelocateSpec {
		s, r := spec(c), c.ref(host)
		s.Host = &r
		return s
	}
}

// diskStays moves the home and leaves the disk; homeStays the reverse.
func diskStays(datastore string) func(*cast) types.VirtualMachineRelocateSpec {
	return func(c *cast) types.VirtualMachineRelocateSpec {
		spec := storageToA2(c)
		spec.Disk = oneDisk(2000, datastore)(c).Disk
		return spec
	}
}

var homeStays = withHost("a2", oneDisk(2000, "second"))

func transformed(c *cast) types.VirtualMachineRelocateSpec {
	spec := storage(c)
	spec.Transform = types.VirtualMachineRelocateTransformationFlat
	return spec
}

// toNetwork changes the adapter's network to a standard one.
func toNetwork(name string) func(*cast) types.VirtualMachineRelocateSpec {
	return func(c *cast) types.VirtualMachineRelocateSpec {
		card := &types.VirtualVmxnet3{}
		card.Key = 4000
		card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: name}}
		spec := toA2(c)
		spec.DeviceChange = []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: card}}
		return spec
	}
}

var situations = []situation{
	// The virtual machine.
	{want: "NotSupported error", scene: offWith("template: true")},
	{want: "MethodDisabled error", scene: in("vm", "disabled_methods: [RelocateVM_Task]")},
	{want: "InvalidState error", patch: on("vm", "runtime.connectionState", `"disconnected"`)},
	{want: "QuestionPending error", scene: in("vm", "question: Which way")},
	{want: "MigrationDisabled error", scene: in("vm", "migration_disabled: true")},
	{want: "MigrationNotReady error", scene: in("vm", "not_ready: It is resuming")},
	{want: "ToolsInstallationInProgress error", scene: in("vm", "tools_mounted: true")},
	{want: "NoGuestHeartbeat warning", patch: on("vm", "guestHeartbeatStatus", `"red"`)},
	{want: "EncryptionKeyRequired error", scene: in("vm", "encrypted: true"), patch: on("a2", "runtime.cryptoState", `"incapable"`)},
	{want: "MigrationFeatureNotSupported error", patch: []patchOf{
		{"vm", "config.migrateEncryption", `"required"`}, {"a2", "capability.encryptedVMotionSupported", "false"},
	}},
	{want: "AffinityConfigured error", scene: in("vm", "affinity: {cpu: [0]}")},
	{want: "AffinityConfigured error", scene: in("vm", "affinity: {memory: [1]}")},
	{want: "SnapshotRevertIssue warning", scene: in("vm", "snapshots: 1")},

	// Hosts.
	{want: "HostNotConnected error", scene: in("a2", "connection: disconnected")},
	{want: "HostNotConnected error", scene: in("a1", "connection: notResponding")},
	{want: "InvalidHostState error", scene: in("a2", "maintenance: true")},
	{want: "QuarantineModeFault warning", scene: in("a2", "quarantine: true")},
	{want: "DisallowedOperationOnFailoverHost error", scene: and(haA, in("a2", "failover_host: true"))},
	{want: "InsufficientAgentVmsDeployed error", scene: in("a2", "agent_vms: {required: 2, deployed: 1}")},
	{want: "SuspendedRelocateNotSupported error", scene: and(in("vm", "power: suspended"), in("a2", "lacks: [suspended-relocate]"))},
	{want: "StorageVMotionNotSupported error", scene: in("a1", "lacks: [storage-vmotion]"), spec: storage},
	{want: "FullStorageVMotionNotSupported error", scene: in("a2", "lacks: [full-storage-vmotion]"), spec: storageToA2},
	{want: "IndependentDiskVMotionNotSupported error", scene: in("a1", "lacks: [independent-disk-vmotion]"), spec: oneDisk(2000, "second")},
	{want: "VMotionAcrossNetworkNotSupported error", scene: in("a2", "lacks: [vmotion-across-network]"), spec: toNetwork("std2")},

	// vMotion interfaces.
	{want: "VMotionNotSupported error", scene: in("a2", "lacks: [vmotion]")},
	{want: "VMotionNotLicensed error", scene: in("a1", "licensed: false")},
	{want: "VMotionNotConfigured error", scene: in("a2", "vmotion: null")},
	{want: "VMotionNotConfigured error", scene: in("a2", "vmotion: {stack: vmotion}")},
	{want: "VMotionLinkDown error", scene: in("a2", "vmotion: {link_down: true}")},
	{want: "VMotionLinkCapacityLow warning", scene: in("a2", "vmotion: {link_gbps: 0.5}")},
	{want: "VMotionProtocolIncompatible error", scene: in("a1", "vmotion: {protocol: 2}")},
	{want: "GenericVmConfigFault warning", scene: in("a2", "vmotion: {mtu: 1500}")},
	{want: "MismatchedVMotionNetworkNames warning", scene: in("a2", "vmotion: {portgroup: migration}")},

	// CPU and memory.
	{want: "NotEnoughCpus error", scene: and(in("vm", "cpus: 16"), in("a2", "cores: 4"))},
	{want: "NumVirtualCpusNotSupported error", patch: on("a2", "capability.maxSupportedVcpus", "1")},
	{want: "NumVirtualCoresPerSocketNotSupported error", scene: and(in("vm", "cpus: 4, cores_per_socket: 4"), in("a2", "max_cores_per_socket: 2"))},
	{want: "MemorySizeNotSupported error", patch: on("a2", "capability.maxSupportedVmMemory", "512")},
	{want: "VirtualHardwareVersionNotSupported error", scene: and(in("vm", "hardware_version: 21"), in("a2", `esxi: "7.0"`))},
	{want: "FeatureRequirementsNotMet error", scene: in("a2", "evc: intel-haswell")},
	{want: "FeatureRequirementsNotMet error", scene: and(in("vm", "features: [cpuid.SGX]"), in("a1", "features: [cpuid.SGX]"))},
	{want: "InsufficientHostMemoryCapacityFault error", scene: and(in("vm", "reservation: {memory_mib: 1024}"), in("a2", "memory_gib: 1"))},
	{want: "InsufficientHostCpuCapacityFault error", scene: and(in("vm", "reservation: {cpu_mhz: 5000}"), in("a2", halfHost))},
	{want: "InsufficientPerCpuCapacity error", scene: and(in("vm", "reservation: {cpu_mhz: 5000}"), in("a2", "cpu_mhz: 2000"))},
	{want: "NumVirtualCpusExceedsLimit error", patch: on("a2", "capability.maxHostSupportedVcpus", "1")},
	{want: "InsufficientMemoryResourcesFault error", scene: and(in("vm", "reservation: {memory_mib: 1024}"), in("B", "pools: [{name: small, memory_mib: 64, expandable: false}]")),
		spec: func(c *cast) types.VirtualMachineRelocateSpec { return c.toPool("b1", "B/small") }},
	{want: "InsufficientCpuResourcesFault error", scene: and(in("vm", "reservation: {cpu_mhz: 500}"), in("B", "pools: [{name: small, memory_mib: 4096, cpu_mhz: 100, expandable: false}]")),
		spec: func(c *cast) types.VirtualMachineRelocateSpec { return c.toPool("b1", "B/small") }},

	// The cluster.
	{want: "InsufficientFailoverResourcesFault error", scene: in("B", "ha: {enabled: true, failover_level: 1}"), spec: toB1},
	{want: "InsufficientFailoverResourcesFault error", scene: in("B", "ha: {enabled: true, memory_percent: 100}"), spec: toB1},
	{want: "HAErrorsAtDest warning", scene: haA, patch: on("a2", "runtime.dasHostState", `{"state": "initializationError"}`)},
	{want: "WillLoseHAProtection warning", scene: haA, spec: func(c *cast) types.VirtualMachineRelocateSpec {
		local, here := c.ref("local"), c.ref("a1")
		return types.VirtualMachineRelocateSpec{Host: &here, Datastore: &local}
	}},
	{want: "VmHostAffinityRuleViolation error", scene: in("rules", "{cluster: A, name: r, kind: vm-host-must, vms: [vm], hosts: [a1]}")},
	{want: "VmHostAffinityRuleViolation warning", scene: in("rules", "{cluster: A, name: r, kind: vm-host-should, vms: [vm], hosts: [a1]}")},
	{want: "RuleViolation warning", scene: and(in("more", "{name: other, host: a2}"), in("rules", "{cluster: A, name: r, kind: anti-affinity, vms: [vm, other]}"))},
	{want: "RuleViolation error", scene: and(in("more", "{name: other, host: a2}"), in("rules", "{cluster: A, name: r, kind: anti-affinity, vms: [vm, other]}")),
		patch: on("A", "configurationEx.rule[0].mandatory", "true")},
	{want: "NoActiveHostInCluster error", scene: in("b1", "maintenance: true"), spec: func(c *cast) types.VirtualMachineRelocateSpec {
		pool := c.pool("B/")
		return types.VirtualMachineRelocateSpec{Pool: &pool}
	}},

	// Fault tolerance.
	{want: "FaultToleranceAntiAffinityViolated error", scene: and(in("vm", "ft: pair"), in("more", "{name: mate, host: a2, ft: pair}"))},
	{want: "FaultToleranceNotSameBuild error", scene: and(in("vm", "ft: pair"), in("a2", `esxi: "7.0"`))},
	{want: "VmSmpFaultToleranceTooManyVMsOnHost error", scene: and(in("vm", "ft: pair"),
		in("more", "{name: p, host: a2, ft: p, cpus: 1}, {name: q, host: a2, ft: q, cpus: 1}, {name: r, host: a2, ft: r, cpus: 1}, {name: s, host: a2, ft: s, cpus: 1}"))},
	{want: "VmFaultToleranceTooManyFtVcpusOnHost error", scene: and(in("vm", "ft: pair"), in("more", "{name: p, host: a2, ft: p, cpus: 8}"))},
	{want: "MultiWriterNotSupported error", scene: in("vm", "ft: pair, devices: [multi-writer]")},
	{want: "VirtualDiskModeNotSupported error", scene: in("vm", "ft: pair, devices: [independent]")},

	// Devices.
	{want: "CannotAccessVmDevice error", scene: in("vm", "cdrom: {kind: host, connected: true}")},
	{want: "CannotAccessVmDevice error", scene: in("vm", "devices: [usb]")},
	{want: "CannotAccessVmDevice error", scene: in("vm", "devices: [serial-host]")},
	{want: "CannotAccessVmDevice error", scene: in("vm", "devices: [parallel-host]")},
	{want: "CannotAccessVmDevice warning", scene: offWith("cdrom: {kind: host, connected: true}")},
	{want: "DisallowedMigrationDeviceAttached/RemoteDeviceNotSupported error", scene: in("vm", "cdrom: {kind: client, connected: true}")},
	{want: "DisallowedMigrationDeviceAttached/RemoteDeviceNotSupported error", scene: in("vm", "floppy: {kind: client, connected: true}")},
	{want: "DisallowedMigrationDeviceAttached/RemoteDeviceNotSupported warning", scene: offWith("cdrom: {kind: client, connected: true}")},
	{want: "DisallowedMigrationDeviceAttached/FileBackedPortNotSupported error", scene: in("vm", "devices: [serial-file]")},
	{want: "DisallowedMigrationDeviceAttached/FileBackedPortNotSupported warning", scene: offWith("devices: [serial-file]")},
	{want: "DisallowedMigrationDeviceAttached/DeviceNotSupported error", scene: in("vm", "devices: [passthrough]")},
	{want: "DisallowedMigrationDeviceAttached/DeviceNotSupported error", scene: in("vm", "devices: [vgpu]")},
	{want: "DisallowedMigrationDeviceAttached/DeviceNotSupported warning", scene: offWith("devices: [passthrough]")},
	{want: "DisallowedMigrationDeviceAttached/SharedBusControllerNotSupported error", scene: in("vm", "devices: [shared-bus]")},
	{want: "DisallowedMigrationDeviceAttached/SharedBusControllerNotSupported warning", scene: offWith("devices: [shared-bus]")},
	{want: "DisallowedMigrationDeviceAttached/RawDiskNotSupported error", scene: in("vm", "devices: [raw-disk]")},
	{want: "DisallowedMigrationDeviceAttached/RawDiskNotSupported warning", scene: offWith("devices: [raw-disk]")},
	{want: "InsufficientGraphicsResourcesFault error", scene: and(in("vm", "devices: [vgpu-migratable]"), in("a2", "vgpus: [grid_a16-2q]"))},
	{want: "IncompatibleDefaultDevice error", scene: in("a2", "max_video_ram_mib: 1")},

	// Disks, datastores and swap.
	{want: "InaccessibleDatastore error", spec: func(c *cast) types.VirtualMachineRelocateSpec {
		spec, local := toA2(c), c.ref("local")
		spec.Datastore = &local
		return spec
	}},
	{want: "DatastoreNotWritableOnHost error", patch: on("second", "host[%a2%].mountInfo.accessMode", `"readOnly"`), spec: storageToA2},
	{want: "InvalidDatastoreState error", patch: on("second", "summary.maintenanceMode", `"inMaintenance"`), spec: storage},
	{want: "NoDiskSpace error", patch: on("second", "summary.freeSpace", "1000"), spec: storage},
	{want: "FileTooLarge error", patch: on("second", "info.maxFileSize", "1000"), spec: storage},
	{want: "MemorySizeNotSupportedByDatastore error", patch: on("second", "info.maxMemoryFileSize", "1048576"), spec: storage},
	{want: "MaintenanceModeFileMove error", scene: in("a1", "maintenance: true"), spec: storage},
	{want: "CannotAccessVmDisk/InaccessibleDatastore error", scene: in("vm", "datastore: local"), spec: diskStays("local")},
	{want: "CannotAccessVmDisk/DatastoreNotWritableOnHost error", patch: on("shared", "host[%a2%].mountInfo.accessMode", `"readOnly"`), spec: diskStays("shared")},
	{want: "CannotAccessVmDisk/InvalidDatastoreState error", patch: on("shared", "summary.maintenanceMode", `"enteringMaintenance"`), spec: diskStays("shared")},
	{want: "CannotAccessVmConfig/InaccessibleDatastore error", scene: in("vm", "datastore: local"), spec: homeStays},
	{want: "CannotAccessVmConfig/DatastoreNotWritableOnHost error", patch: on("shared", "host[%a2%].mountInfo.accessMode", `"readOnly"`), spec: homeStays},
	{want: "CannotAccessVmConfig/InvalidDatastoreState error", patch: on("shared", "summary.maintenanceMode", `"inMaintenance"`), spec: homeStays},
	{want: "RDMPointsToInaccessibleDisk error", scene: in("vm", "devices: [rdm-invisible]")},
	{want: "RDMConversionNotSupported error", scene: in("vm", "devices: [rdm-physical]"), spec: transformed},
	{want: "LargeRDMConversionNotSupported error", scene: rdmVirtual, patch: on("vm", "config.hardware.device[2001].capacityInBytes", "3298534883328"), spec: transformed},
	{want: "RDMNotSupportedOnDatastore error", scene: rdmVirtual, patch: on("second", "summary.type", `"NFS"`), spec: storage},
	{want: "NonHomeRDMVMotionNotSupported error", scene: and(rdmVirtual, in("a1", "lacks: [non-home-rdm-vmotion]")), spec: oneDisk(2001, "second")},
	{want: "SwapPlacementOverrideNotSupported error", scene: in("a2", "lacks: [per-vm-swap]"), patch: []patchOf{hostLocal}},
	{want: "UnsharedSwapVMotionNotSupported error", scene: in("a2", "lacks: [unshared-swap-vmotion]"), patch: []patchOf{hostLocal}},
	{want: "SwapDatastoreNotWritableOnHost warning", patch: []patchOf{hostLocal, {"a2", "config.localSwapDatastore", `{"type": "Datastore", "value": "%local%"}`}}},
	{want: "UncommittedUndoableDisk error", scene: in("vm", "devices: [undoable]")},
	{want: "NonPersistentDisksNotSupported error", scene: in("vm", "devices: [nonpersistent]"), spec: storage},
	{want: "MultiWriterNotSupported error", scene: in("vm", "devices: [multi-writer]"), spec: storage},

	// Snapshots that move.
	{want: "CannotMoveVmWithNativeDeltaDisk error", patch: on("vm", "config.hardware.device[2000].backing.deltaDiskFormat", `"nativeFormat"`), spec: storage},
	{want: "CannotMoveVmWithDeltaDisk error", scene: and(in("vm", "snapshots: 1"), in("a1", "lacks: [delta-disks]")), spec: storage},
	{want: "HotSnapshotMoveNotSupported error", scene: and(in("vm", "snapshots: 1"), in("a1", "lacks: [snapshot-relayout]")), spec: storage},
	{want: "SnapshotMoveNotSupported error", scene: and(offWith("snapshots: 1"), in("a1", "lacks: [snapshot-relayout]")), spec: storage},
	{want: "SnapshotMoveToNonHomeNotSupported error", scene: and(in("vm", "snapshots: 1"), in("a1", "lacks: [snapshot-relayout]")), spec: oneDisk(2000, "second")},
	{want: "SnapshotMoveFromNonHomeNotSupported error", scene: and(in("vm", "snapshots: 1"), in("a1", "lacks: [snapshot-relayout]")),
		patch: on("vm", "config.hardware.device[2000].backing.datastore", `{"type": "Datastore", "value": "%local%"}`), spec: storage},
	{want: "WillResetSnapshotDirectory warning", patch: on("vm", "config.files.snapshotDirectory", `"[local] snapshots"`), spec: storage},

	// Networks.
	{want: "CannotAccessNetwork error", scene: in("nets", "[onlyA1]")},
	{want: "CannotAccessNetwork warning", scene: in("nets", "[onlyA1]"), patch: []patchOf{cut}},
	{want: "LegacyNetworkInterfaceInUse error", patch: on("vm", "config.hardware.device[4000].backing", legacy)},
	{want: "LegacyNetworkInterfaceInUse warning", patch: []patchOf{{"vm", "config.hardware.device[4000].backing", legacy}, cut}},
	{want: "VMOnConflictDVPort error", scene: dv, patch: on("vm", "config.hardware.device[4000].backing.port.portKey", `"c-1"`)},
	{want: "DestinationSwitchFull error", patch: on("a2", "config.network.vswitch[0].numPortsAvailable", "0")},
	{want: "DestinationSwitchFull warning", patch: []patchOf{{"a2", "config.network.vswitch[0].numPortsAvailable", "0"}, cut}},
	{want: "DestinationSwitchFull error", scene: dv, patch: on("a2", "config.network.proxySwitch",
		`[{"dvsUuid": "%dvs%", "dvsName": "d", "key": "k", "numPorts": 10, "numPortsAvailable": 0, "spec": {}}]`)},
	{want: "VMOnVirtualIntranet error", patch: on("a1", "config.network.vswitch[0].pnic", "[]")},
	{want: "VMOnVirtualIntranet warning", patch: []patchOf{{"a1", "config.network.vswitch[0].pnic", "[]"}, cut}},
	{want: "CannotUseNetwork/NetworkReservationNotSupported error", scene: dv, patch: noReservation},
	{want: "CannotUseNetwork/NetworkReservationNotSupported warning", scene: dv, patch: append([]patchOf{cut}, noReservation...)},
	{want: "CannotUseNetwork/MismatchedEnsMode error", scene: dv, patch: differentENS},
	{want: "CannotUseNetwork/MismatchedEnsMode warning", scene: dv, patch: append([]patchOf{cut}, differentENS...)},
	{want: "CannotUseNetwork/VMotionToUnsupportedNetworkType warning", scene: dv, spec: toNetwork("std")},
	{want: "CannotUseNetwork/MismatchedNetworkPolicies error", patch: strictPolicy},
	{want: "CannotUseNetwork/MismatchedNetworkPolicies warning", patch: append([]patchOf{cut}, strictPolicy...)},
	{want: "NetworksMayNotBeTheSame warning", scene: in("B", "datacenter: DC1"), spec: toB1},

	// Specs that do not hold together.
	{want: "DatacenterMismatch error", scene: in("B", "datacenter: DC1"), spec: func(c *cast) types.VirtualMachineRelocateSpec {
		spec, local := toB1(c), c.ref("local")
		spec.Datastore = &local
		return spec
	}},
	{want: "InvalidArgument error", spec: func(c *cast) types.VirtualMachineRelocateSpec { return toHost(c.ref("b1")) }},
	{
		want: "DuplicateName error", scene: in("more", "{name: other, host: a2, folder: Web}"), patch: on("other", "name", `"vm"`),
		spec: func(c *cast) types.VirtualMachineRelocateSpec {
			web := c.ref("Web")
			return types.VirtualMachineRelocateSpec{Folder: &web}
		},
	},
	{want: "ManagedObjectNotFound error", spec: func(*cast) types.VirtualMachineRelocateSpec {
		return toHost(moRef{Type: "HostSystem", Value: "host-0"})
	}},
	{want: "InvalidPowerState error", state: types.VirtualMachinePowerStatePoweredOff},
}

const legacy = `{"_typeName": "VirtualEthernetCardLegacyNetworkBackingInfo", "deviceName": "VM Network"}`

var noReservation = []patchOf{
	{"vm", "config.hardware.device[4000].resourceAllocation.reservation", "100"},
	{"a2", "config.network.proxySwitch", `[{"dvsUuid": "%dvs%", "dvsName": "d", "key": "k", "numPorts": 10, "numPortsAvailable": 5, "networkReservationSupported": false, "spec": {}}]`},
}

var differentENS = []patchOf{
	{"a1", "config.network.proxySwitch", `[{"dvsUuid": "%dvs%", "dvsName": "d", "key": "k", "numPorts": 10, "numPortsAvailable": 5, "ensEnabled": true, "spec": {}}]`},
	{"a2", "config.network.proxySwitch", `[{"dvsUuid": "%dvs%", "dvsName": "d", "key": "k", "numPorts": 10, "numPortsAvailable": 5, "spec": {}}]`},
}

var strictPolicy = []patchOf{
	{"a1", "config.network.portgroup[%std%].computedPolicy.security", `{"allowPromiscuous": true, "macChanges": true, "forgedTransmits": true}`},
	{"a2", "config.network.portgroup[%std%].computedPolicy.security", `{"allowPromiscuous": false, "macChanges": true, "forgedTransmits": true}`},
}
