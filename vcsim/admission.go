package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// verdict is all that is to be said against a placement.
type verdict struct {
	errors   []types.BaseMethodFault
	warnings []types.BaseMethodFault
}

func (v *verdict) refuse(fault types.BaseMethodFault) { v.errors = append(v.errors, fault) }
func (v *verdict) warn(fault types.BaseMethodFault)   { v.warnings = append(v.warnings, fault) }

// blame refuses where severe, and warns otherwise.
func (v *verdict) blame(severe bool, fault types.BaseMethodFault) {
	if severe {
		v.refuse(fault)
		return
	}
	v.warn(fault)
}

// inquiry is one judgement under way. from and to are the two hosts, the same one twice where the host does not change.
type inquiry struct {
	*placement
	verdict

	engine *engine
	ctx    *simulator.Context
	from   *hostFacts
	to     *hostFacts
	guest  vmFacts
	claims *claims // of the destination's machines; see claimed
}

// isOn is true for a virtual machine that runs.
func (q *inquiry) isOn() bool { return q.vm.power == types.VirtualMachinePowerStatePoweredOn }

// isLive is true for a virtual machine that is on and changes host: a vMotion.
func (q *inquiry) isLive() bool { return q.isOn() && q.changesHost() }

func (q *inquiry) changesHost() bool { return q.host.ref != q.source.ref }

// changesCluster is true where the destination belongs to another compute resource.
func (q *inquiry) changesCluster() bool { return q.host.parent != q.source.parent }

// movedDisks are the disks that are written anew: on another datastore, or in another format.
func (q *inquiry) movedDisks() []diskPlan {
	var moved []diskPlan
	for _, disk := range q.disks {
		if disk.moves() {
			moved = append(moved, disk)
		}
	}
	return moved
}

func (q *inquiry) movesHome() bool { return q.home != q.vm.home }

// movesStorage is true where a file of the virtual machine changes datastore.
func (q *inquiry) movesStorage() bool { return q.movesHome() || len(q.movedDisks()) > 0 }

// judge applies the rules of the given groups of tests, all of them for nil.
func (e *engine) judge(ctx *simulator.Context, p *placement, tests []string) verdict {
	q := &inquiry{placement: p, engine: e, ctx: ctx}
	q.gather()
	for _, r := range rules {
		if len(tests) == 0 || containsString(tests, r.test) {
			r.apply(q)
		}
	}
	return q.verdict
}

func containsString(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}
