package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// createHosts adds every host to its cluster, and shapes them once all are there: govmomi reads the release of the hosts of a
// cluster when another one joins, and stops the process at a release it does not know, 8.0.3 for one.
func (b *builder) createHosts() error {
	tasks := map[string]types.ManagedObjectReference{}
	for _, spec := range b.plan.Clusters {
		cluster := b.clusters[spec.Name]
		for _, host := range spec.Hosts {
			request := &types.AddHost_Task{This: cluster.Self, AsConnected: true, Spec: types.HostConnectSpec{HostName: host.Name}}
			tasks[host.Name] = cluster.AddHostTask(b.detached(), request).(*methods.AddHost_TaskBody).Res.Returnval
		}
	}
	added := map[string]*simulator.HostSystem{}
	for name, task := range tasks {
		result, err := b.finish(task)
		if err != nil {
			return fmt.Errorf("host %s: %w", name, err)
		}
		added[name] = b.registry.Get(result.(types.ManagedObjectReference)).(*simulator.HostSystem)
	}
	addresses := b.vmotionAddresses()
	for _, spec := range b.allHosts() {
		b.shapeHost(added[spec.Name], spec, addresses[spec.Name])
	}
	return nil
}

// vmotionNetwork is where the vMotion vmknics live whose address the scenario does not give.
var vmotionNetwork = netip.MustParsePrefix("10.20.0.0/16")

// firstVMotionHost leaves the low addresses to gateways.
const firstVMotionHost = 11

// vmotionAddresses gives each host its address: the scenario's, else the next free one of vmotionNetwork.
func (b *builder) vmotionAddresses() map[string]netip.Prefix {
	addresses, taken := map[string]netip.Prefix{}, map[netip.Addr]bool{}
	for _, host := range b.allHosts() {
		if host.VMotion != nil && host.VMotion.Address != "" {
			addresses[host.Name] = netip.MustParsePrefix(host.VMotion.Address)
			taken[addresses[host.Name].Addr()] = true
		}
	}
	next := vmotionNetwork.Addr()
	for range firstVMotionHost {
		next = next.Next()
	}
	for _, host := range b.allHosts() {
		if _, given := addresses[host.Name]; given || host.NoVMotion {
			continue
		}
		for taken[next] || isEdge(next) {
			next = next.Next()
		}
		addresses[host.Name] = netip.PrefixFrom(next, vmotionNetwork.Bits())
		next = next.Next()
	}
	return addresses
}

// isEdge keeps .0 and .255 out of the generated addresses, which confuse readers although they are valid in a /16.
func isEdge(address netip.Addr) bool {
	last := address.As4()[3]
	return last == 0 || last == 255
}

func (b *builder) allHosts() []hostSpec {
	var hosts []hostSpec
	for _, cluster := range b.plan.Clusters {
		hosts = append(hosts, cluster.Hosts...)
	}
	return hosts
}

// shapeHost gives a host the hardware, release, state and vMotion vmknic of its scenario, and notes its traits.
func (b *builder) shapeHost(host *simulator.HostSystem, spec hostSpec, address netip.Prefix) {
	release := esxiReleases[esxiVersion(spec.ESXi)]
	setHardware(host, spec)
	setRelease(host, release)
	setCapability(host)
	setState(host, spec)
	traits := hostTraits{Ref: host.Self, Name: host.Name, ESXiVersion: esxiVersion(spec.ESXi)}
	traits.LogBytes = or(spec.LogKiB, 0) << 10
	traits.ClockSkew = time.Duration(or(spec.ClockSkewS, 0) * float64(time.Second))
	nic := managementNic(len(b.hostOrder))
	setNetwork(host, nic, vmotionNic(spec, address, len(b.hostOrder)), linkBitsPerS(spec))
	if !spec.NoVMotion {
		traits.VMotionIP = address.Addr().String()
		traits.LinkBitsPerS = linkBitsPerS(spec)
		traits.MTU = vmotionMTU(spec)
		traits.NetStack = vmotionStack(spec)
		noteVMotionPace(&traits, spec.VMotion)
	}
	b.mirrorNicManager(host)
	b.site.Hosts[host.Self] = traits
	b.hosts[host.Name] = host
	b.hostOrder = append(b.hostOrder, host)
}

// mirrorNicManager lets the host's virtual nic manager answer QueryNetConfig with what the host's configuration says.
func (b *builder) mirrorNicManager(host *simulator.HostSystem) {
	manager := b.registry.Get(*host.ConfigManager.VirtualNicManager).(*simulator.HostVirtualNicManager)
	manager.Info.NetConfig = deepCopy(host.Config.VirtualNicManagerInfo.NetConfig)
}

func setHardware(host *simulator.HostSystem, spec hostSpec) {
	cores := int16(or(spec.Cores, defaultHostCores))
	mhz := int32(or(spec.CPUMHz, defaultHostCPUMHz))
	memory := int64(or(spec.MemoryGiB, defaultHostMemoryGiB) * gib)
	packages := packagesFor(cores)
	summary := host.Summary.Hardware
	summary.Vendor, summary.Model = hostVendor, hostModel
	summary.CpuModel = fmt.Sprintf(hostCPUModel, float64(mhz)/1000)
	summary.CpuMhz, summary.MemorySize = mhz, memory
	summary.NumCpuPkgs, summary.NumCpuCores, summary.NumCpuThreads = packages, cores, 2*cores
	summary.NumNics = 2
	hardware := deepCopy(*host.Hardware)
	hardware.SystemInfo.Vendor, hardware.SystemInfo.Model = hostVendor, hostModel
	hardware.MemorySize = memory
	hardware.CpuInfo = types.HostCpuInfo{NumCpuPackages: packages, NumCpuCores: cores, NumCpuThreads: 2 * cores, Hz: int64(mhz) * 1e6}
	hardware.CpuPkg = cpuPackages(hardware.CpuPkg[0], packages, cores, mhz, summary.CpuModel)
	hardware.NumaInfo = nil
	host.Hardware = &hardware
	host.LicensableResource.Resource = deepCopy(host.LicensableResource.Resource)
}

// packagesFor is two sockets for an even number of cores above one, else one.
func packagesFor(cores int16) int16 {
	if cores > 1 && cores%2 == 0 {
		return 2
	}
	return 1
}

func cpuPackages(template types.HostCpuPackage, packages, cores int16, mhz int32, model string) []types.HostCpuPackage {
	list := make([]types.HostCpuPackage, packages)
	threads := 2 * cores / packages
	for i := range list {
		list[i] = deepCopy(template)
		list[i].Index = int16(i)
		list[i].Hz = int64(mhz) * 1e6
		list[i].Description = model
		list[i].ThreadId = nil
		for thread := range threads {
			list[i].ThreadId = append(list[i].ThreadId, int16(i)*threads+thread)
		}
	}
	return list
}

func setRelease(host *simulator.HostSystem, release esxiRelease) {
	product := &host.Config.Product
	product.Version, product.Build, product.ApiVersion = release.version, release.build, release.apiVersion
	product.LicenseProductVersion = release.version
	product.FullName = "VMware ESXi " + release.version + " build-" + release.build
	shown := *product
	host.Summary.Config.Product = &shown
	host.Summary.Config.VmotionEnabled = true
	host.Summary.Config.FaultToleranceEnabled = false
	host.Summary.MaxEVCModeKey = maxEVCMode
	host.Summary.OverallStatus = types.ManagedEntityStatusGreen
	host.Config.HyperThread = &types.HostHyperThreadScheduleInfo{Available: true, Active: true, Config: true}
}

func setState(host *simulator.HostSystem, spec hostSpec) {
	host.Runtime.ConnectionState = types.HostSystemConnectionState(connectionWords[spec.Connection])
	host.Runtime.InMaintenanceMode = spec.Maintenance
	if host.Runtime.ConnectionState == types.HostSystemConnectionStateNotResponding {
		host.Runtime.PowerState = types.HostSystemPowerStateUnknown
	}
	host.Runtime.HealthSystemRuntime = deepCopy(host.Runtime.HealthSystemRuntime)
}
