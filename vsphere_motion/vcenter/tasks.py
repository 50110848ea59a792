"""Watching tasks through one filter, and finding the task of a call whose answer was lost.

Rules of this file: one ListView, one filter and one PropertyCollector of our own for all watched tasks; a final state
is followed by one whole reading of every task that ended; a task's `info` is read by leaf paths, in one call, because
the composite of some tasks cannot be parsed (seen with pyVmomi 9.1.1.0 on vcsim: a checker's task).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from vsphere_motion.errors import ProtocolError, SessionEnded, Unreachable, VCenterFault, VCenterUnavailable
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.vcenter.collector import (
    Reading,
    filter_spec,
    managed_object,
    plain,
    property_spec,
    quietly,
    read_objects,
    ref_of,
    refs_of,
    view_spec,
)
from vsphere_motion.vcenter.faults import fault_from, raise_for_missing, translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

ANSWER_S = 15.0
"""How much longer than its own wait a long poll may take to answer."""

HISTORY_PAGE = 100
"""Tasks read at once from a history collector."""

HISTORY_TRIES = 3

_WATCHED = ("info.progress", "info.state")
_WHOLE = (
    *_WATCHED,
    "info.activationId",
    "info.cancelled",
    "info.completeTime",
    "info.error",
    "info.queueTime",
    "info.startTime",
)
_WHAT = "watch the running tasks"
_LOST_FILTER = {"InvalidCollectorVersion", "ManagedObjectNotFound"}
_log = logging.getLogger(__name__)


class VCenterTaskWatcher:
    """A `run.ports.TaskWatcher`. A task stays watched until `forget`, whatever becomes of it.

    Calls: CreatePropertyCollector, CreateListView, CreateFilter, ModifyListView, WaitForUpdatesEx,
        RetrievePropertiesEx, DestroyView, DestroyPropertyCollector.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watched: dict[MoRef, TaskStatus] = {}
        self._untold: set[MoRef] = set()
        self._filter: _Filter | None = None

    def watch(self, tasks: Iterable[MoRef]) -> None:
        """Add tasks to the set; the next wait gives their present state."""
        new = [task for task in tasks if task not in self._watched]
        self._watched |= {task: TaskStatus(task=task, state=None) for task in new}
        if self._filter is not None:
            self._note_gone(self._filter.add(new))

    def forget(self, tasks: Iterable[MoRef]) -> None:
        """Take tasks out of the set."""
        known = [task for task in tasks if self._watched.pop(task, None) is not None]
        self._untold -= set(known)
        if self._filter is not None:
            self._filter.remove(known)

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        """The tasks that changed since the last call; see `run.ports.TaskWatcher`.

        Raises:
            VCenterUnavailable: there is no answer. No change is lost: the next call gives it.
        """
        if not self._watched:
            return ()
        self._listen(0.0 if self._untold else timeout_s)
        self._read_ended()
        told, self._untold = self._untold, set()
        return [status for task, status in self._watched.items() if task in told]

    def close(self) -> None:
        """Destroy the view and the filter on the server; the set of tasks is kept."""
        if self._filter is not None:
            self._filter.destroy()
            self._filter = None

    def _listen(self, timeout_s: float) -> None:
        """Take over what vCenter reports within `timeout_s`; after a lost answer it is asked for everything again."""
        try:
            for update in self._live_filter().wait(timeout_s):
                self._note(update)
        except SessionEnded:
            self._filter = None
            raise
        except VCenterFault as error:
            if error.fault_kind not in _LOST_FILTER:
                raise
            _log.info("vCenter lost the filter over the running tasks; the next wait makes a new one")
            self.close()
        except VCenterUnavailable:
            if self._filter is not None:
                self._filter.version = ""
            raise

    def _live_filter(self) -> _Filter:
        if self._filter is None:
            self._filter = _Filter.create(self._session)
            self._note_gone(self._filter.add(list(self._watched)))
        return self._filter

    def _note(self, update: _Update) -> None:
        known = self._watched.get(update.task)
        if known is None:
            return
        if update.is_gone:
            self._note_gone({update.task})
            return
        new = replace(
            known,
            state=known.state if update.state is None else update.state,
            progress_percent=_higher(known.progress_percent, update.progress_percent),
        )
        if new != known:
            self._watched[update.task] = new
            self._untold.add(update.task)

    def _note_gone(self, tasks: set[MoRef]) -> None:
        for task in tasks & self._watched.keys():
            self._watched[task] = TaskStatus(task=task, state=None, is_gone=True)
            self._untold.add(task)

    def _read_ended(self) -> None:
        """Replace the untold statuses that are final by whole readings, all in one call."""
        states = {task: self._watched[task].state for task in self._untold}
        ended = [task for task, state in states.items() if state is not None and state.is_final]
        for task, status in read_statuses(self._session, ended).items():
            highest = _higher(self._watched[task].progress_percent, status.progress_percent)
            self._watched[task] = status if status.is_gone else replace(status, progress_percent=highest)


class VCenterTaskFinder:
    """A `run.ports.TaskFinder`.

    Calls: CreateCollectorForTasks, ReadNextTasks, DestroyCollector, RetrievePropertiesEx.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def find_relocation(self, vm: MoRef, *, op_id: str, since: datetime) -> MoRef | None:
        """The oldest task on this VM that carries the operationID; see `run.ports.TaskFinder`.

        vCenter keeps the operationID in `activationId` and may add to it, so it is searched for, not compared. The
        VM's recent tasks are looked at too where the history names none: a relocation that is not found is lost.
        """
        try:
            found = self._search_history(vm, op_id, since)
        except (ProtocolError, VCenterFault) as error:
            _log.info("no task history (%s); looking at the recent tasks of %s", error, vm)
            found = []
        found = found or _find_in_recent(self._session, vm, op_id, since)
        return min(found)[1] if found else None

    def _search_history(self, vm: MoRef, op_id: str, since: datetime) -> list[tuple[datetime, MoRef]]:
        """Search with a new collector when a page is lost: a page asked for again would be the next one."""
        for _ in range(HISTORY_TRIES - 1):
            try:
                return _find_in_history(self._session, vm, op_id, since)
            except Unreachable as error:
                _log.info("searching the task history of %s again: %s", vm, error)
        return _find_in_history(self._session, vm, op_id, since)

    def read_tasks(self, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
        """One reading for each task; a task vCenter no longer knows has `is_gone` set."""
        return read_statuses(self._session, tasks)


def read_statuses(session: Session, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
    """One whole reading of each task, all in one call; none if there are none.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read.
    """
    readings = read_objects(session, tasks, _WHOLE)
    gone = {task: TaskStatus(task=task, state=None, is_gone=True) for task in tasks if task not in readings}
    return {task: _status(reading) for task, reading in readings.items()} | gone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    """What one ObjectUpdate says; None: nothing about it."""

    task: MoRef
    state: TaskState | None = None
    progress_percent: int | None = None
    is_gone: bool = False


@dataclass(slots=True, kw_only=True)
class _Filter:
    """The view, the filter and the collector on the server; destroying the collector destroys the filter."""

    session: Session
    collector: Any
    view: Any
    version: str = field(default="")

    @classmethod
    def create(cls, session: Session) -> _Filter:
        content: Any = session.content
        with translated(_WHAT):
            collector = content.propertyCollector.CreatePropertyCollector()
            view = content.viewManager.CreateListView([])
            spec = filter_spec([view_spec(view)], [property_spec("Task", _WATCHED)])
            collector.CreateFilter(spec, partialUpdates=False)
        return cls(session=session, collector=collector, view=view)

    def add(self, tasks: Sequence[MoRef]) -> set[MoRef]:
        """Add tasks; those that vCenter does not know come back."""
        if not tasks:
            return set()
        with translated(_WHAT):
            unresolved = self.view.Modify(add=[managed_object(self.session, task) for task in tasks], remove=[])
        return set(refs_of(unresolved))

    def remove(self, tasks: Sequence[MoRef]) -> None:
        """Take tasks out; one that is gone is not missed."""
        if tasks:
            objects = [managed_object(self.session, task) for task in tasks]
            quietly(lambda: self.view.Modify(add=[], remove=objects))

    def wait(self, timeout_s: float) -> Iterator[_Update]:
        """Every update there is, after a wait of `timeout_s` at most for the first; whole seconds, rounded up."""
        wait_s, truncated = math.ceil(timeout_s), True
        while truncated:
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=wait_s)
            with self.session.deadline(wait_s + ANSWER_S), translated(_WHAT):
                updates = self.collector.WaitForUpdatesEx(self.version, options)
            if updates is None:
                return
            self.version, truncated, wait_s = updates.version, bool(updates.truncated), 0
            for one in updates.filterSet:
                yield from _updates(one)

    def destroy(self) -> None:
        quietly(self.view.Destroy)
        quietly(self.collector.Destroy)


def _updates(filter_update: Any) -> Iterator[_Update]:
    for moid, _ in raise_for_missing(filter_update.missingSet, what=_WHAT):
        yield _Update(task=MoRef(kind="Task", moid=moid), is_gone=True)
    for one in filter_update.objectSet:
        missing = raise_for_missing(one.missingSet, what=_WHAT)
        values = {change.name: plain(change.val) for change in one.changeSet}
        yield _Update(
            task=ref_of(one.obj),
            state=_state(values.get("info.state")),
            progress_percent=values.get("info.progress"),
            is_gone=any(fault.kind == "ManagedObjectNotFound" for _, fault in missing) or one.kind == "leave",
        )


def _status(one: Reading) -> TaskStatus:
    error = one.get("info.error")
    return TaskStatus(
        task=one.ref,
        state=_state(one.get("info.state")),
        progress_percent=one.get("info.progress"),
        queued_at=_utc(one.get("info.queueTime")),
        started_at=_utc(one.get("info.startTime")),
        completed_at=_utc(one.get("info.completeTime")),
        cancelled=bool(one.get("info.cancelled")),
        fault=None if error is None else fault_from(error),
        activation_id=one.get("info.activationId"),
    )


def _find_in_history(session: Session, vm: MoRef, op_id: str, since: datetime) -> list[tuple[datetime, MoRef]]:
    spec = vim.TaskFilterSpec(
        entity=vim.TaskFilterSpec.ByEntity(entity=managed_object(session, vm), recursion="self"),
        time=vim.TaskFilterSpec.ByTime(timeType="queuedTime", beginTime=_earliest(since)),
    )
    content: Any = session.content
    what = f"search the task history of {vm}"
    with translated(what):
        collector = content.taskManager.CreateCollectorForTasks(spec)
    try:
        found: list[tuple[datetime, MoRef]] = []
        while True:
            with translated(what):
                page = collector.ReadNextTasks(HISTORY_PAGE)
            if not page:
                return found
            found += [(info.queueTime, ref_of(info.task)) for info in page if op_id in (info.activationId or "")]
    finally:
        quietly(collector.DestroyCollector)


def _find_in_recent(session: Session, vm: MoRef, op_id: str, since: datetime) -> list[tuple[datetime, MoRef]]:
    recent = [
        ref for one in read_objects(session, [vm], ["recentTask"]).values() for ref in one.refs("recentTask") or ()
    ]
    return [
        (status.queued_at, status.task)
        for status in read_statuses(session, recent).values()
        if status.queued_at is not None
        and status.queued_at >= _earliest(since)
        and op_id in (status.activation_id or "")
    ]


def _earliest(since: datetime) -> datetime:
    """A second before: the API's times may have been cut to whole seconds."""
    return since - timedelta(seconds=1)


def _higher(known: int | None, new: int | None) -> int | None:
    """Progress never falls: some servers report 0 after 100."""
    return max((value for value in (known, new) if value is not None), default=None)


def _state(value: str | None) -> TaskState | None:
    return next((state for state in TaskState if state.value == value), None)


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
