"""One run of some moves on the fake vCenter, with a real journal file and a clock that goes with the fake's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from tests.fakes import START, FakeControl, FakeVCenter
from vsphere_motion.model.event import (
    Event,
    MoveEnded,
)
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.run.execute import Execution
from vsphere_motion.run.gate import OpenGate, StartGate
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.limits import Limits
from vsphere_motion.run.ports import Ports
from vsphere_motion.run.records import JournaledMove

SOURCE = NamedRef(ref=MoRef(kind="HostSystem", moid="host-1"), name="esx01")
DESTINATION = NamedRef(ref=MoRef(kind="HostSystem", moid="host-2"), name="esx02")
INFO = RunInfo(
    run="r-1",
    vcenter=VCenterIdentity(host="vc", instance_uuid="u-1", product="p", version="8.0.3", api_version="8.0.3.0"),
    user="someone",
    tool_version="0",
    tls="verified",
    started_at=START,
)


def make_move(number: int) -> Move:
    vm = VmIdentity(
        ref=MoRef(kind="VirtualMachine", moid=f"vm-{number}"), name=f"vm{number}", instance_uuid=f"i-{number}"
    )
    return Move(vm=vm, source=Placement(host=SOURCE), destination=Placement(host=DESTINATION))


class Rig:
    """One run of some moves on one fake vCenter."""

    def __init__(self, directory: Path, moves: int = 1) -> None:
        self.vcenter = FakeVCenter()
        self.journal = Journal(directory / "journal.sqlite3")
        self.control = FakeControl()
        self.limits = Limits()
        self.gate: StartGate = OpenGate()
        self.explain: Callable[[Outcome], Outcome | Future[Outcome]] = lambda outcome: outcome
        self.paused_s = 0.0
        self.submitters = 1
        self.counts_others = False
        rows = []
        for position in range(moves):
            move = make_move(position)
            self.vcenter.hosts[move.vm.ref] = SOURCE.ref
            rows.append(JournaledMove(position=position, planned=PlannedMove(move=move, findings=())))
        self.journal.create_run(INFO, rows)

    def clock_s(self) -> float:
        """The run's clock goes with the fake vCenter's: one second a wait."""
        return (self.vcenter.time - START).total_seconds() + self.paused_s

    def pause(self, seconds: float) -> None:
        self.vcenter.time += timedelta(seconds=seconds)

    def run(self) -> list[Event]:
        return list(self.events())

    def events(self) -> Iterator[Event]:
        return Execution(
            run="r-1",
            items=[row for row in self.rows if row.outcome is None],
            ports=Ports(
                relocator=self.vcenter,
                watcher=self.vcenter,
                finder=self.vcenter,
                placements=self.vcenter,
                states=self.vcenter,
                presence=self.vcenter,
                clock=self.vcenter,
                now=self.vcenter.now,
                monotonic_s=self.clock_s,
                pause=self.pause,
                explain=self.explain,
                submitters=self.submitters,
            ),
            journal=self.journal,
            control=self.control,
            limits=self.limits,
            gate=self.gate,
            counts_others=self.counts_others,
            ended={row.position: row.outcome.state for row in self.rows if row.outcome is not None},
        ).events()

    @property
    def rows(self) -> tuple[JournaledMove, ...]:
        return self.journal.load_run("r-1").moves

    @property
    def states(self) -> list[str]:
        return [row.outcome.state.value if row.outcome else str(row.state and row.state.value) for row in self.rows]


MakeRig = Callable[[int], Rig]


def ended(events: list[Event]) -> list[Outcome]:
    return [event.outcome for event in events if isinstance(event, MoveEnded)]


@contextmanager
def rigs(directory: Path) -> Iterator[MakeRig]:
    """Makes runs of so many moves in this directory; their journals are closed at the end."""
    with ExitStack() as stack:

        def make(moves: int) -> Rig:
            rig = Rig(directory, moves)
            stack.callback(rig.journal.close)
            return rig

        yield make
