"""What running a plan needs from the world, as small protocols; `vcenter/` implements them, tests have fakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from vsphere_motion.model.inventory import PowerState
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskStatus


class Relocator(Protocol):
    """Starts and cancels relocations."""

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
    """Watches a changing set of tasks through one filter."""

    def watch(self, tasks: Iterable[MoRef]) -> None:
        """Add tasks to the set."""
        ...

    def forget(self, tasks: Iterable[MoRef]) -> None:
        """Take tasks out of the set."""
        ...

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        """The tasks that changed since the last call, waiting at most `timeout_s`; empty if none did.

        A status with a final state is a whole reading of the task: fault, times and cancelled are set.
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


class PlacementReader(Protocol):
    """Reads where VMs are now."""

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, SeenPlacement]:
        """One reading for each VM that still exists, in a constant number of calls."""
        ...


class TaskFinder(Protocol):
    """Finds the task of a relocation whose answer was lost."""

    def find_relocation(self, vm: MoRef, *, op_id: str, since: datetime) -> MoRef | None:
        """The task that carries this operationID, queued on this VM at or after `since`; None if there is none."""
        ...

    def read_tasks(self, tasks: Sequence[MoRef]) -> dict[MoRef, TaskStatus]:
        """One reading for each task; a task vCenter no longer knows has `is_gone` set."""
        ...


class ServerClock(Protocol):
    """vCenter's clock."""

    def now(self) -> datetime:
        """vCenter's time in UTC."""
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
