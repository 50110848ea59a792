"""Which datastore of a cluster of datastores takes a virtual machine's files, where this program chooses.

Rules of this file: a datastore has to take everything that comes, also once thin disks and snapshots have grown, with
the swap file; of those that can, one that has files of the VM already, else the one that is left with most room. What
earlier virtual machines of the request take is taken off.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import Datastore, DatastoreCluster, Device, Host, Inventory, Vm
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.space import room_of

MIB = 1024 * 1024


class StoreChoice:
    """Chooses for one VM after the other."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._free = {one.ref: one.free_bytes for one in inventory.datastores}

    def best(
        self,
        vm: Vm,
        host: Host,
        cluster: DatastoreCluster,
        *,
        disks: Sequence[Device],
        has_config: bool,
        here: Sequence[MoRef],
        thick: Collection[int] = (),
    ) -> Datastore:
        """The member that takes these disks of the VM, and its configuration files where they come as well.

        Raises:
            BadInput: none can; the details say why of each.
        """
        room = room_of(vm, disks, has_config=has_config, thick=thick)
        needed = room.grown_bytes if room.grown_bytes is not None else room.now_bytes
        members = [one for one in self._inventory.datastores if one.parent == cluster.ref]
        reasons = {one.ref: self._why_not(one, host, needed) for one in members}
        able = [one for one in members if not reasons[one.ref]]
        if not able:
            raise BadInput(
                f"no datastore of {cluster.name} can take the files of {vm.name} on {host.name}",
                hint="name a datastore, free space, or choose another host",
                details=tuple(f"{one.name}: {reasons[one.ref]}" for one in members),
            )
        best = max(able, key=lambda one: (one.ref in here, self._free[one.ref] or 0, one.name))
        self._free[best.ref] = (self._free[best.ref] or 0) - (needed or 0)
        return best

    def _why_not(self, store: Datastore, host: Host, needed: int | None) -> str:
        """Why a member cannot take the files; empty if it can."""
        mount = next((one for one in store.mounts or () if one.host == host.ref), None)
        if mount is None or mount.mounted is False:
            return f"it is not mounted on {host.name}"
        if mount.accessible is False or (mount.accessible is None and store.accessible is False):
            return f"it is not accessible from {host.name}"
        if mount.access_mode == "readOnly":
            return f"it is mounted read-only on {host.name}"
        if store.maintenance_mode not in {None, "normal"}:
            return f"it is in {store.maintenance_mode}"
        free = self._free[store.ref]
        if needed is None or free is None:
            return "its free space, or what comes, could not be read"
        if needed > free:
            return f"it has {max(0, free) // MIB} MiB free, and {-(-needed // MIB)} MiB come"
        return ""
