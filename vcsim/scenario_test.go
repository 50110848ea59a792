package main

import (
	"strings"
	"testing"
)

const smallScenario = `version: 1
clusters:
  - name: one
    hosts:
      - name: h1
      - name: h2
        vmotion: null
      - name: h3
        esxi: "6.5"
        vmotion: {address: 10.20.0.13/24, mtu: 1500, stack: vmotion, link_gbps: 25}
datastores:
  - name: shared
  - name: local
    hosts: [h1]
networks:
  - name: lan
vms:
  - name: a
  - name: b
    host: h3
    cdrom: {kind: host, connected: true}
`

func TestScenarioFillsInWhatIsNotSaid(t *testing.T) {
	plan, err := parseScenario("small.yaml", []byte(smallScenario))
	if err != nil {
		t.Fatal(err)
	}
	hosts := plan.Clusters[0].Hosts
	if hosts[0].NoVMotion || !hosts[1].NoVMotion || hosts[2].NoVMotion {
		t.Error("null and absent vmotion are mixed up")
	}
	if !plan.Datastores[0].Hosts.All || plan.Datastores[1].Hosts.All {
		t.Error("hosts of datastores: absent must mean all")
	}
	if vm := plan.VMs[0]; vm.Host != "h1" || vm.Datastore != "shared" || len(vm.Networks) != 1 || vm.Networks[0] != "lan" {
		t.Errorf("placement of a: %+v", vm)
	}
}

func TestScenarioErrorsNameFileAndLine(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(smallScenario, old) {
			t.Fatalf("%q is not in the scenario", old)
		}
		return strings.Replace(smallScenario, old, new, 1)
	}
	tests := []struct{ what, yaml, want string }{
		{"empty", "", "s.yaml:1: the scenario is empty"},
		{"no YAML", "version: [1\n", "s.yaml:"},
		{"a list", "- 1\n", "s.yaml:1: a scenario is a mapping"},
		{"two documents", smallScenario + "---\nversion: 1\n", "more than one YAML document"},
		{"unknown key at the top", smallScenario + "colour: red\n", `s.yaml:22: unknown key "colour"; known here are version, seed`},
		{"unknown key of a host", change("esxi:", "esx:"), `s.yaml:9: unknown key "esx"`},
		{"unknown key of a vmknic", change("mtu: 1500", "mtux: 1500"), `s.yaml:10: unknown key "mtux"`},
		{"unknown key of a drive", change("connected: true", "conected: true"), `s.yaml:21: unknown key "conected"`},
		{"wrong version", change("version: 1", "version: 2"), "s.yaml:1: version: must be 1, not 2"},
		{"DRS too often", change("  - name: one\n", "  - name: one\n    drs: {interval_s: 0}\n"), "s.yaml:4: clusters[0].drs.interval_s: must be between"},
		{"wrong type", change("mtu: 1500", "mtu: big"), "s.yaml:10: "},
		{"host twice", change("- name: h2", "- name: h1"), "s.yaml:6: clusters[0].hosts[1].name: there are two hosts called h1"},
		{"unknown host of a datastore", change("hosts: [h1]", "hosts: [h9]"), `s.yaml:14: datastores[1].hosts[0]: there is no host "h9"`},
		{"unknown host of a VM", change("host: h3", "host: h9"), `s.yaml:20: vms[1].host: there is no host "h9"`},
		{"datastore not on the host", change("    host: h3", "    host: h3\n    datastore: local"), "s.yaml:21: vms[1].datastore: host h3 does not mount local"},
		{"unknown network", change("    host: h3", "    host: h3\n    networks: [wan]"), `s.yaml:21: vms[1].networks[0]: there is no network "wan"`},
		{"unknown release", change(`"6.5"`, `"5.5"`), `"5.5" is none of 6.5, 7.0, 8.0`},
		{"address without prefix", change("10.20.0.13/24", "10.20.0.13"), "s.yaml:10: clusters[0].hosts[2].vmotion.address: "},
		{"bad power state", change("  - name: a\n", "  - {name: a, power: maybe}\n"), `s.yaml:18: vms[0].power: "maybe" is none of off, on, suspended`},
		{"too little memory", change("  - name: a\n", "  - {name: a, memory_gib: 0}\n"), "s.yaml:18: vms[0].memory_gib: must be between"},
		{"name twice", change("- name: b", "- name: a"), `s.yaml:19: vms[1].name: "a" is already the name of number 0`},
		{"rule of an unknown cluster", smallScenario + "rules: [{cluster: two, name: r, kind: affinity, vms: [a, b]}]\n", `s.yaml:22: rules[0].cluster: there is no cluster "two"`},
		{"rule with one VM", smallScenario + "rules: [{cluster: one, name: r, kind: affinity, vms: [a]}]\n", "needs two VMs or more"},
		{"rule without hosts", smallScenario + "rules: [{cluster: one, name: r, kind: vm-host-must, vms: [a]}]\n", "needs a host"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			_, err := parseScenario("s.yaml", []byte(test.yaml))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestEveryShippedScenarioBuilds(t *testing.T) {
	for _, name := range scenarioNames() {
		plan, err := loadScenario(name)
		if err != nil {
			t.Fatal(err)
		}
		model, _, err := buildSite(plan)
		model.Remove()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownScenarioNamesTheShippedOnes(t *testing.T) {
	_, err := loadScenario("nosuch")
	if err == nil || !strings.Contains(err.Error(), "demo") {
		t.Errorf("got %v", err)
	}
}
