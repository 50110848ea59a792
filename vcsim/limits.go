package main

import "github.com/vmware/govmomi/vim25/types"

// vCenter's limits on what runs at the same time. Each host, datastore and vMotion network has a maximum cost, each operation takes
// its cost from every one it touches; what does not fit waits in the order of submission. Source of all numbers: "Limits on
// Simultaneous Migrations", VMware documentation of vSphere 6.5 and 6.7.

// operation is a kind of move, as far as its cost is concerned.
type operation int

const (
	opNothing       operation = iota // a folder, a pool or a network alone
	opVMotion                        // host, powered on
	opStorage                        // datastore, powered on
	opUnshared                       // host and datastore, powered on: vMotion without shared storage
	opProvisioning                   // whatever moves of a machine that is off or suspended
	maxHostCost     = 8
	maxStoreCost    = 128
	slowNetworkCost = 4 // of a 1 GbE link
	fastNetworkCost = 8 // of a link of at least 10 Gbit/s
	fastNetworkRate = 10_000_000_000
)

// costs are what one operation takes of a host, a datastore and a vMotion network.
var costs = map[operation]struct{ host, store, network int }{
	opVMotion:      {host: 1, store: 1, network: 1},
	opStorage:      {host: 4, store: 16},
	opUnshared:     {host: 4, store: 16, network: 1},
	opProvisioning: {host: 1},
}

// resourceKind is what a limit is set on.
type resourceKind int

const (
	hostLimit resourceKind = iota
	storeLimit
	networkLimit
)

// resource is one thing with a limit; a vMotion network is known by its host.
type resource struct {
	kind resourceKind
	ref  moRef
}

// claim is what a move takes of one resource while it runs.
type claim struct {
	resource
	cost int
}

// book is who uses what. It has no lock: the engine's mu guards it.
type book struct {
	used map[resource]int
	site *site
}

func newBook(s *site) *book { return &book{used: map[resource]int{}, site: s} }

// limit is the maximum cost of a resource.
func (b *book) limit(r resource) int {
	switch r.kind {
	case hostLimit:
		return maxHostCost
	case storeLimit:
		return maxStoreCost
	}
	if bits := b.site.Hosts[r.ref].LinkBitsPerS; bits > 0 && bits < fastNetworkRate {
		return slowNetworkCost
	}
	return fastNetworkCost
}

// lacking are the resources that have no room for the claims.
func (b *book) lacking(claims []claim) []resource {
	var lacking []resource
	for _, c := range claims {
		if b.used[c.resource]+c.cost > b.limit(c.resource) {
			lacking = append(lacking, c.resource)
		}
	}
	return lacking
}

func (b *book) take(claims []claim) {
	for _, c := range claims {
		b.used[c.resource] += c.cost
	}
}

func (b *book) release(claims []claim) {
	for _, c := range claims {
		if b.used[c.resource] -= c.cost; b.used[c.resource] <= 0 {
			delete(b.used, c.resource)
		}
	}
}

// first is the index of the first in a queue that may start now, or -1. Whoever lacks a resource keeps those behind off it.
func (b *book) first(queue []*move) int {
	awaited := map[resource]bool{}
	for i, m := range queue {
		lacking := b.lacking(m.claims)
		for _, c := range m.claims {
			if awaited[c.resource] {
				lacking = append(lacking, c.resource)
			}
		}
		if len(lacking) == 0 {
			return i
		}
		for _, r := range lacking {
			awaited[r] = true
		}
	}
	return -1
}

// operation is the kind of the placement, for its cost.
func (p *placement) operation() operation {
	hosts, storage := p.host.ref != p.source.ref, p.changesStorage()
	switch {
	case !hosts && !storage:
		return opNothing
	case p.vm.power != types.VirtualMachinePowerStatePoweredOn:
		return opProvisioning
	case !hosts:
		return opStorage
	case !storage:
		return opVMotion
	}
	return opUnshared
}

// claims are what the placement takes while it runs: of both hosts, of every datastore it reads, writes or shares, of both vMotion
// networks.
func (p *placement) claims() []claim {
	cost := costs[p.operation()]
	var claims []claim
	add := func(kind resourceKind, cost int, refs ...moRef) {
		for _, r := range refs {
			if cost > 0 && r != (moRef{}) && !hasClaim(claims, resource{kind, r}) {
				claims = append(claims, claim{resource{kind, r}, cost})
			}
		}
	}
	add(hostLimit, cost.host, p.source.ref, p.host.ref)
	add(networkLimit, cost.network, p.source.ref, p.host.ref)
	add(storeLimit, cost.store, p.touchedStores()...)
	return claims
}

// touchedStores are the datastores a move is counted on: with storage that changes those it changes between, else all it is on.
func (p *placement) touchedStores() []moRef {
	if !p.changesStorage() {
		return p.vm.datastores
	}
	var stores []moRef
	if p.home != p.vm.home {
		stores = append(stores, p.vm.home, p.home)
	}
	for _, disk := range p.disks {
		if disk.moves() {
			stores = append(stores, disk.from, disk.to)
		}
	}
	return stores
}

func hasClaim(claims []claim, r resource) bool {
	for _, c := range claims {
		if c.resource == r {
			return true
		}
	}
	return false
}
