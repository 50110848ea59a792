"""A move: one virtual machine, where it is and where it shall be.

Rules of this file: the destination says everything that the move decides, so a value that is the same at both ends is
one that stays. What a move does not decide is None or empty at its destination.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vsphere_motion.model.keepsakes import Keepsakes
from vsphere_motion.model.refs import NamedRef, VmIdentity


class DiskFormat(Enum):
    """How the blocks of a virtual disk come to be: as they are written, all at once, or all at once and zeroed."""

    THIN = "thin"
    THICK = "thick"
    EAGER = "eager"


class Priority(Enum):
    """How vCenter ranks the move among others (`VirtualMachineMovePriority`)."""

    DEFAULT = "default"
    HIGH = "high"
    LOW = "low"


class Encryption(Enum):
    """When the memory of a VM travels encrypted (`VirtualMachineConfigSpecEncryptedVMotionModes`)."""

    DISABLED = "disabled"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


class Change(Enum):
    """What a move changes of a VM."""

    HOST = "host"
    STORAGE = "storage"
    POOL = "pool"
    FOLDER = "folder"
    NETWORK = "network"
    VCENTER = "vcenter"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePolicy:
    """A storage policy, by its identifier and the name people know it by."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskPlacement:
    """Where a virtual disk is or shall be.

    Args:
        key: its device key, unique within the VM.
        datastore: None: unknown.
        format: None: unknown for a source, kept for a destination.
        policy: the storage policy to apply; None: unknown for a source, kept for a destination.
        capacity_bytes: its size; None if unread.
        is_mapping: whether it is a raw device mapping, of which only the mapping file has a place.
    """

    key: int
    label: str
    datastore: NamedRef | None
    format: DiskFormat | None = None
    policy: StoragePolicy | None = None
    capacity_bytes: int | None = None
    is_mapping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkBacking:
    """What a network adapter needs to be attached to a network besides its name.

    Args:
        portgroup_key, switch_uuid: of a distributed portgroup.
        opaque_id, opaque_type: of an opaque network, such as one of NSX.
    """

    portgroup_key: str | None = None
    switch_uuid: str | None = None
    opaque_id: str | None = None
    opaque_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NicPlacement:
    """The network that a network adapter is or shall be attached to; None: unknown."""

    key: int
    label: str
    network: NamedRef | None
    backing: NetworkBacking = NetworkBacking()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherVCenter:
    """The vCenter that a VM goes to, where that is another than the one it is in.

    Args:
        context: what names it in the settings.
        host: its address.
        instance_uuid: what tells it apart, whatever it is called.
        thumbprint: SHA-256 of its certificate, as the person has pinned it.
        user: the account there; empty in moves of releases that did not keep it.
    """

    context: str
    host: str
    instance_uuid: str
    thumbprint: str
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a VM is or shall be. None: unknown for a source, unchanged for a destination.

    Args:
        datastores: every datastore that its files are on.
        config: the datastore of its configuration files.
        config_policy: their storage policy; None: unknown for a source, kept for a destination.
        disks: its disks; only where the move has to do with files.
        nics: its network adapters; only where the move has to do with networks.
        encryption: when the VM's memory travels encrypted, a setting of the VM.
        new_folder: a path under `folder` that is made before the VM goes there; empty where nothing is to be made.
        vcenter: the other vCenter; None: the one that it is in.
    """

    host: NamedRef | None
    pool: NamedRef | None = None
    folder: NamedRef | None = None
    datastores: tuple[NamedRef, ...] = ()
    config: NamedRef | None = None
    config_policy: StoragePolicy | None = None
    disks: tuple[DiskPlacement, ...] = ()
    nics: tuple[NicPlacement, ...] = ()
    encryption: Encryption | None = None
    new_folder: str = ""
    vcenter: OtherVCenter | None = None

    def disk(self, key: int) -> DiskPlacement | None:
        """The disk with this device key, or None."""
        return next((one for one in self.disks if one.key == key), None)

    def nic(self, key: int) -> NicPlacement | None:
        """The network adapter with this device key, or None."""
        return next((one for one in self.nics if one.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a move is to be made, beside where to.

    Args:
        is_template: whether the VM is a template, which becomes a VM for the move and a template again after it.
        keepsakes: what the VM is to have again at the other vCenter; None: nothing was asked for.
    """

    priority: Priority = Priority.DEFAULT
    is_template: bool = False
    keepsakes: Keepsakes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One VM to move from its source to its destination, resolved against one snapshot."""

    vm: VmIdentity
    source: Placement
    destination: Placement
    manner: Manner = field(default_factory=Manner)

    @property
    def changes(self) -> frozenset[Change]:
        """What the move changes of the VM; a host that is not known at one end is none of it."""
        source, destination = self.source, self.destination
        found = {
            Change.HOST: _differs(source.host, destination.host) and source.host is not None,
            Change.POOL: _differs(source.pool, destination.pool),
            Change.FOLDER: _differs(source.folder, destination.folder) or bool(destination.new_folder),
            Change.STORAGE: _changes_files(self),
            Change.NETWORK: any(nic_differs(self, nic) for nic in destination.nics),
            Change.VCENTER: destination.vcenter is not None,
        }
        return frozenset(change for change, is_so in found.items() if is_so)

    @property
    def is_noop(self) -> bool:
        """Whether nothing of what was asked is different; never where a host is not known."""
        return self.source.host is not None and self.destination.host is not None and not self.changes


def sets_encryption(move: Move) -> bool:
    """Whether the VM's setting of encrypted vMotion is changed before the move."""
    wanted = move.destination.encryption
    return wanted is not None and wanted is not move.source.encryption


def changes_policy(move: Move) -> bool:
    """Whether a storage policy is applied, which no reading of the VM shows."""
    pairs = [(move.source.config_policy, move.destination.config_policy)]
    for disk in move.destination.disks:
        now = move.source.disk(disk.key)
        pairs.append((now.policy if now else None, disk.policy))
    return any(wanted is not None and wanted != now for now, wanted in pairs)


def _changes_files(move: Move) -> bool:
    return (
        changes_policy(move) or moves_config(move) or any(disk_differs(move, disk) for disk in move.destination.disks)
    )


def moves_config(move: Move) -> bool:
    """Whether the VM's configuration files go to another datastore."""
    return _differs(move.source.config, move.destination.config)


def disk_differs(move: Move, wanted: DiskPlacement) -> bool:
    """Whether a disk has to change its datastore, format or policy; what is unknown at the source has to."""
    now = move.source.disk(wanted.key)
    if now is None:
        return True
    return (
        _differs(now.datastore, wanted.datastore)
        or (wanted.format is not None and now.format is not wanted.format)
        or (wanted.policy is not None and now.policy != wanted.policy)
    )


def nic_differs(move: Move, wanted: NicPlacement) -> bool:
    """Whether a network adapter has to be attached to another network."""
    now = move.source.nic(wanted.key)
    return wanted.network is not None and (now is None or _differs(now.network, wanted.network))


def _differs(source: NamedRef | None, destination: NamedRef | None) -> bool:
    return destination is not None and (source is None or source.ref != destination.ref)
