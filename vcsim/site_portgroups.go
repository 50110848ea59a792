package main

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// createNetworks makes every network, and then says of each host and cluster exactly which networks it has.
func (b *builder) createNetworks() error {
	builtIn := b.datacenter.Network[0] // "VM Network", which govmomi makes with the datacenter and needs until hosts are added
	if err := b.createPortgroups(); err != nil {
		return err
	}
	for _, spec := range b.plan.Networks {
		switch networkKinds[spec.Kind] {
		case "standard":
			b.networks[spec.Name] = b.standardNetwork(spec, builtIn)
		case "nsx":
			network, err := b.opaqueNetwork(spec)
			if err != nil {
				return err
			}
			b.networks[spec.Name] = network
		}
	}
	b.attachNetworks()
	b.dropUnlessListed(builtIn)
	return nil
}

// standardNetwork makes a network of standard switches; the built-in one is used where the name is the same.
func (b *builder) standardNetwork(spec networkSpec, builtIn types.ManagedObjectReference) mo.Entity {
	network := b.registry.Get(builtIn).(*mo.Network)
	if network.Name != spec.Name {
		network = &mo.Network{Name: spec.Name}
		network.Entity().Name = spec.Name
		b.addToFolder(network)
		network.Summary = &types.NetworkSummary{Network: &network.Self, Name: spec.Name, Accessible: true}
	}
	for _, host := range b.hostOrder {
		if spec.Hosts.includes(host.Name) && !hasPortgroup(host, spec.Name) {
			addPortgroup(host.Config.Network, spec.Name, host.Config.Network.Vswitch[0])
		}
	}
	return network
}

// opaqueNetwork makes a segment of NSX; its ID depends on its name alone.
func (b *builder) opaqueNetwork(spec networkSpec) (mo.Entity, error) {
	folder := b.folder(b.datacenter.NetworkFolder)
	summary := types.OpaqueNetworkSummary{OpaqueNetworkId: uuid.NewSHA1(siteNamespace, []byte("segment "+spec.Name)).String(), OpaqueNetworkType: opaqueKind}
	summary.Name = spec.Name
	if err := folder.AddOpaqueNetwork(b.ctx, summary); err != nil {
		return nil, fmt.Errorf("network %s: %w", spec.Name, err)
	}
	network := b.registry.Get(folder.ChildEntity[len(folder.ChildEntity)-1]).(*mo.OpaqueNetwork)
	network.Entity().Name = spec.Name
	addOnce(&b.datacenter.Network, network.Self)
	return network, nil
}

// opaqueKind is the type of NSX's segments.
const opaqueKind = "nsx.LogicalSwitch"

func hasPortgroup(host *simulator.HostSystem, name string) bool {
	for _, portgroup := range host.Config.Network.Portgroup {
		if portgroup.Spec.Name == name {
			return true
		}
	}
	return false
}

// addToFolder puts a network into the datacenter's network folder.
func (b *builder) addToFolder(network *mo.Network) {
	folder := b.folder(b.datacenter.NetworkFolder)
	b.registry.PutEntity(folder, b.registry.NewEntity(network))
	folder.ChildEntity = append(folder.ChildEntity, network.Self)
	b.datacenter.Network = append(b.datacenter.Network, network.Self)
}

// createPortgroups makes one distributed switch and its port groups, if the scenario has any, and joins the hosts.
func (b *builder) createPortgroups() error {
	specs, members := b.distributed()
	if len(specs) == 0 {
		return nil
	}
	dvs, err := b.createSwitch()
	if err != nil {
		return err
	}
	body := dvs.AddDVPortgroupTask(b.detached(), &types.AddDVPortgroup_Task{This: dvs.Self, Spec: specs}).(*methods.AddDVPortgroup_TaskBody)
	if _, err := b.finish(body.Res.Returnval); err != nil {
		return err
	}
	join := &types.ReconfigureDvs_Task{This: dvs.Self, Spec: &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Host: members}}}
	if _, err := b.finish(dvs.ReconfigureDvsTask(b.detached(), join).(*methods.ReconfigureDvs_TaskBody).Res.Returnval); err != nil {
		return err
	}
	for _, ref := range dvs.Portgroup {
		portgroup := b.registry.Get(ref).(*simulator.DistributedVirtualPortgroup)
		b.networks[portgroup.Name] = portgroup
	}
	return nil
}

// distributed lists the port groups to make and the hosts that have at least one of them.
func (b *builder) distributed() ([]types.DVPortgroupConfigSpec, []types.DistributedVirtualSwitchHostMemberConfigSpec) {
	var specs []types.DVPortgroupConfigSpec
	joined := map[string]bool{}
	for _, spec := range b.plan.Networks {
		if networkKinds[spec.Kind] != "distributed" {
			continue
		}
		specs = append(specs, types.DVPortgroupConfigSpec{
			Name: spec.Name, NumPorts: 8, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
		})
		for _, host := range b.hostOrder {
			joined[host.Name] = joined[host.Name] || spec.Hosts.includes(host.Name)
		}
	}
	var members []types.DistributedVirtualSwitchHostMemberConfigSpec
	for _, host := range b.hostOrder {
		if joined[host.Name] {
			members = append(members, types.DistributedVirtualSwitchHostMemberConfigSpec{Operation: "add", Host: host.Self})
		}
	}
	return specs, members
}

func (b *builder) createSwitch() (*simulator.DistributedVirtualSwitch, error) {
	folder := b.folder(b.datacenter.NetworkFolder)
	config := &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: switchName}}
	request := &types.CreateDVS_Task{This: folder.Self, Spec: types.DVSCreateSpec{ConfigSpec: config}}
	result, err := b.finish(folder.CreateDVSTask(b.detached(), request).(*methods.CreateDVS_TaskBody).Res.Returnval)
	if err != nil {
		return nil, fmt.Errorf("distributed switch: %w", err)
	}
	return b.registry.Get(result.(types.ManagedObjectReference)).(*simulator.DistributedVirtualSwitch), nil
}

// attachNetworks writes host.network, network.host and cluster.network from the scenario.
func (b *builder) attachNetworks() {
	for _, host := range b.hostOrder {
		host.Network = nil
	}
	for _, cluster := range b.clusters {
		cluster.Network = nil
	}
	for _, spec := range b.plan.Networks {
		base := networkOf(b.networks[spec.Name])
		base.Host = nil
		for _, host := range b.hostOrder {
			if spec.Hosts.includes(host.Name) {
				base.Host = append(base.Host, host.Self)
				host.Network = append(host.Network, base.Self)
				addOnce(&b.clusterOf(host).Network, base.Self)
			}
		}
	}
	b.attachUplinks()
}

// attachUplinks lists the switch's uplink port group with its hosts, after the networks for VMs, as vCenter does.
func (b *builder) attachUplinks() {
	for _, entity := range b.networks {
		if b.isPlanned(entity) {
			continue
		}
		base := networkOf(entity)
		if portgroup, is := entity.(*simulator.DistributedVirtualPortgroup); is {
			portgroup.Config.Uplink = types.NewBool(true)
		}
		for _, ref := range base.Host {
			host := b.registry.Get(ref).(*simulator.HostSystem)
			host.Network = append(host.Network, base.Self)
			addOnce(&b.clusterOf(host).Network, base.Self)
		}
	}
}

func (b *builder) isPlanned(entity mo.Entity) bool {
	for _, spec := range b.plan.Networks {
		if spec.Name == networkOf(entity).Name {
			return true
		}
	}
	return false
}

func (b *builder) clusterOf(host *simulator.HostSystem) *simulator.ClusterComputeResource {
	return b.registry.Get(*host.Parent).(*simulator.ClusterComputeResource)
}

// networkOf is the part that standard and distributed networks have in common.
func networkOf(entity mo.Entity) *mo.Network {
	if portgroup, ok := entity.(*simulator.DistributedVirtualPortgroup); ok {
		return &portgroup.Network
	}
	if segment, ok := entity.(*mo.OpaqueNetwork); ok {
		return &segment.Network
	}
	return entity.(*mo.Network)
}

func addOnce(list *[]types.ManagedObjectReference, ref types.ManagedObjectReference) {
	if simulator.FindReference(*list, ref) == nil {
		*list = append(*list, ref)
	}
}

// dropUnlessListed removes the built-in network where the scenario does not list it.
func (b *builder) dropUnlessListed(builtIn types.ManagedObjectReference) {
	if kept, ok := b.networks["VM Network"]; ok && kept.Reference() == builtIn {
		return
	}
	folder := b.folder(b.datacenter.NetworkFolder)
	simulator.RemoveReference(&folder.ChildEntity, builtIn)
	simulator.RemoveReference(&b.datacenter.Network, builtIn)
	b.registry.Remove(b.ctx, builtIn)
}
