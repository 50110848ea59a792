package main

// agentVMsSpec is how many agent virtual machines a host needs, and has.
type agentVMsSpec struct {
	Required int32 `yaml:"required"`
	Deployed int32 `yaml:"deployed"`
}

// poolSpec is a resource pool of a cluster.
type poolSpec struct {
	Name       string `yaml:"name"`
	Parent     string `yaml:"parent"` // the cluster's root pool
	CPUMHz     int64  `yaml:"cpu_mhz"`
	MemoryMiB  int64  `yaml:"memory_mib"`
	Expandable *bool  `yaml:"expandable"` // true
}

// affinitySpec binds a virtual machine to processors and memory nodes.
type affinitySpec struct {
	CPU    []int32 `yaml:"cpu"`
	Memory []int32 `yaml:"memory"`
}

// Further closed sets of words.
var (
	// lackWords are what a host may lack.
	lackWords = map[string]bool{
		"vmotion": true, "storage-vmotion": true, "full-storage-vmotion": true, "vmotion-across-network": true, "unshared-swap-vmotion": true,
		"per-vm-swap": true, "suspended-relocate": true, "delta-disks": true, "snapshot-relayout": true, "independent-disk-vmotion": true,
		"non-home-rdm-vmotion": true,
	}
	// admissionDevices are devices that matter to admission alone.
	admissionDevices = map[string]string{
		"serial-file": "", "serial-host": "", "parallel-host": "", "shared-bus": "", "sriov": "", "vgpu-migratable": "",
		"rdm-virtual": "", "rdm-physical": "", "rdm-invisible": "", "raw-disk": "", "nonpersistent": "", "undoable": "", "independent": "",
		"multi-writer": "",
	}
)

func init() {
	for word := range admissionDevices {
		deviceKinds[word] = word
	}
}
