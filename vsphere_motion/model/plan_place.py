"""Where a plan brings a virtual machine besides its host: pool, folder, files and networks, noun by noun.

Rules of this file: as `plan_file.py`: the field names are the keys of the document. What a plan does not decide of a
virtual machine is None or empty.
"""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.move import DiskFormat, Encryption, Priority, StoragePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanObject:
    """A pool, folder, datastore or network of a plan."""

    name: str
    moid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDisk:
    """A disk of a VM and where it is, or shall be.

    Args:
        key: its device key, which tells it apart within its VM.
        format: None: kept.
        policy: the storage policy that is applied; None: kept.
    """

    key: int
    label: str
    datastore: PlanObject | None = None
    format: DiskFormat | None = None
    policy: StoragePolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAdapter:
    """A network adapter of a VM and the network it is attached to, or shall be."""

    key: int
    label: str
    network: PlanObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPlace:
    """Where a VM is or shall be besides its host, as far as the plan decides it.

    Args:
        pool, vapp: one of them at most.
        folder: the folder, or the one in which `new_folder` is made before the VM goes there.
        new_folder: the path that is made; empty where the folder exists.
        config: the datastore of the configuration files.
        disks: every disk of the VM, also those that stay, where the plan has to do with files.
        adapters: every network adapter, where the plan has to do with networks.
        encryption: the VM's encrypted vMotion, which is set before it moves.
        vcenter_priority: how vCenter ranks the move among others.
    """

    pool: PlanObject | None = None
    vapp: PlanObject | None = None
    folder: PlanObject | None = None
    new_folder: str = ""
    config: PlanObject | None = None
    config_policy: StoragePolicy | None = None
    disks: tuple[PlanDisk, ...] = ()
    adapters: tuple[PlanAdapter, ...] = ()
    encryption: Encryption | None = None
    vcenter_priority: Priority = Priority.DEFAULT

    @property
    def datastores(self) -> tuple[PlanObject, ...]:
        """Every datastore among them, each once, the configuration's first."""
        every = (self.config, *(disk.datastore for disk in self.disks))
        return tuple({one.moid: one for one in every if one is not None}.values())
