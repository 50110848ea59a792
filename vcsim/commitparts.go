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
	return after
}

func (p *placement) changesStorage() bool {
	changed := p.home != p.vm.home
	for _, disk := range p.disks {
		changed = changed || disk.from != disk.to
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

// storageChanges points every path of the virtual machine to where its files are now. The virtual machine is locked.
func (m *move) storageChanges(datastores []moRef, names map[moRef]string) []types.PropertyChange {
	p := m.plan
	if !p.changesStorage() || m.vm.Config == nil {
		return nil
	}
	home := names[p.home]
	files := m.vm.Config.Files
	for _, path := range []*string{&files.VmPathName, &files.SnapshotDirectory, &files.SuspendDirectory, &files.LogDirectory} {
		*path = retarget(*path, home)
	}
	changes := []types.PropertyChange{
		{Name: "datastore", Val: datastores},
		{Name: "config.files", Val: files},
		{Name: "summary.config.vmPathName", Val: files.VmPathName},
	}
	return append(changes, m.layoutChanges(names)...)
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
			if key == disk.key && disk.from != disk.to {
				devices[i] = rebacked(device, disk.to, names[disk.to])
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

func rebacked(device types.BaseVirtualDevice, to moRef, name string) types.BaseVirtualDevice {
	moved := copyDevice(device)
	if backing, isFile := moved.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo); isFile {
		file := backing.GetVirtualDeviceFileBackingInfo()
		file.Datastore, file.FileName = &to, retarget(file.FileName, name)
	}
	return moved
}

// layoutChanges renames the files of layoutEx: a disk's go with the disk, all others with the configuration.
func (m *move) layoutChanges(names map[moRef]string) []types.PropertyChange {
	if m.vm.LayoutEx == nil {
		return nil
	}
	targets := map[int32]moRef{}
	for _, disk := range m.plan.disks {
		for _, layout := range m.vm.LayoutEx.Disk {
			if layout.Key == disk.key {
				for _, unit := range layout.Chain {
					for _, key := range unit.FileKey {
						targets[key] = disk.to
					}
				}
			}
		}
	}
	layout := *m.vm.LayoutEx
	layout.File = append([]types.VirtualMachineFileLayoutExFileInfo(nil), layout.File...)
	layout.Timestamp = m.engine.clock.now()
	for i, file := range layout.File {
		to, isDisk := targets[file.Key]
		if !isDisk {
			to = m.plan.home
		}
		layout.File[i].Name = retarget(file.Name, names[to])
	}
	return []types.PropertyChange{{Name: "layoutEx", Val: layout}}
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
