package main

import (
	"strings"
	"testing"
)

func TestImpossibleAdmissionIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		scene map[string]string
		want  string
	}{
		"EVC mode":            {in("A", "evc: intel-pentium"), `clusters[0].evc: "intel-pentium" is no EVC mode`},
		"CPU below EVC":       {and(in("A", "evc: intel-skylake"), in("a2", "evc: intel-haswell")), "clusters[0].hosts[1].evc: a CPU of intel-haswell"},
		"CPU of other vendor": {and(in("A", "evc: intel-haswell"), in("a2", "evc: amd-zen")), "clusters[0].hosts[1].evc: a CPU of amd-zen"},
		"CPU generation":      {in("a1", "evc: z80"), "clusters[0].hosts[0].evc"},
		"what a host lacks":   {in("a1", "lacks: [money]"), `clusters[0].hosts[0].lacks[0]: "money" is nothing`},
		"failover, no HA":     {in("a1", "failover_host: true"), "HA is off in cluster A"},
		"two reserves":        {in("A", "ha: {enabled: true, failover_level: 1, cpu_percent: 10}"), "clusters[0].ha.failover_level: excludes"},
		"percent":             {in("A", "ha: {enabled: true, memory_percent: 101}"), "clusters[0].ha.memory_percent"},
		"pool's parent":       {in("A", "pools: [{name: p, parent: q}]"), `clusters[0].pools[0].parent: there is no pool "q"`},
		"pool twice":          {in("A", "pools: [{name: p}, {name: p}]"), "clusters[0].pools[1].name"},
		"VM's pool":           {and(in("B", "pools: [{name: p}]"), in("vm", "pool: p")), `vms[0].pool: cluster A has no pool "p"`},
		"template that runs":  {in("vm", "template: true"), "vms[0].template"},
		"cores a socket":      {in("vm", "cpus: 2, cores_per_socket: 4"), "vms[0].cores_per_socket"},
		"device":              {in("vm", "devices: [abacus]"), "vms[0].devices[0]"},
		"privilege":           {in("rest", "roles: [{name: r, privileges: [Resource.Fly]}]"), `roles[0].privileges[0]: "Resource.Fly" is no privilege`},
		"built-in role":       {in("rest", "roles: [{name: Admin}]"), "roles[0].name"},
		"no password":         {in("rest", "users: [{name: u}]"), "users[0]: a user has either password or password_file"},
		"unknown role":        {in("rest", "users: [{name: u, password: p, role: king}]"), `users[0].role: there is no role "king"`},
		"unknown user":        {in("rest", "permissions: [{entity: vm, user: u, role: Admin}]"), `permissions[0].user: there is no user "u"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseScenario("s.yaml", []byte(sceneOf(c.scene)))
			if err == nil || !strings.HasPrefix(err.Error(), "s.yaml:") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAPermissionOnNothingStopsTheStart(t *testing.T) {
	for entity, want := range map[string]string{"nowhere": `there is no "nowhere"`, "/DC0/vm/nowhere": "there is nothing at"} {
		plan, err := parseScenario("s.yaml", []byte(sceneOf(in("rest", "users: [{name: u, password: p}]\npermissions: [{entity: "+entity+", user: u, role: Admin}]"))))
		if err != nil {
			t.Fatal(err)
		}
		model, _, err := buildSite(plan)
		model.Remove()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", entity, err)
		}
	}
}

func TestEVCMasksWhatHostsShow(t *testing.T) {
	plan, err := parseScenario("s.yaml", []byte(sceneOf(and(in("A", "evc: intel-haswell"), in("a1", "evc: intel-icelake")))))
	if err != nil {
		t.Fatal(err)
	}
	registry, _ := built(t, plan)
	for _, host := range allHosts(registry) {
		if host.Name != "a1" {
			continue
		}
		if s := host.Summary; s.MaxEVCModeKey != "intel-icelake" || s.CurrentEVCModeKey != "intel-haswell" {
			t.Errorf("%s, %s", s.MaxEVCModeKey, s.CurrentEVCModeKey)
		}
		if len(host.Config.MaskedFeatureCapability) >= len(host.Config.FeatureCapability) {
			t.Errorf("%d of %d features are left", len(host.Config.MaskedFeatureCapability), len(host.Config.FeatureCapability))
		}
	}
	for _, vm := range allVMs(registry) {
		if len(vm.Runtime.FeatureRequirement) != len(featuresOf("intel-haswell")) {
			t.Errorf("%s requires %v", vm.Name, vm.Runtime.FeatureRequirement)
		}
	}
}
