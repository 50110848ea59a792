package main

import "strings"

// faults checks the faults a scenario plants; a virtual machine or host that is named must exist.
func (v *validation) faults() {
	seen := map[string]int{}
	for i := range v.plan.Faults {
		spec, at := &v.plan.Faults[i], []any{"faults", i}
		v.fault(spec, at)
		if spec.Name != "" {
			v.unique(spec.Name, seen, "faults", i, "name")
		}
		v.named(spec.Match.VM, v.hasVM, "virtual machine", append(at, "match", "vm"))
		for key, pattern := range map[string]string{"host": spec.Match.Host, "source": spec.Match.Source, "destination": spec.Match.Destination} {
			v.named(pattern, v.hasHost, "host", []any{"faults", i, "match", key})
		}
		if spec.DRSMove != nil {
			v.named(spec.DRSMove.Host, v.hasHost, "host", []any{"faults", i, "drs_move", "host"})
		}
	}
}

// named checks a name that is no pattern.
func (v *validation) named(name string, has func(string) bool, kind string, at []any) {
	v.need(name == "" || strings.ContainsAny(name, "*?[") || has(name), at, "there is no %s %q", kind, name)
}

func (v *validation) hasVM(name string) bool {
	_, known := v.vms[name]
	return known
}

func (v *validation) hasHost(name string) bool {
	_, known := v.clusterOf[name]
	return known
}
