package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// locateImages tells the drives which datastore their image lies on, as vCenter does; one on a datastore the site does not have is
// left alone.
func (b *builder) locateImages(devices []types.BaseVirtualDevice) {
	for _, device := range devices {
		backing, isFile := device.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !isFile {
			continue
		}
		var at object.DatastorePath
		file := backing.GetVirtualDeviceFileBackingInfo()
		if file.Datastore != nil || !at.FromString(file.FileName) {
			continue
		}
		if datastore := b.datastores[at.Datastore]; datastore != nil {
			ref := datastore.Self
			file.Datastore = &ref
		}
	}
}

// imageStores are the datastores of the images in connected drives: vCenter lists them among the machine's own.
func imageStores(devices []types.BaseVirtualDevice) []moRef {
	var stores []moRef
	for _, device := range devices {
		d := device.GetVirtualDevice()
		if _, isDisk := device.(*types.VirtualDisk); isDisk || d.Connectable == nil || !d.Connectable.Connected {
			continue
		}
		backing, isFile := d.Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !isFile {
			continue
		}
		if at := backing.GetVirtualDeviceFileBackingInfo().Datastore; at != nil && !hasRef(stores, *at) {
			stores = append(stores, *at)
		}
	}
	return stores
}

// withRefs is a list with those of another added that it lacks.
func withRefs(list, more []moRef) []moRef {
	for _, r := range more {
		if !hasRef(list, r) {
			list = append(list, r)
		}
	}
	return list
}
