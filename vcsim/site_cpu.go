package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// evcMode is one of vCenter's EVC modes and some of the CPU features it adds to the mode before it (KB 1003212; the list is a
// selection and UNVERIFIED in detail).
type evcMode struct {
	key  string
	adds []string
}

var evcModes = map[string][]evcMode{
	"Intel": {
		{"intel-merom", []string{"cpuid.LM", "cpuid.NX", "cpuid.SSE3", "cpuid.SSSE3"}},
		{"intel-penryn", []string{"cpuid.SSE41"}},
		{"intel-nehalem", []string{"cpuid.SSE42", "cpuid.POPCNT"}},
		{"intel-westmere", []string{"cpuid.AES", "cpuid.PCLMULQDQ"}},
		{"intel-sandybridge", []string{"cpuid.AVX", "cpuid.XSAVE"}},
		{"intel-ivybridge", []string{"cpuid.F16C", "cpuid.FSGSBASE", "cpuid.RDRAND", "cpuid.SMEP"}},
		{"intel-haswell", []string{"cpuid.AVX2", "cpuid.BMI1", "cpuid.BMI2", "cpuid.FMA", "cpuid.MOVBE"}},
		{"intel-broadwell", []string{"cpuid.ADX", "cpuid.RDSEED", "cpuid.SMAP"}},
		{"intel-skylake", []string{"cpuid.AVX512BW", "cpuid.AVX512CD", "cpuid.AVX512DQ", "cpuid.AVX512F", "cpuid.AVX512VL", "cpuid.CLWB"}},
		{"intel-cascadelake", []string{"cpuid.AVX512VNNI"}},
		{"intel-icelake", []string{"cpuid.AVX512VBMI", "cpuid.GFNI", "cpuid.SHA", "cpuid.VAES"}},
		{"intel-sapphirerapids", []string{"cpuid.AMX_TILE", "cpuid.AVX512FP16"}},
	},
	"AMD": {
		{"amd-rev-e", []string{"cpuid.LM", "cpuid.NX", "cpuid.SSE3"}},
		{"amd-greyhound", []string{"cpuid.ABM", "cpuid.SSE4A"}},
		{"amd-bulldozer", []string{"cpuid.AES", "cpuid.AVX", "cpuid.FMA4", "cpuid.SSE41", "cpuid.SSE42", "cpuid.SSSE3", "cpuid.XSAVE"}},
		{"amd-piledriver", []string{"cpuid.BMI1", "cpuid.F16C", "cpuid.FMA"}},
		{"amd-steamroller", []string{"cpuid.FSGSBASE"}},
		{"amd-zen", []string{"cpuid.ADX", "cpuid.AVX2", "cpuid.BMI2", "cpuid.MOVBE", "cpuid.RDRAND", "cpuid.RDSEED", "cpuid.SHA", "cpuid.SMAP", "cpuid.SMEP"}},
		{"amd-zen2", []string{"cpuid.CLWB", "cpuid.RDPID"}},
		{"amd-zen3", []string{"cpuid.INVPCID", "cpuid.PKU", "cpuid.VAES"}},
		{"amd-zen4", []string{"cpuid.AVX512BW", "cpuid.AVX512F", "cpuid.AVX512VNNI", "cpuid.GFNI"}},
	},
}

// evcPosition is a mode's place among those of its vendor.
type evcPosition struct {
	vendor string
	rank   int
}

func evcPlace(key string) (evcPosition, bool) {
	for vendor, modes := range evcModes {
		for rank, mode := range modes {
			if mode.key == key {
				return evcPosition{vendor, rank}, true
			}
		}
	}
	return evcPosition{}, false
}

// featuresOf are the CPU features of a mode, those of the vendor's earlier ones included.
func featuresOf(key string) []string {
	at, known := evcPlace(key)
	if !known {
		return nil
	}
	features := []string{"cpuid." + at.vendor}
	for _, mode := range evcModes[at.vendor][:at.rank+1] {
		features = append(features, mode.adds...)
	}
	return features
}

// generation is the newest EVC mode of a host's CPU.
func (h hostSpec) generation() string {
	if h.EVC == "" {
		return maxEVCMode
	}
	return h.EVC
}

// namesCPUs is true for a scenario that says anything of CPU generations. In one that does not, every host is like every other, and
// neither hosts nor virtual machines list features.
func (s *scenario) namesCPUs() bool {
	for _, cluster := range s.Clusters {
		if cluster.EVC != "" {
			return true
		}
		for _, host := range cluster.Hosts {
			if host.EVC != "" || host.Features != nil {
				return true
			}
		}
	}
	for _, vm := range s.VMs {
		if vm.Features != nil {
			return true
		}
	}
	return false
}

func capabilities(features []string) []types.HostFeatureCapability {
	list := make([]types.HostFeatureCapability, 0, len(features))
	for _, name := range features {
		list = append(list, types.HostFeatureCapability{Key: name, FeatureName: name, Value: "1"})
	}
	return list
}

func requirements(features []string) []types.VirtualMachineFeatureRequirement {
	list := make([]types.VirtualMachineFeatureRequirement, 0, len(features))
	for _, name := range features {
		list = append(list, types.VirtualMachineFeatureRequirement{Key: name, FeatureName: name, Value: "Bool:Min:1"})
	}
	return list
}

// setCPU shows a host's CPU generation and, in a cluster with EVC, what the mask leaves of it.
func setCPU(host *simulator.HostSystem, spec hostSpec, cluster clusterSpec) []string {
	host.Summary.MaxEVCModeKey = spec.generation()
	features := append(featuresOf(spec.generation()), spec.Features...)
	host.Config.FeatureCapability = capabilities(features)
	host.Capability.FeatureCapabilitiesSupported = true
	if cluster.EVC != "" {
		host.Summary.CurrentEVCModeKey = cluster.EVC
		features = append(featuresOf(cluster.EVC), spec.Features...)
	}
	host.Config.MaskedFeatureCapability = capabilities(features)
	return features
}
