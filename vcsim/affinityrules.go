package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// checkRules judges the rules of the destination's cluster. A mandatory VM-host rule is absolute; a rule between virtual machines
// is an error where it is mandatory and a warning otherwise: vCenter lets people break it by hand.
func checkRules(q *inquiry) {
	cluster, found := q.engine.registry.Get(q.host.parent).(*simulator.ClusterComputeResource)
	if !found || !q.changesHost() {
		return
	}
	var rules []types.BaseClusterRuleInfo
	var groups []types.BaseClusterGroupInfo
	q.ctx.WithLock(cluster, func() {
		if config, known := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx); known {
			rules, groups = append(rules, config.Rule...), append(groups, config.Group...)
		}
	})
	for _, r := range rules {
		if info := r.GetClusterRuleInfo(); info.Enabled != nil && *info.Enabled {
			q.checkRule(r, groups)
		}
	}
}

func (q *inquiry) checkRule(r types.BaseClusterRuleInfo, groups []types.BaseClusterGroupInfo) {
	info := r.GetClusterRuleInfo()
	mandatory := info.Mandatory != nil && *info.Mandatory
	switch rule := r.(type) {
	case *types.ClusterVmHostRuleInfo:
		if q.breaksHostRule(rule, groups) {
			violation := &types.VmHostAffinityRuleViolation{VmName: q.vm.name, HostName: q.host.name}
			q.blame(mandatory, violation)
		}
	case *types.ClusterAffinityRuleSpec:
		if hasRef(rule.Vm, q.vm.ref) && q.onHost(rule.Vm) < len(rule.Vm)-1 {
			q.blame(mandatory, q.violation(r))
		}
	case *types.ClusterAntiAffinityRuleSpec:
		if hasRef(rule.Vm, q.vm.ref) && q.onHost(rule.Vm) > 0 {
			q.blame(mandatory, q.violation(r))
		}
	}
}

// onHost is how many of the virtual machines, this one aside, are on the destination.
func (q *inquiry) onHost(vms []moRef) int {
	count := 0
	for _, r := range vms {
		if r != q.vm.ref && hasRef(q.host.vms, r) {
			count++
		}
	}
	return count
}

func (q *inquiry) violation(r types.BaseClusterRuleInfo) types.BaseMethodFault {
	host := q.host.ref
	return &types.RuleViolation{Host: &host, Rule: r}
}

// breaksHostRule is true for a member of the rule's VM group on a host outside its affine group, or inside its anti-affine one.
func (q *inquiry) breaksHostRule(rule *types.ClusterVmHostRuleInfo, groups []types.BaseClusterGroupInfo) bool {
	var vms, affine, antiAffine []moRef
	for _, group := range groups {
		switch g := group.(type) {
		case *types.ClusterVmGroup:
			if g.Name == rule.VmGroupName {
				vms = g.Vm
			}
		case *types.ClusterHostGroup:
			if g.Name == rule.AffineHostGroupName {
				affine = g.Host
			}
			if g.Name == rule.AntiAffineHostGroupName {
				antiAffine = g.Host
			}
		}
	}
	if !hasRef(vms, q.vm.ref) {
		return false
	}
	outside := rule.AffineHostGroupName != "" && !hasRef(affine, q.host.ref)
	return outside || hasRef(antiAffine, q.host.ref)
}
