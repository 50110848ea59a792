package main

import (
	"context"
	"strings"

	"github.com/vmware/govmomi/simulator"
)

// methodKey is the key under which a call's context has the name of its method.
type methodKey struct{}

// noteMethod stores a call's method in its context, where the task that the call makes finds it.
func noteMethod(ctx *simulator.Context, method *simulator.Method) {
	if strings.HasSuffix(method.Name, "_Task") && ctx.Context != nil {
		ctx.Context = context.WithValue(ctx.Context, methodKey{}, method.Name)
	}
}

func methodOf(ctx *simulator.Context) string {
	if ctx.Context == nil {
		return ""
	}
	name, _ := ctx.Context.Value(methodKey{}).(string)
	return name
}

// callerOf is the context of the call that made one of govmomi's own tasks; nil for other tasks.
func callerOf(task *simulator.Task) *simulator.Context {
	return (*simulator.Context)(hidden(task, "ctx"))
}

// descriptionIDs are the descriptions of tasks by the method that makes them, as TaskManager.description lists them; an asterisk
// stands for the type of the method's object. Of a method that is not listed the ID is made up of its type and name.
var descriptionIDs = map[string]string{
	"PowerOnVM_Task":                  "VirtualMachine.powerOn",
	"PowerOffVM_Task":                 "VirtualMachine.powerOff",
	"SuspendVM_Task":                  "VirtualMachine.suspend",
	"ResetVM_Task":                    "VirtualMachine.reset",
	"ReconfigVM_Task":                 "VirtualMachine.reconfigure",
	"UpgradeVM_Task":                  "VirtualMachine.upgradeVirtualHardware",
	"CloneVM_Task":                    "VirtualMachine.clone",
	"InstantClone_Task":               "VirtualMachine.instantClone",
	"RelocateVM_Task":                 "VirtualMachine.relocate",
	"MigrateVM_Task":                  "VirtualMachine.migrate",
	"CustomizeVM_Task":                "VirtualMachine.customize",
	"CreateSnapshot_Task":             "VirtualMachine.createSnapshot",
	"CreateSnapshotEx_Task":           "VirtualMachine.createSnapshotEx",
	"RevertToCurrentSnapshot_Task":    "VirtualMachine.revertToCurrentSnapshot",
	"RemoveAllSnapshots_Task":         "VirtualMachine.removeAllSnapshots",
	"RevertToSnapshot_Task":           "vm.Snapshot.revert",
	"RemoveSnapshot_Task":             "vm.Snapshot.remove",
	"PromoteDisks_Task":               "VirtualMachine.promoteDisks",
	"AttachDisk_Task":                 "VirtualMachine.attachDisk",
	"DetachDisk_Task":                 "VirtualMachine.detachDisk",
	"Destroy_Task":                    "*.destroy",
	"Rename_Task":                     "*.rename",
	"CreateVM_Task":                   "Folder.createVm",
	"RegisterVM_Task":                 "Folder.registerVm",
	"MoveIntoFolder_Task":             "Folder.moveInto",
	"AddStandaloneHost_Task":          "Folder.addStandaloneHost",
	"CreateDVS_Task":                  "Folder.createDistributedVirtualSwitch",
	"AddHost_Task":                    "ClusterComputeResource.addHost",
	"MoveInto_Task":                   "ClusterComputeResource.moveInto",
	"ReconfigureCluster_Task":         "ClusterComputeResource.reconfigure",
	"ReconfigureComputeResource_Task": "*.reconfigureEx",
	"EnterMaintenanceMode_Task":       "HostSystem.enterMaintenanceMode",
	"ExitMaintenanceMode_Task":        "HostSystem.exitMaintenanceMode",
	"DisconnectHost_Task":             "HostSystem.disconnect",
	"ReconnectHost_Task":              "HostSystem.reconnect",
	"PowerOnMultiVM_Task":             "Datacenter.powerOnVm",
	"AddDVPortgroup_Task":             "*.addPortgroups",
	"ReconfigureDvs_Task":             "*.reconfigure",
	"ReconfigureDVPortgroup_Task":     "dvs.DistributedVirtualPortgroup.reconfigure",
	"CheckRelocate_Task":              "vm.check.ProvisioningChecker.checkRelocate",
	"CheckMigrate_Task":               "vm.check.ProvisioningChecker.checkMigrate",
	"CheckClone_Task":                 "vm.check.ProvisioningChecker.checkClone",
	"CheckCompatibility_Task":         "vm.check.CompatibilityChecker.checkCompatibility",
	"CheckVmConfig_Task":              "vm.check.CompatibilityChecker.checkVmConfig",
}

// longTypes are the types whose descriptions have a package in front.
var longTypes = map[string]string{
	"VmwareDistributedVirtualSwitch": "dvs.VmwareDistributedVirtualSwitch",
	"DistributedVirtualPortgroup":    "dvs.DistributedVirtualPortgroup",
	"VirtualMachineSnapshot":         "vm.Snapshot",
}

// innerMethods are the methods behind govmomi's names of tasks that a call makes on other objects than its own: the machine a clone
// creates, the machines that PowerOnMultiVM_Task powers on.
var innerMethods = map[string]string{
	"CreateVm": "CreateVM_Task", "RegisterVm": "RegisterVM_Task", "PowerOn": "PowerOnVM_Task", "PowerOff": "PowerOffVM_Task",
	"Destroy": "Destroy_Task", "ReconfigVm": "ReconfigVM_Task", "RelocateVm": "RelocateVM_Task", "CustomizeVm": "CustomizeVM_Task",
}

// taskKindOf names a task of govmomi's: own is the name govmomi gave it, entity the object it is about.
func taskKindOf(caller *simulator.Context, own string, entity moRef) taskKind {
	method, object := methodOf(caller), deref(caller.Caller)
	if inner, known := innerMethods[own]; known && (method == "" || object != entity) {
		method, object = inner, entity
	}
	if method == "" {
		return taskKind{}
	}
	id, known := descriptionIDs[method]
	if !known {
		id = "*." + firstLower(strings.TrimSuffix(method, "_Task"))
	}
	if rest, generic := strings.CutPrefix(id, "*"); generic {
		id = longType(object.Type) + rest
	}
	return taskKind{method, id}
}

func longType(name string) string {
	if long, known := longTypes[name]; known {
		return long
	}
	return name
}

func firstLower(name string) string {
	if name == "" {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}
