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
