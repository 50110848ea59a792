"""The one loop, on the fake vCenter and a real journal file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakes import START, FakeControl, FakeVCenter
from vsphere_motion.errors import OutcomeUnknown, PermissionMissing, Unreachable, VCenterFault
from vsphere_motion.model.event import Event, MoveEnded, MoveProgressed, MoveStarted, RunHalted
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.task import Fault
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.run.execute import Execution, Limits, Ports
from vsphere_motion.run.journal import Journal, JournaledMove, MoveState

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
        self.seconds = 0.0
        rows = []
        for position in range(moves):
            move = make_move(position)
            self.vcenter.hosts[move.vm.ref] = SOURCE.ref
            rows.append(JournaledMove(position=position, planned=PlannedMove(move=move, findings=())))
        self.journal.create_run(INFO, rows)

    def tick(self) -> float:
        self.seconds += 1.0
        return self.seconds

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
                clock=self.vcenter,
                now=self.vcenter.now,
                monotonic_s=self.tick,
                explain=lambda outcome: outcome,
            ),
            journal=self.journal,
            control=self.control,
            limits=self.limits,
        ).events()

    @property
    def rows(self) -> tuple[JournaledMove, ...]:
        return self.journal.load_run("r-1").moves

    @property
    def states(self) -> list[str]:
        return [row.outcome.state.value if row.outcome else str(row.state and row.state.value) for row in self.rows]


MakeRig = Callable[[int], Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    """A run of so many moves; its journal is closed at the end."""
    with ExitStack() as stack:

        def make(moves: int) -> Rig:
            rig = Rig(tmp_path, moves)
            stack.callback(rig.journal.close)
            return rig

        yield make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig(1)


def test_a_move_is_started_shown_and_judged(rig: Rig) -> None:
    events = rig.run()

    assert [type(event) for event in events] == [MoveStarted, MoveProgressed, MoveProgressed, MoveProgressed, MoveEnded]
    assert rig.states == ["moved"]
    assert rig.vcenter.calls == ["relocate vm-0"]
    assert rig.vcenter.closed


def test_progress_never_falls(rig: Rig) -> None:
    shown = [event.progress_percent for event in rig.run() if isinstance(event, MoveProgressed)]

    assert shown == [0, 50, 100]


def test_the_intent_is_in_the_journal_before_the_call(rig: Rig) -> None:
    seen: list[JournaledMove] = []
    original = rig.vcenter.start_relocation

    class Spy(FakeVCenter):
        def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
            seen.extend(rig.rows)
            return original(move, op_id=op_id)

    spy = Spy(hosts=rig.vcenter.hosts)
    spy.tasks, spy.moves, spy.op_ids = rig.vcenter.tasks, rig.vcenter.moves, rig.vcenter.op_ids
    rig.vcenter = spy
    rig.run()

    assert seen[0].state is MoveState.INTENT
    assert seen[0].op_id in spy.op_ids
    assert seen[0].intent_at == START


def test_no_more_than_the_limit_runs_at_once(make_rig: MakeRig) -> None:
    rig = make_rig(7)
    rig.limits = Limits(max_concurrent=3)

    rig.run()

    assert rig.vcenter.most_at_once == 3
    assert rig.states == ["moved"] * 7


def test_one_failure_does_not_stop_the_rest(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.vcenter.failing["vm-1"] = Fault(kind="MigrationFault", message="no")

    rig.run()

    assert rig.states == ["moved", "failed", "moved"]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(VCenterFault("refused", fault_kind="InvalidState"), id="a fault of the call"),
        pytest.param(PermissionMissing("no privilege"), id="a missing privilege"),
    ],
)
def test_a_refused_call_is_a_failed_move(make_rig: MakeRig, error: Exception) -> None:
    rig = make_rig(2)
    rig.vcenter.refused["vm-0"] = error

    rig.run()

    assert rig.states == ["failed", "moved"]


def test_a_lost_answer_is_found_by_its_operation_id_and_never_sent_again(rig: Rig) -> None:
    rig.vcenter.lost["vm-0"] = OutcomeUnknown("the answer was lost")

    rig.run()

    assert rig.vcenter.calls == ["relocate vm-0", "find vm-0"]
    assert rig.states == ["moved"]


def test_a_lost_answer_without_a_task_stays_open(rig: Rig) -> None:
    rig.vcenter.refused["vm-0"] = OutcomeUnknown("the answer was lost")

    events = rig.run()

    assert rig.states == ["intent"]
    assert isinstance(events[-1], MoveEnded)
    assert events[-1].outcome.state is OutcomeState.UNKNOWN


def test_a_call_that_was_not_sent_leaves_the_move_planned(rig: Rig) -> None:
    rig.vcenter.refused["vm-0"] = Unreachable("nothing answers")

    with pytest.raises(Unreachable):
        rig.run()

    assert rig.states == ["planned"]
    assert rig.vcenter.closed


def test_a_halt_starts_no_more_and_watches_the_running_ones(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=1)
    rig.control = FakeControl(halt_after=2)

    events = rig.run()

    assert rig.states == ["moved", "planned", "planned"]
    assert [event.detached for event in events if isinstance(event, RunHalted)] == [False]


def test_a_detach_leaves_the_task_in_the_journal(rig: Rig) -> None:
    rig.control = FakeControl(detach_after=2)

    events = rig.run()

    assert rig.states == ["submitted"]
    assert isinstance(events[-1], RunHalted)
    assert events[-1].detached


def test_the_time_limit_leaves_running_moves_alone(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.limits = Limits(max_concurrent=1, timeout_s=4.0)

    events = rig.run()

    assert rig.states == ["submitted", "planned"]
    assert isinstance(events[-1], RunHalted)
    assert not any("cancel" in call for call in rig.vcenter.calls)


def test_a_second_run_watches_again_what_the_first_left(rig: Rig) -> None:
    rig.control = FakeControl(detach_after=2)
    rig.run()
    rig.control = FakeControl()

    events = rig.run()

    assert rig.vcenter.calls == ["relocate vm-0"]
    assert isinstance(events[0], MoveStarted)
    assert events[0].resumed
    assert rig.states == ["moved"]


def test_a_task_that_vcenter_forgot_is_unknown(rig: Rig) -> None:
    rig.vcenter.gone.add(MoRef(kind="Task", moid="task-1"))

    rig.run()

    assert rig.states == ["unknown"]


def test_a_move_that_another_process_took_is_not_started(rig: Rig) -> None:
    rows = rig.rows
    rig.journal.write_intent("r-1", 0, op_id="other", at=START)
    execution_rows = [row for row in rows if row.outcome is None]
    assert execution_rows[0].state is MoveState.PLANNED

    class Stale(Rig):
        @property
        def rows(self) -> tuple[JournaledMove, ...]:
            return rows

    stale = Stale.__new__(Stale)
    stale.__dict__.update(rig.__dict__)
    events = stale.run()

    assert rig.vcenter.calls == []
    assert isinstance(events[-1], MoveEnded)
    assert events[-1].outcome.state is OutcomeState.UNKNOWN


def test_the_outcome_is_in_the_journal_before_it_is_shown(rig: Rig) -> None:
    ended = [(event, rig.rows[0]) for event in rig.events() if isinstance(event, MoveEnded)]

    assert [event.outcome for event, _ in ended] == [row.outcome for _, row in ended]
