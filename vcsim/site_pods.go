package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// createPods makes the scenario's datastore clusters, in the datastore folder of their first datastore, and moves the datastores in.
func (b *builder) createPods() error {
	for _, spec := range b.plan.DatastoreClusters {
		first := b.datastores[spec.Datastores[0]]
		folder := b.folder(*first.Parent)
		body := folder.CreateStoragePod(b.ctx, &types.CreateStoragePod{This: folder.Self, Name: spec.Name})
		if err := faultOf(body); err != nil {
			return fmt.Errorf("datastore cluster %s: %w", spec.Name, err)
		}
		pod := b.registry.Get(body.(*methods.CreateStoragePodBody).Res.Returnval).(*simulator.StoragePod)
		config := &pod.PodStorageDrsEntry.StorageDrsConfig.PodConfig
		config.Enabled, config.DefaultVmBehavior = or(spec.SDRS, true), sdrsAutomationWords[spec.Automation]
		config.DefaultIntraVmAffinity = types.NewBool(true)
		for _, name := range spec.Datastores {
			datastore := b.datastores[name]
			simulator.RemoveReference(&b.folder(*datastore.Parent).ChildEntity, datastore.Self)
			pod.ChildEntity = append(pod.ChildEntity, datastore.Self)
			datastore.Parent = &pod.Self
		}
		pod.Summary = &types.StoragePodSummary{Name: spec.Name}
		for _, name := range spec.Datastores {
			summary := b.datastores[name].Summary
			pod.Summary.Capacity += summary.Capacity
			pod.Summary.FreeSpace += summary.FreeSpace
		}
	}
	return nil
}
