"""Which network each adapter of a virtual machine is attached to after the move, by what a person asks for.

Rules of this file: a pair of networks that fits no adapter of any virtual machine is a mistake, and never passed over;
one that is fulfilled already is no mistake. The label of an adapter counts before the name of its network. Asked for
again, a request changes nothing: a network that one pair leads to is no other pair's old one. Where the destination
lacks a network and has one of the same name, that one is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.inventory import Device, DeviceKind, Host, Inventory, Network, Vm
from vsphere_motion.model.move import NetworkBacking, NicPlacement
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.request import NetworkWish
from vsphere_motion.planning.joined import JoinedInventory
from vsphere_motion.planning.named import Sort
from vsphere_motion.planning.names import suggest


class NicPlaces:
    """Answers for one VM after the other, and knows in the end which of the wishes fitted nowhere."""

    def __init__(self, inventory: Inventory, wishes: tuple[NetworkWish, ...]) -> None:
        self._inventory = inventory
        self._wishes = wishes
        self._fitted: set[NetworkWish] = set()
        self._of_host: dict[MoRef, frozenset[MoRef]] = {}
        networks = tuple(one for one in inventory.networks if not one.is_uplink)
        self._networks = Sort(noun="network", members=networks, unreadable=inventory.unreadable)
        self._origin = inventory.source if isinstance(inventory, JoinedInventory) else inventory
        olds = tuple(one for one in self._origin.networks if not one.is_uplink)
        self._olds = Sort(noun="network", members=olds, unreadable=self._origin.unreadable)

    def now(self, vm: Vm) -> tuple[NicPlacement, ...]:
        """The adapters as they are attached."""
        return tuple(self._placement(nic, self._inventory.find_network(nic.network)) for nic in _nics(vm))

    def after(self, vm: Vm, host: Host) -> tuple[NicPlacement, ...]:
        """The adapters as they shall be attached on a host.

        Raises:
            NotFound, Ambiguous, BadInput: what was named cannot be used.
        """
        if vm.devices is None and self._wishes:
            raise BadInput(
                f"the network adapters of {vm.name} could not be read",
                hint="give the account the privilege System.Read on the VM",
            )
        return tuple(self._placement(nic, self._network_of(nic, vm, host)) for nic in _nics(vm))

    def changes_by_label(self, vm: Vm, host: Host) -> bool:
        """Whether an adapter has to be attached to another network of the same name on the host."""
        return any(self._by_label(nic, host) is not None for nic in _nics(vm))

    def unfitted(self) -> Iterator[BadInput]:
        """One problem for each wish that fitted no adapter."""
        for wish in self._wishes:
            if wish not in self._fitted:
                yield BadInput(
                    f"no adapter of these virtual machines is on {wish.old}, or is called so",
                    hint="look at their networks with: vsphere-motion check -o json",
                )

    def _network_of(self, nic: Device, vm: Vm, host: Host) -> Network | None:
        chosen: Network | None = None
        self._require_no_chain(host)
        for wish in sorted(self._wishes, key=lambda one: one.old != nic.label):
            new, is_meant = self._new(wish.new, host), self._is_meant(nic, wish)
            if is_meant or nic.network == new.ref:
                self._fitted.add(wish)
            chosen = chosen or (new if is_meant else None)
        return chosen or self._by_label(nic, host) or self._inventory.find_network(nic.network)

    def _require_no_chain(self, host: Host) -> None:
        """Refuse pairs of networks of which one leads to where the other begins: twice the same would go further.

        Raises:
            BadInput: there are such pairs.
        """
        if self._origin is not self._inventory:
            return  # what has arrived at another vCenter is not moved once more
        for first in self._by_network:
            new = self._new(first.new, host)
            for second in self._by_network:
                if new in self._olds.all_of(second.old) and self._new(second.new, host) != new:
                    raise BadInput(
                        f"{first.old}={first.new} leads to where {second.old}={second.new} begins, so that the same "
                        "request would move adapters once more",
                        hint="name adapters by their labels (Network adapter 1=...), or make two requests of it",
                    )

    @cached_property
    def _by_network(self) -> tuple[NetworkWish, ...]:
        """The pairs that name a network, not the label of an adapter, first."""
        return tuple(wish for wish in self._wishes if self._olds.all_of(wish.old))

    def _is_meant(self, nic: Device, wish: NetworkWish) -> bool:
        if nic.label == wish.old:
            return True
        olds = self._olds.all_of(wish.old)
        if not olds and not any(one.label == wish.old for vm in self._origin.vms for one in _nics(vm)):
            raise self._unknown(wish.old)
        return nic.network is not None and nic.network in {one.ref for one in olds}

    def _unknown(self, word: str) -> UsageProblem:
        """The error for a word that names no network and no adapter."""
        labels = {nic.label for vm in self._origin.vms for nic in _nics(vm)}
        problem = self._olds.missing(word)
        problem.hint = suggest(word, [*labels, *(one.name for one in self._olds.members)]) or problem.hint
        return problem

    def _new(self, word: str, host: Host) -> Network:
        return self._networks.one_of(word, (lambda one: one.ref in (host.networks or ()),))

    def _by_label(self, nic: Device, host: Host) -> Network | None:
        """The one network of the host that has the name of the one it lacks; None where nothing is to be changed."""
        now = self._inventory.find_network(nic.network)
        if host.ref not in self._of_host:
            self._of_host[host.ref] = frozenset(host.networks or ())
        there = self._of_host[host.ref]
        if now is None or host.networks is None or now.ref in there:
            return None
        found = [one for one in self._networks.members if one.ref in there and one.name == now.name]
        return found[0] if len(found) == 1 else None

    def _placement(self, nic: Device, network: Network | None) -> NicPlacement:
        if network is None:
            return NicPlacement(key=nic.key, label=nic.label, network=self._inventory.name_of(nic.network))
        return attached(nic, network)


def attached(nic: Device | NicPlacement, network: Network) -> NicPlacement:
    """An adapter attached to a network."""
    return NicPlacement(
        key=nic.key,
        label=nic.label,
        network=NamedRef(ref=network.ref, name=network.name),
        backing=NetworkBacking(
            portgroup_key=network.portgroup_key,
            switch_uuid=network.switch_uuid,
            opaque_id=network.opaque_id,
            opaque_type=network.opaque_type,
        ),
    )


def _nics(vm: Vm) -> tuple[Device, ...]:
    return tuple(device for device in vm.devices or () if device.kind in {DeviceKind.NIC, DeviceKind.SRIOV})
