package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// datastoresAfter are the datastores the virtual machine is on after the move.
func (m *move) datastoresAfter() []moRef {
	p := m.plan
	if !p.changesStorage() {
		return p.vm.datastores
	}
	after := []moRef{p.home}
	for _, disk := range p.disks {
		if !hasRef(after, disk.to) {
			after = append(after, disk.to)
		}
	}
	return withRefs(after, imageStores(p.vm.devices))
}

func (p *placement) changesStorage() bool {
	changed := p.home != p.vm.home
	for _, disk := range p.disks {
		changed = changed || disk.moves()
	}
	return changed
}

func (p *placement) changesNics() bool {
	changed := false
	for _, nic := range p.nics {
		changed = changed || nic.changed
	}
	return changed
}

// networksAfter are the networks of the virtual machine after the move.
func (m *move) networksAfter() []moRef {
	p := m.plan
	if !p.changesNics() {
		return p.vm.networks
	}
	var after []moRef
	for _, nic := range p.nics {
		if nic.network != (moRef{}) && !hasRef(after, nic.network) {
			after = append(after, nic.network)
		}
	}
	return after
}

// datastoreNames are the names of the datastores the virtual machine leaves and comes to.
func (m *move) datastoreNames(datastores []moRef) map[moRef]string {
	names := map[moRef]string{}
	for _, r := range append(append([]moRef(nil), datastores...), m.plan.vm.datastores...) {
		names[r] = entityNameOf(m.ctx, r)
	}
	return names
}

// deviceChanges gives moved disks and edited network adapters their new backing. The virtual machine is locked.
func (m *move) deviceChanges(names map[moRef]string) []types.PropertyChange {
	p := m.plan
	if m.vm.Config == nil || !p.changesStorage() && !p.changesNics() {
		return nil
	}
	devices := append([]types.BaseVirtualDevice(nil), m.vm.Config.Hardware.Device...)
	for i, device := range devices {
		key := device.GetVirtualDevice().Key
		for _, disk := range p.disks {
			if key == disk.key && disk.moves() {
				devices[i] = rebacked(device, &disk, names[disk.to])
			}
		}
		for _, nic := range p.nics {
			if key == nic.key && nic.changed {
				devices[i] = copyDevice(device)
				devices[i].GetVirtualDevice().Backing = nic.backing
			}
		}
	}
	return []types.PropertyChange{{Name: "config.hardware.device", Val: devices}}
}

// moveDirectory moves the machine's directory where both datastores are directories of this computer that have room for it. It is
// for the log file behind /folder alone: a machine may have no files at all.
func (m *move) moveDirectory() {
	var path object.DatastorePath
	if m.plan.home == m.plan.vm.home || !path.FromString(m.plan.vm.homePath) {
		return
	}
	from, to := m.localRoot(m.plan.vm.home), m.localRoot(m.plan.home)
	directory := filepath.Dir(path.Path)
	if from == "" || to == "" || from == to || directory == "." || strings.Contains(directory, "..") {
		return
	}
	if _, err := os.Stat(filepath.Join(to, directory)); os.IsNotExist(err) {
		_ = os.Rename(filepath.Join(from, directory), filepath.Join(to, directory))
	}
}

func (m *move) localRoot(r moRef) string {
	root := ""
	if ds, found := m.engine.registry.Get(r).(*simulator.Datastore); found {
		m.ctx.WithLock(ds, func() { root = ds.Summary.Url })
	}
	if !filepath.IsAbs(root) {
		return ""
	}
	return root
}
