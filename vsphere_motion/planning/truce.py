"""Which VMs of which clusters DRS has to leave alone for a run: a pure function of the inventory and the moves."""

from __future__ import annotations

from collections.abc import Mapping

from vsphere_motion.model.inventory import Cluster, Inventory
from vsphere_motion.model.refs import MoRef


def clusters_to_quiet(inventory: Inventory, destinations: Mapping[MoRef, MoRef]) -> dict[Cluster, tuple[MoRef, ...]]:
    """The VMs that stay within a cluster whose DRS is on, by cluster.

    An override belongs to a cluster: a VM that leaves it loses the override, and one that comes has none there yet.

    Args:
        destinations: the host that each VM is to go to.
    """
    found: dict[Cluster, list[MoRef]] = {}
    for ref, destination in destinations.items():
        vm, host = inventory.find_vm(ref), inventory.find_host(destination)
        at = inventory.find_host(vm.host) if vm else None
        cluster = inventory.cluster_of(host) if host else None
        is_here = at is not None and host is not None and at.compute_resource == host.compute_resource
        if is_here and cluster is not None and cluster.is_cluster and cluster.drs_enabled is not False:
            found.setdefault(cluster, []).append(ref)
    return {cluster: tuple(vms) for cluster, vms in found.items()}
