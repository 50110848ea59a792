package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// front answers, in place of govmomi's own objects, the SOAP methods the engine has something to say about. The objects stay what
// they are in the registry, where govmomi asserts their types; a call is redirected before it is dispatched.
type front struct {
	mo.DiagnosticManager // govmomi wants a managed object's type first

	engine *engine
}

// frontRef is known to nobody but the redirection.
var frontRef = types.ManagedObjectReference{Type: "MotionEngine", Value: "MotionEngine"}

// Lock and Unlock opt out of the lock govmomi holds during a call: calls to the front run side by side.
func (*front) Lock()   {}
func (*front) Unlock() {}

// redirected are the methods the front answers, by the type of their object; the empty type is any.
var redirected = map[string]string{
	"RelocateVM_Task":                    "VirtualMachine",
	"MigrateVM_Task":                     "VirtualMachine",
	"CancelTask":                         "Task",
	"CheckRelocate_Task":                 "VirtualMachineProvisioningChecker",
	"CheckMigrate_Task":                  "VirtualMachineProvisioningChecker",
	"QueryVMotionCompatibilityEx_Task":   "VirtualMachineProvisioningChecker",
	"EnterMaintenanceMode_Task":          "HostSystem",
	"ExitMaintenanceMode_Task":           "HostSystem",
	"DisconnectHost_Task":                "HostSystem",
	"ReconnectHost_Task":                 "HostSystem",
	"RecommendDatastores":                "StorageResourceManager",
	"ApplyStorageDrsRecommendation_Task": "StorageResourceManager",
	"PlaceVm":                            "ClusterComputeResource",
	"RecommendHostsForVm":                "ClusterComputeResource",
	"RefreshRecommendation":              "ClusterComputeResource",
	"ApplyRecommendation":                "ClusterComputeResource",
	"CancelRecommendation":               "ClusterComputeResource",
	"FindRulesForVm":                     "ClusterComputeResource",
	"QueryConfigOptionEx":                "EnvironmentBrowser",
	"QueryDescriptions":                  "DiagnosticManager",
	"BrowseDiagnosticLog":                "DiagnosticManager",
	"CurrentTime":                        "ServiceInstance",
	"AcknowledgeAlarm":                   "AlarmManager",
	"PostEvent":                          "EventManager",
	"AddCustomFieldDef":                  "CustomFieldsManager",
	"SetField":                           "CustomFieldsManager",
}

// exclusive are the methods vCenter refuses with TaskInProgress while the virtual machine migrates.
var exclusive = map[string]bool{
	"PowerOnVM_Task": true, "PowerOffVM_Task": true, "SuspendVM_Task": true, "ResetVM_Task": true, "ReconfigVM_Task": true, "UpgradeVM_Task": true,
	"Destroy_Task": true, "UnregisterVM": true, "MarkAsTemplate": true, "CreateSnapshot_Task": true, "CreateSnapshotEx_Task": true,
	"RevertToCurrentSnapshot_Task": true, "RemoveAllSnapshots_Task": true,
}

// dispatch is the registry's handler: it sees each call before govmomi looks for the object and the method.
func (e *engine) dispatch(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if ctx.Session == nil {
		return nil, nil
	}
	if e.pace != nil {
		e.pace.gate(ctx, method)
	}
	if method.Name == "PostEvent" {
		prepareEvent(ctx, method)
	}
	if kind, ours := redirected[method.Name]; ours && kind == method.This.Type && e.answers(method) {
		method.This = frontRef
		return nil, nil
	}
	if exclusive[method.Name] {
		if fault := e.refuseWhileMoving(method.This); fault != nil {
			return nil, fault
		}
		return nil, e.refusePowerOn(ctx, method)
	}
	return nil, nil
}

// answers is true for a call whose object exists and, for a task, is one of the engine's.
func (e *engine) answers(method *simulator.Method) bool {
	if method.This.Type == "Task" && e.moveOf(method.This) == nil && e.upkeepOf(method.This) == nil {
		return false
	}
	return e.registry.Get(method.This) != nil
}

func (e *engine) moveOf(task types.ManagedObjectReference) *move {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tasks[task]
}

func (e *engine) refuseWhileMoving(vm types.ManagedObjectReference) types.BaseMethodFault {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.busy[vm]; m != nil {
		return &types.TaskInProgress{Task: m.task.Self}
	}
	return nil
}

// CurrentTime is the simulated time, the clock of tasks, events and logs.
func (f *front) CurrentTime(*types.CurrentTime) soap.HasFault {
	return &methods.CurrentTimeBody{Res: &types.CurrentTimeResponse{Returnval: f.engine.clock.now()}}
}

// watcher tells the engine of virtual machines that vanish or are switched off while they move.
type watcher struct {
	mo.DiagnosticManager

	engine *engine
}

func (*watcher) PutObject(*simulator.Context, mo.Reference) {}

func (w *watcher) UpdateObject(_ *simulator.Context, obj mo.Reference, changes []types.PropertyChange) {
	w.engine.noticeChange(obj, changes)
	for _, change := range changes {
		if change.Name == "runtime.powerState" {
			vm, is := obj.(*mo.VirtualMachine)
			if is {
				w.engine.interrupt(vm.Self, &types.InvalidPowerState{
					RequestedState: types.VirtualMachinePowerStatePoweredOn, ExistingState: vm.Runtime.PowerState,
				})
			}
		}
	}
}

func (w *watcher) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	w.engine.interrupt(ref, &types.ManagedObjectNotFound{Obj: ref})
	w.engine.hostChanged()
}

// interrupt ends the move of a virtual machine with a fault, at whatever stage.
func (e *engine) interrupt(vm types.ManagedObjectReference, fault types.BaseMethodFault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.busy[vm]
	if m == nil || m.flow.stage == stageQueued && !m.waits {
		return
	}
	e.advance()
	if m.finish(ending{at: m.present(), fault: fault}) {
		e.settle()
		e.nudge()
	}
}

// registerMotion makes vMotion real on a service that is about to listen: relocations, checks, host logs, and the collector that
// makes watching many of them affordable.
func registerMotion(service *simulator.Service, registry *simulator.Registry, s *site, speed float64, seed int64) *engine {
	return registerMotionOn(service, registry, s, newScaledClock(speed), seed)
}

// registerMotionOn is registerMotion with a clock of the caller's choice.
func registerMotionOn(service *simulator.Service, registry *simulator.Registry, s *site, clock clock, seed int64) *engine {
	e := newEngine(registry, s, clock, seed)
	e.service = service
	_, _ = e.faults.plant(s.Faults) // their names were checked with the scenario
	f := &front{engine: e}
	f.Self = frontRef
	registry.Put(f)
	w := &watcher{engine: e}
	w.Self = types.ManagedObjectReference{Type: "MotionWatcher", Value: "MotionWatcher"}
	registry.AddHandler(w)
	chain(registry, e.dispatch)
	repairEventMessages(service.Context, registry)
	registerStamps(service.Context, registry, clock)
	if e.pace != nil {
		registerTaskCounter(registry, e)
	}
	registerCollector(registry)
	registerHostClocks(registry, e)
	e.logs.open(registry, s)
	e.startDRS()
	go e.loop()
	return e
}

// chain asks a handler that is there already first.
func chain(registry *simulator.Registry, ours func(*simulator.Context, *simulator.Method) (mo.Reference, types.BaseMethodFault)) {
	first := registry.Handler
	if first == nil {
		registry.Handler = ours
		return
	}
	registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		if object, fault := first(ctx, method); object != nil || fault != nil {
			return object, fault
		}
		return ours(ctx, method)
	}
}
