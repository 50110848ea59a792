"""What vCenter says of things right before a move starts, and of what waits for a person while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.model.move import DiskFormat
from vsphere_motion.model.refs import MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A relocation that runs or waits in vCenter, whoever started it.

    Args:
        user: the account that started it; empty where vCenter itself did, such as DRS; None if it is not known.
        operation_id: the operationID it was asked for with, where the server keeps it.
    """

    task: MoRef
    user: str | None = None
    operation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentDisk:
    """A virtual disk as it is now. None: unknown.

    Args:
        key: its device key, unique within the VM.
    """

    key: int
    datastore: MoRef | None
    format: DiskFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentNic:
    """A network adapter as it is now. None: unknown.

    Args:
        key: its device key, unique within the VM.
        network: a standard network; a distributed one is known by the key of its portgroup, an opaque one by its id.
        connected: whether it is connected; None where it has no such state.
    """

    key: int
    label: str
    network: MoRef | None = None
    portgroup_key: str | None = None
    opaque_id: str | None = None
    connected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMotion:
    """A relocation that vCenter runs now or has in its queue, whoever asked for it.

    Args:
        operation_id: the operationID it was asked for with, where the server keeps it.
        hosts: those that are known to take part.
        datastores: those that its VM is on.
        moves_files: it moves files alone.
    """

    task: MoRef
    operation_id: str | None = None
    hosts: tuple[MoRef, ...] = ()
    datastores: tuple[MoRef, ...] = ()
    moves_files: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentVm:
    """A VM as it is now. None: it could not be read.

    Args:
        config_store: name of the datastore of its configuration files.
        disks, nics: None also where nobody asked for them.
        running: a relocation of it that has not ended.
    """

    name: str | None = None
    instance_uuid: str | None = None
    host: MoRef | None = None
    pool: MoRef | None = None
    datastores: tuple[MoRef, ...] | None = None
    power_state: PowerState | None = None
    disconnected_nics: tuple[str, ...] | None = None
    folder: MoRef | None = None
    config_store: str | None = None
    disks: tuple[CurrentDisk, ...] | None = None
    nics: tuple[CurrentNic, ...] | None = None
    running: RunningTask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentHost:
    """A host as it is now. None: it could not be read."""

    connection_state: ConnectionState | None = None
    in_maintenance_mode: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentState:
    """One reading of VMs and hosts; what no longer exists is left out.

    Args:
        others: the relocations that run; None: they were not looked at.
    """

    vms: Mapping[MoRef, CurrentVm] = field(default_factory=dict)
    hosts: Mapping[MoRef, CurrentHost] = field(default_factory=dict)
    others: tuple[OtherMotion, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a VM waits to be told before anything goes on.

    Args:
        id: the question's own id, by which it is answered.
        choices: the key and the words of each answer there is.
    """

    id: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
