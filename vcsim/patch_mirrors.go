package main

import "strings"

// mirrorPairs are properties that the API shows at two places of one object. A path may be the whole of an entry or, where the entry
// ends with a dot, anything below it.
var mirrorPairs = map[string][][2]string{
	"VirtualMachine": {
		{"runtime.", "summary.runtime."},
		{"name", "config.name"},
		{"name", "summary.config.name"},
		{"config.name", "summary.config.name"},
		{"config.hardware.memoryMB", "summary.config.memorySizeMB"},
		{"config.hardware.numCPU", "summary.config.numCpu"},
		{"config.uuid", "summary.config.uuid"},
		{"config.instanceUuid", "summary.config.instanceUuid"},
		{"config.files.vmPathName", "summary.config.vmPathName"},
		{"config.memoryAllocation.reservation", "summary.config.memoryReservation"},
		{"config.cpuAllocation.reservation", "summary.config.cpuReservation"},
		{"guestHeartbeatStatus", "summary.quickStats.guestHeartbeatStatus"},
	},
	"HostSystem": {
		{"runtime.", "summary.runtime."},
		{"name", "summary.config.name"},
		{"hardware.memorySize", "summary.hardware.memorySize"},
		{"hardware.cpuInfo.numCpuCores", "summary.hardware.numCpuCores"},
		{"hardware.cpuInfo.numCpuThreads", "summary.hardware.numCpuThreads"},
		{"config.product.version", "summary.config.product.version"},
		{"config.product.build", "summary.config.product.build"},
	},
	"Datastore": {
		{"name", "summary.name"},
		{"name", "info.name"},
		{"summary.freeSpace", "info.freeSpace"},
	},
}

// mirrorsOf lists the other places where the value at a path is shown.
func mirrorsOf(kind, at string) []string {
	var mirrors []string
	for _, pair := range mirrorPairs[kind] {
		if other, ok := mirrored(at, pair[0], pair[1]); ok {
			mirrors = append(mirrors, other)
		} else if other, ok := mirrored(at, pair[1], pair[0]); ok {
			mirrors = append(mirrors, other)
		}
	}
	return mirrors
}

func mirrored(at, from, to string) (string, bool) {
	if strings.HasSuffix(from, ".") {
		rest, found := strings.CutPrefix(at, from)
		return to + rest, found
	}
	return to, at == from
}
