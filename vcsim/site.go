package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// datacenterName is the one datacenter of a site.
const datacenterName = "DC0"

// switchName is the distributed switch that carries every distributed network.
const switchName = "dvs-site"

// builder turns a checked scenario into an inventory. It calls the simulator's own methods directly where they do bookkeeping
// nobody wants to repeat, and sets fields where they do nothing but wait; nothing is served yet, so that no lock is needed.
type builder struct {
	plan       *scenario
	model      *simulator.Model
	ctx        *simulator.Context
	registry   *simulator.Registry
	datacenter *simulator.Datacenter
	clusters   map[string]*simulator.ClusterComputeResource
	hosts      map[string]*simulator.HostSystem
	hostOrder  []*simulator.HostSystem
	datastores map[string]*simulator.Datastore
	networks   map[string]mo.Entity
	folders    map[string]*simulator.Folder
	vms        map[string]*simulator.VirtualMachine
	site       *site
	pools      map[string]types.ManagedObjectReference // by cluster and name; see createPools
}

// buildSite builds the inventory of a scenario. The model is returned even with an error, to be removed by the caller.
func buildSite(plan *scenario) (*simulator.Model, *site, error) {
	b := newBuilder(plan)
	if err := b.model.Create(); err != nil {
		return b.model, nil, fmt.Errorf("building the inventory: %w", err)
	}
	b.ctx = b.model.Service.Context
	b.registry = b.model.Map()
	for _, step := range []func() error{b.createDatacenter, b.createClusters, b.createHosts, b.createDatastores, b.createNetworks, b.createPools, b.createVMs, b.shapeAdmission, b.createRules, b.divide, b.createPods, b.notePolicies, b.access} {
		if err := step(); err != nil {
			return b.model, nil, fmt.Errorf("building the inventory: %w", err)
		}
	}
	b.summarizeClusters()
	return b.model, b.site, nil
}

func newBuilder(plan *scenario) *builder {
	b := &builder{
		plan:       plan,
		model:      simulator.VPX(),
		clusters:   map[string]*simulator.ClusterComputeResource{},
		hosts:      map[string]*simulator.HostSystem{},
		datastores: map[string]*simulator.Datastore{},
		networks:   map[string]mo.Entity{},
		folders:    map[string]*simulator.Folder{},
		vms:        map[string]*simulator.VirtualMachine{},
		site: &site{
			Hosts:  map[types.ManagedObjectReference]hostTraits{},
			VMs:    map[types.ManagedObjectReference]vmTraits{},
			Faults: plan.Faults,

			DRSIntervals: map[types.ManagedObjectReference]time.Duration{},
		},
	}
	describeVCenter(&b.model.ServiceContent.About)
	b.model.Datacenter = 0
	return b
}

// createDatacenter makes the datacenter and its four folders.
func (b *builder) createDatacenter() error {
	root := b.registry.Get(b.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder).(*simulator.Folder)
	body := root.CreateDatacenter(b.ctx, &types.CreateDatacenter{This: root.Self, Name: datacenterName})
	if err := faultOf(body); err != nil {
		return err
	}
	ref := body.(*methods.CreateDatacenterBody).Res.Returnval
	b.datacenter = b.registry.Get(ref).(*simulator.Datacenter)
	return nil
}

var serviceInstance = types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}

func (b *builder) folder(ref types.ManagedObjectReference) *simulator.Folder {
	return b.registry.Get(ref).(*simulator.Folder)
}

func (b *builder) createClusters() error {
	hostFolder := b.folder(b.datacenter.HostFolder)
	for _, spec := range b.plan.Clusters {
		body := hostFolder.CreateClusterEx(b.ctx, &types.CreateClusterEx{This: hostFolder.Self, Name: spec.Name})
		if err := faultOf(body); err != nil {
			return fmt.Errorf("cluster %s: %w", spec.Name, err)
		}
		ref := body.(*methods.CreateClusterExBody).Res.Returnval
		cluster := b.registry.Get(ref).(*simulator.ClusterComputeResource)
		cluster.Network = append([]types.ManagedObjectReference{}, cluster.Network...)
		configureCluster(cluster, spec)
		b.site.DRSIntervals[ref] = time.Duration(or(spec.DRS.IntervalS, 0) * float64(time.Second))
		b.clusters[spec.Name] = cluster
	}
	return nil
}

// configureCluster sets DRS and HA as the scenario says. DRS's migration threshold 3 is the default of a new cluster
// (vSphere API, ClusterDrsConfigInfo.vmotionRate).
func configureCluster(cluster *simulator.ClusterComputeResource, spec clusterSpec) {
	config := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
	config.DrsConfig.Enabled = types.NewBool(or(spec.DRS.Enabled, true))
	config.DrsConfig.DefaultVmBehavior = types.DrsBehavior(automationWords[spec.DRS.Automation])
	config.DrsConfig.EnableVmBehaviorOverrides = types.NewBool(true)
	config.DrsConfig.VmotionRate = 3
	config.DasConfig.Enabled = types.NewBool(spec.HA.Enabled)
	config.DasConfig.AdmissionControlEnabled = types.NewBool(spec.HA.Enabled)
	config.DasConfig.HostMonitoring = string(types.ClusterDasConfigInfoServiceStateEnabled)
}

// summarizeClusters computes each cluster's summary from its hosts; effective means connected and not in maintenance.
func (b *builder) summarizeClusters() {
	for _, cluster := range b.clusters {
		summary := cluster.Summary.(*types.ClusterComputeResourceSummary)
		usage := summary.UsageSummary
		summary.ComputeResourceSummary = types.ComputeResourceSummary{OverallStatus: types.ManagedEntityStatusGreen}
		for _, ref := range cluster.Host {
			addToSummary(&summary.ComputeResourceSummary, b.registry.Get(ref).(*simulator.HostSystem))
		}
		summary.UsageSummary = usage
	}
}

// addToSummary adds one host. EffectiveMemory is in MB, TotalMemory in bytes (vSphere API, ComputeResourceSummary).
func addToSummary(summary *types.ComputeResourceSummary, host *simulator.HostSystem) {
	hardware := host.Summary.Hardware
	cpuMHz := hardware.CpuMhz * int32(hardware.NumCpuCores)
	summary.TotalCpu += cpuMHz
	summary.TotalMemory += hardware.MemorySize
	summary.NumCpuCores += hardware.NumCpuCores
	summary.NumCpuThreads += hardware.NumCpuThreads
	summary.NumHosts++
	if host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected && !host.Runtime.InMaintenanceMode {
		summary.NumEffectiveHosts++
		summary.EffectiveCpu += cpuMHz
		summary.EffectiveMemory += hardware.MemorySize >> 20
	}
}

// faultOf turns the fault of a direct call into an error.
func faultOf(body soap.HasFault) error {
	if fault := body.Fault(); fault != nil {
		return fmt.Errorf("%s (%T)", fault.String, fault.VimFault())
	}
	return nil
}

// finish waits for a task that a direct call started and returns its result.
func (b *builder) finish(ref types.ManagedObjectReference) (types.AnyType, error) {
	task := b.registry.Get(ref).(*simulator.Task)
	task.Wait()
	if task.Info.Error != nil {
		return nil, fmt.Errorf("%s: %s (%T)", task.Info.Name, task.Info.Error.LocalizedMessage, task.Info.Error.Fault)
	}
	return task.Info.Result, nil
}

// detached is a copy of the builder's context. A task keeps the lock of its object for the context it was started with until it is
// done; with one copy for each call the calls queue up behind each other, and none has to be waited for in between.
func (b *builder) detached() *simulator.Context {
	c := *b.ctx
	return &c
}
