"""The hosts of a cluster that take virtual machines, and how much memory each has left while a request fills them."""

from __future__ import annotations

from collections.abc import Sequence

from vsphere_motion.model.inventory import Cluster, ConnectionState, Host, Inventory, Vm
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.placement.of_inventory import needed_bytes


class RoomLeft:
    """The free memory of hosts while virtual machines are given to them."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._free = {
            host.ref: host.memory_bytes - host.memory_used_bytes
            for host in inventory.hosts
            if host.memory_bytes is not None and host.memory_used_bytes is not None
        }
        self._open: dict[MoRef, tuple[Host, ...]] = {}

    def open_hosts(self, cluster: Cluster) -> tuple[Host, ...]:
        """The hosts of a cluster that are up, by name."""
        if cluster.ref not in self._open:
            members = (one for one in self._inventory.hosts if one.compute_resource == cluster.ref and _is_open(one))
            self._open[cluster.ref] = tuple(sorted(members, key=lambda one: (one.name, one.ref)))
        return self._open[cluster.ref]

    def emptiest(self, vm: Vm, cluster: Cluster, hosts: Sequence[Host]) -> Host:
        """The host that it is on, if that is one of the cluster's; else the one with most memory left."""
        home = self._inventory.find_host(vm.host)
        if home is not None and home.compute_resource == cluster.ref:
            return home
        return self.taken(vm, max(hosts, key=lambda one: self._free.get(one.ref, -1)))

    def taken(self, vm: Vm, host: Host) -> Host:
        """The host, with the VM's memory taken off what it has left."""
        if host.ref in self._free and vm.host != host.ref:
            self._free[host.ref] -= needed_bytes(vm) or 0
        return host


def _is_open(host: Host) -> bool:
    is_up = host.connection_state is ConnectionState.CONNECTED and host.in_maintenance_mode is False
    return is_up and not host.in_quarantine_mode
