package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vmware/govmomi/event"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// skewed is a cluster whose machines are all on its first host, large enough for DRS to care.
func skewed(t *testing.T, machines int) (*world, *simulator.ClusterComputeResource) {
	t.Helper()
	w := newWorldOf(t, 500, machines)
	c := w.automate()
	w.as(c, func() {
		c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.DefaultVmBehavior = types.DrsBehaviorManual
	})
	for _, vm := range w.vms {
		w.as(vm, func() {
			vm.Config.Hardware.MemoryMB = 64 * 1024
			vm.Summary.QuickStats.OverallCpuUsage, vm.Summary.QuickStats.HostMemoryUsage = 500, 64*1024
		})
	}
	return w, c
}

func (w *world) cluster(c moRef) mo.ClusterComputeResource {
	w.t.Helper()
	var cluster mo.ClusterComputeResource
	paths := []string{"recommendation", "drsFault", "configurationEx", "actionHistory", "migrationHistory"}
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, c, paths, &cluster); err != nil {
		w.t.Fatal(err)
	}
	return cluster
}

func (w *world) refresh(c moRef) []types.ClusterRecommendation {
	w.t.Helper()
	if _, err := methods.RefreshRecommendation(w.ctx, w.client, &types.RefreshRecommendation{This: c}); err != nil {
		w.t.Fatal(err)
	}
	return w.cluster(c).Recommendation
}

// addRule adds a DRS rule over the wire.
func (w *world) addRule(c moRef, rule types.BaseClusterRuleInfo, groups ...types.BaseClusterGroupInfo) {
	w.t.Helper()
	rule.GetClusterRuleInfo().Name, rule.GetClusterRuleInfo().Enabled = "rule", types.NewBool(true)
	add := types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}
	spec := &types.ClusterConfigSpecEx{RulesSpec: []types.ClusterRuleSpec{{ArrayUpdateSpec: add, Info: rule}}}
	for _, group := range groups {
		spec.GroupSpec = append(spec.GroupSpec, types.ClusterGroupSpec{ArrayUpdateSpec: add, Info: group})
	}
	task, err := object.NewClusterComputeResource(w.client.Client, c).Reconfigure(w.ctx, spec, true)
	if err != nil {
		w.t.Fatal(err)
	}
	w.succeed(task.Reference())
}

// complies waits until the cluster's only rule says whether it is kept.
func (w *world) complies(c moRef, kept bool) {
	w.t.Helper()
	w.until(func() bool {
		said := w.cluster(c).ConfigurationEx.(*types.ClusterConfigInfoEx).Rule[0].GetClusterRuleInfo().InCompliance
		return said != nil && *said == kept
	})
}

func destinationOf(r types.ClusterRecommendation) (vm, host moRef) {
	m := r.Action[0].(*types.ClusterMigrationAction).DrsMigration
	return m.Vm, m.Destination
}

func TestRecommendationsBalanceTheCluster(t *testing.T) {
	w, c := skewed(t, 4)
	list := w.refresh(c.Self)
	if len(list) < 2 {
		t.Fatalf("%d recommendations", len(list))
	}
	seen := map[moRef]bool{}
	for _, r := range list {
		_, host := destinationOf(r)
		if r.Reason != "fairnessMemAvg" || r.Rating < 3 || seen[host] || host == w.hosts[0] {
			t.Errorf("%s to %s, rated %d", r.Reason, host.Value, r.Rating)
		}
		seen[host] = true
	}
	if len(w.engine.motions()) != 0 {
		t.Error("a manual cluster moved by itself")
	}
	vm, host := destinationOf(list[0])
	if _, err := methods.ApplyRecommendation(w.ctx, w.client, &types.ApplyRecommendation{This: c.Self, Key: list[0].Key}); err != nil {
		t.Fatal(err)
	}
	task := w.engine.motions()[0].Task
	info := w.succeed(moRef{Type: "Task", Value: task})
	if at := w.references(vm, "runtime.host"); at[0] != host || info.Reason.(*types.TaskReasonUser).UserName == "" {
		t.Errorf("it is on %s, by %+v", at[0].Value, info.Reason)
	}
	after := w.cluster(c.Self)
	if len(after.Recommendation) != len(list)-1 || len(after.ActionHistory) != 1 || len(after.MigrationHistory) != 1 {
		t.Errorf("%d left, %d and %d in history", len(after.Recommendation), len(after.ActionHistory), len(after.MigrationHistory))
	}
	w.cancelRecommendation(c.Self, list[1].Key)
}

func (w *world) cancelRecommendation(c moRef, key string) {
	w.t.Helper()
	for _, want := range []string{"<nil>", "InvalidArgument"} {
		_, err := methods.CancelRecommendation(w.ctx, w.client, &types.CancelRecommendation{This: c, Key: key})
		if callFault(err) != want {
			w.t.Errorf("cancelling: %s, not %s", callFault(err), want)
		}
	}
	if _, err := methods.ApplyRecommendation(w.ctx, w.client, &types.ApplyRecommendation{This: c, Key: key}); callFault(err) != "InvalidArgument" {
		w.t.Errorf("applying what is cancelled: %s", callFault(err))
	}
}

func TestAConservativeThresholdLeavesThingsAlone(t *testing.T) {
	w, c := skewed(t, 4)
	w.as(c, func() { c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.VmotionRate = 5 })
	if list := w.refresh(c.Self); len(list) != 0 {
		t.Errorf("%d recommendations", len(list))
	}
	w.as(c, func() {
		c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.VmotionRate = 1
		c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.Enabled = types.NewBool(false)
	})
	if list := w.refresh(c.Self); len(list) != 0 {
		t.Errorf("%d recommendations without DRS", len(list))
	}
}

func TestRuleViolationsAreSeenAndMended(t *testing.T) {
	w, c := skewed(t, 3)
	apart := []moRef{w.vms[0].Self, w.vms[1].Self}
	w.addRule(c.Self, &types.ClusterAntiAffinityRuleSpec{Vm: apart})
	w.complies(c.Self, false)
	res, err := methods.FindRulesForVm(w.ctx, w.client, &types.FindRulesForVm{This: c.Self, Vm: apart[1]})
	if err != nil || len(res.Returnval) != 1 || *res.Returnval[0].GetClusterRuleInfo().InCompliance {
		t.Fatalf("rules: %v %v", res, err)
	}
	if other, _ := methods.FindRulesForVm(w.ctx, w.client, &types.FindRulesForVm{This: c.Self, Vm: w.vms[2].Self}); len(other.Returnval) != 0 {
		t.Error("a machine that has no rule has one")
	}
	first := w.refresh(c.Self)[0]
	vm, host := destinationOf(first)
	if first.Reason != "antiAffin" || first.Rating != 5 || vm != apart[1] || host == w.hosts[0] {
		t.Errorf("%s: %s to %s", first.Reason, vm.Value, host.Value)
	}
	if _, err := methods.ApplyRecommendation(w.ctx, w.client, &types.ApplyRecommendation{This: c.Self, Key: first.Key}); err != nil {
		t.Fatal(err)
	}
	w.complies(c.Self, true)
	if n, m := len(w.eventsOf("DrsRuleViolationEvent")), len(w.eventsOf("DrsRuleComplianceEvent")); n != 1 || m != 1 {
		t.Errorf("%d violations, %d compliances", n, m)
	}
}

func TestARuleNobodyCanKeepIsADRSFault(t *testing.T) {
	w, c := skewed(t, 3)
	group := &types.ClusterVmGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: "vms"}, Vm: []moRef{w.vms[0].Self}}
	hosts := &types.ClusterHostGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: "hosts"}, Host: []moRef{w.hosts[3]}}
	w.as(w.host(w.hosts[3]), func() { w.host(w.hosts[3]).Runtime.InMaintenanceMode = true })
	w.addRule(c.Self, &types.ClusterVmHostRuleInfo{
		ClusterRuleInfo: types.ClusterRuleInfo{Mandatory: types.NewBool(true)}, VmGroupName: "vms", AffineHostGroupName: "hosts",
	}, group, hosts)
	w.complies(c.Self, false)
	w.refresh(c.Self)
	faults := w.cluster(c.Self).DrsFault
	if len(faults) != 1 || faults[0].Reason != "vmHostHardAffinity" {
		t.Fatalf("%+v", faults)
	}
	about := faults[0].FaultsByVm[0].GetClusterDrsFaultsFaultsByVm()
	if *about.Vm != w.vms[0].Self || faultName(about.Fault[0].Fault) != "VmHostAffinityRuleViolation" {
		t.Errorf("%+v", about)
	}
	w.as(w.host(w.hosts[3]), func() { w.host(w.hosts[3]).Runtime.InMaintenanceMode = false })
	if vm, host := destinationOf(w.refresh(c.Self)[0]); vm != w.vms[0].Self || host != w.hosts[3] {
		t.Errorf("%s to %s", vm.Value, host.Value)
	}
	if faults := w.cluster(c.Self).DrsFault; len(faults) != 0 {
		t.Errorf("still %+v", faults)
	}
}

func TestMachinesThatBelongTogetherComeTogether(t *testing.T) {
	w, c := skewed(t, 3)
	w.succeed(w.relocate(w.vms[2], toHost(w.hosts[1])))
	w.succeed(w.relocate(w.vms[1], toHost(w.hosts[2])))
	w.addRule(c.Self, &types.ClusterAffinityRuleSpec{Vm: []moRef{w.vms[0].Self, w.vms[1].Self, w.vms[2].Self}})
	w.complies(c.Self, false)
	w.automate()
	w.refresh(c.Self)
	w.complies(c.Self, true)
}

func TestAManualClusterAdvisesDuringMaintenance(t *testing.T) {
	w, c := skewed(t, 2)
	task := w.maintain(w.hosts[0], 0, false)
	w.until(func() bool { return len(w.cluster(c.Self).Recommendation) == 2 })
	for _, r := range w.cluster(c.Self).Recommendation {
		if r.Reason != "hostMaint" {
			t.Errorf("%s", r.Reason)
		}
		if _, err := methods.ApplyRecommendation(w.ctx, w.client, &types.ApplyRecommendation{This: c.Self, Key: r.Key}); err != nil {
			t.Fatal(err)
		}
	}
	w.succeed(task)
}

const automaticSite = `
version: 1
clusters:
  - name: C
    drs: {automation: fullyAutomated, interval_s: 300}
    hosts: [{name: a, memory_gib: 64}, {name: b, memory_gib: 64}]
datastores: [{name: d}]
networks: [{name: n}]
vms:
  - {name: v1, host: a, memory_gib: 12}
  - {name: v2, host: a, memory_gib: 12}
  - {name: v3, host: a, memory_gib: 12}
  - {name: v4, host: a, memory_gib: 12}
`

func TestDRSActsByItselfWhereTheScenarioSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(automaticSite), 0o600); err != nil {
		t.Fatal(err)
	}
	r := running(t, "-scenario", path, "-speed", "1000")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: t.Context(), client: client, engine: r.engine, registry: r.model.Map(), site: r.site}
	w.until(func() bool {
		moves := w.engine.motions()
		return len(moves) == 2 && moves[0].Phase == "done" && moves[1].Phase == "done"
	})
	events, err := event.NewManager(client.Client).QueryEvents(w.ctx, types.EventFilterSpec{EventTypeId: []string{"DrsVmMigratedEvent"}})
	if err != nil || len(events) != 2 || events[0].GetEvent().UserName != "" {
		t.Errorf("%d events, %v", len(events), err)
	}
	usage := func(name string) int32 {
		host := hostNamed(t, r, name)
		var mib int32
		w.as(host, func() { mib = host.Summary.QuickStats.OverallMemoryUsage })
		return mib
	}
	want := int32(hypervisorMiB + 2*(12*1024+overheadMiBPerVM))
	w.until(func() bool { return usage("a") == want && usage("b") == want })
}

func TestOverridesOfMachinesCount(t *testing.T) {
	w, c := skewed(t, 3)
	w.automate()
	behaviors := []types.ClusterDrsVmConfigInfo{
		{Key: w.vms[0].Self, Enabled: types.NewBool(false)},
		{Key: w.vms[1].Self, Enabled: types.NewBool(true), Behavior: types.DrsBehaviorManual},
	}
	spec := &types.ClusterConfigSpecEx{}
	for i := range behaviors {
		add := types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}
		spec.DrsVmConfigSpec = append(spec.DrsVmConfigSpec, types.ClusterDrsVmConfigSpec{ArrayUpdateSpec: add, Info: &behaviors[i]})
	}
	done, err := object.NewClusterComputeResource(w.client.Client, c.Self).Reconfigure(w.ctx, spec, true)
	if err != nil {
		t.Fatal(err)
	}
	w.succeed(done.Reference())
	task := w.maintain(w.hosts[0], 300, false)
	w.until(func() bool {
		return len(w.references(w.hosts[0], "vm")) == 2 && len(w.cluster(c.Self).Recommendation) == 1
	})
	if vm, _ := destinationOf(w.cluster(c.Self).Recommendation[0]); vm != w.vms[1].Self {
		t.Errorf("advice about %s", vm.Value)
	}
	if info := w.finish(task); errorName(info) != "Timedout" || len(w.engine.motions()) != 1 {
		t.Errorf("%s, %d moves", errorName(info), len(w.engine.motions()))
	}
}

func TestMachinesWithoutAPlaceAreDRSFaults(t *testing.T) {
	w, c := skewed(t, 1)
	w.automate()
	for _, host := range w.hosts[1:] {
		w.as(w.host(host), func() { w.host(host).Runtime.InMaintenanceMode = true })
	}
	task := w.maintain(w.hosts[0], 0, false)
	w.until(func() bool { return len(w.cluster(c.Self).DrsFault) == 1 })
	faults := w.cluster(c.Self).DrsFault[0]
	about := faults.FaultsByVm[0].GetClusterDrsFaultsFaultsByVm()
	if faults.Reason != "hostMaint" || faultName(about.Fault[0].Fault) != "NoActiveHostInCluster" {
		t.Errorf("%s %+v", faults.Reason, about)
	}
	exit, err := methods.ExitMaintenanceMode_Task(w.ctx, w.client, &types.ExitMaintenanceMode_Task{This: w.hosts[2]})
	if err != nil {
		t.Fatal(err)
	}
	w.succeed(exit.Returnval)
	w.succeed(task)
	if faults := w.cluster(c.Self).DrsFault; len(faults) != 0 || !hasRef(w.references(w.hosts[2], "vm"), w.vms[0].Self) {
		t.Errorf("still %+v", faults)
	}
}
