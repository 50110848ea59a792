"""In-memory doubles of the ports in `run/ports.py`: a small vCenter whose tasks a test script moves forward."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from vsphere_motion.model.current import (
    CurrentDisk,
    CurrentHost,
    CurrentNic,
    CurrentState,
    CurrentVm,
    OtherMotion,
    Question,
    RunningTask,
)
from vsphere_motion.model.inventory import ConnectionState, PowerState
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
    folder: MoRef | None = None
    config_store: str | None = None
    disks: tuple[CurrentDisk, ...] | None = None
    nics: tuple[CurrentNic, ...] | None = None


@dataclass
class FakeVCenter:
    """One vCenter behind every port. Each wait moves every task one step on: queued, running at 0, 50 and 100 %, end.

    Args:
        failing: moids of VMs whose relocation ends with this fault.
        lost: moids of VMs whose relocation call is accepted, but its answer gets lost.
        refused: errors to raise instead of accepting a call, by VM moid.
        running: relocations that somebody else has started, by VM.
        power: power states other than on, by VM moid.
        uuids: instanceUuids, by VM moid; others are not read.
        away: hosts that are not connected, or in maintenance mode.
        stuck: moids of VMs whose task makes no step once it runs.
        queued: moids of VMs whose task never begins.
        unfailing: tasks that succeed although the VM's relocations fail.
        outages: what the next calls of any kind raise, one call each; an entry None lets a call pass.
        others: relocations that run because of others.
        back: what waiting for the server returns, True after all that is listed.
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
    history: dict[MoRef, TaskStatus] = field(default_factory=dict)
    running: dict[MoRef, RunningTask] = field(default_factory=dict)
    power: dict[str, PowerState] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)
    away: dict[MoRef, CurrentHost] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    queued: set[str] = field(default_factory=set)
    unfailing: set[MoRef] = field(default_factory=set)
    outages: list[Exception | None] = field(default_factory=list)
    back: list[bool] = field(default_factory=list)
    others: list[OtherMotion] = field(default_factory=list)
    questions: Mapping[MoRef, Question] = field(default_factory=dict)
    readings: list[tuple[str, ...]] = field(default_factory=list)
    read_whole: list[list[str]] = field(default_factory=list)
    most_at_once: int = 0
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    time: datetime = START

    def burst(self) -> AbstractContextManager[None]:
        return nullcontext()

    def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
        with self.lock:
            return self._start_relocation(move, op_id)

    def _start_relocation(self, move: Move, op_id: str) -> MoRef:
        self._pass()
        self.calls.append(f"relocate {move.vm.moid}")
        if move.vm.moid in self.refused:
            raise self.refused[move.vm.moid]
        task = MoRef(kind="Task", moid=f"task-{len(self.tasks) + 1}")
        self.tasks[task] = TaskStatus(task=task, state=TaskState.QUEUED, queued_at=self.now())
        self.moves[task] = move
        self.op_ids[op_id] = task
        self.running[move.vm.ref] = RunningTask(task=task, user="me", operation_id=op_id)
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

    def watch(self, tasks: Iterable[MoRef], *, vms: Iterable[MoRef] = ()) -> None:
        self.watched.extend(task for task in tasks if task not in self.watched)
        running = [task for task in self.watched if (state := self.tasks[task].state) is None or not state.is_final]
        self.most_at_once = max(self.most_at_once, len(running))

    def forget(self, tasks: Iterable[MoRef], *, vms: Iterable[MoRef] = ()) -> None:
        for task in tasks:
            self.watched.remove(task)

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        self._pass()
        self.time += timedelta(seconds=1)
        for task in self.watched:
            self.tasks[task] = self._step(self.tasks[task])
        return [self.tasks[task] for task in self.watched]

    def close(self) -> None:
        """The set of tasks is kept, as the port says."""
        self.closed = True

    def read_before_start(
        self,
        vms: Sequence[MoRef],
        hosts: Sequence[MoRef],
        *,
        with_devices: Collection[MoRef] = (),
        own: Collection[MoRef] | None = None,
    ) -> CurrentState:
        self._pass()
        self.readings.append(tuple(vm.moid for vm in vms))
        here = CurrentHost(connection_state=ConnectionState.CONNECTED, in_maintenance_mode=False)
        return CurrentState(
            vms={vm: self._current(vm) for vm in vms if vm in self.hosts},
            hosts={host: self.away.get(host, here) for host in hosts},
            others=None if own is None else tuple(one for one in self.others if one.task not in own),
        )

    def wait_until_back(self, *, is_stopping: Callable[[], bool], limit_s: float | None) -> bool:
        self.calls.append("wait until back")
        return self.back.pop(0) if self.back else not is_stopping()

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, FakePlacement]:
        self._pass()
        return {vm: FakePlacement(host=self.hosts[vm]) for vm in vms if vm in self.hosts}

    def read_landings(
        self, tasks: Sequence[MoRef], vms: Sequence[MoRef]
    ) -> tuple[dict[MoRef, TaskStatus], dict[MoRef, FakePlacement]]:
        placements = self.read_placements(vms)
        gone = {task: TaskStatus(task=task, state=None, is_gone=True) for task in tasks}
        return gone | {task: self.tasks[task] for task in tasks if task in self.tasks}, placements

    def find_relocation(self, vm: MoRef, *, op_id: str, since: datetime) -> MoRef | None:
        self._pass()
        self.calls.append(f"find {vm.moid}")
        return self.op_ids.get(op_id)

    def find_ended(self, vm: MoRef, *, task: MoRef, since: datetime) -> TaskStatus | None:
        self.calls.append(f"history {vm.moid}")
        return self.history.get(task, None if task in self.gone else self.tasks.get(task))

    def read_tasks(self, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
        self._pass()
        self.read_whole.append([task.moid for task in tasks])
        return {task: self.tasks.get(task, TaskStatus(task=task, state=None, is_gone=True)) for task in tasks}

    def now(self) -> datetime:
        return self.time

    def start_foreign(self, move: Move, *, user: str = "someone", op_id: str | None = None) -> MoRef:
        """Let somebody else relocate the VM of a move."""
        task = MoRef(kind="Task", moid=f"task-{len(self.tasks) + 1}")
        self.tasks[task] = TaskStatus(task=task, state=TaskState.QUEUED, queued_at=self.now())
        self.moves[task] = move
        self.running[move.vm.ref] = RunningTask(task=task, user=user, operation_id=op_id)
        return task

    def _pass(self) -> None:
        error = self.outages.pop(0) if self.outages else None
        if error is not None:
            raise error

    def _current(self, vm: MoRef) -> CurrentVm:
        return CurrentVm(
            name=vm.moid,
            instance_uuid=self.uuids.get(vm.moid),
            host=self.hosts[vm],
            power_state=self.power.get(vm.moid, PowerState.ON),
            running=self.running.get(vm),
        )

    def _step(self, status: TaskStatus) -> TaskStatus:
        if status.task in self.gone:
            return TaskStatus(task=status.task, state=None, is_gone=True)
        if self.moves[status.task].vm.moid in self.queued:
            return status
        if status.state is TaskState.QUEUED:
            return replace(status, state=TaskState.RUNNING, progress_percent=0, started_at=self.now())
        if status.state is not TaskState.RUNNING or self.moves[status.task].vm.moid in self.stuck:
            return status
        if (status.progress_percent or 0) < 100:
            return replace(status, progress_percent=(status.progress_percent or 0) + 50)
        return self._end(status)

    def _end(self, status: TaskStatus) -> TaskStatus:
        move = self.moves[status.task]
        self.running.pop(move.vm.ref, None)
        fault = self.failing.get(move.vm.moid)
        if fault is not None and status.task not in self.unfailing:
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
    answers: list[bool] = field(default_factory=list)

    def may_go_on(self) -> bool:
        return self.answers.pop(0) if self.answers else False

    @property
    def is_halting(self) -> bool:
        return self.halt_after is not None and self.looks >= self.halt_after

    @property
    def is_detaching(self) -> bool:
        self.looks += 1
        return self.detach_after is not None and self.looks > self.detach_after
