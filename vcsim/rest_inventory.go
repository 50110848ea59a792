package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

type vmSummary struct {
	VM         string `json:"vm"`
	Name       string `json:"name"`
	PowerState string `json:"power_state"`
	CPUCount   *int64 `json:"cpu_count,omitempty"`
	MemoryMiB  *int64 `json:"memory_size_MiB,omitempty"`
}

type hostSummary struct {
	Host            string  `json:"host"`
	Name            string  `json:"name"`
	ConnectionState string  `json:"connection_state"`
	PowerState      *string `json:"power_state,omitempty"`
	HostUUID        *string `json:"host_uuid,omitempty"`
}

type clusterSummary struct {
	Cluster    string `json:"cluster"`
	Name       string `json:"name"`
	HAEnabled  bool   `json:"ha_enabled"`
	DRSEnabled bool   `json:"drs_enabled"`
}

type datastoreSummary struct {
	Datastore string `json:"datastore"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	FreeSpace *int64 `json:"free_space,omitempty"`
	Capacity  *int64 `json:"capacity,omitempty"`
}

type datacenterSummary struct {
	Datacenter string `json:"datacenter"`
	Name       string `json:"name"`
}

type folderSummary struct {
	Folder string `json:"folder"`
	Name   string `json:"name"`
	Type   string `json:"type"`
}

type networkSummary struct {
	Network string `json:"network"`
	Name    string `json:"name"`
	Type    string `json:"type"`
}

type poolSummary struct {
	ResourcePool string `json:"resource_pool"`
	Name         string `json:"name"`
}

func (vmSummary) structName() string         { return "com.vmware.vcenter.VM.summary" }
func (hostSummary) structName() string       { return "com.vmware.vcenter.host.summary" }
func (clusterSummary) structName() string    { return "com.vmware.vcenter.cluster.summary" }
func (datastoreSummary) structName() string  { return "com.vmware.vcenter.datastore.summary" }
func (datacenterSummary) structName() string { return "com.vmware.vcenter.datacenter.summary" }
func (folderSummary) structName() string     { return "com.vmware.vcenter.folder.summary" }
func (networkSummary) structName() string    { return "com.vmware.vcenter.network.summary" }
func (poolSummary) structName() string       { return "com.vmware.vcenter.resource_pool.summary" }

// Words of the API for those of SOAP.
var (
	apiPowerStates = map[string]string{
		"poweredOn": "POWERED_ON", "poweredOff": "POWERED_OFF", "suspended": "SUSPENDED", "standBy": "STANDBY", "unknown": "UNKNOWN",
	}
	apiConnectionStates = map[string]string{"connected": "CONNECTED", "disconnected": "DISCONNECTED", "notResponding": "NOT_RESPONDING"}
	apiFolderTypes      = map[string]string{
		"Datacenter": "DATACENTER", "Datastore": "DATASTORE", "ComputeResource": "HOST", "Network": "NETWORK", "VirtualMachine": "VIRTUAL_MACHINE",
	}
	apiNetworkTypes = map[string]string{
		"Network": "STANDARD_PORTGROUP", "DistributedVirtualPortgroup": "DISTRIBUTED_PORTGROUP", "OpaqueNetwork": "OPAQUE_NETWORK",
	}
	apiDatastoreTypes = []string{"VMFS", "NFS", "NFS41", "CIFS", "VSAN", "VFFS", "VVOL", "PMEM"}
)

// The lists. A limit is how many objects the API gives at most: more is an error, not a shorter list. A filter names what of an object
// it looks at; words are the closed sets of values.
var (
	vmListing = listed{
		kinds: []string{"VirtualMachine"}, limit: 4000, what: "virtual machines", read: vmRow,
		filters: filters{
			"vms": ownID, "names": ownName, "folders": parentFolder, "datacenters": datacenters, "clusters": above("ClusterComputeResource"),
			"hosts": above("HostSystem"), "resource_pools": field("pool"), "power_states": field("power"),
		},
		words: map[string][]string{"power_states": {"POWERED_ON", "POWERED_OFF", "SUSPENDED"}},
	}
	hostListing = listed{
		kinds: []string{"HostSystem"}, limit: 2500, what: "hosts", read: hostRow,
		filters: filters{
			"hosts": ownID, "names": ownName, "folders": nearestFolder, "datacenters": datacenters, "clusters": above("ClusterComputeResource"),
			"standalone": field("standalone"), "connection_states": field("connection"), "host_uuids": field("uuid"),
		},
		words: map[string][]string{"connection_states": {"CONNECTED", "DISCONNECTED", "NOT_RESPONDING"}},
	}
	clusterListing = listed{
		kinds: []string{"ClusterComputeResource"}, limit: 1000, what: "clusters", read: clusterRow,
		filters: filters{"clusters": ownID, "names": ownName, "folders": parentFolder, "datacenters": datacenters},
	}
	datastoreListing = listed{
		kinds: []string{"Datastore"}, limit: 2500, what: "datastores", read: datastoreRow,
		filters: filters{"datastores": ownID, "names": ownName, "types": field("type"), "folders": parentFolder, "datacenters": datacenters},
		words:   map[string][]string{"types": apiDatastoreTypes},
	}
	datacenterListing = listed{
		kinds: []string{"Datacenter"}, limit: 1000, what: "datacenters", read: datacenterRow,
		filters: filters{"datacenters": ownID, "names": ownName, "folders": parentFolder},
	}
	folderListing = listed{
		kinds: []string{"Folder"}, limit: 1000, what: "folders", read: folderRow,
		filters: filters{"folders": ownID, "names": ownName, "type": field("type"), "parent_folders": parentFolder, "datacenters": datacenters},
		words:   map[string][]string{"type": {"DATACENTER", "DATASTORE", "HOST", "NETWORK", "VIRTUAL_MACHINE"}},
	}
	networkListing = listed{
		kinds: []string{"Network", "DistributedVirtualPortgroup", "OpaqueNetwork"}, limit: 1000, what: "networks", read: networkRow,
		filters: filters{"networks": ownID, "names": ownName, "types": field("type"), "folders": parentFolder, "datacenters": datacenters},
		words:   map[string][]string{"types": {"STANDARD_PORTGROUP", "DISTRIBUTED_PORTGROUP", "OPAQUE_NETWORK"}},
	}
	poolListing = listed{
		kinds: []string{"ResourcePool"}, limit: 1000, what: "resource pools", read: poolRow,
		filters: filters{
			"resource_pools": ownID, "names": ownName, "parent_resource_pools": directParent("ResourcePool"), "datacenters": datacenters,
			"hosts": above("HostSystem"), "clusters": above("ClusterComputeResource"),
		},
	}
)

// The readers below run with the object's lock held. They leave the summary in the row, and what filters look at; false leaves the
// object out.

// vmRow leaves templates out, as vCenter does (UNVERIFIED).
func vmRow(row *row, object mo.Entity) bool {
	vm, is := object.(*simulator.VirtualMachine)
	if !is || vm.Config != nil && vm.Config.Template {
		return false
	}
	row.fields["power"] = apiPowerStates[string(vm.Runtime.PowerState)]
	row.fields["pool"] = deref(vm.ResourcePool).Value
	summary := vmSummary{VM: row.ref.Value, Name: row.name, PowerState: row.fields["power"]}
	if vm.Config != nil {
		cpus, memory := int64(vm.Config.Hardware.NumCPU), int64(vm.Config.Hardware.MemoryMB)
		summary.CPUCount, summary.MemoryMiB = &cpus, &memory
	}
	row.summary = summary
	return true
}

// hostRow gives the power state of a connected host alone.
func hostRow(row *row, object mo.Entity) bool {
	host, is := object.(*simulator.HostSystem)
	if !is {
		return false
	}
	row.fields["connection"] = apiConnectionStates[string(host.Runtime.ConnectionState)]
	row.fields["standalone"] = boolText(deref(host.Parent).Type != "ClusterComputeResource")
	summary := hostSummary{Host: row.ref.Value, Name: row.name, ConnectionState: row.fields["connection"]}
	if power := apiPowerStates[string(host.Runtime.PowerState)]; power != "" && summary.ConnectionState == "CONNECTED" {
		summary.PowerState = &power
	}
	if hardware := host.Summary.Hardware; hardware != nil && hardware.Uuid != "" {
		id := hardware.Uuid
		row.fields["uuid"], summary.HostUUID = id, &id
	}
	row.summary = summary
	return true
}

func boolText(yes bool) string {
	if yes {
		return "true"
	}
	return "false"
}

func clusterRow(row *row, object mo.Entity) bool {
	cluster, is := object.(*simulator.ClusterComputeResource)
	if !is {
		return false
	}
	summary := clusterSummary{Cluster: row.ref.Value, Name: row.name}
	if config, known := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx); known {
		summary.HAEnabled = or(config.DasConfig.Enabled, false)
		summary.DRSEnabled = or(config.DrsConfig.Enabled, false)
	}
	row.summary = summary
	return true
}

func datastoreRow(row *row, object mo.Entity) bool {
	datastore, is := object.(*simulator.Datastore)
	if !is {
		return false
	}
	kind := datastore.Summary.Type
	if !slices.Contains(apiDatastoreTypes, kind) {
		kind = "VMFS"
	}
	row.fields["type"] = kind
	free, capacity := datastore.Summary.FreeSpace, datastore.Summary.Capacity
	row.summary = datastoreSummary{Datastore: row.ref.Value, Name: row.name, Type: kind, FreeSpace: &free, Capacity: &capacity}
	return true
}

func datacenterRow(row *row, _ mo.Entity) bool {
	row.summary = datacenterSummary{Datacenter: row.ref.Value, Name: row.name}
	return true
}

func folderRow(row *row, object mo.Entity) bool {
	folder, is := object.(*simulator.Folder)
	if !is {
		return false
	}
	for _, kind := range folder.ChildType {
		if word := apiFolderTypes[kind]; word != "" {
			row.fields["type"] = word
			break
		}
	}
	row.summary = folderSummary{Folder: row.ref.Value, Name: row.name, Type: row.fields["type"]}
	return row.fields["type"] != ""
}

func networkRow(row *row, _ mo.Entity) bool {
	row.fields["type"] = apiNetworkTypes[row.ref.Type]
	row.summary = networkSummary{Network: row.ref.Value, Name: row.name, Type: row.fields["type"]}
	return true
}

func poolRow(row *row, _ mo.Entity) bool {
	row.summary = poolSummary{ResourcePool: row.ref.Value, Name: row.name}
	return true
}
