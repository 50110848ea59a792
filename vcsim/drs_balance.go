package main

import (
	"math"
	"sort"

	"github.com/vmware/govmomi/vim25/types"
)

const (
	maxBalanceMoves  = 16 // of one run
	nearDestinations = 5  // looked at for each machine
	defaultRate      = 3  // migration threshold where the cluster says nothing
)

// gainRatings are the ratings of moves for balance: the least gain, in points of the hosts' standard deviation. UNVERIFIED.
var gainRatings = []struct {
	points float64
	rating int32
}{{8, 4}, {4, 3}, {2, 2}, {1, 1}}

// balance plans moves that bring the hosts' use of CPU and memory closer together, as long as that is worth a migration.
func (a *advice) balance() {
	for range maxBalanceMoves {
		if !a.balanceOnce() {
			return
		}
	}
}

func (a *advice) balanceOnce() bool {
	none := &drsMachine{}
	sources := append([]*drsHost(nil), a.hosts...)
	sort.SliceStable(sources, func(i, j int) bool { return sources[i].loadWith(none) > sources[j].loadWith(none) })
	for _, source := range sources {
		for _, o := range a.options(source) {
			if a.permits(o.machine, o.to, nil) {
				a.move(o.machine, o.to, o.reason, o.rating)
				return true
			}
		}
	}
	return false
}

// option is a move for balance.
type option struct {
	machine *drsMachine
	to      *drsHost
	gain    float64
	reason  types.RecommendationReasonCode
	rating  int32
}

// options are the moves off a host that are worth it, the best first.
func (a *advice) options(from *drsHost) []option {
	var list []option
	if !from.isOpen() {
		return nil
	}
	for _, r := range append([]moRef(nil), from.view.vms...) {
		v := a.machines[r]
		if !a.isFree(v) {
			continue
		}
		near := a.candidates(v)
		for _, to := range near[:min(len(near), nearDestinations)] {
			if o, worth := a.worth(v, from, to); worth {
				list = append(list, o)
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].gain > list[j].gain })
	return list
}

// worth says what a move would gain, and whether that is enough for the cluster's migration threshold.
func (a *advice) worth(v *drsMachine, from, to *drsHost) (option, bool) {
	cpu, memory := a.spread()
	shift(v, from, to)
	cpuAfter, memoryAfter := a.spread()
	shift(v, to, from)
	o := option{machine: v, to: to, gain: 100 * (cpu - cpuAfter + memory - memoryAfter), reason: reasonMemory}
	if cpu-cpuAfter > memory-memoryAfter {
		o.reason = reasonCPU
	}
	for _, step := range gainRatings {
		if o.gain >= step.points {
			o.rating = step.rating
			break
		}
	}
	return o, o.rating > 0 && o.rating >= a.settings.rate
}

func shift(v *drsMachine, from, to *drsHost) {
	from.mhz, from.memory = from.mhz-v.mhz, from.memory-v.memory
	to.mhz, to.memory = to.mhz+v.mhz, to.memory+v.memory
}

// spread is the standard deviation of the hosts' use of CPU and of memory.
func (a *advice) spread() (cpu, memory float64) {
	var cpus, memories []float64
	for _, host := range a.hosts {
		if host.isOpen() {
			cpus = append(cpus, share(host.mhz, host.allMHz))
			memories = append(memories, share(host.memory, host.allMemory))
		}
	}
	return deviation(cpus), deviation(memories)
}

func deviation(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	var sum, squares float64
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
	}
	mean := sum / float64(len(values))
	return math.Sqrt(max(0, squares/float64(len(values))-mean*mean))
}
