package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// createDatastores makes each datastore on the hosts that mount it, backed by a directory, and then gives it the looks of a VMFS
// volume on shared storage.
func (b *builder) createDatastores() error {
	for i, spec := range b.plan.Datastores {
		dir := filepath.Join(b.home(), fmt.Sprintf("datastore-%d", i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := b.mountDatastore(spec, dir); err != nil {
			return fmt.Errorf("datastore %s: %w", spec.Name, err)
		}
		if datastore := b.findDatastore(spec.Name); datastore != nil {
			b.datastores[spec.Name] = datastore
			shapeDatastore(datastore, spec, i)
			b.site.noteStore(datastore.Self, spec)
		}
	}
	return nil
}

// home is the model's temporary directory, which goes away with the model.
func (b *builder) home() string {
	for _, option := range b.registry.OptionManager().Setting {
		if value := option.GetOptionValue(); value.Key == "vcsim.home" {
			return value.Value.(string)
		}
	}
	return os.TempDir()
}

func (b *builder) mountDatastore(spec datastoreSpec, dir string) error {
	for _, host := range b.hostOrder {
		if !spec.Hosts.includes(host.Name) {
			continue
		}
		system := b.registry.Get(*host.ConfigManager.DatastoreSystem).(*simulator.HostDatastoreSystem)
		body := system.CreateLocalDatastore(b.ctx, &types.CreateLocalDatastore{This: system.Self, Name: spec.Name, Path: dir})
		if err := faultOf(body); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) findDatastore(name string) *simulator.Datastore {
	folder := b.folder(b.datacenter.DatastoreFolder)
	found, _ := b.registry.FindByName(name, folder.ChildEntity).(*simulator.Datastore)
	return found
}

// shapeDatastore makes the datastore say VMFS 6. The capacity is what the scenario says; free space is counted down as VMs are built.
func shapeDatastore(datastore *simulator.Datastore, spec datastoreSpec, index int) {
	capacity := int64(or(spec.CapacityGiB, defaultDatastoreGiB) * gib)
	uuid := fmt.Sprintf("6501a3f0-%08x-%04x-0050569a%04x", 0x51a70000+index, index, index)
	url := datastore.Summary.Url
	summary := &datastore.Summary
	summary.Type = string(types.HostFileSystemVolumeFileSystemTypeVMFS)
	summary.MultipleHostAccess = types.NewBool(true)
	summary.Capacity, summary.FreeSpace = capacity, capacity
	info := types.DatastoreInfo{Name: datastore.Name, Url: url, FreeSpace: capacity, MaxFileSize: 62 << 40, MaxMemoryFileSize: 62 << 40}
	datastore.Info = &types.VmfsDatastoreInfo{DatastoreInfo: info, MaxPhysicalRDMFileSize: 64 << 40, MaxVirtualRDMFileSize: 62 << 40, Vmfs: vmfsVolume(datastore.Name, uuid, capacity)}
	for i := range datastore.Host {
		datastore.Host[i].MountInfo.Path = "/vmfs/volumes/" + uuid
	}
}

func vmfsVolume(name, uuid string, capacity int64) *types.HostVmfsVolume {
	return &types.HostVmfsVolume{
		HostFileSystemVolume: types.HostFileSystemVolume{Type: "VMFS", Name: name, Capacity: capacity},
		BlockSizeMb:          1,
		MaxBlocks:            63963136,
		MajorVersion:         6,
		Version:              "6.82",
		Uuid:                 uuid,
		Extent:               []types.HostScsiDiskPartition{{DiskName: "naa." + uuid[:8] + uuid[9:17], Partition: 1}},
		VmfsUpgradable:       false,
		Local:                types.NewBool(false),
	}
}
