package main

import "strings"

// machines checks the virtual machines.
func (v *validation) machines() {
	hosts, named := map[string][]string{}, map[string]bool{}
	for i := range v.plan.VMs {
		vm := &v.plan.VMs[i]
		v.vmName(vm, i, named)
		if hosts[vm.Cluster] == nil {
			hosts[vm.Cluster] = v.plan.hostsOf(vm.Cluster)
		}
		if names := hosts[vm.Cluster]; vm.Host == "" && len(names) > 0 {
			vm.Host = names[i%len(names)]
		}
		v.need(vm.Cluster == "" || v.clusterOf[vm.Host] == vm.Cluster, []any{"vms", i, "cluster"}, "cluster %s has no host %q", vm.Cluster, vm.Host)
		v.size(vm, i)
		v.devices(vm, i)
		if v.placement(vm, i); v.err != nil {
			return
		}
	}
}

// vmName checks that a name is the only one of its folder, and keeps several of one name apart by their folders.
func (v *validation) vmName(vm *vmSpec, i int, named map[string]bool) {
	if named[vm.Name] {
		vm.key = strings.Join(append(splitPath(vm.Folder), vm.Name), "/")
		first := v.plan.VMs[v.vms[vm.Name]]
		v.need(len(vm.Tags) == 0 && len(first.Tags) == 0, []any{"vms", i, "tags"}, "two VMs are called %s; neither of them can have tags", vm.Name)
		v.need(len(vm.Attributes) == 0 && len(first.Attributes) == 0, []any{"vms", i, "attributes"}, "two VMs are called %s; neither of them can have attributes", vm.Name)
		v.need(vm.Folder != first.Folder, []any{"vms", i, "name"}, "%q is already the name of number %d", vm.Name, v.vms[vm.Name])
	}
	at, again := v.vms[vm.id()]
	v.need(!again || vm.Folder != v.plan.VMs[at].Folder, []any{"vms", i, "name"}, "%q is already the name of number %d", vm.Name, at)
	named[vm.Name] = true
	v.need(vm.Name != "", []any{"vms", i, "name"}, "is missing")
	v.need(!strings.ContainsAny(vm.Name, "/%\\"), []any{"vms", i, "name"}, "%q holds one of / %% \\", vm.Name)
	v.vms[vm.id()] = i
}

func (v *validation) size(vm *vmSpec, i int) {
	v.between(float64(or(vm.CPUs, 1)), 1, 768, []any{"vms", i, "cpus"})
	v.between(or(vm.MemoryGiB, 1), 0.125, 24*1024, []any{"vms", i, "memory_gib"})
	v.between(or(vm.TouchedPercent, 0), 0, 100, []any{"vms", i, "touched_percent"})
	v.between(or(vm.DirtyMBps, 0), 0, 1e6, []any{"vms", i, "dirty_mbps"})
	v.motion(&vm.Motion, []any{"vms", i, "motion"})
	v.between(float64(vm.Snapshots), 0, 32, []any{"vms", i, "snapshots"})
	v.between(float64(vm.Reservation.MemoryMiB), 0, or(vm.MemoryGiB, defaultVMMemoryGiB)*1024, []any{"vms", i, "reservation", "memory_mib"})
	v.between(float64(vm.Reservation.CPUMHz), 0, 1e7, []any{"vms", i, "reservation", "cpu_mhz"})
	v.word(vm.Power, powerWords, "vms", i, "power")
	v.need(vm.Question == "" || powerWords[vm.Power] == "poweredOn", []any{"vms", i, "question"}, "only a powered-on VM asks questions")
}

func (v *validation) devices(vm *vmSpec, i int) {
	if vm.CDROM != nil {
		v.word(vm.CDROM.Kind, driveKinds, "vms", i, "cdrom", "kind")
		v.need(vm.CDROM.Kind != "iso" || vm.CDROM.Path != "", []any{"vms", i, "cdrom", "path"}, "an iso needs a path such as [datastore] dir/file.iso")
	}
	if vm.Floppy != nil {
		v.word(vm.Floppy.Kind, floppyKinds, "vms", i, "floppy", "kind")
		v.need(vm.Floppy.Kind != "image" || vm.Floppy.Path != "", []any{"vms", i, "floppy", "path"}, "an image needs a path such as [datastore] dir/file.flp")
	}
	for d, device := range vm.Devices {
		v.word(device, deviceKinds, "vms", i, "devices", d)
	}
}

// placement checks the references of a VM, and fills in the datastore and network it gets where none is named.
func (v *validation) placement(vm *vmSpec, i int) {
	if _, known := v.clusterOf[vm.Host]; !known {
		v.fail([]any{"vms", i, "host"}, "there is no host %q", vm.Host)
		return
	}
	if vm.Datastore == "" {
		vm.Datastore = v.firstDatastore(vm.Host)
	}
	at, known := v.datastores[vm.Datastore]
	v.need(known, []any{"vms", i, "datastore"}, "there is no datastore %q for VM %s", vm.Datastore, vm.Name)
	v.need(!known || v.plan.Datastores[at].Hosts.includes(vm.Host), []any{"vms", i, "datastore"}, "host %s does not mount %s", vm.Host, vm.Datastore)
	if v.find("vms", i, "networks") == nil {
		vm.Networks = v.firstNetwork(vm.Host)
	}
	for n, name := range vm.Networks {
		at, known := v.networks[name]
		v.need(known, []any{"vms", i, "networks", n}, "there is no network %q", name)
		v.need(!known || v.plan.Networks[at].Hosts.includes(vm.Host), []any{"vms", i, "networks", n}, "host %s has no network %s", vm.Host, name)
	}
}

func (v *validation) firstDatastore(host string) string {
	for _, datastore := range v.plan.Datastores {
		if datastore.Hosts.includes(host) {
			return datastore.Name
		}
	}
	return ""
}

func (v *validation) firstNetwork(host string) []string {
	for _, network := range v.plan.Networks {
		if network.Hosts.includes(host) {
			return []string{network.Name}
		}
	}
	return nil
}

// rules checks the clusters' rules.
func (v *validation) rules() {
	clusters, seen := map[string]bool{}, map[string]bool{}
	for _, cluster := range v.plan.Clusters {
		clusters[cluster.Name] = true
	}
	for i, rule := range v.plan.Rules {
		v.need(clusters[rule.Cluster], []any{"rules", i, "cluster"}, "there is no cluster %q", rule.Cluster)
		v.need(rule.Name != "", []any{"rules", i, "name"}, "is missing")
		v.need(!seen[rule.Cluster+"\x00"+rule.Name], []any{"rules", i, "name"}, "cluster %s already has a rule %q", rule.Cluster, rule.Name)
		seen[rule.Cluster+"\x00"+rule.Name] = true
		v.word(rule.Kind, ruleKinds, "rules", i, "kind")
		v.members(rule, i)
	}
}

// members checks that a rule's VMs and hosts exist in its cluster, and that there are as many as its kind needs.
func (v *validation) members(rule ruleSpec, i int) {
	for n, name := range rule.VMs {
		at, known := v.vms[name]
		v.need(known, []any{"rules", i, "vms", n}, "there is no VM %q", name)
		v.need(!known || v.clusterOf[v.plan.VMs[at].Host] == rule.Cluster, []any{"rules", i, "vms", n}, "VM %s is not in cluster %s", name, rule.Cluster)
	}
	for n, name := range rule.Hosts {
		v.need(v.clusterOf[name] == rule.Cluster, []any{"rules", i, "hosts", n}, "cluster %s has no host %q", rule.Cluster, name)
	}
	if rule.Kind == "affinity" || rule.Kind == "anti-affinity" {
		v.need(len(rule.VMs) > 1, []any{"rules", i, "vms"}, "an %s rule needs two VMs or more", rule.Kind)
		v.need(len(rule.Hosts) == 0, []any{"rules", i, "hosts"}, "an %s rule names no hosts", rule.Kind)
		return
	}
	v.need(len(rule.VMs) > 0, []any{"rules", i, "vms"}, "a %s rule needs a VM", rule.Kind)
	v.need(len(rule.Hosts) > 0, []any{"rules", i, "hosts"}, "a %s rule needs a host", rule.Kind)
}
