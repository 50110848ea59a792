package main

import (
	"net/netip"
	"sort"
	"strings"
)

// scenarioVersion is the only version of the scenario format there is.
const scenarioVersion = 1

// validation collects the names of a scenario while its parts are checked; it keeps the first problem found.
type validation struct {
	scenarioSource
	plan       *scenario
	clusterOf  map[string]string // host -> cluster
	vms        map[string]int
	datastores map[string]int
	networks   map[string]int
	addresses  map[netip.Addr]string
	err        error
}

// validate checks everything that can be checked before anything is built; the first problem is returned.
func (s scenarioSource) validate(plan *scenario) error {
	v := &validation{
		scenarioSource: s, plan: plan, clusterOf: map[string]string{}, vms: map[string]int{},
		datastores: map[string]int{}, networks: map[string]int{}, addresses: map[netip.Addr]string{},
	}
	for _, check := range []func(){v.top, v.clusters, v.storage, v.networking, v.machines, v.storageParts, v.rules, v.faults, v.admission, v.accounts, v.tagging, v.attributes} {
		if check(); v.err != nil {
			return v.err
		}
	}
	return nil
}

// fail records a problem unless there is one already.
func (v *validation) fail(at []any, format string, args ...any) {
	if v.err == nil {
		v.err = v.errorf(at, format, args...)
	}
}

// need records a problem where a condition does not hold.
func (v *validation) need(ok bool, at []any, format string, args ...any) {
	if !ok {
		v.fail(at, format, args...)
	}
}

// word checks that a value is one of a closed set.
func (v *validation) word(value string, words map[string]string, at ...any) {
	if _, ok := words[value]; !ok {
		v.fail(at, "%q is none of %s", value, wordList(words))
	}
}

func wordList(words map[string]string) string {
	var list []string
	for word := range words {
		if word != "" {
			list = append(list, word)
		}
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}

// unique checks that a name is there and was not seen before, and remembers it.
func (v *validation) unique(name string, seen map[string]int, at ...any) {
	first, again := seen[name]
	v.need(name != "", at, "is missing")
	v.need(!strings.ContainsAny(name, "/%\\"), at, "%q holds one of / %% \\", name)
	v.need(!again, at, "%q is already the name of number %d", name, first)
	seen[name] = at[1].(int)
}

func (v *validation) top() {
	v.need(v.plan.Version == scenarioVersion, []any{"version"}, "must be %d, not %d", scenarioVersion, v.plan.Version)
	v.between(or(v.plan.SessionTimeoutMinutes, 1), 0.001, 1e6, []any{"session_timeout_minutes"})
	v.need(len(v.plan.Clusters) > 0, []any{"clusters"}, "at least one cluster is needed")
	v.need(len(v.plan.Datastores) > 0, []any{"datastores"}, "at least one datastore is needed")
	v.need(len(v.plan.Networks) > 0, []any{"networks"}, "at least one network is needed")
}

func (v *validation) clusters() {
	seen := map[string]int{}
	for c, cluster := range v.plan.Clusters {
		v.unique(cluster.Name, seen, "clusters", c, "name")
		v.word(cluster.DRS.Automation, automationWords, "clusters", c, "drs", "automation")
		v.between(or(cluster.DRS.IntervalS, 300), 1, 86400, []any{"clusters", c, "drs", "interval_s"})
		v.need(len(cluster.Hosts) > 0, []any{"clusters", c, "hosts"}, "cluster %s has no hosts", cluster.Name)
		for h, host := range cluster.Hosts {
			v.host(host, cluster.Name, []any{"clusters", c, "hosts", h})
		}
	}
}

func (v *validation) host(host hostSpec, cluster string, at []any) {
	field := func(name string) []any { return append(append([]any{}, at...), name) }
	_, again := v.clusterOf[host.Name]
	v.need(host.Name != "", field("name"), "is missing")
	v.need(!strings.ContainsAny(host.Name, "/%\\"), field("name"), "%q holds one of / %% \\", host.Name)
	v.need(!again, field("name"), "there are two hosts called %s", host.Name)
	v.clusterOf[host.Name] = cluster
	v.between(float64(or(host.Cores, 1)), 1, 1024, field("cores"))
	v.between(or(host.MemoryGiB, 1), 1, 24*1024, field("memory_gib"))
	v.between(float64(or(host.CPUMHz, 1000)), 500, 10000, field("cpu_mhz"))
	v.between(or(host.MemoryUsedGiB, 0), 0, or(host.MemoryGiB, defaultHostMemoryGiB), field("memory_used_gib"))
	v.between(float64(or(host.LogKiB, 1024)), 4, 65536, field("log_kib"))
	v.between(or(host.ClockSkewS, 0), -86400, 86400, field("clock_skew_s"))
	v.word(host.Connection, connectionWords, field("connection")...)
	_, known := esxiReleases[esxiVersion(host.ESXi)]
	v.need(known, field("esxi"), "%q is none of %s (write it in quotes)", host.ESXi, releaseList())
	if host.VMotion != nil {
		v.vmotion(*host.VMotion, host.Name, field("vmotion"))
	}
}

func (v *validation) vmotion(nic vmotionSpec, host string, at []any) {
	field := func(name string) []any { return append(append([]any{}, at...), name) }
	v.between(float64(or(nic.MTU, 1500)), 1280, 9190, field("mtu"))
	v.between(or(nic.LinkGbps, 1), 0.1, 400, field("link_gbps"))
	v.motionNic(nic, field)
	v.word(nic.Stack, stackWords, field("stack")...)
	if nic.Address == "" {
		return
	}
	prefix, err := netip.ParsePrefix(nic.Address)
	if err != nil || !prefix.Addr().Is4() {
		v.fail(field("address"), "%q is no IPv4 address with a prefix length, such as 10.20.0.11/24", nic.Address)
		return
	}
	other, taken := v.addresses[prefix.Addr()]
	v.need(!taken, field("address"), "%s already has %s", other, prefix.Addr())
	v.addresses[prefix.Addr()] = host
}

// between checks a number against its bounds.
func (v *validation) between(value, low, high float64, at []any) {
	v.need(value >= low && value <= high, at, "must be between %v and %v, not %v", low, high, value)
}

func (v *validation) storage() {
	for i, datastore := range v.plan.Datastores {
		v.unique(datastore.Name, v.datastores, "datastores", i, "name")
		v.between(or(datastore.CapacityGiB, 1), 1, 1<<20, []any{"datastores", i, "capacity_gib"})
		v.between(or(datastore.CopyMBytesPerS, 1), 1, 1e5, []any{"datastores", i, "copy_mbytes_per_s"})
		v.hostList(datastore.Hosts, "datastores", i)
	}
}

func (v *validation) networking() {
	for i, network := range v.plan.Networks {
		v.unique(network.Name, v.networks, "networks", i, "name")
		v.word(network.Kind, networkKinds, "networks", i, "kind")
		v.hostList(network.Hosts, "networks", i)
	}
}

func (v *validation) hostList(hosts hostList, section string, i int) {
	for n, name := range hosts.Names {
		_, known := v.clusterOf[name]
		v.need(known, []any{section, i, "hosts", n}, "there is no host %q", name)
	}
}
