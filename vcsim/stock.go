package main

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// apiVersion makes pyVmomi negotiate a version that knows every checker method; four parts are needed for that.
const apiVersion = "8.0.3.0"

// buildStock creates govmomi's own inventory. Each cluster gets the same number of hosts and machines, rounded up where the
// totals cannot be dealt evenly.
func buildStock(o *options) (*simulator.Model, error) {
	clusters := o.clusterCount()
	model := simulator.VPX()
	model.ServiceContent.About.ApiVersion = apiVersion
	model.ServiceContent.About.InstanceUuid = uuid.NewString()
	model.Host = 0
	model.Cluster = clusters
	model.ClusterHost = roundUp(o.hosts, clusters)
	model.Machine = roundUp(o.vms, clusters)
	if err := model.Create(); err != nil {
		return model, fmt.Errorf("building the inventory: %w", err)
	}
	return model, nil
}

func roundUp(total, parts int) int { return (total + parts - 1) / parts }

// describeVCenter gives a site's vCenter a recent release, and an identity of its own for each start.
func describeVCenter(about *types.AboutInfo) {
	about.Version = vCenterVersion
	about.Build = vCenterBuild
	about.FullName = "VMware vCenter Server " + vCenterVersion + " build-" + vCenterBuild
	about.ApiVersion = apiVersion
	about.LicenseProductVersion = "8.0"
	about.InstanceUuid = uuid.NewString()
}
