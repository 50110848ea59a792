package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	vmotionNicType   = "vmotion"
	vmotionPortgroup = "vMotion"
	vmotionDevice    = "vmk1"
	uplinkDevice     = "vmnic1"
	vmotionSwitch    = "vSwitch1"
)

func vmotionMTU(spec hostSpec) int32 {
	if spec.VMotion == nil {
		return defaultVMotionMTU
	}
	return int32(or(spec.VMotion.MTU, defaultVMotionMTU))
}

func vmotionStack(spec hostSpec) string {
	if spec.VMotion == nil {
		return stackWords[""]
	}
	return stackWords[spec.VMotion.Stack]
}

func linkBitsPerS(spec hostSpec) int64 {
	gbps := float64(defaultLinkGbps)
	if spec.VMotion != nil {
		gbps = or(spec.VMotion.LinkGbps, defaultLinkGbps)
	}
	return int64(gbps * 1e9)
}

func vmotionPortgroupOf(spec hostSpec) string {
	if spec.VMotion == nil || spec.VMotion.Portgroup == "" {
		return vmotionPortgroup
	}
	return spec.VMotion.Portgroup
}

// managementNic is vmk0 of the index-th host, each with an address of its own.
func managementNic(index int) types.HostVirtualNic {
	address := netip.AddrFrom4([4]byte{10, 10, byte(index / 250), byte(index%250 + 1)})
	return virtualNic("vmk0", "Management Network", netip.PrefixFrom(address, 16), 1500, "defaultTcpipStack", index)
}

// vmotionNic is vmk1 of the index-th host, or nil where the scenario says the host has none.
func vmotionNic(spec hostSpec, address netip.Prefix, index int) *types.HostVirtualNic {
	if spec.NoVMotion {
		return nil
	}
	nic := virtualNic(vmotionDevice, vmotionPortgroupOf(spec), address, vmotionMTU(spec), vmotionStack(spec), index)
	return &nic
}

func virtualNic(device, portgroup string, address netip.Prefix, mtu int32, stack string, index int) types.HostVirtualNic {
	mask := net.CIDRMask(address.Bits(), 32)
	return types.HostVirtualNic{
		Device:    device,
		Key:       "key-vim.host.VirtualNic-" + device,
		Portgroup: portgroup,
		Spec: types.HostVirtualNicSpec{
			Ip:                  &types.HostIpConfig{IpAddress: address.Addr().String(), SubnetMask: net.IP(mask).String()},
			Mac:                 fmt.Sprintf("00:50:56:6%c:%02x:%02x", device[len(device)-1], index>>8&0xff, index&0xff),
			Portgroup:           portgroup,
			Mtu:                 mtu,
			TsoEnabled:          types.NewBool(true),
			NetStackInstanceKey: stack,
			SystemOwned:         types.NewBool(false),
		},
	}
}

// setNetwork writes the vmknics into each of the places where the API shows them.
func setNetwork(host *simulator.HostSystem, management types.HostVirtualNic, vmotion *types.HostVirtualNic, bitsPerS int64) {
	network := host.Config.Network
	network.Vnic = []types.HostVirtualNic{management}
	candidates := []types.HostVirtualNic{management}
	if vmotion != nil {
		network.Vnic = append(network.Vnic, *vmotion)
		candidates = []types.HostVirtualNic{*vmotion, management} // the selected one first
		addUplink(network, bitsPerS, vmotion.Spec.Mtu, vmotion.Portgroup)
		addStack(network, vmotion.Spec.NetStackInstanceKey)
	}
	setNetConfig(host.Config.VirtualNicManagerInfo, candidates, vmotion != nil)
	host.Config.Vmotion = vmotionInfo(candidates, vmotion)
}

// setNetConfig fills the nic manager's list: every kind of traffic may use every vmknic, management uses vmk0, vMotion vmk1.
func setNetConfig(info *types.HostVirtualNicManagerInfo, candidates []types.HostVirtualNic, hasVMotion bool) {
	for i := range info.NetConfig {
		config := &info.NetConfig[i]
		config.CandidateVnic, config.SelectedVnic = nil, nil
		for _, nic := range candidates {
			nic = deepCopy(nic)
			nic.Key = config.NicType + "." + nic.Key
			config.CandidateVnic = append(config.CandidateVnic, nic)
		}
		switch {
		case config.NicType == "management":
			config.SelectedVnic = []string{"management.key-vim.host.VirtualNic-vmk0"}
		case config.NicType == vmotionNicType && hasVMotion:
			config.SelectedVnic = []string{"vmotion.key-vim.host.VirtualNic-" + vmotionDevice}
		}
	}
}

// vmotionInfo is the older view of the same, config.vmotion.
func vmotionInfo(candidates []types.HostVirtualNic, vmotion *types.HostVirtualNic) *types.HostVMotionInfo {
	info := &types.HostVMotionInfo{NetConfig: &types.HostVMotionNetConfig{}}
	for _, nic := range candidates {
		nic = deepCopy(nic)
		nic.Key = "VMotionConfig." + vmotionNicType + "." + nic.Key
		info.NetConfig.CandidateVnic = append(info.NetConfig.CandidateVnic, nic)
	}
	if vmotion != nil {
		info.NetConfig.SelectedVnic = info.NetConfig.CandidateVnic[0].Key
		ip := *vmotion.Spec.Ip
		info.IpConfig = &ip
	}
	return info
}

// addUplink gives the host a second switch with one uplink of the given speed, and the vMotion port group on it.
func addUplink(network *types.HostNetworkInfo, bitsPerS int64, mtu int32, portgroup string) {
	link := types.PhysicalNicLinkInfo{SpeedMb: int32(bitsPerS / 1e6), Duplex: true}
	pnic := deepCopy(network.Pnic[0])
	pnic.Key, pnic.Device = "key-vim.host.PhysicalNic-"+uplinkDevice, uplinkDevice
	pnic.Pci, pnic.LinkSpeed = "0000:3b:00.1", &link
	pnic.ValidLinkSpecification = []types.PhysicalNicLinkInfo{link}
	pnic.Spec.LinkSpeed = &link
	network.Pnic = append(otherNics(network.Pnic, uplinkDevice), pnic)
	vswitch := deepCopy(network.Vswitch[0])
	vswitch.Name, vswitch.Key, vswitch.Mtu = vmotionSwitch, "key-vim.host.VirtualSwitch-"+vmotionSwitch, mtu
	vswitch.Spec.Mtu = mtu
	vswitch.Portgroup, vswitch.Pnic = []string{"key-vim.host.PortGroup-" + portgroup}, []string{pnic.Key}
	if bridge, ok := vswitch.Spec.Bridge.(*types.HostVirtualSwitchBondBridge); ok {
		bridge.NicDevice = []string{uplinkDevice}
	}
	network.Vswitch = append(network.Vswitch, vswitch)
	addPortgroup(network, portgroup, vswitch)
}

// otherNics are the physical adapters but one; govmomi's host has one of the uplink's name already.
func otherNics(pnics []types.PhysicalNic, device string) []types.PhysicalNic {
	var others []types.PhysicalNic
	for _, pnic := range pnics {
		if pnic.Device != device {
			others = append(others, pnic)
		}
	}
	return others
}

// addPortgroup adds a port group of a standard switch to the host's network configuration.
func addPortgroup(network *types.HostNetworkInfo, name string, vswitch types.HostVirtualSwitch) {
	portgroup := deepCopy(network.Portgroup[0])
	portgroup.Key, portgroup.Vswitch = "key-vim.host.PortGroup-"+name, vswitch.Key
	portgroup.Spec.Name, portgroup.Spec.VswitchName = name, vswitch.Name
	portgroup.Port = nil
	network.Portgroup = append(network.Portgroup, portgroup)
}

// addStack adds the TCP/IP stack of the vMotion vmknic where the host does not have it.
func addStack(network *types.HostNetworkInfo, key string) {
	for _, stack := range network.NetStackInstance {
		if stack.Key == key {
			return
		}
	}
	stack := deepCopy(network.NetStackInstance[0])
	stack.Key, stack.Name = key, key
	network.NetStackInstance = append(network.NetStackInstance, stack)
}
