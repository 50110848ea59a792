"""What running a plan needs from the world, as small protocols; `vcenter/` implements them, tests have fakes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vsphere_motion.model.current import CurrentDisk, CurrentNic, CurrentState, Question
from vsphere_motion.model.inventory import PowerState
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskStatus


class Relocator(Protocol):
    """Starts and cancels relocations."""

    def burst(self) -> AbstractContextManager[None]:
        """In this block one call follows the other at once, so that an answer shows that the next call arrives too."""
        ...

    def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
        """Ask vCenter for one relocation, exactly once, and return its task.

        Raises:
            VCenterFault: vCenter refused the call itself; nothing was started.
            OutcomeUnknown: the call was sent and its answer was lost.
            VCenterUnavailable: the call was not sent.
        """
        ...

    def cancel_task(self, task: MoRef) -> None:
        """Ask vCenter to cancel a task. A task that has ended or cannot be cancelled is left alone.

        Raises:
            VCenterFault: vCenter refused in another way.
        """
        ...


class TaskWatcher(Protocol):
    """Watches a changing set of tasks, and the questions of VMs, through one filter."""

    def watch(self, tasks: Iterable[MoRef], *, vms: Iterable[MoRef] = ()) -> None:
        """Add tasks to the set, and VMs whose questions are looked out for."""
        ...

    def forget(self, tasks: Iterable[MoRef], *, vms: Iterable[MoRef] = ()) -> None:
        """Take tasks and VMs out of the set."""
        ...

    @property
    def questions(self) -> Mapping[MoRef, Question]:
        """The pending question of each watched VM that has one, as of the last wait; a new one ends the wait."""
        ...

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        """The tasks that changed since the last call, waiting at most `timeout_s`; empty if none did.

        Of a task that has ended it says no more than the state: `PlacementReader.read_landings` reads the rest.
        """
        ...

    def close(self) -> None:
        """Destroy the filter and view on the server."""
        ...


class SeenPlacement(Protocol):
    """Where a VM is now, read for verification. None: could not be read."""

    @property
    def host(self) -> MoRef | None: ...
    @property
    def pool(self) -> MoRef | None: ...
    @property
    def datastores(self) -> tuple[MoRef, ...] | None: ...
    @property
    def power_state(self) -> PowerState | None: ...
    @property
    def disconnected_nics(self) -> tuple[str, ...] | None: ...
    @property
    def folder(self) -> MoRef | None: ...
    @property
    def config_store(self) -> str | None: ...
    @property
    def disks(self) -> tuple[CurrentDisk, ...] | None: ...
    @property
    def nics(self) -> tuple[CurrentNic, ...] | None: ...


class PlacementReader(Protocol):
    """Reads where VMs are now."""

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, SeenPlacement]:
        """One reading for each VM that still exists, in a constant number of calls."""
        ...

    def read_landings(
        self, tasks: Sequence[MoRef], vms: Sequence[MoRef]
    ) -> tuple[dict[MoRef, TaskStatus], dict[MoRef, SeenPlacement]]:
        """One whole reading of each task, with fault, times and cancelled, and then `read_placements`, at once.

        A task that vCenter no longer knows has `is_gone` set.
        """
        ...


class StateReader(Protocol):
    """Reads what has to be true when a move starts."""

    def read_before_start(
        self,
        vms: Sequence[MoRef],
        hosts: Sequence[MoRef],
        *,
        with_devices: Collection[MoRef] = (),
        own: Collection[MoRef] | None = None,
    ) -> CurrentState:
        """One reading of these VMs with their running relocations and of these hosts, in a constant number of calls.

        Args:
            with_devices: those of the VMs whose disks and network adapters are read as well.
            own: tasks of whoever asks; all other relocations that run are looked at. None: none are.
        """
        ...


class TaskFinder(Protocol):
    """Finds the task of a relocation whose answer was lost."""

    def find_relocation(self, vm: MoRef, *, op_id: str, since: datetime) -> MoRef | None:
        """The task that carries this operationID, queued on this VM at or after `since`; None if there is none."""
        ...

    def find_ended(self, vm: MoRef, *, task: MoRef, since: datetime) -> TaskStatus | None:
        """What the history of tasks has of one that vCenter no longer knows; None if it has nothing.

        Args:
            since: vCenter's clock, not later than when the task was queued.
        """
        ...

    def read_tasks(self, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
        """One reading for each task; a task vCenter no longer knows has `is_gone` set."""
        ...


class ServerClock(Protocol):
    """vCenter's clock."""

    def now(self) -> datetime:
        """vCenter's time in UTC."""
        ...


class ServerPresence(Protocol):
    """Whether vCenter is there, and waiting for it while it is not.

    A port's call that raises a `VCenterUnavailable` with `may_pass` is a reason to wait. If the same call fails again
    right after vCenter is back, it is no outage.
    """

    def wait_until_back(self, *, is_stopping: Callable[[], bool], limit_s: float | None) -> bool:
        """Ask vCenter again and again, less and less often, until it answers; log in again where that is needed.

        Args:
            is_stopping: looked at at least twice a second, and between two questions; True ends the wait.
            limit_s: how long to wait; None: without end.

        Returns:
            True: vCenter answers. False: `is_stopping` said so, or the limit is over.

        Raises:
            AccessRefused: it refused the login; there is no other.
            VCenterUnavailable: waiting does not help: another certificate, or the session ended and may not be renewed.
        """
        ...


class Control(Protocol):
    """What the person at the terminal wants; looked at between waits."""

    @property
    def is_halting(self) -> bool:
        """No further moves shall start; the running ones are watched to their end."""
        ...

    @property
    def is_detaching(self) -> bool:
        """Stop watching now; tasks go on in vCenter."""
        ...

    def may_go_on(self) -> bool:
        """Ask after a `RunPaused`; False: nobody is there to say so, and the run is left open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The world, as the loop over moves needs it.

    Args:
        now: this machine's clock in UTC, for people.
        monotonic_s: seconds on a clock that never jumps and goes on while the machine sleeps, for every time limit.
        pause: do nothing for so many seconds.
        explain: the same outcome with what the hosts' logs say of it, at once or beside the loop.
        submitters: how many relocations are asked for at the same time.
    """

    relocator: Relocator
    watcher: TaskWatcher
    finder: TaskFinder
    placements: PlacementReader
    states: StateReader
    presence: ServerPresence
    clock: ServerClock
    now: Callable[[], datetime]
    monotonic_s: Callable[[], float]
    pause: Callable[[float], object]
    explain: Callable[[Outcome], Outcome | Future[Outcome]]
    submitters: int = 1
