"""Where virtual machines are and what moves them: right before a move, and for verification after it.

Rules of this file: what is looked at together is read in one call; in several only where a server says something that
is not understood, so that one odd object does not hide the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import ProtocolError, VCenterFault
from vsphere_motion.model.current import CurrentDisk, CurrentHost, CurrentNic, CurrentState, CurrentVm, RunningTask
from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.run.ports import SeenPlacement
from vsphere_motion.vcenter.collector import Reading, Readings, read_linked, read_objects, ref_of
from vsphere_motion.vcenter.current_devices import current_disks, current_nics, disconnected_nic_labels, store_name
from vsphere_motion.vcenter.others import MOVING, OtherMotions
from vsphere_motion.vcenter.salvage import is_salvageable
from vsphere_motion.vcenter.task_reading import TASK_PATHS, read_statuses, status_of_reading

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_VM = "VirtualMachine"
_OPEN = frozenset({TaskState.QUEUED.value, TaskState.RUNNING.value})
_DEVICES = "config.hardware.device"
_VM_PATHS = (
    "config.files.vmPathName",
    "config.instanceUuid",
    "datastore",
    "name",
    "parent",
    "recentTask",
    "resourcePool",
    "runtime.host",
    "runtime.powerState",
)
_HOST_PATHS = ("runtime.connectionState", "runtime.inMaintenanceMode")
_RECENT = "recentTask"
_PATHS_BESIDE = {"HostSystem": _HOST_PATHS, "TaskManager": (_RECENT,)}
_TASK_PATHS = ("info.activationId", "info.descriptionId", "info.entity", "info.reason", "info.state")
_PATHS = (
    _DEVICES,
    "config.files.vmPathName",
    "datastore",
    "parent",
    "resourcePool",
    "runtime.host",
    "runtime.powerState",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VmPlacement:
    """A `run.ports.SeenPlacement`: where a VM was read to be. None: it could not be read.

    Args:
        disconnected_nics: labels of its NICs that are not connected.
        config_store: name of the datastore of its configuration files.
    """

    host: MoRef | None
    pool: MoRef | None
    datastores: tuple[MoRef, ...] | None
    power_state: PowerState | None
    disconnected_nics: tuple[str, ...] | None
    folder: MoRef | None = None
    config_store: str | None = None
    disks: tuple[CurrentDisk, ...] | None = None
    nics: tuple[CurrentNic, ...] | None = None


class VCenterPlacementReader:
    """A `run.ports.PlacementReader`.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, SeenPlacement]:
        """One reading for each VM that still exists, all in one call."""
        readings = read_objects(self._session, vms, _PATHS)
        return {ref: _placement(reading) for ref, reading in readings.items()}

    def read_landings(
        self, tasks: Sequence[MoRef], vms: Sequence[MoRef]
    ) -> tuple[dict[MoRef, TaskStatus], dict[MoRef, SeenPlacement]]:
        """Tasks that have ended and where their VMs are now, all in one call; see `run.ports.PlacementReader`."""
        try:
            read = read_linked(self._session, [*tasks, *vms], {"Task": TASK_PATHS, _VM: _PATHS})
        except (ProtocolError, VCenterFault) as error:
            if not is_salvageable(error):
                raise
            return read_statuses(self._session, tasks), self.read_placements(vms)
        statuses = {task: status_of_reading(read.get(task), task) for task in tasks}
        return statuses, {vm: _placement(read[vm]) for vm in vms if vm in read}


class VCenterStateReader:
    """A `run.ports.StateReader`.

    Calls: RetrievePropertiesEx; QueryEvents where somebody else's motion is new.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._others = OtherMotions(session)

    def read_before_start(
        self,
        vms: Sequence[MoRef],
        hosts: Sequence[MoRef],
        *,
        with_devices: Collection[MoRef] = (),
        own: Collection[MoRef] | None = None,
    ) -> CurrentState:
        """One reading in one call; see `run.ports.StateReader`. With one VM's devices everybody's are read.

        What others do takes one more call, and two for each motion that is new.
        """
        manager = [] if own is None else [ref_of(self._session.content.taskManager)]
        read = self._read(vms, [*hosts, *manager], (*_VM_PATHS, _DEVICES) if with_devices else _VM_PATHS)
        running = _running(read)
        recent = [task for one in manager if one in read for task in read[one].refs(_RECENT) or ()]
        return CurrentState(
            vms={ref: _current_vm(read[ref], running.get(ref)) for ref in vms if ref in read},
            hosts={ref: _current_host(read[ref]) for ref in hosts if ref in read},
            others=None if own is None else self._others.look(recent, own=own),
        )

    def _read(self, vms: Sequence[MoRef], beside: Sequence[MoRef], vm_paths: Sequence[str]) -> Readings:
        """The VMs with their recent tasks, and what is read beside them: hosts, and the list of all recent tasks."""
        paths = {_VM: vm_paths, "Task": _TASK_PATHS, **{ref.kind: _PATHS_BESIDE[ref.kind] for ref in beside}}
        try:
            return read_linked(self._session, [*vms, *beside], paths, link=_RECENT)
        except (ProtocolError, VCenterFault) as error:
            if not is_salvageable(error):
                raise
        read = read_objects(self._session, vms, vm_paths)
        recent = [task for reading in read.values() for task in reading.refs("recentTask") or ()]
        tasks = read_objects(self._session, list(dict.fromkeys(recent)), _TASK_PATHS)
        by_kind = {kind: [ref for ref in beside if ref.kind == kind] for kind in _PATHS_BESIDE}
        rest = [read_objects(self._session, refs, _PATHS_BESIDE[kind]) for kind, refs in by_kind.items()]
        return {ref: one for part in (read, tasks, *rest) for ref, one in part.items()}


def _running(read: Readings) -> dict[MoRef, RunningTask]:
    """The relocation that runs or waits for each VM that has one, the oldest first."""
    found: dict[MoRef, RunningTask] = {}
    for ref, reading in read.items():
        vm = reading.ref_at("info.entity") if ref.kind == "Task" else None
        if vm is not None and reading.get("info.descriptionId") in MOVING and reading.get("info.state") in _OPEN:
            found.setdefault(vm, _running_task(ref, reading))
    return found


def _current_vm(one: Reading, running: RunningTask | None) -> CurrentVm:
    return CurrentVm(
        name=one.get("name"),
        instance_uuid=one.get("config.instanceUuid"),
        host=one.ref_at("runtime.host"),
        pool=one.ref_at("resourcePool"),
        datastores=one.refs("datastore"),
        power_state=_power_state(one),
        running=running,
        **_files_and_nics(one),
    )


def _current_host(one: Reading) -> CurrentHost:
    word = one.get("runtime.connectionState")
    return CurrentHost(
        connection_state=next((state for state in ConnectionState if state.value == word), None),
        in_maintenance_mode=one.get("runtime.inMaintenanceMode"),
    )


def _running_task(task: MoRef, one: Reading) -> RunningTask:
    """Who started it: a person by name, or nobody where the reason is vCenter's own."""
    reason = one.get("info.reason")
    user = None if reason is None else getattr(reason, "userName", "")
    return RunningTask(task=task, user=user, operation_id=one.get("info.activationId"))


def _power_state(one: Reading) -> PowerState | None:
    return next((word for word in PowerState if word.value == one.get("runtime.powerState")), None)


def _placement(one: Reading) -> VmPlacement:
    devices = one.get(_DEVICES)
    return VmPlacement(
        host=one.ref_at("runtime.host"),
        pool=one.ref_at("resourcePool"),
        datastores=one.refs("datastore"),
        power_state=_power_state(one),
        disconnected_nics=None if devices is None else disconnected_nic_labels(devices),
        **_files_and_nics(one),
    )


def _files_and_nics(one: Reading) -> dict[str, Any]:
    """The fields that say where the files are and what the adapters are attached to."""
    devices, path = one.get(_DEVICES), one.get("config.files.vmPathName")
    return {
        "folder": one.ref_at("parent"),
        "config_store": None if path is None else store_name(path),
        "disks": None if devices is None else current_disks(devices),
        "nics": None if devices is None else current_nics(devices),
    }
