package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// entityAt finds an entity by its inventory path, such as /DC0/vm/Production, or by a name that only one has. A pool that has no name
// of its own, a cluster's root pool, is CLUSTER/Resources.
func (b *builder) entityAt(name string) (moRef, error) {
	if name == "/" {
		return b.root(), nil
	}
	if strings.HasPrefix(name, "/") {
		request := &types.FindByInventoryPath{This: b.registry.SearchIndex().Self, InventoryPath: strings.TrimPrefix(name, "/")}
		body := b.registry.SearchIndex().FindByInventoryPath(b.ctx, request).(*methods.FindByInventoryPathBody)
		if body.Res == nil || body.Res.Returnval == nil {
			return moRef{}, fmt.Errorf("there is nothing at %s", name)
		}
		return *body.Res.Returnval, nil
	}
	found := b.entitiesCalled(name)
	switch len(found) {
	case 0:
		return moRef{}, fmt.Errorf("there is no %q", name)
	case 1:
		return found[0], nil
	}
	return moRef{}, fmt.Errorf("%d objects are called %q; give the path", len(found), name)
}

func (b *builder) entitiesCalled(name string) []moRef {
	var found []moRef
	if host := b.hosts[name]; host != nil {
		found = append(found, host.Self)
	}
	if vm := b.vms[name]; vm != nil {
		found = append(found, vm.Self)
	}
	if cluster := b.clusters[name]; cluster != nil {
		found = append(found, cluster.Self)
	}
	if datastore := b.datastores[name]; datastore != nil {
		found = append(found, datastore.Self)
	}
	if network, is := b.networks[name]; is {
		found = append(found, network.Reference())
	}
	for _, kind := range []string{"ResourcePool", "Datacenter"} {
		for _, entity := range b.registry.All(kind) {
			if b.isCalled(entity, name) {
				found = append(found, entity.Reference())
			}
		}
	}
	return found
}

func (b *builder) isCalled(entity mo.Entity, name string) bool {
	if entity.Entity().Name == name {
		_, isPool := entity.(*simulator.ResourcePool)
		return !isPool || name != "Resources"
	}
	pool, isPool := entity.(*simulator.ResourcePool)
	if !isPool {
		return false
	}
	owner := b.registry.Get(pool.Owner).(mo.Entity)
	return owner.Entity().Name+"/"+pool.Name == name
}
