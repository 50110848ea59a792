"""The one filter on vCenter behind the task watcher: what it holds, and what one of its updates says.

Rules of this file: a list whose change got no answer is not trusted again (`is_sure`), because nobody knows what is in
it; everything here ends with the session that made it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pyVmomi import vmodl

from vsphere_motion.errors import ProtocolError
from vsphere_motion.model.current import Question
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState
from vsphere_motion.vcenter.collector import (
    filter_spec,
    managed_object,
    plain,
    property_spec,
    quietly,
    ref_of,
    refs_of,
    view_spec,
)
from vsphere_motion.vcenter.faults import raise_for_missing, translated
from vsphere_motion.vcenter.property_types import fits

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

ANSWER_S = 15.0
"""How much longer than its own wait a long poll may take to answer; less where any other call may take less."""

UNWANTED = 200
"""Objects that are held at most without being wanted."""

WATCHED = ("info.progress", "info.state")
"""What is watched of a task."""

_QUESTION = "runtime.question"
_VM = "VirtualMachine"
_WHAT = "watch the running tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUpdate:
    """What one update says of a task; None: nothing about it."""

    task: MoRef
    state: TaskState | None = None
    progress_percent: int | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VmUpdate:
    """What a VM waits to be told; None: nothing."""

    vm: MoRef
    question: Question | None = None


Update: TypeAlias = TaskUpdate | VmUpdate


@dataclass(slots=True, kw_only=True)
class TaskFilter:
    """The view, the filter and the collector on the server; destroying the collector destroys the filter.

    Args:
        login: the number of the login whose session they belong to.
        version: what has been seen; empty: nothing, so that the next answer has everything.
        is_sure: whether the view holds what we believe it does.
    """

    session: Session
    login: int
    collector: Any
    view: Any
    version: str = ""
    is_sure: bool = True
    _held: frozenset[MoRef] = field(default=frozenset())

    @classmethod
    def create(cls, session: Session) -> TaskFilter:
        """A filter that holds nothing yet."""
        content: Any = session.content
        properties = [property_spec("Task", WATCHED), property_spec(_VM, [_QUESTION])]
        with translated(_WHAT):
            collector = content.propertyCollector.CreatePropertyCollector()
            login = session.logins
            view = content.viewManager.CreateListView([])
            collector.CreateFilter(filter_spec([view_spec(view)], properties), partialUpdates=False)
        return cls(session=session, login=login, collector=collector, view=view)

    def hold(self, wanted: Collection[MoRef]) -> set[MoRef]:
        """Hold these objects; those that vCenter does not know come back.

        What is no longer wanted is let go of with the next ones that are, and as soon as that is much: a task that has
        ended brings no news, and a call that only takes it out is not worth it.
        """
        added, removed = set(wanted) - self._held, self._held - set(wanted)
        if not added and len(removed) <= UNWANTED:
            return set()
        self.is_sure = False
        with translated(_WHAT):
            unresolved = self.view.Modify(add=self._objects(added), remove=self._objects(removed))
        self._held, self.is_sure = frozenset(wanted), True
        return set(refs_of(unresolved))

    def wait(self, timeout_s: float) -> Iterator[Update]:
        """Every update there is, after a wait of `timeout_s` at most for the first; whole seconds, rounded up."""
        wait_s, truncated = math.ceil(timeout_s), True
        while truncated:
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=wait_s)
            answer_s = min(ANSWER_S, self.session.endpoint.call_timeout_s)
            with self.session.deadline(wait_s + answer_s), translated(_WHAT):
                updates = self.collector.WaitForUpdatesEx(self.version, options)
            if updates is None:
                return
            self.version, truncated, wait_s = updates.version, bool(updates.truncated), 0
            for one in updates.filterSet:
                yield from _updates(one)

    def destroy(self) -> None:
        """Take all of it off the server."""
        quietly(self.view.Destroy)
        quietly(self.collector.Destroy)

    def _objects(self, refs: Collection[MoRef]) -> list[Any]:
        return [managed_object(self.session, ref) for ref in sorted(refs)]


def task_state(value: str | None) -> TaskState | None:
    """The state of this name; None for one that this program does not know."""
    return next((state for state in TaskState if state.value == value), None)


def _updates(filter_update: Any) -> Iterator[Update]:
    for moid, _ in raise_for_missing(filter_update.missingSet, what=_WHAT):
        yield TaskUpdate(task=MoRef(kind="Task", moid=moid), is_gone=True)
    for one in filter_update.objectSet:
        missing = raise_for_missing(one.missingSet, what=_WHAT)
        ref = ref_of(one.obj)
        values = {change.name: _value(ref, change) for change in one.changeSet}
        if ref.kind == _VM:
            yield VmUpdate(vm=ref, question=_question(values.get(_QUESTION)))
            continue
        yield TaskUpdate(
            task=ref,
            state=task_state(values.get("info.state")),
            progress_percent=values.get("info.progress"),
            is_gone=any(fault.kind == "ManagedObjectNotFound" for _, fault in missing) or one.kind == "leave",
        )


def _value(ref: MoRef, change: Any) -> Any:
    """What a property has become.

    Raises:
        ProtocolError: it is nothing that the property can be, so that nothing can be concluded from this answer.
    """
    if change.val is None or fits(ref.kind, change.name, change.val):
        return plain(change.val)
    raise ProtocolError(f"Could not {_WHAT}: vCenter says that {change.name} of {ref} is a {type(change.val).__name__}")


def _question(asked: Any) -> Question | None:
    if asked is None:
        return None
    choices = asked.choice.choiceInfo if asked.choice is not None else ()
    return Question(id=asked.id, text=asked.text, choices=tuple((one.key, one.label or one.key) for one in choices))
