"""In-memory doubles of the ports in `run/ports.py`: a small vCenter whose tasks a test script moves forward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from vsphere_motion.model.inventory import PowerState
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault, TaskState, TaskStatus

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePlacement:
    """Where the fake says a VM is."""

    host: MoRef | None
    pool: MoRef | None = None
    datastores: tuple[MoRef, ...] | None = ()
    power_state: PowerState | None = PowerState.ON
    disconnected_nics: tuple[str, ...] | None = ()


@dataclass
class FakeVCenter:
    """One vCenter behind every port. Each wait moves every task one step on: queued, running at 0, 50 and 100 %, end.

    Args:
        failing: moids of VMs whose relocation ends with this fault.
        lost: moids of VMs whose relocation call is accepted, but its answer gets lost.
        refused: errors to raise instead of accepting a call, by VM moid.
    """

    failing: dict[str, Fault] = field(default_factory=dict)
    lost: dict[str, Exception] = field(default_factory=dict)
    refused: dict[str, Exception] = field(default_factory=dict)
    hosts: dict[MoRef, MoRef | None] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    tasks: dict[MoRef, TaskStatus] = field(default_factory=dict)
    moves: dict[MoRef, Move] = field(default_factory=dict)
    op_ids: dict[str, MoRef] = field(default_factory=dict)
    watched: list[MoRef] = field(default_factory=list)
    gone: set[MoRef] = field(default_factory=set)
    most_at_once: int = 0
    closed: bool = False
    time: datetime = START

    def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
        self.calls.append(f"relocate {move.vm.moid}")
        if move.vm.moid in self.refused:
            raise self.refused[move.vm.moid]
        task = MoRef(kind="Task", moid=f"task-{len(self.tasks) + 1}")
        self.tasks[task] = TaskStatus(task=task, state=TaskState.QUEUED, queued_at=self.now())
        self.moves[task] = move
        self.op_ids[op_id] = task
        if move.vm.moid in self.lost:
            raise self.lost[move.vm.moid]
        return task

    def cancel_task(self, task: MoRef) -> None:
        self.calls.append(f"cancel {task.moid}")
        status = self.tasks[task]
        if status.state is not None and not status.state.is_final:
            fault = Fault(kind="RequestCanceled", message="The task was canceled by a user.")
            self.tasks[task] = replace(
                status, state=TaskState.ERROR, fault=fault, cancelled=True, completed_at=self.now()
            )

    def watch(self, tasks: Iterable[MoRef]) -> None:
        self.watched.extend(tasks)
        self.most_at_once = max(self.most_at_once, len(self.watched))

    def forget(self, tasks: Iterable[MoRef]) -> None:
        for task in tasks:
            self.watched.remove(task)

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        self.time += timedelta(seconds=1)
        for task in self.watched:
            self.tasks[task] = self._step(self.tasks[task])
        return [self.tasks[task] for task in self.watched]

    def close(self) -> None:
        self.closed = True
        self.watched.clear()

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, FakePlacement]:
        return {vm: FakePlacement(host=self.hosts[vm]) for vm in vms if vm in self.hosts}

    def find_relocation(self, vm: MoRef, *, op_id: str, since: datetime) -> MoRef | None:
        self.calls.append(f"find {vm.moid}")
        return self.op_ids.get(op_id)

    def read_tasks(self, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
        return {task: self.tasks.get(task, TaskStatus(task=task, state=None, is_gone=True)) for task in tasks}

    def now(self) -> datetime:
        return self.time

    def _step(self, status: TaskStatus) -> TaskStatus:
        if status.task in self.gone:
            return TaskStatus(task=status.task, state=None, is_gone=True)
        if status.state is TaskState.QUEUED:
            return replace(status, state=TaskState.RUNNING, progress_percent=0, started_at=self.now())
        if status.state is not TaskState.RUNNING:
            return status
        if (status.progress_percent or 0) < 100:
            return replace(status, progress_percent=(status.progress_percent or 0) + 50)
        return self._end(status)

    def _end(self, status: TaskStatus) -> TaskStatus:
        move = self.moves[status.task]
        fault = self.failing.get(move.vm.moid)
        if fault is not None:
            return replace(status, state=TaskState.ERROR, fault=fault, completed_at=self.now())
        assert move.destination.host is not None
        self.hosts[move.vm.ref] = move.destination.host.ref
        # A server may report 0 % after 100 %: the loop must not show it.
        return replace(status, state=TaskState.SUCCESS, progress_percent=0, completed_at=self.now())


@dataclass
class FakeControl:
    """A person who presses Ctrl-C after this many looks of the loop at the control."""

    halt_after: int | None = None
    detach_after: int | None = None
    looks: int = 0

    @property
    def is_halting(self) -> bool:
        return self.halt_after is not None and self.looks >= self.halt_after

    @property
    def is_detaching(self) -> bool:
        self.looks += 1
        return self.detach_after is not None and self.looks > self.detach_after
