package main

// What a scenario says of admission that the vSphere API shows nowhere, or nowhere one could write to.

// hostAdmission is a host's part of it; the zero value is a host that nothing is wrong with.
type hostAdmission struct {
	Unlicensed            bool
	Protocol              int   // of vMotion; a source does not reach a destination of a lower one
	MaxCoresPerSocket     int32 // 0: no limit
	MaxVideoRAMKB         int64 // 0: no limit
	AgentVMs              agentVMsSpec
	NoIndependentDiskMove bool
	NoNonHomeRDMMove      bool
}

// vmAdmission is a virtual machine's part of it.
type vmAdmission struct {
	NotReady  string // why it cannot be migrated yet
	Immovable bool   // migration is disabled for it
}
