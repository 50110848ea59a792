package main

import (
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// checkNetworks: a network the destination lacks is an error if it is a distributed switch's or the adapter is connected.
func checkNetworks(q *inquiry) {
	for _, nic := range q.nics {
		if !q.changesHost() && !nic.changed {
			continue
		}
		switch {
		case isLegacy(&nic):
			q.blame(nic.connected, &types.LegacyNetworkInterfaceInUse{CannotAccessNetwork: q.noAccess(nic)})
		case !hasRef(q.host.networks, nic.network):
			fault := q.noAccess(nic)
			q.blame(nic.connected || nic.switched, &fault)
		case nic.switched:
			q.checkDistributed(nic)
		default:
			q.checkStandard(nic)
		}
	}
}

// isLegacy finds the backing that names a network of the first ESX releases, and takes the name from it.
func isLegacy(nic *nicPlan) bool {
	backing, legacy := nic.backing.(*types.VirtualEthernetCardLegacyNetworkBackingInfo)
	if legacy {
		nic.name = backing.DeviceName
	}
	return legacy
}

func (q *inquiry) noAccess(nic nicPlan) types.CannotAccessNetwork {
	fault := types.CannotAccessNetwork{CannotAccessVmDevice: types.CannotAccessVmDevice{Device: nic.label, Backing: nic.name, Connected: nic.connected}}
	if network := nic.network; network != (moRef{}) {
		fault.Network = &network
	}
	return fault
}

func (q *inquiry) unusable(nic nicPlan, reason types.CannotUseNetworkReason) *types.CannotUseNetwork {
	network := nic.network
	return &types.CannotUseNetwork{Device: nic.label, Backing: nic.name, Connected: nic.connected, Reason: string(reason), Network: &network}
}

// conflictPort begins the key of a temporary port, which exists on one host alone (UNVERIFIED; seen as c-0, c-1 and so on).
const conflictPort = "c-"

// checkDistributed looks at the host's part of a distributed switch.
func (q *inquiry) checkDistributed(nic nicPlan) {
	backing, is := nic.backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo)
	if !is {
		return
	}
	if strings.HasPrefix(backing.Port.PortKey, conflictPort) && !nic.changed {
		q.refuse(&types.VMOnConflictDVPort{CannotAccessNetwork: q.noAccess(nic)})
	}
	proxy, known := q.to.proxies[strings.ToLower(backing.Port.SwitchUuid)]
	if !known {
		return
	}
	if proxy.NumPorts > 0 && proxy.NumPortsAvailable == 0 {
		q.blame(nic.connected, &types.DestinationSwitchFull{CannotAccessNetwork: q.noAccess(nic)})
	}
	if q.reserves(nic) && proxy.NetworkReservationSupported != nil && !*proxy.NetworkReservationSupported {
		q.blame(nic.connected, q.unusable(nic, types.CannotUseNetworkReasonNetworkReservationNotSupported))
	}
	if before, had := q.from.proxies[strings.ToLower(backing.Port.SwitchUuid)]; had && isTrue(before.EnsEnabled) != isTrue(proxy.EnsEnabled) {
		q.blame(nic.connected, q.unusable(nic, types.CannotUseNetworkReasonMismatchedEnsMode))
	}
}

// backingNow is the backing an adapter has before the move.
func (q *inquiry) backingNow(key int32) types.BaseVirtualDeviceBackingInfo {
	if card := q.card(key); card != nil {
		return card.Backing
	}
	return nil
}

func (q *inquiry) card(key int32) *types.VirtualEthernetCard {
	for _, device := range q.vm.devices {
		if card, is := device.(types.BaseVirtualEthernetCard); is && card.GetVirtualEthernetCard().Key == key {
			return card.GetVirtualEthernetCard()
		}
	}
	return nil
}

func (q *inquiry) reserves(nic nicPlan) bool {
	card := q.card(nic.key)
	return card != nil && card.ResourceAllocation != nil && card.ResourceAllocation.Reservation != nil && *card.ResourceAllocation.Reservation > 0
}

// checkStandard looks at the standard switches on both sides. To leave a distributed switch for one while running is refused between
// vCenters (VMware documentation, network compatibility checks); that it is a warning within one is UNVERIFIED.
func (q *inquiry) checkStandard(nic nicPlan) {
	if _, was := q.backingNow(nic.key).(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo); was && q.isLive() {
		q.blame(q.visitor != nil, q.unusable(nic, types.CannotUseNetworkReasonVMotionToUnsupportedNetworkType))
	}
	before, had := q.from.portgroups[nic.name]
	after, has := q.to.portgroups[nic.name]
	if had && !nic.changed && before.uplinks == 0 {
		q.blame(nic.connected, &types.VMOnVirtualIntranet{CannotAccessNetwork: q.noAccess(nic)})
	}
	if has && after.free == 0 && q.changesHost() {
		q.blame(nic.connected, &types.DestinationSwitchFull{CannotAccessNetwork: q.noAccess(nic)})
	}
	if had && has && isStricter(before.security, after.security) {
		q.blame(nic.connected, q.unusable(nic, types.CannotUseNetworkReasonMismatchedNetworkPolicies))
	}
}

// isStricter is true where a policy forbids what the one before allows.
func isStricter(before, after types.HostNetworkSecurityPolicy) bool {
	forbids := func(was, is *bool) bool { return isTrue(was) && is != nil && !*is }
	return forbids(before.AllowPromiscuous, after.AllowPromiscuous) || forbids(before.MacChanges, after.MacChanges) ||
		forbids(before.ForgedTransmits, after.ForgedTransmits)
}

// checkAcrossDatacenters warns: networks of one name in two datacenters need not be one network.
func checkAcrossDatacenters(q *inquiry) {
	if !q.changesHost() {
		return
	}
	there, here := datacenterOf(q.ctx, q.host.ref), datacenterOf(q.ctx, q.source.ref)
	if there == here {
		return
	}
	for _, nic := range q.nics {
		q.warn(&types.NetworksMayNotBeTheSame{Name: nic.name})
	}
}
