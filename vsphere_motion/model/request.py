"""What a person asks for, in the person's words, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vsphere_motion.model.list_file import ListFile
from vsphere_motion.model.move import DiskFormat, Encryption, Priority


class Opinions(Enum):
    """Whose checks are asked: ours on the snapshot, vCenter's own checkers, or both."""

    CLIENT = "client"
    VCENTER = "vcenter"
    BOTH = "both"

    @property
    def has_client(self) -> bool:
        """Whether our checks run."""
        return self is not Opinions.VCENTER

    @property
    def has_vcenter(self) -> bool:
        """Whether vCenter's checkers are asked."""
        return self is not Opinions.CLIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskWish:
    """What is asked for one disk, in the person's words.

    Args:
        disk: its number, as in `Hard disk 2`, or its whole label.
        datastore: where it shall go; None: where all disks of the VM go, or where it is.
        format: None: as it is.
    """

    disk: str
    datastore: str | None = None
    format: DiskFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkWish:
    """Adapters that shall change their network, in the person's words.

    Args:
        old: the network they are on, or the label of one adapter.
        new: the network they shall be on.
    """

    old: str
    new: str


class Placing(Enum):
    """Who chooses a datastore of a cluster of datastores."""

    SDRS = "sdrs"
    OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Everything a move can change beside the host, in the person's words. What is not named stays.

    Args:
        to_cluster: the cluster whose host is chosen for each VM, where no host is named.
        to_datacenter: the datacenter that every other word means.
        to_pool, to_vapp, to_folder: by name, path or moid.
        create_folder: make the folder where it does not exist.
        to_datastore: where all files go: a datastore, or a cluster of datastores of which one is chosen.
        to_config: where the configuration files go, if not with the disks.
        disks: single disks.
        format: of all disks that are moved.
        policy: name of the storage policy of disks and configuration.
        placing: who chooses in a cluster of datastores.
        networks: the networks to change.
        priority: how vCenter ranks the moves.
        encryption: when the VMs' memory travels encrypted.
        to_vcenter: the context of another vCenter.
        keep_tags, keep_attributes: whether VMs get their tags and custom attributes again at the other vCenter.
    """

    to_cluster: str | None = None
    to_datacenter: str | None = None
    to_pool: str | None = None
    to_vapp: str | None = None
    to_folder: str | None = None
    create_folder: bool = False
    to_datastore: str | None = None
    to_config: str | None = None
    disks: tuple[DiskWish, ...] = ()
    format: DiskFormat | None = None
    policy: str | None = None
    placing: Placing = Placing.SDRS
    networks: tuple[NetworkWish, ...] = ()
    priority: Priority = Priority.DEFAULT
    encryption: Encryption | None = None
    to_vcenter: str | None = None
    keep_tags: bool = False
    keep_attributes: bool = False

    @property
    def places_files(self) -> bool:
        """Whether something is asked of datastores, formats or storage policies."""
        return bool(self.to_datastore or self.to_config or self.disks or self.format or self.policy)

    @property
    def names_place(self) -> bool:
        """Whether it says by itself where a VM goes, so that no host has to be named."""
        places = (self.to_cluster, self.to_pool, self.to_vapp, self.to_folder, self.networks, self.to_vcenter)
        return self.places_files or any(places)

    @property
    def keeps(self) -> bool:
        """Whether anything is to be given to VMs again that does not go along with them."""
        return self.keep_tags or self.keep_attributes


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """Virtual machines that should run somewhere else, or have their files or networks elsewhere.

    Args:
        selectors: what names the VMs: a name, a glob, an inventory path, `moid:vm-42`, `uuid:...`, `re:...`, or a group
            such as `host:esx01`, `cluster:`, `folder:`, `pool:`, `datastore:` or `tag:category/name`.
        to_host: the destination: a host name, an inventory path or `moid:host-21`; empty: the VMs stay on their
            hosts, or go where the wishes lead.
        exclude: what names VMs to leave out, in the same words.
        listed: a file that names the VMs and where each shall go, instead of `selectors`; `to_host` is for its lines
            that name no destination, and may be empty.
        skip_checks: ids of checks whose blockers the person overrides, each named.
        partial: move what can be moved when some VMs are blocked.
        strict: let `unknown` findings and warnings block as well.
        opinions: whose checks are asked.
        wishes: what else shall change.
    """

    selectors: tuple[str, ...]
    to_host: str = ""
    exclude: tuple[str, ...] = ()
    skip_checks: tuple[str, ...] = ()
    partial: bool = False
    strict: bool = False
    opinions: Opinions = Opinions.BOTH
    listed: ListFile | None = None
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRequest:
    """Virtual machines to be checked against many hosts.

    Args:
        selectors, exclude: what names the VMs, as in `MoveRequest`.
        to_cluster: the cluster whose hosts are looked at; None: all hosts.
        skip_checks, strict, opinions: as in `MoveRequest`.
    """

    selectors: tuple[str, ...]
    to_cluster: str | None = None
    exclude: tuple[str, ...] = ()
    skip_checks: tuple[str, ...] = ()
    strict: bool = False
    opinions: Opinions = Opinions.BOTH
