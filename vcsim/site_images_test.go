package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/simulator"
)

// storesOf are the datastores a machine lists, and whether each of them lists the machine.
func (c *cast) storesOf(t *testing.T, vm string) []string {
	t.Helper()
	var names []string
	for _, r := range vmNamed(t, c.sim, vm).Datastore {
		if name := c.nameOf(r); hasRef(*vmsOf(c.sim.model.Map(), r), c.ref(vm)) {
			names = append(names, name)
		}
	}
	return names
}

func (c *cast) nameOf(r moRef) string {
	for name, moid := range c.moids {
		if moid == r.Value {
			return name
		}
	}
	return r.Value
}

// A machine is on the datastore of the image in a connected drive, as on those of its files.
func TestAMachineListsTheDatastoreOfItsImage(t *testing.T) {
	for _, s := range []struct {
		drive string
		want  []string
	}{
		{`cdrom: {kind: iso, path: "[second] a.iso", connected: true}`, []string{"shared", "second"}},
		{`floppy: {kind: image, path: "[second] a.flp", connected: true}`, []string{"shared", "second"}},
		{`cdrom: {kind: iso, path: "[second] a.iso"}`, []string{"shared"}},
		{`cdrom: {kind: iso, path: "[shared] a.iso", connected: true}`, []string{"shared"}},
		{`cdrom: {kind: iso, path: "[elsewhere] a.iso", connected: true}`, []string{"shared"}},
	} {
		c := staged(t, in("vm", s.drive))
		if got := c.storesOf(t, "vm"); !slices.Equal(got, s.want) {
			t.Errorf("%s: on %v, not %v", s.drive, got, s.want)
		}
	}
}

// The image stays where it is when the disks go, and the room it takes was taken before.
func TestAnImageStaysWhenTheDisksGo(t *testing.T) {
	c := staged(t, in("vm", `cdrom: {kind: iso, path: "[shared] a.iso", connected: true}`))
	free := func() int64 {
		store := c.sim.model.Map().Get(c.ref("second")).(*simulator.Datastore)
		return readDatastore(c.sim.model.Service.Context, store).freeBytes
	}
	before := free()
	if info := c.relocate(storage(c), ""); info.Error != nil {
		t.Fatal(info.Error.LocalizedMessage)
	}
	if got := c.storesOf(t, "vm"); !slices.Equal(got, []string{"second", "shared"}) {
		t.Errorf("afterwards the machine is on %v", got)
	}
	if gone := before - free(); gone != writtenShare*defaultDiskGiB*gib+testGiB {
		t.Errorf("%d bytes went to the second datastore", gone)
	}
}
