"""Work on the hosts of a cluster, one after the other: what is asked for, and how far each host is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vsphere_motion.model.refs import MoRef, NamedRef

DEFAULT_COMMAND_LIMIT_S = 7200.0
DEFAULT_HEALTH_LIMIT_S = 900.0


class StepState(Enum):
    """How far a host is. Each word is written before what it says is begun."""

    PLANNED = "planned"
    EVACUATING = "evacuating"
    ENTERING = "entering"
    COMMAND = "command"
    CHECKING = "checking"
    EXITING = "exiting"
    RESTORING = "restoring"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingRequest:
    """What is to be done with the hosts of a cluster.

    Args:
        cluster: as the person named it.
        command: the words of the command; `{host}` in them becomes the host's name.
        parallel: hosts at once.
        command_limit_s: after this the command is ended, and the host has failed.
        health_limit_s: how long a host may take to be connected again.
        moves_powered_off, skip_checks, keeps_ha_reserve: as in a plan that empties a host.
        window: when moves may start and a next host may be begun, such as `22:00-05:00 Europe/Berlin`; empty: always.
    """

    cluster: str
    command: tuple[str, ...]
    parallel: int = 1
    command_limit_s: float = DEFAULT_COMMAND_LIMIT_S
    health_limit_s: float = DEFAULT_HEALTH_LIMIT_S
    moves_powered_off: bool = True
    skip_checks: tuple[str, ...] = ()
    keeps_ha_reserve: bool = True
    window: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingStep:
    """One host.

    Args:
        runs: the runs that emptied it, in their order.
        exit_code: of the command; None before it has ended.
        output: the file that has what the command wrote.
        note: what went wrong in this state, and what to do; None where nothing did.
    """

    position: int
    host: MoRef
    host_name: str
    state: StepState = StepState.PLANNED
    runs: tuple[str, ...] = ()
    exit_code: int | None = None
    output: str | None = None
    note: str | None = None

    @property
    def named(self) -> NamedRef:
        """The host with its name."""
        return NamedRef(ref=self.host, name=self.host_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """All of it.

    Args:
        started_at, ended_at: vCenter's clock.
    """

    id: str
    vcenter_uuid: str
    request: RollingRequest
    started_at: datetime
    steps: tuple[RollingStep, ...]
    ended_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """Whether every host is."""
        return all(step.state is StepState.DONE for step in self.steps)
