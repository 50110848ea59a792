package main

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// createRules adds the clusters' DRS rules and the groups they need, through the cluster's own method, so that the rules' keys are
// numbered as later ones will be.
func (b *builder) createRules() error {
	for _, rule := range b.plan.Rules {
		cluster := b.clusters[rule.Cluster]
		spec := &types.ClusterConfigSpecEx{RulesSpec: []types.ClusterRuleSpec{b.ruleSpec(rule)}, GroupSpec: b.groupSpecs(rule)}
		request := &types.ReconfigureComputeResource_Task{This: cluster.Self, Spec: spec, Modify: true}
		body := cluster.ReconfigureComputeResourceTask(b.detached(), request).(*methods.ReconfigureComputeResource_TaskBody)
		if _, err := b.finish(body.Res.Returnval); err != nil {
			return fmt.Errorf("rule %s: %w", rule.Name, err)
		}
	}
	return nil
}

func (b *builder) ruleSpec(rule ruleSpec) types.ClusterRuleSpec {
	common := types.ClusterRuleInfo{
		Name: rule.Name, Enabled: types.NewBool(or(rule.Enabled, true)), UserCreated: types.NewBool(true),
		Mandatory: types.NewBool(rule.Kind == "vm-host-must"), InCompliance: types.NewBool(true),
	}
	add := types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}
	switch rule.Kind {
	case "affinity":
		return types.ClusterRuleSpec{ArrayUpdateSpec: add, Info: &types.ClusterAffinityRuleSpec{ClusterRuleInfo: common, Vm: b.vmRefs(rule.VMs)}}
	case "anti-affinity":
		return types.ClusterRuleSpec{ArrayUpdateSpec: add, Info: &types.ClusterAntiAffinityRuleSpec{ClusterRuleInfo: common, Vm: b.vmRefs(rule.VMs)}}
	}
	info := &types.ClusterVmHostRuleInfo{ClusterRuleInfo: common, VmGroupName: rule.Name + " VMs", AffineHostGroupName: rule.Name + " hosts"}
	return types.ClusterRuleSpec{ArrayUpdateSpec: add, Info: info}
}

// groupSpecs are the two groups of a VM-host rule, named after it.
func (b *builder) groupSpecs(rule ruleSpec) []types.ClusterGroupSpec {
	if len(rule.Hosts) == 0 {
		return nil
	}
	var hosts []types.ManagedObjectReference
	for _, name := range rule.Hosts {
		hosts = append(hosts, b.hosts[name].Self)
	}
	add := types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}
	named := func(suffix string) types.ClusterGroupInfo {
		return types.ClusterGroupInfo{Name: rule.Name + suffix, UserCreated: types.NewBool(true)}
	}
	return []types.ClusterGroupSpec{
		{ArrayUpdateSpec: add, Info: &types.ClusterVmGroup{ClusterGroupInfo: named(" VMs"), Vm: b.vmRefs(rule.VMs)}},
		{ArrayUpdateSpec: add, Info: &types.ClusterHostGroup{ClusterGroupInfo: named(" hosts"), Host: hosts}},
	}
}

func (b *builder) vmRefs(names []string) []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	for _, name := range names {
		refs = append(refs, b.vms[name].Self)
	}
	return refs
}
