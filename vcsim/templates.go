package main

import (
	"sort"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const gib = 1 << 30

// The vCenter release the site says it runs: 8.0 Update 3 (build from the list of VMware's builds, KB 2143838; UNVERIFIED).
const (
	vCenterVersion = "8.0.3"
	vCenterBuild   = "24022515"
)

// esxiRelease is what a host says of its own software.
type esxiRelease struct{ version, build, apiVersion string }

// esxiReleases are the releases a scenario may name. Builds: 8.0 U3, 7.0 U3c and 6.5 U3 (KB 2143832; UNVERIFIED).
var esxiReleases = map[string]esxiRelease{
	"8.0": {"8.0.3", "24022510", "8.0.3.0"},
	"7.0": {"7.0.3", "19193900", "7.0.3.0"},
	"6.5": {"6.5.0", "13932383", "6.5"},
}

// esxiVersion is the scenario's word for a release, 8.0 when nothing is said.
func esxiVersion(said string) string {
	if said == "" {
		return "8.0"
	}
	return said
}

func releaseList() string {
	var names []string
	for name := range esxiReleases {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// What a host has where the scenario says nothing. All of it is made up to be believable, as are the loads below.
const (
	defaultHostCores             = 32
	defaultHostMemoryGiB float64 = 512
	defaultHostCPUMHz            = 2600
	defaultVMotionMTU            = 9000
	defaultLinkGbps      float64 = 10

	hostVendor   = "Dell Inc."
	hostModel    = "PowerEdge R640"
	hostCPUModel = "Intel(R) Xeon(R) Gold 6142 CPU @ %.2fGHz"
	maxEVCMode   = "intel-skylake"
)

// What a virtual machine has where the scenario says nothing.
const (
	defaultVMCPUs              = 2
	defaultVMMemoryGiB float64 = 1
	defaultDiskGiB             = 40
	guestID                    = "other5xLinux64Guest"
	guestFullName              = "Other 5.x or later Linux (64-bit)"
	hardwareVersion            = "vmx-13" // the newest one that ESXi 6.5 runs, so that every host can run every VM
)

const defaultDatastoreGiB float64 = 10240

// setCapability makes the host able to take part in every kind of migration, as any ESXi since 5.1 is.
func setCapability(host *simulator.HostSystem) {
	capability := deepCopy(*host.Capability)
	capability.VmotionSupported = true
	capability.StorageVMotionSupported = true
	capability.VmotionWithStorageVMotionSupported = true
	capability.VmotionAcrossNetworkSupported = types.NewBool(true)
	capability.UnsharedSwapVMotionSupported = true
	capability.EncryptedVMotionSupported = types.NewBool(true) // since 6.5
	capability.SuspendedRelocateSupported = true
	capability.MaintenanceModeSupported = true
	capability.RebootSupported, capability.ShutdownSupported = true, true
	capability.NicTeamingSupported, capability.VlanTaggingSupported = true, true
	capability.SanSupported, capability.NfsSupported, capability.IscsiSupported = true, true, true
	capability.HighGuestMemSupported = true
	capability.PerVmSwapFiles = true
	capability.BackgroundSnapshotsSupported = true
	capability.CpuMemoryResourceConfigurationSupported = true
	capability.RecursiveResourcePoolsSupported = true
	capability.MaxSupportedVMs, capability.MaxRunningVMs, capability.MaxRegisteredVMs = 1024, 1024, 4096
	capability.MaxSupportedVcpus = 4096
	capability.DeltaDiskBackingsSupported, capability.SnapshotRelayoutSupported = true, true
	capability.LocalSwapDatastoreSupported = true
	host.Capability = &capability
}

// fillEnums sets the two states that govmomi leaves empty; an empty enumeration cannot be parsed by pyVmomi.
func fillEnums(runtime *types.VirtualMachineRuntimeInfo) {
	if runtime.FaultToleranceState == "" {
		runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
	}
	if runtime.RecordReplayState == "" {
		runtime.RecordReplayState = types.VirtualMachineRecordReplayStateInactive
	}
}
