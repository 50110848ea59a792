package main

import (
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// hostTraits holds what a scenario says of a host and the vSphere API has no property for, or the motion engine needs often.
type hostTraits struct {
	Ref          types.ManagedObjectReference
	Name         string
	VMotionIP    string // address of the vMotion vmknic; empty: the host has none
	LinkBitsPerS int64  // speed of the vMotion uplink
	MTU          int32
	NetStack     string // netStackInstanceKey of the vMotion vmknic
	ESXiVersion  string // "6.5", "7.0" or "8.0": the grammar of its logs
	Admission    hostAdmission

	VMotionBytesPerS float64       // what vMotion gets out of the uplink; 0: what its speed gives
	LogBytes         int           // size at which its logs are rotated; 0: a default
	ClockSkew        time.Duration // how far its clock, which stamps its logs alone, is ahead of vCenter's
	Streams          int           // stream helpers of one vMotion; 0: as many as it takes from release 7.0 on, one before
}

// vmTraits holds the load a virtual machine's guest makes; memory size and placement are read from the inventory itself.
type vmTraits struct {
	Ref            types.ManagedObjectReference
	TouchedBytes   int64 // memory that was ever written; -1: all of it
	DirtyBytesPerS int64 // guest's write rate while a migration runs
	Admission      vmAdmission

	FixedDirtyBytesPerS int64 // the part of it that slowing the guest down does not reduce
	NoSDPS              bool  // the guest is never slowed down
	DeviceStateBytes    int64 // sent while the guest is stunned
}

// datastoreTraits holds what the vSphere API does not say of a datastore.
type datastoreTraits struct {
	CopyBytesPerS float64 // at which disks are copied from and to it; 0: a default
}

// site is what the inventory builder knows and the motion engine asks. Both maps are complete before the server listens.
type site struct {
	Hosts map[types.ManagedObjectReference]hostTraits
	VMs   map[types.ManagedObjectReference]vmTraits // a VM that is absent is idle with all memory touched

	Access     accessPlan                                       // who may log in beside the administrator, and may do what
	Faults     []faultSpec                                      // planted from the start
	Datastores map[types.ManagedObjectReference]datastoreTraits // absent, also the whole map: all defaults

	Policies *policyBook // nil: there are no storage policies

	DRSIntervals map[types.ManagedObjectReference]time.Duration // by cluster: how often DRS looks at it by itself; absent: never
}

// motionTruth is the ground truth of one relocation, served by GET /_sim/v1/motions.
type motionTruth struct {
	MigrationID        string     `json:"migration_id"`
	VM                 string     `json:"vm"` // moid
	VMName             string     `json:"vm_name"`
	Task               string     `json:"task"` // moid
	OperationID        string     `json:"operation_id"`
	Priority           string     `json:"priority,omitempty"`
	Source             string     `json:"source"`                        // host moid
	Destination        string     `json:"destination"`                   // host moid
	DestinationVCenter string     `json:"destination_vcenter,omitempty"` // instance UUID of another vCenter
	Phase              string     `json:"phase"`                         // queued, storage, precopy, switchover, done, cancelled, failed
	ProgressPercent    int32      `json:"progress_percent"`
	MemoryBytes        int64      `json:"memory_bytes"`
	SentBytes          int64      `json:"sent_bytes"`
	Passes             int        `json:"passes"`
	BandwidthBitsPerS  int64      `json:"bandwidth_bps"`
	DowntimeS          float64    `json:"downtime_s"`
	QueuedAt           time.Time  `json:"queued_at"`
	StartedAt          *time.Time `json:"started_at"`
	PrecopyStartedAt   *time.Time `json:"precopy_started_at"`
	StunnedAt          *time.Time `json:"stunned_at"`
	PagesSentAt        *time.Time `json:"pages_sent_at"`
	CompletedAt        *time.Time `json:"completed_at"`
	Fault              string     `json:"fault,omitempty"`
	FailedIn           string     `json:"failed_in,omitempty"` // admission, prepare, storage, precopy, switchover, resume; also of a cancelled one
}
