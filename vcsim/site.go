package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
)

func buildSite(plan *scenario) (*simulator.Model, *site, error) {
	model := simulator.VPX()
	describeVCenter(&model.ServiceContent.About)
	o := plan.o
	clusters := o.clusterCount()
	model.Host = 0
	model.Cluster = clusters
	model.ClusterHost = roundUp(o.hosts, clusters)
	model.Machine = roundUp(o.vms, clusters)
	if err := model.Create(); err != nil {
		return model, nil, fmt.Errorf("building the inventory: %w", err)
	}
	return model, &site{}, nil
}
type scenario struct { Seed *int64; o *options }
func generateScenario(o *options) *scenario { return &scenario{o: o} }
func loadScenario(string) (*scenario, error) { return nil, fmt.Errorf("no scenarios yet") }
