package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// diskPlan is one virtual disk and where it goes.
type diskPlan struct {
	key    int32
	label  string
	file   string
	bytes  int64
	from   moRef
	to     moRef
	mapped bool // a raw device; the file is its mapping

	was      diskFormat
	becomes  diskFormat
	flattens bool  // a raw device that becomes a virtual disk
	written  int64 // of its bytes
}

// nicPlan is one network adapter and the network it will be on; the zero reference stands for a network that does not exist.
type nicPlan struct {
	key       int32
	label     string
	network   moRef
	name      string
	connected bool
	switched  bool // the network is a distributed switch's
	backing   types.BaseVirtualDeviceBackingInfo
	changed   bool
}

// placement is where a relocation takes a virtual machine, with every reference resolved.
type placement struct {
	vm     vmView
	source hostView
	host   hostView
	pool   moRef
	folder moRef
	home   moRef // datastore of the configuration file
	disks  []diskPlan
	nics   []nicPlan

	policies []policyPlan
	visitor  *visitor                          // a machine of another vCenter; nil for one of ours
	vcenter  string                            // instance UUID of the other vCenter it goes to; empty: it stays here
	spec     *types.VirtualMachineRelocateSpec // read-only
}

// isNoop is true when nothing of the virtual machine changes place.
func (p *placement) isNoop() bool {
	if p.host.ref != p.vm.host || p.pool != p.vm.pool || p.folder != p.vm.folder || p.home != p.vm.home {
		return false
	}
	if p.changesStorage() || len(p.policies) > 0 {
		return false
	}
	for _, nic := range p.nics {
		if nic.changed {
			return false
		}
	}
	return true
}

// resolve turns a relocate spec into a placement.
func (e *engine) resolve(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec) (*placement, types.BaseMethodFault) {
	if spec.Service != nil {
		return nil, &types.NotSupported{} // see resolveAcross
	}
	if fault := e.checkRefs(spec); fault != nil {
		return nil, fault
	}
	p := &placement{vm: viewVM(ctx, vm), spec: spec}
	p.vm.home = e.homeOf(ctx, &p.vm)
	source, is := e.registry.Get(p.vm.host).(*simulator.HostSystem)
	if !is {
		return nil, &types.ManagedObjectNotFound{Obj: p.vm.host}
	}
	p.source = viewHost(ctx, source)
	if fault := e.resolveCompute(ctx, p, spec); fault != nil {
		return nil, fault
	}
	if fault := e.resolveFolder(ctx, p, spec); fault != nil {
		return nil, fault
	}
	if fault := e.resolveStorage(p, spec); fault != nil {
		return nil, fault
	}
	if fault := e.checkDatacenters(ctx, p, spec); fault != nil {
		return nil, fault
	}
	return p, e.resolveNics(ctx, p, spec)
}

// checkRefs refuses references to what does not exist, or is something else.
func (e *engine) checkRefs(spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	for _, disk := range spec.Disk {
		if !isA[*simulator.Datastore](e.registry, disk.Datastore) {
			return &types.ManagedObjectNotFound{Obj: disk.Datastore}
		}
	}
	switch {
	case spec.Host != nil && !isA[*simulator.HostSystem](e.registry, *spec.Host):
		return &types.ManagedObjectNotFound{Obj: *spec.Host}
	case spec.Pool != nil && poolOf(e.registry, *spec.Pool) == nil:
		return &types.ManagedObjectNotFound{Obj: *spec.Pool}
	case spec.Datastore != nil && !isA[*simulator.Datastore](e.registry, *spec.Datastore):
		return &types.ManagedObjectNotFound{Obj: *spec.Datastore}
	case spec.Folder != nil && !isA[*simulator.Folder](e.registry, *spec.Folder):
		return &types.ManagedObjectNotFound{Obj: *spec.Folder}
	}
	return nil
}

func isA[T mo.Reference](registry *simulator.Registry, r moRef) bool {
	_, ok := registry.Get(r).(T)
	return ok
}

// resolveCompute finds host and pool. A host of another cluster needs a pool, and a pool of another cluster a host or DRS.
func (e *engine) resolveCompute(ctx *simulator.Context, p *placement, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	p.host, p.pool = p.source, p.vm.pool
	if spec.Pool != nil {
		p.pool = *spec.Pool
	}
	owner := e.ownerOf(ctx, p.pool)
	if spec.Host == nil {
		if owner == p.source.parent {
			return nil
		}
		return e.chooseHost(ctx, p, owner)
	}
	p.host = viewHost(ctx, e.registry.Get(*spec.Host).(*simulator.HostSystem))
	if p.host.parent != owner {
		return &types.InvalidArgument{InvalidProperty: "spec.pool"}
	}
	return nil
}

// ownerOf is the compute resource a pool belongs to.
func (e *engine) ownerOf(ctx *simulator.Context, pool moRef) moRef {
	var owner moRef
	if p := poolOf(e.registry, pool); p != nil {
		ctx.WithLock(pool, func() { owner = p.Owner })
	}
	return owner
}

// chooseHost does what DRS does for a relocation that names a cluster's pool alone: the compatible host with the fewest virtual machines.
func (e *engine) chooseHost(ctx *simulator.Context, p *placement, cluster moRef) types.BaseMethodFault {
	if !e.hasDRS(ctx, cluster) {
		return &types.InvalidArgument{InvalidProperty: "spec.host"}
	}
	var best *hostView
	var first *hostView
	for _, candidate := range e.hostsOf(ctx, cluster) {
		if !candidate.isActive() {
			continue
		}
		trial := *p
		trial.host = candidate
		if first == nil {
			first = &candidate
		}
		if verdict := e.judge(ctx, &trial, []string{testHost, testPool}); len(verdict.errors) == 0 {
			if best == nil || len(candidate.vms) < len(best.vms) {
				best = &candidate
			}
		}
	}
	if best == nil {
		best = first
	}
	if best == nil {
		return &types.NoActiveHostInCluster{ComputeResource: cluster}
	}
	p.host = *best
	return nil
}

func (e *engine) hasDRS(ctx *simulator.Context, cluster moRef) bool {
	c, isCluster := e.registry.Get(cluster).(*simulator.ClusterComputeResource)
	if !isCluster {
		return false
	}
	enabled := false
	ctx.WithLock(c, func() {
		if config, known := c.ConfigurationEx.(*types.ClusterConfigInfoEx); known && config.DrsConfig.Enabled != nil {
			enabled = *config.DrsConfig.Enabled
		}
	})
	return enabled
}

// hostsOf are the hosts of a compute resource, in the order of their references.
func (e *engine) hostsOf(ctx *simulator.Context, cluster moRef) []hostView {
	c := clusterOf(e.registry, cluster)
	if c == nil {
		return nil
	}
	var refs []moRef
	ctx.WithLock(cluster, func() { refs = append(refs, c.Host...) })
	sortRefs(refs)
	var views []hostView
	for _, r := range refs {
		if host, found := e.registry.Get(r).(*simulator.HostSystem); found {
			views = append(views, viewHost(ctx, host))
		}
	}
	return views
}

// resolveFolder finds the folder: the one asked for, or the root folder of another datacenter the host is in.
func (e *engine) resolveFolder(ctx *simulator.Context, p *placement, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	p.folder = p.vm.folder
	there := datacenterOf(ctx, p.host.ref)
	if spec.Folder == nil {
		if p.host.ref != p.source.ref && there != nil && there != datacenterOf(ctx, p.source.ref) {
			p.folder = there.VmFolder
		}
		return nil
	}
	p.folder = *spec.Folder
	folder := e.registry.Get(p.folder).(*simulator.Folder)
	holds := false
	ctx.WithLock(folder, func() {
		for _, kind := range folder.ChildType {
			holds = holds || kind == "VirtualMachine"
		}
	})
	if !holds || there != datacenterOf(ctx, p.folder) {
		return &types.InvalidArgument{InvalidProperty: "spec.folder"}
	}
	return e.nameTaken(ctx, p)
}

// nameTaken is DuplicateName for a name that another folder, where the machine goes, has already.
func (e *engine) nameTaken(ctx *simulator.Context, p *placement) types.BaseMethodFault {
	if p.folder == p.vm.folder {
		return nil
	}
	for _, each := range e.registry.All("VirtualMachine") {
		vm, is := each.(*simulator.VirtualMachine)
		if !is {
			continue
		}
		if other := viewVM(ctx, vm); other.folder == p.folder && other.name == p.vm.name && other.ref != p.vm.ref {
			return &types.DuplicateName{Name: other.name, Object: other.ref}
		}
	}
	return nil
}

// checkDatacenters refuses datastores of another datacenter than the destination's; one that the destination mounts is shared.
func (e *engine) checkDatacenters(ctx *simulator.Context, p *placement, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	there := datacenterOf(ctx, p.host.ref)
	named := []moRef{}
	if spec.Datastore != nil {
		named = append(named, *spec.Datastore)
	}
	for _, disk := range spec.Disk {
		named = append(named, disk.Datastore)
	}
	var wrong []types.DatacenterMismatchArgument
	for _, r := range named {
		if dc := datacenterOf(ctx, r); there != nil && dc != nil && dc != there && !hasRef(p.host.datastores, r) {
			input := dc.Self
			wrong = append(wrong, types.DatacenterMismatchArgument{Entity: r, InputDatacenter: &input})
		}
	}
	if wrong == nil {
		return nil
	}
	return &types.DatacenterMismatch{InvalidArgument: wrong, ExpectedDatacenter: there.Self}
}
