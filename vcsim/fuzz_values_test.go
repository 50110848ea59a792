package main

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// ref is a reference of any kind: an object's, one of another type, one of nothing.
func (f *fuzzer) ref() moRef {
	r := randomOf(f.random, f.prey)
	switch f.random.IntN(40) {
	case 0:
		r.Type = randomOf(f.random, f.prey).Type
	case 1:
		r.Value += "-gone"
	case 2:
		r.Value = ""
	case 3:
		return moRef{Type: "Nonsense", Value: "nonsense-1"}
	}
	return r
}

// refOf is an object of a type.
func (f *fuzzer) refOf(kind string) moRef {
	for range 400 {
		if r := randomOf(f.random, f.prey); r.Type == kind {
			return r
		}
	}
	return f.ref()
}

var fuzzStrings = []string{
	"", " ", "v1", "p1", "ds1", "dv", "prey", "vm", "DC0", "/DC0/vm/v1", "[ds1] v1/v1.vmx", "[ds1]", "[]", "[nosuch] x", "%2f%5c%25", "Ünï ☃ \U0001F600",
	"-1", "key-vim.host.VirtualNic-vmk0", "config.hardware.device[4000]", "runtime", "name", "info.progress", "a.b.c.d", "VirtualMachine.relocate",
	"administrator@vsphere.local", "Admin", "{{.Vm.Nonsense}}", "{{", "vm-1,vm-2", "2026-01-01T00:00:00Z", "vmotion", "vmkernel",
}

func (f *fuzzer) text() string {
	if f.random.IntN(200) == 0 {
		return strings.Repeat("huge ", 200_000)
	}
	return randomOf(f.random, fuzzStrings)
}

// deepestFill bounds the values made.
const deepestFill = 6

// fill gives a value anything its type can hold.
func (f *fuzzer) fill(v reflect.Value, depth int) {
	if v.Type() == reflect.TypeFor[moRef]() {
		v.Set(reflect.ValueOf(f.ref()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(f.random.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(f.number(v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f.random.NormFloat64() * 1e6)
	case reflect.Pointer:
		if depth < deepestFill && f.random.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		f.fillSlice(v, depth)
	case reflect.Interface:
		f.fillInterface(v, depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				f.fill(v.Field(i), depth+1)
				f.aim(v.Field(i), v.Type().Field(i).Name)
			}
		}
	}
}

// fieldKinds are the types of objects that parameters of these names are meant for.
var fieldKinds = map[string]string{
	"Host": "HostSystem", "Pool": "ResourcePool", "Datastore": "Datastore", "Vm": "VirtualMachine", "Folder": "Folder", "Datacenter": "Datacenter",
	"Entity": "VirtualMachine", "Container": "Folder", "Snapshot": "VirtualMachineSnapshot", "Network": "DistributedVirtualPortgroup", "View": "ContainerView",
}

// aim gives a reference the type its parameter is meant for, more often than not.
func (f *fuzzer) aim(v reflect.Value, name string) {
	kind, known := fieldKinds[name]
	if !known || f.random.IntN(4) == 0 {
		return
	}
	switch r := v.Addr().Interface().(type) {
	case *moRef:
		*r = f.refOf(kind)
	case **moRef:
		if *r != nil {
			**r = f.refOf(kind)
		}
	case *[]moRef:
		for i := range *r {
			(*r)[i] = f.refOf(kind)
		}
	}
}

func (f *fuzzer) number(bits int) int64 {
	edge := int64(1)<<(bits-1) - 1
	return randomOf(f.random, []int64{0, 1, -1, 2, 100, 1000 % (edge + 1 - edge/2), 2000, 4000, edge, -edge - 1}) % max(1, edge)
}

func (f *fuzzer) fillSlice(v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 || depth >= deepestFill {
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, 2)
	for range f.random.IntN(3) {
		item := reflect.New(v.Type().Elem()).Elem()
		if f.fill(item, depth+1); item.Kind() != reflect.Interface || !item.IsNil() {
			list = reflect.Append(list, item)
		}
	}
	v.Set(list)
}

// candidates are types for places where the API has a base type.
var candidates = []string{
	"VirtualDisk", "VirtualCdrom", "VirtualE1000", "VirtualVmxnet3", "VirtualPCIPassthrough", "VirtualLsiLogicController", "VirtualUSB", "VirtualFloppy",
	"VirtualDeviceConfigSpec", "VirtualMachineConfigSpec", "VirtualDiskFlatVer2BackingInfo", "VirtualDiskRawDiskMappingVer1BackingInfo",
	"VirtualEthernetCardNetworkBackingInfo", "VirtualEthernetCardDistributedVirtualPortBackingInfo", "VirtualCdromIsoBackingInfo",
	"VmBeingMigratedEvent", "VmBeingHotMigratedEvent", "VmMigratedEvent", "GeneralUserEvent", "VmPoweredOnEvent", "EventEx", "OptionValue", "TraversalSpec",
	"SelectionSpec", "ClusterConfigSpecEx", "ClusterAffinityRuleSpec", "ClusterAntiAffinityRuleSpec", "ClusterVmHostRuleInfo", "ClusterVmGroup", "ClusterHostGroup",
	"VMwareDVSConfigSpec", "DVPortgroupConfigSpec", "DVSCreateSpec", "VMwareDVSPortSetting", "HostInternetScsiHbaAuthenticationProperties",
	"ServiceLocatorNamePassword", "SAMLTokenAuthentication", "VirtualMachineDefinedProfileSpec", "VirtualMachineEmptyProfileSpec", "CustomFieldStringValue",
	"NamePasswordAuthentication", "AlarmSpec", "EventAlarmExpression", "MetricAlarmExpression", "AlarmTriggeringAction", "OnceTaskScheduler", "FileBackedVirtualDiskSpec",
	"VirtualDiskSpec", "FileQuery", "VmDiskFileQuery", "SystemError", "NotSupported", "Description", "CustomizationLinuxPrep", "VirtualDeviceConnectInfo",
	"TaskReasonUser", "ElementDescription", "ClusterFailoverLevelAdmissionControlPolicy", "VsanHostConfigInfo", "VmfsDatastoreExpandSpec", "ResourceConfigSpec",
	"CryptoSpecEncrypt", "CryptoSpecNoOp", "HostSriovConfig", "PhysicalNicIpHint", "TypeDescription", "ManagedObjectReference", "KeyValue",
}

func (f *fuzzer) fillInterface(v reflect.Value, depth int) {
	if depth >= deepestFill {
		return
	}
	if v.NumMethod() == 0 { // anyType
		v.Set(reflect.ValueOf(randomOf(f.random, []any{"text", int32(7), true, int64(-1), "", types.ManagedObjectReference{Type: "VirtualMachine", Value: "vm-1"}})))
		return
	}
	names := append([]string{strings.TrimPrefix(v.Type().Name(), "Base")}, candidates...)
	var fit []reflect.Type
	for _, name := range names {
		if kind, known := types.TypeFunc()(name); known && reflect.PointerTo(kind).Implements(v.Type()) {
			fit = append(fit, kind)
		}
	}
	if len(fit) == 0 {
		return
	}
	made := reflect.New(randomOf(f.random, fit))
	f.fill(made.Elem(), depth+1)
	v.Set(made)
}
