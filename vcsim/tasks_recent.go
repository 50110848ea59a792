package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// forgetLoop forgets tasks as simulated time goes by.
func (b *taskBook) forgetLoop() {
	ticker := time.NewTicker(forgetTick)
	defer ticker.Stop()
	for {
		select {
		case <-b.done:
			return
		case <-ticker.C:
			b.forget(b.clock.now(), time.Now())
		}
	}
}

// forget takes tasks that ended long ago out of the lists of recent ones, and their objects out of the inventory.
func (b *taskBook) forget(now, realNow time.Time) {
	stale, gone := b.takeOld(now, realNow)
	if len(stale) == 0 && len(gone) == 0 {
		return
	}
	ctx := *b.service.Context
	old := map[moRef]bool{}
	entities := map[moRef]bool{}
	for _, record := range stale {
		old[record.info.Task] = true
		entities[deref(record.info.Entity)] = true
	}
	if len(stale) > 0 {
		b.trimManager(&ctx, old)
	}
	for ref := range entities {
		b.trimEntity(&ctx, ref, old)
	}
	for _, record := range gone {
		b.registry.Remove(&ctx, record.info.Task)
	}
}

// takeOld gives the tasks that are no longer recent, and those of them whose objects have lived long enough.
func (b *taskBook) takeOld(now, realNow time.Time) (stale, gone []*taskRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var recent, fading []*taskRecord
	for _, record := range b.ended {
		if at := record.info.CompleteTime; at == nil || now.Sub(*at) < recentTaskAge {
			recent = append(recent, record)
			continue
		}
		stale = append(stale, record)
	}
	for _, record := range append(b.fading, stale...) {
		if realNow.Sub(record.endedAt) < leastTaskLife {
			fading = append(fading, record)
			continue
		}
		gone = append(gone, record)
	}
	b.ended, b.fading = recent, fading
	return stale, gone
}

func (b *taskBook) trimManager(ctx *simulator.Context, old map[moRef]bool) {
	manager := b.manager()
	ctx.WithLock(manager, func() {
		ctx.Update(manager, []types.PropertyChange{{Name: "recentTask", Val: withoutAll(manager.RecentTask, old)}})
	})
}

func (b *taskBook) trimEntity(ctx *simulator.Context, ref moRef, old map[moRef]bool) {
	entity, is := b.registry.Get(ref).(mo.Entity)
	if !is {
		return
	}
	ctx.WithLock(entity, func() {
		ctx.Update(entity, []types.PropertyChange{{Name: "recentTask", Val: withoutAll(entity.Entity().RecentTask, old)}})
	})
}

// withoutAll is a list of its own: readers may hold the old one.
func withoutAll(refs []moRef, old map[moRef]bool) []moRef {
	kept := make([]moRef, 0, len(refs)+1)
	for _, ref := range refs {
		if !old[ref] {
			kept = append(kept, ref)
		}
	}
	return kept
}
