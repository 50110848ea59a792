"""What a check looks at: one move, and everything in the snapshot that concerns it.

Rules of this file: a subject can be made of every move. An object that the snapshot does not have stands in as one of
which nothing was read, so that every check says "unknown" instead of failing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vsphere_motion.model.inventory import Cluster, Host, Inventory, PowerState, Vm
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import NamedRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A move with the objects it is about.

    Args:
        source: the host the VM is on; None if it is on no host.
        destination: the host the VM shall be on.
        cluster: the destination's cluster or standalone compute resource; None if it was not read.
    """

    inventory: Inventory
    move: Move
    vm: Vm
    source: Host | None
    destination: Host
    cluster: Cluster | None

    @property
    def named_vm(self) -> NamedRef:
        """The VM's reference and name, the subject of most findings."""
        return NamedRef(ref=self.vm.ref, name=self.vm.name)

    @property
    def is_live(self) -> bool:
        """Whether the VM moves while it runs. An unread power state counts as running, the stricter case."""
        return self.vm.power_state not in {PowerState.OFF, PowerState.SUSPENDED}

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts of both ends, the source first; a VM on no host has one end."""
        return (self.destination,) if self.source is None else (self.source, self.destination)

    def neighbours(self) -> Iterator[Vm]:
        """The other VMs that run on the destination, by `runtime.host`; an unread power state counts as running."""
        for vm in self.inventory.vms:
            is_idle = vm.power_state in {PowerState.OFF, PowerState.SUSPENDED}
            if vm.host == self.destination.ref and vm.ref != self.vm.ref and not is_idle:
                yield vm


def subject_of(inventory: Inventory, move: Move) -> Subject:
    """The subject of a move. A destination without a host means that the VM stays on its host."""
    wanted = move.destination.host or move.source.host
    assert wanted is not None, "a move names a host on at least one end"
    destination = _host(inventory, wanted)
    vm = inventory.find_vm(move.vm.ref) or Vm(ref=move.vm.ref, name=move.vm.name, instance_uuid=move.vm.instance_uuid)
    return Subject(
        inventory=inventory,
        move=move,
        vm=vm,
        source=_host(inventory, move.source.host) if move.source.host else None,
        destination=destination,
        cluster=inventory.cluster_of(destination),
    )


def _host(inventory: Inventory, named: NamedRef) -> Host:
    return inventory.find_host(named.ref) or Host(ref=named.ref, name=named.name, compute_resource=None)
