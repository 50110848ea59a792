package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// showPools puts into what was read of resource pools what they have given and what they have left, where govmomi has numbers that
// never change. It is reckoned as admission reckons it (admission_pool.go), at the moment of the read.
func showPools(ctx *simulator.Context, contents []types.ObjectContent) {
	f, known := ctx.Map.Get(frontRef).(*front)
	if !known {
		return
	}
	for i := range contents {
		if kind := contents[i].Obj.Type; kind == "ResourcePool" || kind == "VirtualApp" {
			f.engine.showPool(ctx, &contents[i])
		}
	}
}

func (e *engine) showPool(ctx *simulator.Context, content *types.ObjectContent) {
	for i := range content.PropSet {
		property := &content.PropSet[i]
		if !strings.HasPrefix(property.Name, "runtime") {
			continue
		}
		memory, cpu := e.usageOfPool(ctx, content.Obj, memoryPart), e.usageOfPool(ctx, content.Obj, cpuPart)
		switch property.Name {
		case "runtime":
			if runtime, is := property.Val.(types.ResourcePoolRuntimeInfo); is {
				memory.show(&runtime.Memory)
				cpu.show(&runtime.Cpu)
				property.Val = runtime
			}
		case "runtime.memory", "runtime.cpu":
			if usage, is := property.Val.(types.ResourcePoolResourceUsage); is {
				pick(property.Name, memory, cpu).show(&usage)
				property.Val = usage
			}
		default:
			property.Val = pick(property.Name, memory, cpu).value(property.Name, property.Val)
		}
	}
}

func pick(path string, memory, cpu poolUsage) poolUsage {
	if strings.HasPrefix(path, "runtime.memory") {
		return memory
	}
	return cpu
}

// poolUsage is what a pool has given, and what it can still give with what its parents lend it.
type poolUsage struct{ given, left int64 }

func (e *engine) usageOfPool(ctx *simulator.Context, r moRef, what part) poolUsage {
	f, found := e.readPool(ctx, r)
	if !found {
		return poolUsage{}
	}
	return poolUsage{given: what.of(e.spent(ctx, f, moRef{})), left: e.available(ctx, r, moRef{}, what)}
}

func (u poolUsage) show(usage *types.ResourcePoolResourceUsage) {
	usage.ReservationUsed, usage.ReservationUsedForVm = u.given, u.given
	usage.UnreservedForPool, usage.UnreservedForVm = u.left, u.left
}

// value is a leaf below runtime.memory or runtime.cpu; another one stays as it is.
func (u poolUsage) value(path string, had types.AnyType) types.AnyType {
	switch path[strings.LastIndex(path, ".")+1:] {
	case "reservationUsed", "reservationUsedForVm":
		return u.given
	case "unreservedForPool", "unreservedForVm":
		return u.left
	}
	return had
}
