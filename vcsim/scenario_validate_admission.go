package main

// admission checks what a scenario says for the sake of admission alone.
func (v *validation) admission() {
	for c, cluster := range v.plan.Clusters {
		v.evc(cluster, c)
		v.reserve(cluster.HA, c)
		v.pools(cluster, c)
		for h, host := range cluster.Hosts {
			v.hostAdmission(host, cluster, []any{"clusters", c, "hosts", h})
		}
	}
	for i, vm := range v.plan.VMs {
		v.vmAdmission(vm, i)
	}
}

func (v *validation) evc(cluster clusterSpec, c int) {
	if cluster.EVC == "" {
		return
	}
	at, known := evcPlace(cluster.EVC)
	v.need(known, []any{"clusters", c, "evc"}, "%q is no EVC mode", cluster.EVC)
	for h, host := range cluster.Hosts {
		newest, _ := evcPlace(host.generation())
		v.need(newest.vendor == at.vendor && newest.rank >= at.rank, []any{"clusters", c, "hosts", h, "evc"}, "a CPU of %s does not reach the cluster's EVC mode %s", host.generation(), cluster.EVC)
	}
}

func (v *validation) reserve(ha haSpec, c int) {
	at := func(name string) []any { return []any{"clusters", c, "ha", name} }
	v.between(float64(or(ha.FailoverLevel, 0)), 0, 31, at("failover_level"))
	v.between(float64(or(ha.CPUPercent, 0)), 0, 100, at("cpu_percent"))
	v.between(float64(or(ha.MemoryPercent, 0)), 0, 100, at("memory_percent"))
	v.need(ha.FailoverLevel == nil || ha.CPUPercent == nil && ha.MemoryPercent == nil, at("failover_level"), "excludes cpu_percent and memory_percent")
}

func (v *validation) pools(cluster clusterSpec, c int) {
	seen := map[string]int{}
	for p, pool := range cluster.Pools {
		_, known := seen[pool.Parent]
		v.need(pool.Parent == "" || known, []any{"clusters", c, "pools", p, "parent"}, "there is no pool %q before this one", pool.Parent)
		_, again := seen[pool.Name]
		v.need(pool.Name != "" && !again, []any{"clusters", c, "pools", p, "name"}, "%q is missing or the name of another pool", pool.Name)
		v.need(pool.CPUMHz >= 0 && pool.MemoryMiB >= 0, []any{"clusters", c, "pools", p}, "reservations are not negative")
		seen[pool.Name] = p
	}
}

func (v *validation) hostAdmission(host hostSpec, cluster clusterSpec, at []any) {
	field := func(name ...any) []any { return append(append([]any{}, at...), name...) }
	if host.EVC != "" {
		_, known := evcPlace(host.EVC)
		v.need(known, field("evc"), "%q is no EVC mode", host.EVC)
	}
	for i, word := range host.Lacks {
		v.need(lackWords[word], field("lacks", i), "%q is nothing a host may lack", word)
	}
	v.need(!host.FailoverHost || cluster.HA.Enabled, field("failover_host"), "HA is off in cluster %s", cluster.Name)
	v.between(float64(or(host.MaxCoresPerSocket, 1)), 1, 1024, field("max_cores_per_socket"))
	v.between(float64(or(host.MaxVideoRAMMiB, 1)), 1, 1<<20, field("max_video_ram_mib"))
}

func (v *validation) vmAdmission(vm vmSpec, i int) {
	v.between(float64(or(vm.HardwareVersion, 13)), 4, 99, []any{"vms", i, "hardware_version"})
	v.between(float64(or(vm.CoresPerSocket, 1)), 1, float64(or(vm.CPUs, defaultVMCPUs)), []any{"vms", i, "cores_per_socket"})
	v.need(!vm.Template || powerWords[vm.Power] == "poweredOff", []any{"vms", i, "template"}, "only a VM that is off is a template")
	v.need(vm.Pool == "" || v.hasPool(v.clusterOf[vm.Host], vm.Pool), []any{"vms", i, "pool"}, "cluster %s has no pool %q", v.clusterOf[vm.Host], vm.Pool)
}

func (v *validation) hasPool(cluster, name string) bool {
	for _, spec := range v.plan.Clusters {
		for _, pool := range spec.Pools {
			if spec.Name == cluster && pool.Name == name {
				return true
			}
		}
	}
	return false
}
