package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// poolFacts is one resource pool on the way up from a virtual machine's.
type poolFacts struct {
	parent      moRef
	memoryBytes int64
	mhz         int64
	growsMemory bool
	growsCPU    bool
	vms         []moRef
	pools       []moRef
	isRoot      bool
	owner       moRef
	ownReserved claims
}

func (e *engine) readPool(ctx *simulator.Context, r moRef) (poolFacts, bool) {
	pool := poolOf(e.registry, r)
	if pool == nil {
		return poolFacts{}, false
	}
	var f poolFacts
	ctx.WithLock(r, func() { f = factsOfPool(pool) })
	return f, true
}

func factsOfPool(pool *mo.ResourcePool) poolFacts {
	f := poolFacts{
		parent: deref(pool.Parent), owner: pool.Owner,
		vms: append([]moRef(nil), pool.Vm...), pools: append([]moRef(nil), pool.ResourcePool...),
	}
	f.isRoot = f.parent == f.owner
	memory, cpu := pool.Config.MemoryAllocation, pool.Config.CpuAllocation
	if memory.Reservation != nil {
		f.memoryBytes = *memory.Reservation << 20
	}
	if cpu.Reservation != nil {
		f.mhz = *cpu.Reservation
	}
	f.growsMemory, f.growsCPU = isTrue(memory.ExpandableReservation), isTrue(cpu.ExpandableReservation)
	f.ownReserved = claims{memoryBytes: f.memoryBytes, mhz: f.mhz}
	return f
}

// checkPool is the admission of the target's resource pools, for a virtual machine that comes into one while it is on. What a pool
// lacks an expandable one takes from its parent; the root has what the cluster's active hosts have.
func checkPool(q *inquiry) {
	if !q.isOn() || q.pool == q.vm.pool {
		return
	}
	need := q.wanted()
	if shortage, short := q.engine.lack(q.ctx, q.pool, need.memoryBytes, q.vm.ref, memoryPart); short {
		q.refuse(&types.InsufficientMemoryResourcesFault{Unreserved: shortage, Requested: need.memoryBytes})
	}
	if shortage, short := q.engine.lack(q.ctx, q.pool, need.mhz, q.vm.ref, cpuPart); short && need.mhz > 0 {
		q.refuse(&types.InsufficientCpuResourcesFault{Unreserved: shortage, Requested: need.mhz})
	}
}

// part picks memory or CPU out of what pools and virtual machines have.
type part struct {
	of    func(claims) int64
	grows func(poolFacts) bool
}

var (
	memoryPart = part{func(c claims) int64 { return c.memoryBytes }, func(p poolFacts) bool { return p.growsMemory }}
	cpuPart    = part{func(c claims) int64 { return c.mhz }, func(p poolFacts) bool { return p.growsCPU }}
)

// lack is true where a pool cannot give what is needed, with what it has left.
func (e *engine) lack(ctx *simulator.Context, pool moRef, need int64, aside moRef, what part) (int64, bool) {
	if _, found := e.readPool(ctx, pool); !found {
		return 0, false
	}
	left := e.available(ctx, pool, aside, what)
	return left, need > left
}

// available is what a pool has left for a virtual machine, one of its own aside; an expandable one borrows from its parents.
func (e *engine) available(ctx *simulator.Context, pool, aside moRef, what part) int64 {
	var sum int64
	for range 16 {
		f, found := e.readPool(ctx, pool)
		if !found {
			return sum
		}
		capacity := what.of(f.ownReserved)
		if f.isRoot {
			capacity = what.of(e.capacityOf(ctx, f.owner))
		}
		sum += max(0, capacity-what.of(e.spent(ctx, f, aside)))
		if f.isRoot || !what.grows(f) {
			return sum
		}
		pool = f.parent
	}
	return sum
}

// spent is what the pool has given to its virtual machines and its child pools.
func (e *engine) spent(ctx *simulator.Context, f poolFacts, aside moRef) claims {
	sum := e.claimsOf(ctx, f.vms, aside)
	for _, r := range f.pools {
		if child, found := e.readPool(ctx, r); found {
			sum.add(child.ownReserved)
		}
	}
	return sum
}

// capacityOf is what the active hosts of a compute resource have together.
func (e *engine) capacityOf(ctx *simulator.Context, owner moRef) claims {
	var sum claims
	for _, host := range e.hostsOf(ctx, owner) {
		if host.isActive() {
			sum.add(e.capacityOfHost(ctx, host))
		}
	}
	return sum
}

func (e *engine) capacityOfHost(ctx *simulator.Context, host hostView) claims {
	facts := e.readHost(ctx, host.ref)
	return claims{memoryBytes: host.memoryBytes, mhz: facts.cpuMHz * facts.cores}
}

// isActive is true for a host that runs virtual machines: connected, and not in maintenance mode.
func (v *hostView) isActive() bool {
	return v.connection == types.HostSystemConnectionStateConnected && !v.maintenance
}
