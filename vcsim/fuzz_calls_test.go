package main

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	vimxml "github.com/vmware/govmomi/vim25/xml"
)

// fuzzer makes calls, the same ones for the same seed: valid ones with something changed, and any method on any object with anything
// its parameters can hold.
type fuzzer struct {
	random  *rand.Rand
	prey    []moRef
	valid   []string
	methods []string
}

func newFuzzer(seed, stream uint64, prey []moRef, valid []string) *fuzzer {
	return &fuzzer{random: rand.New(rand.NewPCG(seed, stream)), prey: prey, valid: valid, methods: allMethods()}
}

// endless are methods that wait for ever by design, or end the session the calls are made in.
var endless = map[string]bool{"WaitForUpdates": true, "Logout": true, "TerminateSession": true}

// allMethods are the methods govmomi has for any of its objects.
var allMethods = sync.OnceValue(func() []string {
	names := map[string]bool{}
	model := simulator.VPX()
	model.Machine = 1
	defer model.Remove()
	if err := model.Create(); err != nil {
		panic(err)
	}
	answer := reflect.TypeFor[soap.HasFault]()
	for _, o := range model.Map().AllReference("") {
		kind := reflect.TypeOf(o)
		for i := range kind.NumMethod() {
			if m := kind.Method(i); m.Type.NumOut() == 1 && m.Type.Out(0) == answer && m.Type.NumIn() > 1 {
				name := m.Name
				if strings.HasSuffix(name, "Task") && name != "CreateTask" && name != "CancelTask" {
					name = strings.TrimSuffix(name, "Task") + "_Task"
				}
				names[name] = !endless[name]
			}
		}
	}
	for name := range redirected {
		names[name] = true
	}
	var list []string
	for name, use := range names {
		if use {
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
})

func (f *fuzzer) next(int) string {
	if f.random.IntN(4) == 0 {
		return f.mutate(randomOf(f.random, f.valid))
	}
	return f.invent()
}

// invent calls any method on any object.
func (f *fuzzer) invent() string {
	name := randomOf(f.random, f.methods)
	kind, known := types.TypeFunc()(name)
	if !known {
		return envelopeText("<" + name + ` xmlns="urn:vim25"><_this type="Folder">group-d1</_this></` + name + ">")
	}
	request := reflect.New(kind).Elem()
	f.fill(request, 0)
	if this := request.FieldByName("This"); this.IsValid() {
		this.Set(reflect.ValueOf(f.receiver(name)))
	}
	if wait, is := request.Addr().Interface().(*types.WaitForUpdatesEx); is {
		wait.Options = &types.WaitOptions{MaxWaitSeconds: types.NewInt32(0)}
	}
	envelope := envelopeOf(request.Addr().Interface())
	if f.random.IntN(10) == 0 {
		return f.mutate(envelope)
	}
	return envelope
}

// ruinous methods are called on machines, tasks and what the calls made alone: the kept cluster lives in the same datacenter.
var ruinous = regexp.MustCompile(`^(Destroy|Unregister|Remove|MoveInto|MoveHostInto)`)

// receiver is an object that has the method, more often than not.
func (f *fuzzer) receiver(method string) moRef {
	if ruinous.MatchString(method) {
		return f.refOf("VirtualMachine")
	}
	if f.random.IntN(8) == 0 {
		return f.ref()
	}
	for range 400 {
		r := randomOf(f.random, f.prey)
		if knows(r.Type, method) {
			return r
		}
	}
	return f.ref()
}

// knows is true for a type of object whose simulator has the method.
func knows(kind, method string) bool {
	sample, known := samples[kind]
	return known && reflect.ValueOf(sample).MethodByName(strings.Replace(method, "_Task", "Task", 1)).IsValid()
}

var samples = map[string]any{
	"VirtualMachine": &simulator.VirtualMachine{}, "HostSystem": &simulator.HostSystem{}, "Folder": &simulator.Folder{}, "Datacenter": &simulator.Datacenter{},
	"ClusterComputeResource": &simulator.ClusterComputeResource{}, "ResourcePool": &simulator.ResourcePool{}, "Datastore": &simulator.Datastore{},
	"PropertyCollector": &simulator.PropertyCollector{}, "ViewManager": &simulator.ViewManager{}, "EventManager": &simulator.EventManager{},
	"TaskManager": &simulator.TaskManager{}, "SearchIndex": &simulator.SearchIndex{}, "FileManager": &simulator.FileManager{},
	"VirtualDiskManager": &simulator.VirtualDiskManager{}, "AuthorizationManager": &simulator.AuthorizationManager{}, "OptionManager": &simulator.OptionManager{},
	"PerformanceManager": &simulator.PerformanceManager{}, "CustomFieldsManager": &simulator.CustomFieldsManager{}, "AlarmManager": &simulator.AlarmManager{},
	"DistributedVirtualPortgroup": &simulator.DistributedVirtualPortgroup{}, "VmwareDistributedVirtualSwitch": &simulator.DistributedVirtualSwitch{},
	"HostDatastoreSystem": &simulator.HostDatastoreSystem{}, "HostNetworkSystem": &simulator.HostNetworkSystem{}, "SessionManager": &simulator.SessionManager{},
	"VirtualMachineSnapshot": &simulator.VirtualMachineSnapshot{}, "ServiceInstance": &simulator.ServiceInstance{}, "HostVirtualNicManager": &simulator.HostVirtualNicManager{},
}

var (
	fuzzElement = regexp.MustCompile(`<(\w+)[^<>]*>[^<>]*</\w+>`)
	fuzzValue   = regexp.MustCompile(`>[^<>]+<`)
	fuzzType    = regexp.MustCompile(`type="[^"]*"`)
	fuzzTag     = regexp.MustCompile(`</?\w+`)
)

// mutate changes something in a valid call, often more than once.
func (f *fuzzer) mutate(envelope string) string {
	changed := envelope
	for range 1 + f.random.IntN(3) {
		changed = f.mutateOnce(changed)
	}
	if strings.Contains(changed, "<WaitForUpdatesEx") && !strings.Contains(changed, "<maxWaitSeconds>0<") {
		return envelope // it would wait for ever, and rightly
	}
	return changed
}

func (f *fuzzer) mutateOnce(text string) string {
	r := f.ref()
	switch f.random.IntN(9) {
	case 0:
		return f.change(text, fuzzElement, func(string) string { return "" })
	case 1:
		return f.change(text, fuzzElement, func(old string) string { return old + old })
	case 2:
		return f.change(text, fuzzValue, func(string) string { return ">" + escaped(f.text()) + "<" })
	case 3:
		return f.change(text, fuzzValue, func(string) string { return ">" + escaped(r.Value) + "<" })
	case 4:
		return f.change(text, fuzzType, func(string) string { return `type="` + r.Type + `"` })
	case 5:
		return f.change(text, fuzzTag, func(old string) string { return old + "x" })
	case 6:
		return text[:f.random.IntN(len(text)+1)]
	case 7:
		at := f.random.IntN(len(text) + 1)
		return text[:at] + randomOf(f.random, []string{"<", "&", "]]>", "<!--", "\x00", "&nosuch;", "<a>", "</a>", "\xff\xfe"}) + text[at:]
	}
	return f.change(text, fuzzElement, func(old string) string {
		return strings.Repeat("<childSnapshotList>", 2000) + old + strings.Repeat("</childSnapshotList>", 2000)
	})
}

// change replaces one of the places a pattern finds.
func (f *fuzzer) change(text string, pattern *regexp.Regexp, by func(string) string) string {
	found := pattern.FindAllStringIndex(text, -1)
	if len(found) == 0 {
		return text
	}
	at := randomOf(f.random, found)
	return text[:at[0]] + by(text[at[0]:at[1]]) + text[at[1]:]
}

func bodyText(body any) string {
	var out bytes.Buffer
	encoder := vimxml.NewEncoder(&out)
	start := vimxml.StartElement{Name: vimxml.Name{Space: "urn:vim25", Local: reflect.TypeOf(body).Elem().Name()}}
	if err := encoder.EncodeElement(body, start); err != nil {
		return "<" + start.Name.Local + "/>"
	}
	_ = encoder.Flush()
	return out.String()
}

func envelopeText(body string) string {
	return strings.Replace(envelopeOf(&types.CurrentTime{}), bodyText(&types.CurrentTime{}), body, 1)
}

// usualCalls are what a migration tool sends.
func usualCalls(r *runningSimulator) []any {
	registry := r.model.Map()
	content := registry.Get(serviceInstance).(*simulator.ServiceInstance).Content
	var vm, host moRef
	for _, o := range registry.All("VirtualMachine") {
		if o.Entity().Name == "v1" {
			vm = o.Reference()
		}
	}
	for _, o := range registry.All("HostSystem") {
		if o.Entity().Name == "p2" {
			host = o.Reference()
		}
	}
	spec := types.VirtualMachineRelocateSpec{Host: &host, Pool: registry.Get(vm).(*simulator.VirtualMachine).ResourcePool}
	read := types.PropertyFilterSpec{
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name", "runtime.host", "config.hardware.device"}}},
		ObjectSet: []types.ObjectSpec{{Obj: vm}, {Obj: content.RootFolder, SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{SelectionSpec: types.SelectionSpec{Name: "f"}, Type: "Folder", Path: "childEntity", SelectSet: []types.BaseSelectionSpec{&types.SelectionSpec{Name: "f"}}}}}},
	}
	checker := *content.VmProvisioningChecker
	return []any{
		&types.RetrieveServiceContent{This: serviceInstance},
		&types.RetrievePropertiesEx{This: content.PropertyCollector, SpecSet: []types.PropertyFilterSpec{read}},
		&types.CreateFilter{This: content.PropertyCollector, Spec: read},
		&types.WaitForUpdatesEx{This: content.PropertyCollector, Options: &types.WaitOptions{MaxWaitSeconds: types.NewInt32(0)}},
		&types.CreateContainerView{This: *content.ViewManager, Container: content.RootFolder, Type: []string{"VirtualMachine"}, Recursive: true},
		&types.CheckRelocate_Task{This: checker, Vm: vm, Spec: spec},
		&types.CheckMigrate_Task{This: checker, Vm: vm, Host: &host},
		&types.QueryVMotionCompatibilityEx_Task{This: checker, Vm: []moRef{vm}, Host: []moRef{host}},
		&types.RelocateVM_Task{This: vm, Spec: spec},
		&types.MigrateVM_Task{This: vm, Host: &host, Priority: types.VirtualMachineMovePriorityDefaultPriority},
		&types.QueryEvents{This: *content.EventManager, Filter: types.EventFilterSpec{EventTypeId: []string{"VmMigratedEvent"}}},
		&types.CreateCollectorForTasks{This: *content.TaskManager, Filter: types.TaskFilterSpec{State: []types.TaskInfoState{types.TaskInfoStateSuccess}}},
		&types.QueryDescriptions{This: *content.DiagnosticManager, Host: &host},
		&types.BrowseDiagnosticLog{This: *content.DiagnosticManager, Host: &host, Key: "vmkernel", Start: 1, Lines: 10},
		&types.FindByInventoryPath{This: *content.SearchIndex, InventoryPath: "DC0/vm/v1"},
	}
}
