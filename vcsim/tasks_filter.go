package main

import (
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// matcher is the collector's filter. It reads the inventory, each object's lineage once.
func (c *taskCollector) matcher() func(*types.TaskInfo) bool {
	spec := c.Filter.(types.TaskFilterSpec)
	family := lineage{ctx: &simulator.Context{Map: c.book.registry}, known: map[moRef]map[moRef]bool{}}
	return func(info *types.TaskInfo) bool {
		return ofState(spec.State, info) && ofTime(spec.Time, info) && ofUser(spec.UserName, info) && ofOrigin(&spec, info) &&
			family.ofEntity(spec.Entity, info)
	}
}

func ofState(states []types.TaskInfoState, info *types.TaskInfo) bool {
	return len(states) == 0 || slices.Contains(states, info.State)
}

// ofTime compares the time of the kind that is asked for; a task that has none does not match.
func ofTime(filter *types.TaskFilterSpecByTime, info *types.TaskInfo) bool {
	if filter == nil {
		return true
	}
	at := &info.QueueTime
	switch filter.TimeType {
	case types.TaskFilterSpecTimeOptionStartedTime:
		at = info.StartTime
	case types.TaskFilterSpecTimeOptionCompletedTime:
		at = info.CompleteTime
	}
	return at != nil && within(*at, filter.BeginTime, filter.EndTime)
}

func within(at time.Time, begin, end *time.Time) bool {
	return (begin == nil || !at.Before(*begin)) && (end == nil || !at.After(*end))
}

// ofUser asks who began a task. Without a list, every user matches; the system does only where it is asked for.
func ofUser(filter *types.TaskFilterSpecByUsername, info *types.TaskInfo) bool {
	if filter == nil {
		return true
	}
	reason, byUser := info.Reason.(*types.TaskReasonUser)
	if !byUser {
		return filter.SystemUser
	}
	if len(filter.UserList) == 0 {
		return !filter.SystemUser
	}
	for _, user := range filter.UserList {
		if plainUser(user) == plainUser(reason.UserName) {
			return true
		}
	}
	return false
}

// plainUser makes DOMAIN\user and user@domain the same.
func plainUser(name string) string {
	name = strings.ToLower(name)
	if domain, user, found := strings.Cut(name, `\`); found {
		return user + "@" + domain
	}
	return name
}

// ofOrigin compares what else a filter may ask for. Nothing here starts tasks for alarms, schedules or tags.
func ofOrigin(spec *types.TaskFilterSpec, info *types.TaskInfo) bool {
	oneOf := func(wanted []string, value string) bool { return len(wanted) == 0 || slices.Contains(wanted, value) }
	return spec.Alarm == nil && spec.ScheduledTask == nil && len(spec.Tag) == 0 &&
		oneOf(spec.ActivationId, info.ActivationId) && oneOf(spec.ParentTaskKey, info.ParentTaskKey) && oneOf(spec.RootTaskKey, info.RootTaskKey) &&
		(len(spec.EventChainId) == 0 || slices.Contains(spec.EventChainId, info.EventChainId))
}

// lineage finds what an entity is below: its folders, and host, pool and cluster of a virtual machine.
type lineage struct {
	ctx   *simulator.Context
	known map[moRef]map[moRef]bool
}

func (l lineage) ofEntity(filter *types.TaskFilterSpecByEntity, info *types.TaskInfo) bool {
	if filter == nil {
		return true
	}
	entity := deref(info.Entity)
	switch filter.Recursion {
	case types.TaskFilterSpecRecursionOptionSelf:
		return entity == filter.Entity
	case types.TaskFilterSpecRecursionOptionChildren:
		return l.above(entity)[filter.Entity]
	}
	return entity == filter.Entity || l.above(entity)[filter.Entity]
}

func (l lineage) above(entity moRef) map[moRef]bool {
	if above, known := l.known[entity]; known {
		return above
	}
	above := map[moRef]bool{}
	l.known[entity] = above
	pending := l.parents(entity)
	for len(pending) > 0 {
		next := pending[0]
		pending = pending[1:]
		if next.Value == "" || above[next] {
			continue
		}
		above[next] = true
		pending = append(pending, l.parents(next)...)
	}
	return above
}

// parents reads one object under its lock; no two are held at once.
func (l lineage) parents(ref moRef) []moRef {
	entity, is := l.ctx.Map.Get(ref).(mo.Entity)
	if !is {
		return nil
	}
	var refs []moRef
	l.ctx.WithLock(entity, func() {
		refs = append(refs, deref(entity.Entity().Parent))
		if vm, isVM := entity.(*simulator.VirtualMachine); isVM {
			refs = append(refs, deref(vm.Runtime.Host), deref(vm.ResourcePool), deref(vm.ParentVApp))
		}
	})
	return refs
}
