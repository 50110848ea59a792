package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// checkSnapshots warns: a revert might bring back what the destination does not have. Neither name nor events means that nobody knows.
func checkSnapshots(q *inquiry) {
	if q.vm.hasSnapshot && q.changesHost() {
		q.warn(&types.SnapshotRevertIssue{})
	}
}

// checkDeltaDisks judges the move of files that belong to snapshots.
func checkDeltaDisks(q *inquiry) {
	moved := q.movedDisks()
	if len(moved) == 0 {
		return
	}
	if q.hasNativeDelta() {
		q.refuse(&types.CannotMoveVmWithNativeDeltaDisk{})
	}
	if !q.vm.hasSnapshot {
		return
	}
	if !q.to.capability.DeltaDiskBackingsSupported {
		q.refuse(&types.CannotMoveVmWithDeltaDisk{Device: moved[0].label})
	}
	if !q.to.capability.SnapshotRelayoutSupported {
		q.refuse(q.relayoutFault(moved))
	}
}

// relayoutFault is what hosts say that cannot take a tree of snapshots apart.
func (q *inquiry) relayoutFault(moved []diskPlan) types.BaseMethodFault {
	for _, disk := range moved {
		switch {
		case disk.from != q.vm.home:
			return &types.SnapshotMoveFromNonHomeNotSupported{}
		case disk.to != q.home:
			return &types.SnapshotMoveToNonHomeNotSupported{}
		}
	}
	if q.isOn() {
		return &types.HotSnapshotMoveNotSupported{}
	}
	return &types.SnapshotMoveNotSupported{}
}

func (q *inquiry) hasNativeDelta() bool {
	for _, device := range q.vm.devices {
		if disk, is := device.(*types.VirtualDisk); is {
			flat, is := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
			if is && flat.DeltaDiskFormat == string(types.VirtualDiskDeltaDiskFormatNativeFormat) {
				return true
			}
		}
	}
	return false
}

// checkSnapshotDirectory warns where snapshots were kept elsewhere and would come home.
func checkSnapshotDirectory(q *inquiry) {
	var home, snapshots object.DatastorePath
	if q.movesHome() && home.FromString(q.vm.homePath) && snapshots.FromString(q.guest.snapshotDir) && home.Datastore != snapshots.Datastore {
		q.warn(&types.WillResetSnapshotDirectory{})
	}
}
