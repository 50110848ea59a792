package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// divide moves clusters to the datacenters the scenario names for them, with their virtual machines, and with the datastores and
// networks that no host of another datacenter has. What several datacenters share stays in the first one.
func (b *builder) divide() error {
	home := map[string]*simulator.Datacenter{}
	for _, spec := range b.plan.Clusters {
		dc, err := b.datacenterNamed(spec.Datacenter)
		if err != nil {
			return err
		}
		for _, host := range spec.Hosts {
			home[host.Name] = dc
		}
		if dc != b.datacenter {
			cluster := b.clusters[spec.Name]
			b.reparent(cluster.Self, &cluster.Parent, dc.HostFolder)
		}
	}
	b.divideShared(home)
	for _, spec := range b.plan.VMs {
		if dc := home[spec.Host]; dc != b.datacenter {
			vm := b.vms[spec.id()]
			b.reparent(vm.Self, &vm.Parent, dc.VmFolder)
		}
	}
	return nil
}

func (b *builder) datacenterNamed(name string) (*simulator.Datacenter, error) {
	if name == "" || name == datacenterName {
		return b.datacenter, nil
	}
	root := b.folder(*b.datacenter.Parent)
	if found, is := b.registry.FindByName(name, root.ChildEntity).(*simulator.Datacenter); is {
		return found, nil
	}
	body := root.CreateDatacenter(b.ctx, &types.CreateDatacenter{This: root.Self, Name: name})
	if err := faultOf(body); err != nil {
		return nil, fmt.Errorf("datacenter %s: %w", name, err)
	}
	dc := b.registry.Get(body.(*methods.CreateDatacenterBody).Res.Returnval).(*simulator.Datacenter)
	for _, builtIn := range dc.Network {
		b.folder(dc.NetworkFolder).ChildEntity = nil
		b.registry.Remove(b.ctx, builtIn)
	}
	dc.Network = nil
	return dc, nil
}

// reparent moves an entity from its folder to another one.
func (b *builder) reparent(r types.ManagedObjectReference, parent **types.ManagedObjectReference, to types.ManagedObjectReference) {
	from := b.folder(**parent)
	simulator.RemoveReference(&from.ChildEntity, r)
	folder := b.folder(to)
	folder.ChildEntity = append(folder.ChildEntity, r)
	*parent = &folder.Self
}

// divideShared moves the datastores and networks of one datacenter's hosts alone.
func (b *builder) divideShared(home map[string]*simulator.Datacenter) {
	for _, spec := range b.plan.Datastores {
		if dc := b.onlyHome(spec.Hosts, home); dc != b.datacenter {
			datastore := b.datastores[spec.Name]
			b.reparent(datastore.Self, &datastore.Parent, dc.DatastoreFolder)
			simulator.RemoveReference(&b.datacenter.Datastore, datastore.Self)
			dc.Datastore = append(dc.Datastore, datastore.Self)
		}
	}
	for _, spec := range b.plan.Networks {
		if dc := b.onlyHome(spec.Hosts, home); dc != b.datacenter && networkKinds[spec.Kind] == "standard" {
			network := networkOf(b.networks[spec.Name])
			b.reparent(network.Self, &network.Parent, dc.NetworkFolder)
			simulator.RemoveReference(&b.datacenter.Network, network.Self)
			dc.Network = append(dc.Network, network.Self)
		}
	}
}

// onlyHome is the datacenter of all hosts of a list, the first one where they are in several.
func (b *builder) onlyHome(hosts hostList, home map[string]*simulator.Datacenter) *simulator.Datacenter {
	var only *simulator.Datacenter
	for _, host := range b.plan.hostNames() {
		if !hosts.includes(host) {
			continue
		}
		if only != nil && only != home[host] {
			return b.datacenter
		}
		only = home[host]
	}
	if only == nil {
		return b.datacenter
	}
	return only
}
