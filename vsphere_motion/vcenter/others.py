"""The relocations that run because of others: people, DRS, other programs and other runs of this one.

Rules of this file: vCenter's list of recent tasks is read together with what is to be known before a start; a task that
was seen to be something else, or over, is not looked at again; a destination is found in the task's events, because a
task does not say where it goes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.errors import MotionError, ProtocolError, VCenterFault
from vsphere_motion.model.current import OtherMotion
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState
from vsphere_motion.vcenter.collector import Reading, read_objects, ref_of
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

MOVING = frozenset(
    {"VirtualMachine.relocate", "VirtualMachine.migrate", "Drm.ExecuteVMotionLRO", "Drm.ExecuteStorageVmotionLro"}
)
"""Descriptions of the tasks that move a VM, whoever starts them (govmomi's TaskManager descriptions, vpx)."""

_MOVES_FILES = "Drm.ExecuteStorageVmotionLro"
_TASK_PATHS = ("info.activationId", "info.descriptionId", "info.entity", "info.eventChainId", "info.state")
_VM_PATHS = ("datastore", "runtime.host")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What does not change about a motion that is not over."""

    hosts: tuple[MoRef, ...]
    datastores: tuple[MoRef, ...]


class OtherMotions:
    """What is known of the motions of a vCenter that a run did not start.

    Calls: RetrievePropertiesEx; QueryEvents once for each motion.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._settled: set[MoRef] = set()
        self._open: dict[MoRef, _Seen] = {}

    def look(self, recent: Collection[MoRef], *, own: Collection[MoRef]) -> tuple[OtherMotion, ...]:
        """The motions that run or wait now.

        Args:
            recent: vCenter's recent tasks, as they were read a moment ago.
            own: tasks that are none of others.
        """
        self._settled &= set(recent)
        unknown = sorted(set(recent) - self._settled - set(own))
        tasks = {ref: one for ref, one in read_objects(self._session, unknown, _TASK_PATHS).items() if self._moves(one)}
        self._learn({ref: one for ref, one in tasks.items() if ref not in self._open})
        self._open = {ref: seen for ref, seen in self._open.items() if ref in tasks}
        return tuple(_motion(one, self._open[ref]) for ref, one in tasks.items())

    def _moves(self, one: Reading) -> bool:
        """Whether a task moves a VM and is not over; what does not is settled."""
        is_open = one.get("info.state") in {TaskState.QUEUED.value, TaskState.RUNNING.value}
        moves = is_open and one.get("info.descriptionId") in MOVING and one.ref_at("info.entity") is not None
        if not moves:
            self._settled.add(one.ref)
        return moves

    def _learn(self, new: Mapping[MoRef, Reading]) -> None:
        """Where these motions come from and go to."""
        vms = {ref: vm for ref, one in new.items() if (vm := one.ref_at("info.entity")) is not None}
        places = read_objects(self._session, sorted(set(vms.values())), _VM_PATHS)
        for ref, vm in vms.items():
            place = places.get(vm, Reading(ref=vm))
            ends = (place.ref_at("runtime.host"), self._find_destination(new[ref].get("info.eventChainId")))
            self._open[ref] = _Seen(
                hosts=tuple(dict.fromkeys(host for host in ends if host is not None)),
                datastores=place.refs("datastore") or (),
            )

    def _find_destination(self, chain: int | None) -> MoRef | None:
        """The host that the events of a task name as its destination; None where none does, or they cannot be read."""
        if chain is None:
            return None
        content: Any = self._session.content
        try:
            with translated("find out where a migration of others goes"):
                events = content.eventManager.QueryEvents(vim.event.EventFilterSpec(eventChainId=chain))
        except (ProtocolError, VCenterFault, MotionError) as error:
            _log.info("%s", error)
            return None
        hosts = (getattr(event, "destHost", None) for event in events or ())
        return next((ref_of(host.host) for host in hosts if host is not None), None)


def _motion(one: Reading, seen: _Seen) -> OtherMotion:
    return OtherMotion(
        task=one.ref,
        operation_id=one.get("info.activationId"),
        hosts=seen.hosts,
        datastores=seen.datastores,
        moves_files=one.get("info.descriptionId") == _MOVES_FILES,
    )
