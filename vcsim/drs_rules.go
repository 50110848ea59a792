package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// FindRulesForVm lists the rules of the cluster a virtual machine is in, through a group or by name.
func (f *front) FindRulesForVm(ctx *simulator.Context, req *types.FindRulesForVm) soap.HasFault {
	if !isA[*simulator.VirtualMachine](f.engine.registry, req.Vm) {
		return &methods.FindRulesForVmBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.Vm})}
	}
	rules, groups := f.engine.rulesOf(ctx, req.This)
	var about []types.BaseClusterRuleInfo
	for _, rule := range rules {
		if hasRef(membersOf(rule, groups), req.Vm) {
			about = append(about, rule)
		}
	}
	return &methods.FindRulesForVmBody{Res: &types.FindRulesForVmResponse{Returnval: about}}
}

// rulesOf are the rules and groups of a cluster; both are read-only.
func (e *engine) rulesOf(ctx *simulator.Context, cluster moRef) (rules []types.BaseClusterRuleInfo, groups []types.BaseClusterGroupInfo) {
	c, found := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !found {
		return nil, nil
	}
	ctx.WithLock(c, func() {
		if config, known := c.ConfigurationEx.(*types.ClusterConfigInfoEx); known {
			rules, groups = append(rules, config.Rule...), append(groups, config.Group...)
		}
	})
	return rules, groups
}

// membersOf are the virtual machines a rule is about.
func membersOf(rule types.BaseClusterRuleInfo, groups []types.BaseClusterGroupInfo) []moRef {
	switch r := rule.(type) {
	case *types.ClusterAffinityRuleSpec:
		return r.Vm
	case *types.ClusterAntiAffinityRuleSpec:
		return r.Vm
	case *types.ClusterVmHostRuleInfo:
		for _, group := range groups {
			if g, is := group.(*types.ClusterVmGroup); is && g.Name == r.VmGroupName {
				return g.Vm
			}
		}
	}
	return nil
}

// breakersOf are the machines that break a rule, given where those that run are. Of machines that belong together the ones away
// from the most break it; of machines that belong apart, all but the first of a host.
func breakersOf(rule types.BaseClusterRuleInfo, groups []types.BaseClusterGroupInfo, where map[moRef]moRef) []moRef {
	var breakers []moRef
	seen := map[moRef]int{}
	home := gatheringPlace(rule, where)
	for _, vm := range membersOf(rule, groups) {
		host, runs := where[vm]
		if !runs {
			continue
		}
		broken := false
		switch r := rule.(type) {
		case *types.ClusterVmHostRuleInfo:
			q := &inquiry{placement: &placement{vm: vmView{ref: vm}, host: hostView{ref: host}}}
			broken = q.breaksHostRule(r, groups)
		case *types.ClusterAffinityRuleSpec:
			broken = host != home
		case *types.ClusterAntiAffinityRuleSpec:
			broken = seen[host] > 0
		}
		seen[host]++
		if broken {
			breakers = append(breakers, vm)
		}
	}
	return breakers
}

// gatheringPlace is the host most of the machines of an affinity rule are on.
func gatheringPlace(rule types.BaseClusterRuleInfo, where map[moRef]moRef) moRef {
	affinity, is := rule.(*types.ClusterAffinityRuleSpec)
	if !is {
		return moRef{}
	}
	count, best := map[moRef]int{}, moRef{}
	for _, vm := range affinity.Vm {
		if host, runs := where[vm]; runs {
			count[host]++
		}
	}
	for _, vm := range affinity.Vm {
		if host, runs := where[vm]; runs && count[host] > count[best] {
			best = host
		}
	}
	return best
}

// placesOf is where the running ones of a list of machines are.
func (e *engine) placesOf(ctx *simulator.Context, vms []moRef) map[moRef]moRef {
	where := map[moRef]moRef{}
	for _, r := range vms {
		vm, found := e.registry.Get(r).(*simulator.VirtualMachine)
		if !found {
			continue
		}
		ctx.WithLock(vm, func() {
			if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
				where[r] = deref(vm.Runtime.Host)
			}
		})
	}
	return where
}

// ruleKey is one rule of one cluster.
type ruleKey struct {
	cluster moRef
	rule    int32
}

// reviewRules sets whether each rule of a cluster is kept, and says so in events where that has changed for a machine.
func (e *engine) reviewRules(ctx *simulator.Context, cluster moRef) {
	rules, groups := e.rulesOf(ctx, cluster)
	kept := map[int32]bool{}
	for _, rule := range rules {
		info := rule.GetClusterRuleInfo()
		var breakers []moRef
		if isTrue(info.Enabled) {
			breakers = breakersOf(rule, groups, e.placesOf(ctx, membersOf(rule, groups)))
		}
		kept[info.Key] = len(breakers) == 0
		e.tellBreakers(ctx, ruleKey{cluster, info.Key}, rule, breakers)
	}
	e.showCompliance(ctx, cluster, kept)
}

// showCompliance changes the rules that say otherwise. Readers may hold the old ones: they are replaced, not changed.
func (e *engine) showCompliance(ctx *simulator.Context, cluster moRef, kept map[int32]bool) {
	c, found := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !found {
		return
	}
	ctx.WithLock(c, func() {
		config, known := c.ConfigurationEx.(*types.ClusterConfigInfoEx)
		if !known {
			return
		}
		next, changed := *config, false
		next.Rule = append([]types.BaseClusterRuleInfo(nil), config.Rule...)
		for i, rule := range next.Rule {
			info := rule.GetClusterRuleInfo()
			if now, judged := kept[info.Key]; judged && (info.InCompliance == nil || *info.InCompliance != now) {
				next.Rule[i] = withCompliance(rule, now)
				changed = true
			}
		}
		if changed {
			ctx.Update(c, []types.PropertyChange{{Name: "configurationEx", Val: &next}})
		}
	})
}

func withCompliance(rule types.BaseClusterRuleInfo, kept bool) types.BaseClusterRuleInfo {
	fresh := cloneStruct(rule)
	info := fresh.GetClusterRuleInfo()
	info.InCompliance, info.Status = types.NewBool(kept), types.ManagedEntityStatusGreen
	if !kept {
		info.Status = types.ManagedEntityStatusYellow
	}
	return fresh
}

// tellBreakers posts events about machines that have begun to break a rule, or ceased to.
func (e *engine) tellBreakers(ctx *simulator.Context, key ruleKey, rule types.BaseClusterRuleInfo, breakers []moRef) {
	e.mu.Lock()
	before := e.breakers[key]
	e.breakers[key] = breakers
	e.mu.Unlock()
	for _, vm := range breakers {
		if !hasRef(before, vm) {
			e.tellRule(ctx, vm, violationEvent(rule))
		}
	}
	for _, vm := range before {
		if !hasRef(breakers, vm) {
			e.tellRule(ctx, vm, &types.DrsRuleComplianceEvent{})
		}
	}
}

func violationEvent(rule types.BaseClusterRuleInfo) types.BaseVmEvent {
	if hosts, is := rule.(*types.ClusterVmHostRuleInfo); is && !isTrue(hosts.Mandatory) {
		return &types.DrsSoftRuleViolationEvent{}
	}
	return &types.DrsRuleViolationEvent{}
}

// tellRule posts an event of DRS about a machine, nobody's doing.
func (e *engine) tellRule(ctx *simulator.Context, r moRef, event types.BaseVmEvent) {
	vm, found := e.registry.Get(r).(*simulator.VirtualMachine)
	if !found {
		return
	}
	view := viewVM(ctx, vm)
	host, found := e.registry.Get(view.host).(*simulator.HostSystem)
	if !found {
		return
	}
	on := viewHost(ctx, host)
	machine := types.VmEventArgument{EntityEventArgument: types.EntityEventArgument{Name: view.name}, Vm: r}
	*event.GetVmEvent() = vmEvent(ctx, machine, &on, e.homeOf(ctx, &view))
	postEvent(e.systemContext(), event.(types.BaseEvent), e.clock.now(), 0)
}
