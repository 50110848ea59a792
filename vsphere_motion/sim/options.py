"""What a simulator is asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

# How the system words it, through Go, podman and docker alike.
PORT_TAKEN = "address already in use"
PORT_HINT = "choose another port, or 0 for a free one"
_DEADLINE_S = 60.0
# Plain govmomi builds its inventory as a client of itself: about 40 ms a powered-on VM (seen with govmomi 0.56).
_DEADLINE_PER_VM_S = 0.1


class Flavour(Enum):
    """How a simulator runs."""

    PROCESS = "process"
    CONTAINER = "container"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """The shape and behaviour of a simulator; None leaves a choice to the simulator.

    Args:
        hosts, vms, clusters: size of the generated site; they exclude a scenario.
        scenario: a YAML file, or the name of a shipped scenario such as `demo`.
        speed: simulated seconds of a migration in one real second.
        seed: seed of everything random in a migration.
        bandwidth_share: shares of the link such as `0.4-1.0`, of which each pair of hosts gets one.
        dirty_bursts: guests write in bursts around their set rate.
        stock: plain govmomi behaviour, without migration engine and control endpoint.
        port: TCP port on 127.0.0.1; 0 picks a free one.
        flavour: None takes the first kind that is found.
        deadline_s: how long the start may take; None derives it from the number of VMs.
    """

    hosts: int | None = None
    vms: int | None = None
    clusters: int | None = None
    scenario: str | None = None
    speed: float | None = None
    seed: int | None = None
    bandwidth_share: str | None = None
    dirty_bursts: bool = False
    stock: bool = False
    port: int = 0
    flavour: Flavour | None = None
    deadline_s: float | None = None

    def start_deadline_s(self) -> float:
        """Seconds after which a start counts as failed."""
        return _DEADLINE_S + _DEADLINE_PER_VM_S * (self.vms or 0) if self.deadline_s is None else self.deadline_s

    def scenario_file(self) -> Path | None:
        """The scenario as an absolute path where it is a file, None where it is absent or a name."""
        if self.scenario is None or not Path(self.scenario).is_file():
            return None
        return Path(self.scenario).absolute()

    def arguments(self, *, listen: str, state: str, scenario: str | None) -> list[str]:
        """The simulator's command line behind its own name."""
        given: list[tuple[str, object]] = [
            ("-listen", listen),
            ("-state", state),
            ("-hosts", self.hosts),
            ("-vms", self.vms),
            ("-clusters", self.clusters),
            ("-scenario", scenario),
            ("-speed", self.speed),
            ("-seed", self.seed),
            ("-bandwidth-share", self.bandwidth_share),
        ]
        words = [word for flag, value in given if value is not None for word in (flag, str(value))]
        switches = [("-dirty-bursts", self.dirty_bursts), ("-stock", self.stock)]
        return ["serve", *words, *(flag for flag, is_on in switches if is_on)]
