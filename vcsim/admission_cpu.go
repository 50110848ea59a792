package main

import (
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// checkCPUs compares the virtual machine's size with the host's limits.
func checkCPUs(q *inquiry) {
	if !q.changesHost() {
		return
	}
	if q.host.threads > 0 && q.vm.cpus > q.host.threads {
		q.refuse(&types.NotEnoughCpus{NumCpuDest: q.host.threads, NumCpuVm: q.vm.cpus})
	}
	if most := q.to.capability.MaxSupportedVcpus; most > 0 && q.vm.cpus > most {
		q.refuse(&types.NumVirtualCpusNotSupported{MaxSupportedVcpusDest: most, NumCpuVm: q.vm.cpus})
	}
	if most := q.to.traits.MaxCoresPerSocket; most > 0 && q.guest.coresPerSocket > most {
		q.refuse(&types.NumVirtualCoresPerSocketNotSupported{MaxSupportedCoresPerSocketDest: most, NumCoresPerSocketVm: q.guest.coresPerSocket})
	}
}

// checkAffinity: processors and memory nodes of one host mean nothing on another.
func checkAffinity(q *inquiry) {
	var configured []string
	if len(q.vm.affinity) > 0 {
		configured = append(configured, "cpu")
	}
	if len(q.guest.memoryAffinity) > 0 {
		configured = append(configured, "memory")
	}
	if q.isLive() && configured != nil {
		q.refuse(&types.AffinityConfigured{ConfiguredAffinity: configured})
	}
}

// newestHardware is the newest virtual hardware version each release runs (KB 2007240, KB 1003746).
var newestHardware = []struct {
	release string
	version int
}{
	{"9.", 22}, {"8.0.3", 21}, {"8.0.2", 21}, {"8.0", 20}, {"7.0.3", 19}, {"7.0.2", 19}, {"7.0.1", 18}, {"7.0", 17}, {"6.7.0", 14}, {"6.7", 15}, {"6.5", 13},
}

func newestHardwareOf(release string) int {
	for _, known := range newestHardware {
		if strings.HasPrefix(release, known.release) {
			return known.version
		}
	}
	return 0
}

func checkHardwareVersion(q *inquiry) {
	version, err := strconv.Atoi(strings.TrimPrefix(q.guest.version, "vmx-"))
	newest := newestHardwareOf(q.to.version)
	if q.changesHost() && err == nil && newest > 0 && version > newest {
		q.refuse(&types.VirtualHardwareVersionNotSupported{HostName: q.host.name, Host: q.host.ref})
	}
}

// checkCPUFeatures: what the guest has seen of its CPU when it was switched on, the destination must have, after its EVC mask.
func checkCPUFeatures(q *inquiry) {
	off := q.vm.power == types.VirtualMachinePowerStatePoweredOff
	if !q.changesHost() || off || len(q.to.features) == 0 {
		return
	}
	var unmet []types.VirtualMachineFeatureRequirement
	for _, requirement := range q.guest.requirements {
		if !meets(q.to.features[requirement.FeatureName], requirement.Value) {
			unmet = append(unmet, requirement)
		}
	}
	if unmet != nil {
		vm, host := q.vm.ref, q.host.ref
		q.refuse(&types.FeatureRequirementsNotMet{FeatureRequirement: unmet, Vm: &vm, Host: &host})
	}
}

// meets compares a capability with a requirement such as Bool:Min:1, Num:Min:2 or String:Equal:x.
func meets(has, requirement string) bool {
	parts := strings.SplitN(requirement, ":", 3)
	if len(parts) < 3 {
		return has == requirement
	}
	have, errHave := strconv.ParseInt(has, 10, 64)
	want, errWant := strconv.ParseInt(parts[2], 10, 64)
	switch {
	case parts[0] == "String" || errWant != nil:
		return has == parts[2]
	case errHave != nil:
		return want == 0
	case parts[1] == "Max":
		return have <= want
	case parts[1] == "Equal" || parts[1] == "Eq":
		return have == want
	}
	return have >= want
}
