package main

import (
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// vmotionFacts is a host's vMotion interface and what it hangs on.
type vmotionFacts struct {
	portgroup string
	mtu       int32
	stack     string
	uplinks   []types.PhysicalNic // empty: unknown, a distributed switch's for one
}

// portgroupFacts is a port group of a standard switch.
type portgroupFacts struct {
	free     int32 // ports of its switch
	uplinks  int
	security types.HostNetworkSecurityPolicy
}

func (f *hostFacts) readNetwork(config *types.HostConfigInfo) {
	network := config.Network
	if network == nil {
		return
	}
	f.readPortgroups(network)
	f.proxies = map[string]types.HostProxySwitch{}
	for _, proxy := range network.ProxySwitch {
		f.proxies[strings.ToLower(proxy.DvsUuid)] = proxy
	}
	if config.VirtualNicManagerInfo == nil {
		return
	}
	for _, net := range config.VirtualNicManagerInfo.NetConfig {
		if net.NicType == vmotionNicType {
			f.readVMotion(network, net)
		}
	}
}

func (f *hostFacts) readPortgroups(network *types.HostNetworkInfo) {
	switches := map[string]types.HostVirtualSwitch{}
	for _, vswitch := range network.Vswitch {
		switches[vswitch.Name] = vswitch
	}
	f.portgroups = map[string]portgroupFacts{}
	for _, portgroup := range network.Portgroup {
		vswitch, known := switches[portgroup.Spec.VswitchName]
		if !known {
			continue
		}
		facts := portgroupFacts{free: vswitch.NumPortsAvailable, uplinks: len(vswitch.Pnic)}
		if policy := portgroup.ComputedPolicy.Security; policy != nil {
			facts.security = *policy
		}
		f.portgroups[portgroup.Spec.Name] = facts
	}
}

// readVMotion reads the first selected vmknic and the uplinks of its switch.
func (f *hostFacts) readVMotion(network *types.HostNetworkInfo, net types.VirtualNicManagerNetConfig) {
	for _, nic := range net.CandidateVnic {
		if len(net.SelectedVnic) == 0 || nic.Key != net.SelectedVnic[0] {
			continue
		}
		f.vmotion = vmotionFacts{portgroup: nic.Portgroup, mtu: nic.Spec.Mtu, stack: nic.Spec.NetStackInstanceKey}
		f.vmotion.uplinks = uplinksOf(network, nic.Portgroup)
	}
}

func uplinksOf(network *types.HostNetworkInfo, portgroup string) []types.PhysicalNic {
	name := ""
	for _, candidate := range network.Portgroup {
		if candidate.Spec.Name == portgroup {
			name = candidate.Spec.VswitchName
		}
	}
	var uplinks []types.PhysicalNic
	for _, vswitch := range network.Vswitch {
		if vswitch.Name != name {
			continue
		}
		for _, pnic := range network.Pnic {
			if containsString(vswitch.Pnic, pnic.Key) {
				if pnic.LinkSpeed != nil {
					link := *pnic.LinkSpeed
					pnic.LinkSpeed = &link
				}
				uplinks = append(uplinks, pnic)
			}
		}
	}
	return uplinks
}

func checkSourceVMotion(q *inquiry)      { q.checkVMotion(&q.source, q.from, true) }
func checkDestinationVMotion(q *inquiry) { q.checkVMotion(&q.host, q.to, false) }

// checkVMotion looks at what a vMotion needs of one host: the feature, the licence, a vmknic and its link. What is missing first is
// all that is said; the rest would follow from it.
func (q *inquiry) checkVMotion(host *hostView, facts *hostFacts, atSource bool) {
	if !q.isLive() {
		return
	}
	failed := host.ref
	issue := types.VMotionInterfaceIssue{AtSourceHost: atSource, FailedHost: host.name, FailedHostEntity: &failed}
	switch {
	case !facts.capability.VmotionSupported:
		q.refuse(&types.VMotionNotSupported{VMotionInterfaceIssue: issue})
	case facts.traits.Unlicensed:
		q.refuse(&types.VMotionNotLicensed{VMotionInterfaceIssue: issue})
	case !host.hasVMotion:
		q.refuse(&types.VMotionNotConfigured{VMotionInterfaceIssue: issue})
	default:
		q.checkLink(facts, issue)
	}
}

// lowLinkMbps is the speed below which vCenter warns (vSphere API, VMotionLinkCapacityLow).
const lowLinkMbps = 1000

func (q *inquiry) checkLink(facts *hostFacts, issue types.VMotionInterfaceIssue) {
	if len(facts.vmotion.uplinks) == 0 {
		return
	}
	var best *types.PhysicalNicLinkInfo
	for _, uplink := range facts.vmotion.uplinks {
		if link := uplink.LinkSpeed; link != nil && (best == nil || link.SpeedMb > best.SpeedMb) {
			best = link
		}
	}
	switch {
	case best == nil:
		q.refuse(&types.VMotionLinkDown{VMotionInterfaceIssue: issue, Network: facts.vmotion.portgroup})
	case best.SpeedMb < lowLinkMbps || !best.Duplex:
		q.warn(&types.VMotionLinkCapacityLow{VMotionInterfaceIssue: issue, Network: facts.vmotion.portgroup})
	}
}

// differingMTU is the text of the warning newer vCenters give (KB 432825); the class that carries it is UNVERIFIED.
const differingMTU = "The source and destination hosts have different vMotion vNIC MTU configurations."

// checkVMotionPair compares the two vMotion interfaces.
func checkVMotionPair(q *inquiry) {
	if !q.isLive() || !q.source.hasVMotion || !q.host.hasVMotion {
		return
	}
	from, to := q.from.vmotion, q.to.vmotion
	if from.stack != to.stack && from.stack != "" && to.stack != "" {
		failed := q.host.ref
		q.refuse(&types.VMotionNotConfigured{VMotionInterfaceIssue: types.VMotionInterfaceIssue{FailedHost: q.host.name, FailedHostEntity: &failed}})
	}
	if q.from.traits.Protocol > q.to.traits.Protocol {
		q.refuse(&types.VMotionProtocolIncompatible{})
	}
	if from.mtu != to.mtu && from.mtu != 0 && to.mtu != 0 {
		q.warn(&types.GenericVmConfigFault{Reason: differingMTU})
	}
	if from.portgroup != to.portgroup && from.portgroup != "" && to.portgroup != "" {
		q.warn(&types.MismatchedVMotionNetworkNames{SourceNetwork: from.portgroup, DestNetwork: to.portgroup})
	}
}
