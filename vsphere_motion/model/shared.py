"""What hosts and virtual machines share: datastores, networks, and the folders that everything lies in.

Rules of this file: as `inventory.py`: a field that could not be read is None; sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.refs import MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreMount:
    """How one host sees a datastore; `access_mode` is `readWrite` or `readOnly`."""

    host: MoRef
    accessible: bool | None
    mounted: bool | None
    access_mode: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """A datastore and the hosts that mount it; `mounts` is None if unread.

    Args:
        max_file_bytes, max_disk_bytes, max_swap_bytes: the largest file, virtual disk and swap file that it can hold; 0
            where it tells no limit.
        path: inventory path such as `/DC0/datastore/san01`.
        parent: the folder or the cluster of datastores that it lies in.
    """

    ref: MoRef
    name: str
    kind: str | None = None
    accessible: bool | None = None
    capacity_bytes: int | None = None
    free_bytes: int | None = None
    maintenance_mode: str | None = None
    max_file_bytes: int | None = None
    max_disk_bytes: int | None = None
    max_swap_bytes: int | None = None
    mounts: tuple[DatastoreMount, ...] | None = None
    path: str | None = None
    parent: MoRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreCluster:
    """A cluster of datastores (`StoragePod`), of which Storage DRS or this program chooses one.

    Args:
        sdrs_enabled: whether Storage DRS works for it; None if unread.
    """

    ref: MoRef
    name: str
    path: str | None = None
    parent: MoRef | None = None
    sdrs_enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A standard network, a distributed portgroup or an opaque network; the reference's kind tells which.

    Args:
        hosts: hosts on which it exists; None if unread.
        portgroup_key: key of a distributed portgroup.
        switch_uuid: UUID of its distributed switch.
        path: inventory path such as `/DC0/network/VM Network`.
        opaque_id, opaque_type: what an opaque network is known by to its switch, such as one of NSX.
        is_uplink: whether a distributed portgroup is for the switch's uplinks, and for no virtual machine.
    """

    ref: MoRef
    name: str
    hosts: tuple[MoRef, ...] | None = None
    portgroup_key: str | None = None
    switch_uuid: str | None = None
    path: str | None = None
    opaque_id: str | None = None
    opaque_type: str | None = None
    is_uplink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A folder or datacenter: a step of an inventory path.

    Args:
        path: inventory path such as `/DC0/vm/web`.
        holds_vms: whether a folder takes virtual machines; None for a datacenter, and where it was not read.
    """

    ref: MoRef
    name: str
    parent: MoRef | None = None
    path: str | None = None
    holds_vms: bool | None = None
