"""Watching tasks through one filter, and finding the task of a call whose answer was lost.

Rules of this file: one filter for all watched tasks (`task_filter.py`), made anew when its session has ended or vCenter
has lost it, so that its first answer is a whole reading and no change is lost; a final state is followed by one whole
reading of every task that ended.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from vsphere_motion.errors import ProtocolError, SessionEnded, Unreachable, VCenterFault, VCenterUnavailable
from vsphere_motion.model.current import Question
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.vcenter.collector import (
    STARTS,
    from_the_start,
    read_objects,
    ref_of,
)
from vsphere_motion.vcenter.task_filter import TaskFilter, TaskUpdate, Update
from vsphere_motion.vcenter.task_history import earliest, read_history, status_of
from vsphere_motion.vcenter.task_reading import read_statuses

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

HISTORY_TRIES = 3

_LOST_FILTER = {"InvalidCollectorVersion", "ManagedObjectNotFound"}
_log = logging.getLogger(__name__)


class VCenterTaskWatcher:
    """A `run.ports.TaskWatcher`. A task stays watched until `forget`, whatever becomes of it.

    Calls: CreatePropertyCollector, CreateListView, CreateFilter, ModifyListView, WaitForUpdatesEx,
        RetrievePropertiesEx, DestroyView, DestroyPropertyCollector.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session, *, reads_ended: bool = True) -> None:
        """Nothing is watched yet.

        Args:
            reads_ended: False: whoever watches reads the tasks that have ended, with what else is to be looked at then.
        """
        self._session = session
        self._reads_ended = reads_ended
        self._watched: dict[MoRef, TaskStatus] = {}
        self._vms: set[MoRef] = set()
        self._questions: dict[MoRef, Question] = {}
        self._untold: set[MoRef] = set()
        self._filter: TaskFilter | None = None

    @property
    def questions(self) -> Mapping[MoRef, Question]:
        """The pending question of each watched VM that has one, as of the last wait."""
        return dict(self._questions)

    def watch(self, tasks: Iterable[MoRef], *, vms: Iterable[MoRef] = ()) -> None:
        """Add tasks and VMs to the set, without a call; the next wait gives their present state."""
        for task in tasks:
            self._watched.setdefault(task, TaskStatus(task=task, state=None))
        self._vms.update(vms)

    def forget(self, tasks: Iterable[MoRef], *, vms: Iterable[MoRef] = ()) -> None:
        """Take tasks and VMs out of the set, without a call."""
        for task in tasks:
            self._watched.pop(task, None)
            self._untold.discard(task)
        for vm in vms:
            self._vms.discard(vm)
            self._questions.pop(vm, None)

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        """The tasks that changed since the last call; see `run.ports.TaskWatcher`.

        Raises:
            VCenterUnavailable: there is no answer. No change is lost: the next call gives it.
            LoginRefused: the session ended, and vCenter refused a new login.
        """
        if not self._watched:
            return ()
        self._listen(0.0 if self._untold else timeout_s)
        if self._reads_ended:
            self._read_ended()
        told, self._untold = self._untold, set()
        return [status for task, status in self._watched.items() if task in told]

    def close(self) -> None:
        """Destroy the view and the filter on the server; the set of tasks is kept."""
        if self._filter is not None:
            self._filter.destroy()
            self._filter = None

    def _listen(self, timeout_s: float) -> None:
        """Take over what vCenter reports within `timeout_s`, through a new filter where the old one is gone."""
        for left in reversed(range(STARTS)):
            seen = self._session.logins if self._filter is None else self._filter.login
            try:
                self._take_updates(timeout_s)
            except (SessionEnded, VCenterFault) as error:
                if not self._is_filter_lost(error, seen) or left == 0:
                    raise
            else:
                return

    def _is_filter_lost(self, error: SessionEnded | VCenterFault, seen: int) -> bool:
        """Whether a new filter helps; what is left of the old one is cleaned up, and its session renewed."""
        lost, self._filter = self._filter, None
        if isinstance(error, SessionEnded):
            return self._session.renew(seen)
        if lost is not None and self._session.logins == lost.login:
            lost.destroy()
        _log.info("vCenter lost the filter over the running tasks; making a new one: %s", error)
        return error.fault_kind in _LOST_FILTER

    def _take_updates(self, timeout_s: float) -> None:
        """After a lost answer vCenter is asked for everything again."""
        held = self._live_filter()
        try:
            self._note_gone(held.hold(self._watched.keys() | self._vms))
            for update in held.wait(timeout_s):
                self._note(update)
        except VCenterUnavailable:
            held.version = ""
            raise

    def _live_filter(self) -> TaskFilter:
        if self._filter is not None and not self._filter.is_sure:
            self.close()
        if self._filter is None:
            self._filter = TaskFilter.create(self._session)
        return self._filter

    def _note(self, update: Update) -> None:
        if isinstance(update, TaskUpdate):
            self._note_task(update)
        elif update.question is None or update.vm not in self._vms:
            self._questions.pop(update.vm, None)
        else:
            self._questions[update.vm] = update.question

    def _note_task(self, update: TaskUpdate) -> None:
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
        search = functools.partial(_find_in_history, self._session, vm, op_id, since)
        for _ in range(HISTORY_TRIES - 1):
            try:
                return from_the_start(self._session, search)
            except Unreachable as error:
                _log.info("searching the task history of %s again: %s", vm, error)
        return from_the_start(self._session, search)

    def find_ended(self, vm: MoRef, *, task: MoRef, since: datetime) -> TaskStatus | None:
        """What the history has of a task that vCenter has forgotten; see `run.ports.TaskFinder`."""
        try:
            infos = from_the_start(self._session, functools.partial(read_history, self._session, vm, since))
        except (ProtocolError, VCenterFault) as error:
            _log.info("no task history (%s); %s of %s stays unknown", error, task, vm)
            return None
        return next((status_of(info) for info in infos if ref_of(info.task) == task), None)

    def read_tasks(self, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
        """One reading for each task; a task vCenter no longer knows has `is_gone` set."""
        return read_statuses(self._session, tasks)


def _find_in_history(session: Session, vm: MoRef, op_id: str, since: datetime) -> list[tuple[datetime, MoRef]]:
    infos = read_history(session, vm, since)
    return [(info.queueTime, ref_of(info.task)) for info in infos if op_id in (info.activationId or "")]


def _find_in_recent(session: Session, vm: MoRef, op_id: str, since: datetime) -> list[tuple[datetime, MoRef]]:
    recent = [
        ref for one in read_objects(session, [vm], ["recentTask"]).values() for ref in one.refs("recentTask") or ()
    ]
    return [
        (status.queued_at, status.task)
        for status in read_statuses(session, recent).values()
        if status.queued_at is not None
        and status.queued_at >= earliest(since)
        and op_id in (status.activation_id or "")
    ]


def _higher(known: int | None, new: int | None) -> int | None:
    """Progress never falls: some servers report 0 after 100."""
    return max((value for value in (known, new) if value is not None), default=None)
