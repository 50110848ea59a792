package main

// scenario is a whole site as its author wrote it (scenario YAML, version 1). Pointers tell "not said" from zero; what is not said
// has the default named next to it. A later version may add keys, never change the meaning of one.
type scenario struct {
	Version    int             `yaml:"version"`
	Seed       *int64          `yaml:"seed"`
	Clusters   []clusterSpec   `yaml:"clusters"`
	Datastores []datastoreSpec `yaml:"datastores"`
	Networks   []networkSpec   `yaml:"networks"`
	VMs        []vmSpec        `yaml:"vms"`

	DatastoreClusters []datastoreClusterSpec `yaml:"datastore_clusters"`
	StoragePolicies   []storagePolicySpec    `yaml:"storage_policies"`

	Rules       []ruleSpec       `yaml:"rules"`
	Roles       []roleSpec       `yaml:"roles"`
	Users       []userSpec       `yaml:"users"`
	Permissions []permissionSpec `yaml:"permissions"`
	Faults      []faultSpec      `yaml:"faults"`
	Tags        tagsSpec         `yaml:"tags"`
	Attributes  []attributeSpec  `yaml:"attributes"`

	SessionTimeoutMinutes *float64 `yaml:"session_timeout_minutes"` // 120
}

type clusterSpec struct {
	Name       string     `yaml:"name"`
	DRS        drsSpec    `yaml:"drs"`
	HA         haSpec     `yaml:"ha"`
	Hosts      []hostSpec `yaml:"hosts"`
	EVC        string     `yaml:"evc"`        // none
	Pools      []poolSpec `yaml:"pools"`      // the root pool alone
	Datacenter string     `yaml:"datacenter"` // DC0
}

type drsSpec struct {
	Enabled    *bool  `yaml:"enabled"`    // true
	Automation string `yaml:"automation"` // manual

	IntervalS *float64 `yaml:"interval_s"` // DRS never acts by itself
}

type haSpec struct {
	Enabled       bool `yaml:"enabled"`        // false
	FailoverLevel *int `yaml:"failover_level"` // no reserve
	CPUPercent    *int `yaml:"cpu_percent"`    // no reserve
	MemoryPercent *int `yaml:"memory_percent"` // no reserve
}

type hostSpec struct {
	Name          string       `yaml:"name"`
	Cores         *int         `yaml:"cores"`      // 32
	MemoryGiB     *float64     `yaml:"memory_gib"` // 512
	CPUMHz        *int         `yaml:"cpu_mhz"`    // 2600
	ESXi          string       `yaml:"esxi"`       // 8.0
	Connection    string       `yaml:"connection"` // connected
	Maintenance   bool         `yaml:"maintenance"`
	VMotion       *vmotionSpec `yaml:"vmotion"` // absent: a vmknic with defaults; null: none
	NoVMotion     bool         `yaml:"-"`       // vmotion was given as null
	MemoryUsedGiB *float64     `yaml:"memory_used_gib"`
	ClockSkewS    *float64     `yaml:"clock_skew_s"` // 0
	LogKiB        *int         `yaml:"log_kib"`      // 1024

	// Admission.
	EVC               string       `yaml:"evc"`      // newest EVC mode of its CPU
	Features          []string     `yaml:"features"` // further CPU features
	Quarantine        bool         `yaml:"quarantine"`
	Licensed          *bool        `yaml:"licensed"` // true
	FailoverHost      bool         `yaml:"failover_host"`
	AgentVMs          agentVMsSpec `yaml:"agent_vms"`
	MaxCoresPerSocket *int         `yaml:"max_cores_per_socket"` // no limit
	MaxVideoRAMMiB    *int         `yaml:"max_video_ram_mib"`    // no limit
	Lacks             []string     `yaml:"lacks"`
	VGPUs             []string     `yaml:"vgpus"`
}

type vmotionSpec struct {
	Address  string   `yaml:"address"`   // 10.20.x.y/16, one for each host
	MTU      *int     `yaml:"mtu"`       // 9000
	Stack    string   `yaml:"stack"`     // defaultTcpipStack
	LinkGbps *float64 `yaml:"link_gbps"` // 10

	EffectiveMBytesPerS *float64 `yaml:"effective_mbytes_per_s"` // 96.4 % of the link
	Streams             *int     `yaml:"streams"`                // 0: as many as it takes

	LinkDown  bool   `yaml:"link_down"`
	Portgroup string `yaml:"portgroup"` // vMotion
	Protocol  *int   `yaml:"protocol"`  // 1
}

type datastoreSpec struct {
	Name        string   `yaml:"name"`
	CapacityGiB *float64 `yaml:"capacity_gib"` // 10240
	Hosts       hostList `yaml:"hosts"`        // all

	CopyMBytesPerS *float64 `yaml:"copy_mbytes_per_s"` // 1205
}

type networkSpec struct {
	Name  string   `yaml:"name"`
	Kind  string   `yaml:"kind"`  // distributed
	Hosts hostList `yaml:"hosts"` // all
}

type vmSpec struct {
	Name            string          `yaml:"name"`
	Host            string          `yaml:"host"`    // dealt round robin by index
	Cluster         string          `yaml:"cluster"` // whose hosts are dealt; all of them
	Folder          string          `yaml:"folder"`  // the datacenter's VM folder
	CPUs            *int            `yaml:"cpus"`    // 2
	MemoryGiB       *float64        `yaml:"memory_gib"`
	TouchedPercent  *float64        `yaml:"touched_percent"` // 100
	DirtyMBps       *float64        `yaml:"dirty_mbps"`      // 0
	Motion          vmMotionSpec    `yaml:"motion"`
	Power           string          `yaml:"power"`     // on
	Datastore       string          `yaml:"datastore"` // the first one its host mounts
	Disks           []diskSpec      `yaml:"disks"`     // one
	Policy          string          `yaml:"policy"`    // storage policy of its home; none
	Networks        []string        `yaml:"networks"`  // the first one its host has
	CDROM           *driveSpec      `yaml:"cdrom"`     // client, not connected
	Floppy          *driveSpec      `yaml:"floppy"`    // none
	Devices         []string        `yaml:"devices"`
	Snapshots       int             `yaml:"snapshots"`
	Reservation     reservationSpec `yaml:"reservation"`
	DisabledMethods []string        `yaml:"disabled_methods"`
	Question        string          `yaml:"question"`
	Tags            []string        `yaml:"tags"`

	Attributes map[string]string `yaml:"attributes"` // values by the attribute's name

	// Admission.
	Pool              string       `yaml:"pool"` // the cluster's root pool
	Features          []string     `yaml:"features"`
	FT                string       `yaml:"ft"` // name of the pair; its first VM is the primary one
	Encrypted         bool         `yaml:"encrypted"`
	ToolsMounted      bool         `yaml:"tools_mounted"`
	Affinity          affinitySpec `yaml:"affinity"`
	HardwareVersion   *int         `yaml:"hardware_version"` // 13
	CoresPerSocket    *int         `yaml:"cores_per_socket"` // 1
	Template          bool         `yaml:"template"`
	NotReady          string       `yaml:"not_ready"`
	MigrationDisabled bool         `yaml:"migration_disabled"`

	key string `yaml:"-"` // of a name that another one had first; see id
}

// driveSpec is a CD-ROM or floppy drive.
type driveSpec struct {
	Kind      string `yaml:"kind"` // client
	Path      string `yaml:"path"`
	Connected bool   `yaml:"connected"`
}

type reservationSpec struct {
	MemoryMiB int64 `yaml:"memory_mib"`
	CPUMHz    int64 `yaml:"cpu_mhz"`
}

type ruleSpec struct {
	Cluster string   `yaml:"cluster"`
	Name    string   `yaml:"name"`
	Kind    string   `yaml:"kind"`
	VMs     []string `yaml:"vms"`
	Hosts   []string `yaml:"hosts"`
	Enabled *bool    `yaml:"enabled"` // true
}

// hostList is the word "all" (also when nothing is said) or a list of host names.
type hostList struct {
	All   bool
	Names []string
}

// Closed sets of words in a scenario.
var (
	automationWords = map[string]string{"": "manual", "manual": "manual", "partiallyAutomated": "partiallyAutomated", "fullyAutomated": "fullyAutomated"}
	connectionWords = map[string]string{"": "connected", "connected": "connected", "disconnected": "disconnected", "notResponding": "notResponding"}
	powerWords      = map[string]string{"": "poweredOn", "on": "poweredOn", "off": "poweredOff", "suspended": "suspended"}
	stackWords      = map[string]string{"": "defaultTcpipStack", "defaultTcpipStack": "defaultTcpipStack", "vmotion": "vmotion"}
	networkKinds    = map[string]string{"": "distributed", "distributed": "distributed", "standard": "standard", "nsx": "nsx"}
	driveKinds      = map[string]string{"": "client", "client": "client", "host": "host", "iso": "iso"}
	floppyKinds     = map[string]string{"": "client", "client": "client", "host": "host", "image": "image"}
	deviceKinds     = map[string]string{"passthrough": "passthrough", "usb": "usb", "vgpu": "vgpu"}
	ruleKinds       = map[string]string{"vm-host-must": "", "vm-host-should": "", "affinity": "", "anti-affinity": ""}
)

// or returns what is said, or the default.
func or[T any](said *T, otherwise T) T {
	if said == nil {
		return otherwise
	}
	return *said
}

// hostNames lists every host of the scenario in order.
func (s *scenario) hostNames() []string {
	var names []string
	for _, cluster := range s.Clusters {
		for _, host := range cluster.Hosts {
			names = append(names, host.Name)
		}
	}
	return names
}

// includes says whether the list covers the host.
func (l hostList) includes(host string) bool {
	if l.All {
		return true
	}
	for _, name := range l.Names {
		if name == host {
			return true
		}
	}
	return false
}
