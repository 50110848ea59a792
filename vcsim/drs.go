package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// drsSettings is how DRS of a cluster is set up.
type drsSettings struct {
	enabled   bool
	behavior  types.DrsBehavior
	rate      int32 // the least rating of a recommendation that is made
	overrides map[moRef]types.ClusterDrsVmConfigInfo
}

// drsOf reads the settings of a cluster; those of anything else say that DRS is off.
func (e *engine) drsOf(ctx *simulator.Context, cluster moRef) drsSettings {
	settings := drsSettings{overrides: map[moRef]types.ClusterDrsVmConfigInfo{}}
	c, found := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !found {
		return settings
	}
	ctx.WithLock(c, func() {
		config, known := c.ConfigurationEx.(*types.ClusterConfigInfoEx)
		if !known {
			return
		}
		settings.enabled, settings.behavior = isTrue(config.DrsConfig.Enabled), config.DrsConfig.DefaultVmBehavior
		settings.rate = config.DrsConfig.VmotionRate
		if allowed := config.DrsConfig.EnableVmBehaviorOverrides; allowed == nil || *allowed {
			for _, override := range config.DrsVmConfig {
				settings.overrides[override.Key] = override
			}
		}
	})
	return settings
}

// isAutomatic is true where DRS moves things by itself.
func (s drsSettings) isAutomatic() bool {
	return s.enabled && s.behavior == types.DrsBehaviorFullyAutomated
}

// isOff is true for a machine that DRS leaves alone.
func (s drsSettings) isOff(vm moRef) bool {
	override, has := s.overrides[vm]
	return !s.enabled || has && override.Enabled != nil && !*override.Enabled
}

// moves is true for a machine that DRS moves by itself.
func (s drsSettings) moves(vm moRef) bool {
	if s.isOff(vm) {
		return false
	}
	if override, has := s.overrides[vm]; has && override.Behavior != "" {
		return override.Behavior == types.DrsBehaviorFullyAutomated
	}
	return s.isAutomatic()
}

// systemContext is a context of DRS's own: nobody's session, and no operation.
func (e *engine) systemContext() *simulator.Context {
	own := &simulator.Context{Map: e.registry}
	if e.service != nil {
		*own = *e.service.Context
	}
	own.Session = &simulator.Session{Registry: simulator.NewRegistry(), Map: e.registry}
	own.Header.ID = ""
	return own
}

// startDRS lets DRS look at its clusters for the first time, and from then on at the intervals the scenario gives.
func (e *engine) startDRS() {
	ctx := e.systemContext()
	for _, cluster := range e.clusters() {
		e.reviewRules(ctx, cluster)
		if interval := e.site.DRSIntervals[cluster]; interval > 0 {
			e.invokeDRSAfter(cluster, interval)
		}
	}
}

// clusters are all clusters, in the order of their references.
func (e *engine) clusters() []moRef {
	var refs []moRef
	for _, cluster := range e.registry.All("ClusterComputeResource") {
		refs = append(refs, cluster.Reference())
	}
	sortRefs(refs)
	return refs
}

func (e *engine) invokeDRSAfter(cluster moRef, interval time.Duration) {
	e.after(interval, func() {
		if e.registry.Get(cluster) == nil {
			return
		}
		e.invokeDRSAfter(cluster, interval)
		e.invokeDRS(e.systemContext(), cluster)
	})
}

// invokeDRS makes recommendations and, where DRS is to act by itself, follows them. The others are shown.
func (e *engine) invokeDRS(ctx *simulator.Context, cluster moRef) {
	settings := e.drsOf(ctx, cluster)
	var shown []types.ClusterRecommendation
	e.reviewRules(ctx, cluster)
	for _, r := range e.recommend(ctx, cluster, settings) {
		if e.isFollowed(settings, r) {
			e.follow(e.systemContext(), cluster, r)
		} else {
			shown = append(shown, r)
		}
	}
	e.showRecommendations(ctx, cluster, shown)
}

// isFollowed is true for a recommendation about machines that DRS moves by itself.
func (e *engine) isFollowed(settings drsSettings, r types.ClusterRecommendation) bool {
	for _, action := range r.Action {
		if !settings.moves(deref(action.GetClusterAction().Target)) {
			return false
		}
	}
	return true
}

// follow does what is recommended, on behalf of whoever the context says.
func (e *engine) follow(ctx *simulator.Context, cluster moRef, r types.ClusterRecommendation) {
	for _, action := range r.Action {
		migration, is := action.(*types.ClusterMigrationAction)
		if !is || migration.DrsMigration == nil {
			continue
		}
		host := migration.DrsMigration.Destination
		spec := types.VirtualMachineRelocateSpec{Host: &host}
		if _, fault := e.submit(ctx, migration.DrsMigration.Vm, drsTask, spec, ""); fault == nil {
			e.remember(ctx, cluster, migration)
		}
	}
}

// historyLength is how many actions a cluster remembers. UNVERIFIED.
const historyLength = 100

// remember adds a migration to the histories of the cluster.
func (e *engine) remember(ctx *simulator.Context, cluster moRef, action *types.ClusterMigrationAction) {
	c, found := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !found {
		return
	}
	ctx.WithLock(c, func() {
		done := types.ClusterActionHistory{Action: action, Time: e.clock.now()}
		ctx.Update(c, []types.PropertyChange{
			{Name: "actionHistory", Val: appendLast(c.ActionHistory, done, historyLength)},
			{Name: "migrationHistory", Val: appendLast(c.MigrationHistory, *action.DrsMigration, historyLength)},
		})
	})
}

// appendLast is a new list with one more entry, of which the last ones are kept.
func appendLast[T any](list []T, entry T, most int) []T {
	longer := append(append([]T(nil), list...), entry)
	return longer[max(0, len(longer)-most):]
}

// isMoving is true for a machine with a move under way.
func (e *engine) isMoving(vm moRef) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.busy[vm] != nil
}

// noticeChange follows what becomes of machines, clusters and hosts: it may matter to a host that is being emptied, or to a rule.
func (e *engine) noticeChange(object mo.Reference, changes []types.PropertyChange) {
	for _, change := range changes {
		switch {
		case change.Name == "runtime.powerState" && object.Reference().Type == "VirtualMachine":
			e.hostChanged()
			if vm, is := object.(*mo.VirtualMachine); is {
				host := deref(vm.Runtime.Host)
				e.reviewLater(func(ctx *simulator.Context) moRef { return e.parentOf(ctx, host) })
			}
		case change.Name == "info.state" && object.Reference().Type == "Task":
			if task, is := object.(*mo.Task); is && deref(task.Info.Entity).Type == "ClusterComputeResource" && hasEnded(&task.Info) {
				cluster := *task.Info.Entity
				e.reviewLater(func(*simulator.Context) moRef { return cluster })
			}
		}
	}
}

// reviewLater reviews the rules of a cluster once the caller has let go of its locks.
func (e *engine) reviewLater(cluster func(*simulator.Context) moRef) {
	e.background(func() {
		ctx := e.systemContext()
		e.reviewRules(ctx, cluster(ctx))
	})
}

func (e *engine) parentOf(ctx *simulator.Context, r moRef) moRef {
	host, found := e.registry.Get(r).(*simulator.HostSystem)
	if !found {
		return moRef{}
	}
	return viewHost(ctx, host).parent
}

// reviewRules looks at the rules of the clusters a machine has left and come to.
func (m *move) reviewRules(end ending) {
	if end.fault != nil || m.plan.source.ref == m.plan.host.ref {
		return
	}
	m.engine.reviewRules(m.ctx, m.plan.host.parent)
	if m.plan.source.parent != m.plan.host.parent {
		m.engine.reviewRules(m.ctx, m.plan.source.parent)
	}
}
