package main

// diskSpec is one virtual disk of a machine.
type diskSpec struct {
	GiB            *float64 `yaml:"gib"`             // 40
	Format         string   `yaml:"format"`          // thin
	Datastore      string   `yaml:"datastore"`       // the machine's
	WrittenPercent *float64 `yaml:"written_percent"` // 25; of a thick disk all
	Policy         string   `yaml:"policy"`          // none
}

// datastoreClusterSpec is a datastore cluster (StoragePod).
type datastoreClusterSpec struct {
	Name       string   `yaml:"name"`
	Datastores []string `yaml:"datastores"`
	SDRS       *bool    `yaml:"sdrs"`       // true
	Automation string   `yaml:"automation"` // manual
}

// storagePolicySpec is a storage policy, and the datastores that have what it asks for.
type storagePolicySpec struct {
	Name       string   `yaml:"name"`
	Datastores []string `yaml:"datastores"`
}

// Closed sets of words.
var (
	diskFormats         = map[string]string{"": "thin", "thin": "thin", "thick": "thick", "eager": "eager"}
	sdrsAutomationWords = map[string]string{"": "manual", "manual": "manual", "automated": "automated"}
)

// disks are those of the machine; one where it names none.
func (s vmSpec) disks() []diskSpec {
	if len(s.Disks) == 0 {
		return []diskSpec{{}}
	}
	return s.Disks
}

// storageParts checks datastore clusters, storage policies and the machines' disks.
func (v *validation) storageParts() {
	pods, policies := map[string]int{}, map[string]int{}
	member := map[string]string{}
	for i, pod := range v.plan.DatastoreClusters {
		v.unique(pod.Name, pods, "datastore_clusters", i, "name")
		v.word(pod.Automation, sdrsAutomationWords, "datastore_clusters", i, "automation")
		v.knownDatastores(pod.Datastores, "datastore_clusters", i)
		for n, name := range pod.Datastores {
			v.need(member[name] == "", []any{"datastore_clusters", i, "datastores", n}, "%s is in %s already", name, member[name])
			member[name] = pod.Name
		}
	}
	for i, policy := range v.plan.StoragePolicies {
		v.unique(policy.Name, policies, "storage_policies", i, "name")
		v.knownDatastores(policy.Datastores, "storage_policies", i)
	}
	known := func(name string) bool { _, is := policies[name]; return is || name == "" }
	for i, vm := range v.plan.VMs {
		v.need(known(vm.Policy), []any{"vms", i, "policy"}, "there is no storage policy %q", vm.Policy)
		v.need(len(vm.Disks) <= 12, []any{"vms", i, "disks"}, "12 disks are the most")
		for n, disk := range vm.Disks {
			at := func(field string) []any { return []any{"vms", i, "disks", n, field} }
			v.word(disk.Format, diskFormats, at("format")...)
			v.between(or(disk.GiB, 1), 0.001, 63488, at("gib"))
			v.between(or(disk.WrittenPercent, 0), 0, 100, at("written_percent"))
			v.need(known(disk.Policy), at("policy"), "there is no storage policy %q", disk.Policy)
			store, is := v.datastores[disk.Datastore]
			v.need(is || disk.Datastore == "", at("datastore"), "there is no datastore %q", disk.Datastore)
			v.need(!is || v.plan.Datastores[store].Hosts.includes(vm.Host), at("datastore"), "host %s does not mount %s", vm.Host, disk.Datastore)
		}
	}
}

func (v *validation) knownDatastores(names []string, section string, i int) {
	v.need(len(names) > 0, []any{section, i, "datastores"}, "at least one datastore is needed")
	for n, name := range names {
		_, known := v.datastores[name]
		v.need(known, []any{section, i, "datastores", n}, "there is no datastore %q", name)
	}
}
