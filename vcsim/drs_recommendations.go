package main

import (
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Reasons of recommendations (vSphere API, RecommendationReasonCode).
const (
	reasonMaintenance = types.RecommendationReasonCodeHostMaint
	reasonTogether    = types.RecommendationReasonCodeJointAffin
	reasonApart       = types.RecommendationReasonCodeAntiAffin
	reasonMustHost    = types.RecommendationReasonCodeVmHostHardAffinity
	reasonShouldHost  = types.RecommendationReasonCodeVmHostSoftAffinity
	reasonCPU         = types.RecommendationReasonCodeFairnessCpuAvg
	reasonMemory      = types.RecommendationReasonCodeFairnessMemAvg
)

// reasonTexts are what people read. UNVERIFIED.
var reasonTexts = map[types.RecommendationReasonCode]string{
	reasonMaintenance: "Host is entering maintenance mode", reasonTogether: "Fix VM affinity rule violation", reasonApart: "Fix VM anti-affinity rule violation",
	reasonMustHost: "Fix VM-Host hard affinity rule violation", reasonShouldHost: "Fix VM-Host soft affinity rule violation",
	reasonCPU: "Balance average CPU loads", reasonMemory: "Balance average memory loads",
}

// urgent is the rating of what has to be done.
const urgent = 5

// RefreshRecommendation lets DRS look at the cluster at once.
func (f *front) RefreshRecommendation(ctx *simulator.Context, req *types.RefreshRecommendation) soap.HasFault {
	f.engine.invokeDRS(ctx, req.This)
	return &methods.RefreshRecommendationBody{Res: &types.RefreshRecommendationResponse{}}
}

// ApplyRecommendation does what is recommended, on behalf of the user.
func (f *front) ApplyRecommendation(ctx *simulator.Context, req *types.ApplyRecommendation) soap.HasFault {
	r, found := f.engine.takeRecommendation(ctx, req.This, req.Key)
	if !found {
		return &methods.ApplyRecommendationBody{Fault_: simulator.Fault("", &types.InvalidArgument{InvalidProperty: "key"})}
	}
	f.engine.follow(ctx, req.This, r)
	return &methods.ApplyRecommendationBody{Res: &types.ApplyRecommendationResponse{}}
}

// CancelRecommendation forgets a recommendation.
func (f *front) CancelRecommendation(ctx *simulator.Context, req *types.CancelRecommendation) soap.HasFault {
	if _, found := f.engine.takeRecommendation(ctx, req.This, req.Key); !found {
		return &methods.CancelRecommendationBody{Fault_: simulator.Fault("", &types.InvalidArgument{InvalidProperty: "key"})}
	}
	return &methods.CancelRecommendationBody{Res: &types.CancelRecommendationResponse{}}
}

// takeRecommendation takes one off the cluster's list.
func (e *engine) takeRecommendation(ctx *simulator.Context, cluster moRef, key string) (taken types.ClusterRecommendation, found bool) {
	c, is := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !is {
		return taken, false
	}
	ctx.WithLock(c, func() {
		left := []types.ClusterRecommendation{}
		for _, r := range c.Recommendation {
			if r.Key == key {
				taken, found = r, true
			} else {
				left = append(left, r)
			}
		}
		if found {
			ctx.Update(c, []types.PropertyChange{{Name: "recommendation", Val: left}})
		}
	})
	return taken, found
}

// showRecommendations replaces the cluster's list.
func (e *engine) showRecommendations(ctx *simulator.Context, cluster moRef, list []types.ClusterRecommendation) {
	c, is := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !is {
		return
	}
	ctx.WithLock(c, func() {
		if len(list)+len(c.Recommendation) > 0 {
			ctx.Update(c, []types.PropertyChange{{Name: "recommendation", Val: append([]types.ClusterRecommendation{}, list...)}})
		}
	})
}

// showFaults replaces what DRS could not do for a reason.
func (e *engine) showFaults(ctx *simulator.Context, cluster moRef, reason types.RecommendationReasonCode, stuck map[moRef]types.BaseMethodFault) {
	c, is := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !is {
		return
	}
	ctx.WithLock(c, func() {
		list := []types.ClusterDrsFaults{}
		for _, faults := range c.DrsFault {
			if faults.Reason != string(reason) {
				list = append(list, faults)
			}
		}
		if had := len(list) < len(c.DrsFault); !had && len(stuck) == 0 {
			return
		}
		if len(stuck) > 0 {
			list = append(list, drsFaults(reason, stuck))
		}
		ctx.Update(c, []types.PropertyChange{{Name: "drsFault", Val: list}})
	})
}

func drsFaults(reason types.RecommendationReasonCode, stuck map[moRef]types.BaseMethodFault) types.ClusterDrsFaults {
	var refs []moRef
	for r := range stuck {
		refs = append(refs, r)
	}
	sortRefs(refs)
	faults := types.ClusterDrsFaults{Reason: string(reason)}
	for _, r := range refs {
		faults.FaultsByVm = append(faults.FaultsByVm, &types.ClusterDrsFaultsFaultsByVm{
			Vm: &moRef{Type: r.Type, Value: r.Value}, Fault: []types.LocalizedMethodFault{*localized(stuck[r])},
		})
	}
	return faults
}

// advice is a run of DRS over a cluster. Each move it plans is the basis of the next.
type advice struct {
	*drsModel
	engine   *engine
	cluster  moRef
	settings drsSettings
	list     []types.ClusterRecommendation
}

// recommend plans moves: off hosts that enter maintenance mode, to where the rules want machines, and for balance.
func (e *engine) recommend(ctx *simulator.Context, cluster moRef, settings drsSettings) []types.ClusterRecommendation {
	if !settings.enabled {
		return nil
	}
	if settings.rate == 0 {
		settings.rate = defaultRate
	}
	a := &advice{drsModel: e.readCluster(ctx, cluster), engine: e, cluster: cluster, settings: settings}
	a.evacuate()
	a.mend()
	a.balance()
	return a.list
}

// isFree is true for a running machine that DRS may move or recommend to.
func (a *advice) isFree(v *drsMachine) bool {
	return v != nil && v.isOn() && !a.settings.isOff(v.view.ref) && !a.engine.isMoving(v.view.ref)
}

func (a *advice) evacuate() {
	for _, r := range a.order {
		v := a.machines[r]
		if from := a.host(v.host); from != nil && from.entering && a.isFree(v) {
			if to := a.bestHost(v, nil); to != nil {
				a.move(v, to, reasonMaintenance, urgent)
			}
		}
	}
}

// mend plans what makes the cluster keep its rules; what cannot be done is one of the cluster's DRS faults.
func (a *advice) mend() {
	rules, groups := a.engine.rulesOf(a.ctx, a.cluster)
	stuck := map[types.RecommendationReasonCode]map[moRef]types.BaseMethodFault{
		reasonMustHost: {}, reasonShouldHost: {}, reasonTogether: {}, reasonApart: {},
	}
	for _, rule := range rules {
		if !isTrue(rule.GetClusterRuleInfo().Enabled) {
			continue
		}
		reason := reasonOf(rule)
		for _, r := range breakersOf(rule, groups, a.where()) {
			v := a.machines[r]
			if !a.isFree(v) {
				continue
			}
			if to := a.cure(rule, v); to != nil {
				a.move(v, to, reason, urgent)
			} else {
				stuck[reason][r] = a.refusal(v)
			}
		}
	}
	for _, reason := range []types.RecommendationReasonCode{reasonMustHost, reasonShouldHost, reasonTogether, reasonApart} {
		a.engine.showFaults(a.ctx, a.cluster, reason, stuck[reason])
	}
}

func reasonOf(rule types.BaseClusterRuleInfo) types.RecommendationReasonCode {
	switch r := rule.(type) {
	case *types.ClusterAffinityRuleSpec:
		return reasonTogether
	case *types.ClusterVmHostRuleInfo:
		if isTrue(r.Mandatory) {
			return reasonMustHost
		}
		return reasonShouldHost
	}
	return reasonApart
}

// cure is the host on which a machine no longer breaks a rule.
func (a *advice) cure(rule types.BaseClusterRuleInfo, v *drsMachine) *drsHost {
	if _, together := rule.(*types.ClusterAffinityRuleSpec); !together {
		return a.bestHost(v, nil)
	}
	key := rule.GetClusterRuleInfo().Key
	to := a.host(gatheringPlace(rule, a.where()))
	if to == nil || !to.isOpen() || !a.permits(v, to, &key) {
		return nil
	}
	return to
}

// where is where the running machines are, or are planned to be.
func (a *advice) where() map[moRef]moRef {
	where := map[moRef]moRef{}
	for r, v := range a.machines {
		if v.isOn() {
			where[r] = v.host
		}
	}
	return where
}

// move plans one move.
func (a *advice) move(v *drsMachine, to *drsHost, reason types.RecommendationReasonCode, rating int32) {
	vm, from, now := v.view.ref, a.host(v.host), a.engine.clock.now()
	a.engine.mu.Lock()
	a.engine.advised++
	key := strconv.Itoa(a.engine.advised)
	a.engine.mu.Unlock()
	migration := &types.ClusterDrsMigration{
		Key: key, Time: now, Vm: vm, CpuLoad: int32(v.mhz), MemoryLoad: int64(v.memory) << 20,
		Source: v.host, SourceCpuLoad: int32(from.mhz), SourceMemoryLoad: int64(from.memory) << 20,
		Destination: to.view.ref, DestinationCpuLoad: int32(to.mhz), DestinationMemoryLoad: int64(to.memory) << 20,
	}
	action := &types.ClusterMigrationAction{ClusterAction: types.ClusterAction{Type: "MigrationV1", Target: &vm}, DrsMigration: migration}
	target := a.cluster
	a.list = append(a.list, types.ClusterRecommendation{
		Key: key, Type: "V1", Time: now, Rating: rating, Reason: string(reason), ReasonText: reasonTexts[reason],
		Action: []types.BaseClusterAction{action}, Target: &target,
	})
	a.place(v, to)
}
