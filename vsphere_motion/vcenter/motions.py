"""All relocations that a vCenter runs, whoever asked for them, through one collector and one wait.

Rules of this file: vCenter tells of new tasks by itself (`TaskManager.recentTask`), and of the relocations among them
through one list view; nothing polls. A task that ended more than ten minutes ago is no recent one.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pyVmomi import vmodl

from vsphere_motion.errors import SessionEnded
from vsphere_motion.model.current import RunningTask
from vsphere_motion.model.motion import WatchedMotion
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.vcenter.collector import (
    STARTS,
    Reading,
    filter_spec,
    managed_object,
    property_spec,
    quietly,
    read_objects,
    ref_of,
    refs_of,
    view_spec,
)
from vsphere_motion.vcenter.faults import raise_for_missing, translated
from vsphere_motion.vcenter.others import MOVING
from vsphere_motion.vcenter.task_filter import ANSWER_S, WATCHED
from vsphere_motion.vcenter.task_reading import read_statuses

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_RECENT = "recentTask"
_KIND_PATHS = ("info.activationId", "info.descriptionId", "info.entity", "info.entityName", "info.reason")
_WHAT = "watch the motions of a vCenter"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _News:
    """What one wait brought.

    Args:
        recent: all recent tasks, if they are other ones than before.
        changed: watched tasks that changed.
    """

    recent: set[MoRef] | None = None
    changed: set[MoRef] = field(default_factory=set)

    def take(self, update: Any) -> None:
        raise_for_missing(update.missingSet, what=_WHAT)
        for one in update.objectSet:
            ref = ref_of(one.obj)
            if ref.kind == "Task":
                self.changed.add(ref)
                continue
            for change in one.changeSet:
                self.recent = set(refs_of(change.val or ()))


@dataclass(slots=True)
class _Feed:
    """The collector, its filters and its view on the server; destroying the collector destroys the filters."""

    session: Session
    login: int
    collector: Any
    view: Any
    version: str = ""
    held: set[MoRef] = field(default_factory=set)

    @classmethod
    def create(cls, session: Session) -> _Feed:
        content: Any = session.content
        manager = vmodl.query.PropertyCollector.ObjectSpec(obj=content.taskManager, skip=False)
        with translated(_WHAT):
            collector = content.propertyCollector.CreatePropertyCollector()
            login = session.logins
            view = content.viewManager.CreateListView([])
            tasks = filter_spec([view_spec(view)], [property_spec("Task", WATCHED)])
            recent = filter_spec([manager], [property_spec("TaskManager", [_RECENT])])
            collector.CreateFilter(recent, partialUpdates=False)
            collector.CreateFilter(tasks, partialUpdates=False)
        return cls(session, login, collector, view)

    def hold(self, tasks: set[MoRef]) -> None:
        """Watch these tasks and no others."""
        added, removed = tasks - self.held, self.held - tasks
        if added or removed:
            with translated(_WHAT):
                self.view.Modify(add=self._objects(added), remove=self._objects(removed))
            self.held = set(tasks)

    def wait(self, timeout_s: float) -> _News:
        """What there is, after a wait of `timeout_s` at most."""
        news, wait_s, truncated = _News(), math.ceil(timeout_s), True
        while truncated:
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=wait_s)
            with self.session.deadline(wait_s + ANSWER_S), translated(_WHAT):
                updates = self.collector.WaitForUpdatesEx(self.version, options)
            if updates is None:
                break
            self.version, truncated, wait_s = updates.version, bool(updates.truncated), 0
            for one in updates.filterSet:
                news.take(one)
        return news

    def destroy(self) -> None:
        quietly(self.view.Destroy)
        quietly(self.collector.Destroy)

    def _objects(self, refs: set[MoRef]) -> list[Any]:
        return [managed_object(self.session, ref) for ref in sorted(refs)]


class MotionWatcher:
    """Every relocation of a vCenter, and how it goes on.

    Calls: CreatePropertyCollector, CreateListView, CreateFilter, ModifyListView, WaitForUpdatesEx,
        RetrievePropertiesEx, DestroyView, DestroyPropertyCollector.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._feed: _Feed | None = None
        self._motions: dict[MoRef, WatchedMotion] = {}
        self._others: set[MoRef] = set()
        self._hosts: dict[MoRef, NamedRef] = {}

    def wait_for_motions(self, *, timeout_s: float) -> Sequence[WatchedMotion]:
        """The relocations that are new or changed since the last call, waiting at most `timeout_s`; at first all.

        Raises:
            VCenterUnavailable: there is no answer.
            LoginRefused: the session ended, and vCenter refused a new login.
        """
        for left in reversed(range(STARTS)):
            seen = self._session.logins if self._feed is None else self._feed.login
            try:
                return self._take(timeout_s)
            except SessionEnded as error:
                self._feed = None
                if left == 0 or not self._session.renew(seen):
                    raise
                _log.info("watching the motions anew: %s", error)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Destroy the collector and the view on the server."""
        if self._feed is not None:
            self._feed.destroy()
            self._feed = None

    def _take(self, timeout_s: float) -> Sequence[WatchedMotion]:
        if self._feed is None:
            self._feed = _Feed.create(self._session)
        news = self._feed.wait(timeout_s)
        new = self._new_motions(news.recent) if news.recent is not None else {}
        told = self._renewed(
            new, {task for task in news.changed & self._motions.keys() if not self._motions[task].is_over}
        )
        self._motions |= {one.task: one for one in told}
        self._feed.hold({task for task, one in self._motions.items() if not one.is_over})
        return told

    def _new_motions(self, recent: set[MoRef]) -> dict[MoRef, Reading]:
        """The relocations among the tasks that were not seen before; what is no longer recent is forgotten."""
        self._others &= recent
        self._motions = {task: one for task, one in self._motions.items() if task in recent or not one.is_over}
        unknown = sorted(recent - self._motions.keys() - self._others)
        readings = read_objects(self._session, unknown, _KIND_PATHS)
        found = {ref: one for ref, one in readings.items() if one.get("info.descriptionId") in MOVING}
        self._others |= set(unknown) - found.keys()
        return found

    def _renewed(self, new: dict[MoRef, Reading], changed: set[MoRef]) -> list[WatchedMotion]:
        """The new and the changed ones as they are now, in the order of their queueing."""
        statuses = read_statuses(self._session, sorted(new.keys() | changed))
        motions = [
            replace(self._motions[task], status=status) if task in self._motions else _motion(new[task], status)
            for task, status in statuses.items()
            if task in new or task in self._motions
        ]
        placed = list(self._placed(motions))
        return sorted(placed, key=lambda one: (str(one.status.queued_at), one.task))

    def _placed(self, motions: Sequence[WatchedMotion]) -> Iterator[WatchedMotion]:
        """With the host each VM is on now; the one it was first seen on while it ran is its source."""
        vms = sorted({one.vm.ref for one in motions if one.vm is not None})
        readings = read_objects(self._session, vms, ["runtime.host"])
        where = {ref: one.ref_at("runtime.host") for ref, one in readings.items()}
        self._learn_names({ref for ref in where.values() if ref is not None} - self._hosts.keys())
        for one in motions:
            ref = where.get(one.vm.ref) if one.vm else None
            host = self._hosts.get(ref) if ref else None
            yield replace(one, host=host, source=one.source or (None if one.is_over else host))

    def _learn_names(self, hosts: set[MoRef]) -> None:
        for ref, one in read_objects(self._session, sorted(hosts), ["name"]).items():
            self._hosts[ref] = NamedRef(ref=ref, name=one.get("name") or ref.moid)


def _motion(one: Reading, status: TaskStatus) -> WatchedMotion:
    vm = one.ref_at("info.entity")
    reason = one.get("info.reason")
    return WatchedMotion(
        status=status,
        kind=one.get("info.descriptionId"),
        vm=None if vm is None else NamedRef(ref=vm, name=one.get("info.entityName") or vm.moid),
        started=RunningTask(
            task=one.ref,
            user=None if reason is None else getattr(reason, "userName", ""),
            operation_id=one.get("info.activationId"),
        ),
    )
