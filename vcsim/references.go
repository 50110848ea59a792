package main

import (
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// init names the type that pyVmomi gives a reference where the API takes anything, such as the removeKey of an
// override: it writes xsi:type="ManagedObject", and a vCenter reads a reference.
func init() {
	types.Add("ManagedObject", reflect.TypeOf((*types.ManagedObjectReference)(nil)).Elem())
}
