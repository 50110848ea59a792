package main

import (
	"sort"
	"strconv"
	"sync"

	"github.com/google/uuid"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/vim25/types"
)

// Storage policies: which there are, which datastores have what they ask for, and which machine and disk has which. A relocation
// changes the last; the storage policy service (policyservice.go) tells of all.

// storagePolicy is one policy; its ID depends on its name alone.
type storagePolicy struct {
	id     string
	name   string
	stores []moRef
}

// policyHolder is a machine's home (disk 0) or one of its disks.
type policyHolder struct {
	vm   moRef
	disk int32
}

// policyBook is who has which policy.
type policyBook struct {
	mu   sync.Mutex
	all  []storagePolicy // complete before the server listens
	held map[policyHolder]string
}

func newPolicyBook() *policyBook { return &policyBook{held: map[policyHolder]string{}} }

func policyID(name string) string {
	return uuid.NewSHA1(siteNamespace, []byte("policy "+name)).String()
}

func (b *policyBook) find(id string) (storagePolicy, bool) {
	for _, policy := range b.all {
		if policy.id == id {
			return policy, true
		}
	}
	return storagePolicy{}, false
}

func (b *policyBook) of(holder policyHolder) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[holder]
}

// set gives a holder a policy, none for the empty ID.
func (b *policyBook) set(holder policyHolder, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id == "" {
		delete(b.held, holder)
		return
	}
	b.held[holder] = id
}

// forget takes what a machine had, all of it.
func (b *policyBook) forget(vm moRef) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for holder := range b.held {
		if holder.vm == vm {
			delete(b.held, holder)
		}
	}
}

// holders are those of a policy, in order.
func (b *policyBook) holders(id string) []policyHolder {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []policyHolder
	for holder, has := range b.held {
		if has == id {
			found = append(found, holder)
		}
	}
	sort.Slice(found, func(i, j int) bool {
		a, b := found[i], found[j]
		return a.vm.Value < b.vm.Value || a.vm == b.vm && a.disk < b.disk
	})
	return found
}

// policyPlan is a policy that a relocation gives to a holder.
type policyPlan struct {
	holder policyHolder
	id     string
}

// resolveProfiles reads the policies of a spec: its own is the home's, a locator's that disk's. Without any the holders keep theirs.
func (e *engine) resolveProfiles(p *placement, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	add := func(disk int32, profiles []types.BaseVirtualMachineProfileSpec, property string) types.BaseMethodFault {
		for _, profile := range profiles {
			id, fault := e.policyOf(profile, property)
			if fault != nil {
				return fault
			}
			holder := policyHolder{p.vm.ref, disk}
			if e.policies.of(holder) != id {
				p.policies = append(p.policies, policyPlan{holder, id})
			}
		}
		return nil
	}
	if fault := add(0, spec.Profile, "spec.profile"); fault != nil {
		return fault
	}
	for _, locator := range spec.Disk {
		if fault := add(locator.DiskId, locator.Profile, "spec.disk.profile"); fault != nil {
			return fault
		}
	}
	return nil
}

// policyOf is the policy's ID; an empty profile, or that of the datastore, is none.
func (e *engine) policyOf(profile types.BaseVirtualMachineProfileSpec, property string) (string, types.BaseMethodFault) {
	defined, is := profile.(*types.VirtualMachineDefinedProfileSpec)
	if !is {
		return "", nil
	}
	if _, known := e.policies.find(defined.ProfileId); !known {
		return "", &types.InvalidArgument{InvalidProperty: property}
	}
	return defined.ProfileId, nil
}

// applyPolicies gives the holders their policies.
func (m *move) applyPolicies() {
	for _, plan := range m.plan.policies {
		m.engine.policies.set(plan.holder, plan.id)
	}
}

// notePolicies enters what the scenario says.
func (b *builder) notePolicies() error {
	book := newPolicyBook()
	b.site.Policies = book
	for _, spec := range b.plan.StoragePolicies {
		policy := storagePolicy{id: policyID(spec.Name), name: spec.Name}
		for _, name := range spec.Datastores {
			policy.stores = append(policy.stores, b.datastores[name].Self)
		}
		book.all = append(book.all, policy)
	}
	for _, spec := range b.plan.VMs {
		vm := b.vms[spec.id()].Self
		give := func(disk int32, name string) {
			if name != "" {
				book.held[policyHolder{vm, disk}] = policyID(name)
			}
		}
		give(0, spec.Policy)
		for n, disk := range spec.disks() {
			give(int32(diskKey+n), disk.Policy)
		}
	}
	return nil
}

// policyObject is how the storage policy service names a holder.
func (h policyHolder) policyObject() pbmtypes.PbmServerObjectRef {
	if h.disk == 0 {
		return pbmtypes.PbmServerObjectRef{ObjectType: string(pbmtypes.PbmObjectTypeVirtualMachine), Key: h.vm.Value}
	}
	return pbmtypes.PbmServerObjectRef{ObjectType: string(pbmtypes.PbmObjectTypeVirtualDiskId), Key: h.vm.Value + ":" + strconv.Itoa(int(h.disk))}
}
