"""The loop keeps the order of a plan: who waits, what is given up, and that one move after the other ends the run."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes import FakeVCenter
from tests.rig import DESTINATION, SOURCE, MakeRig, make_move
from vsphere_motion.errors import OutcomeUnknown
from vsphere_motion.model.move import Move
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.planning.window import costs_of
from vsphere_motion.run.gate import PlanGate, Start
from vsphere_motion.run.limits import Limits
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.service.migrate import gate_of
from vsphere_motion.vmotion.costs import Operation

HOSTS = [(SOURCE.ref, 10_000_000_000), (DESTINATION.ref, 10_000_000_000)]
COSTS = costs_of(Operation.VMOTION, hosts=HOSTS)


class Deaf(FakeVCenter):
    """A vCenter that gives no answer and has never heard of any call."""

    def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
        raise OutcomeUnknown(f"the answer about {move.vm.moid} ({op_id}) was lost")


def test_a_move_starts_only_after_those_it_relies_on(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.gate = PlanGate(starts={0: Start(relies_on=()), 1: Start(relies_on=(2,)), 2: Start(relies_on=(0,))})

    rig.run()

    assert rig.vcenter.calls == ["relocate vm-0", "relocate vm-2", "relocate vm-1"]
    assert rig.vcenter.most_at_once == 1
    assert rig.states == ["moved"] * 3


def test_what_relies_on_a_failed_move_is_given_up_with_its_name_and_the_rest_goes_on(make_rig: MakeRig) -> None:
    rig = make_rig(4)
    rig.gate = PlanGate(starts={1: Start(relies_on=(0,)), 2: Start(relies_on=(1,))})
    rig.vcenter.failing["vm-0"] = Fault(kind="SystemError", message="no")

    rig.run()

    assert rig.states == ["failed", "not_started", "not_started", "moved"]
    note = rig.rows[1].outcome.note if rig.rows[1].outcome else None
    assert note == "it was to start after vm0 had moved, which did not take place"


def test_what_relies_on_a_move_whose_end_is_not_known_is_given_up(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.gate = PlanGate(starts={1: Start(relies_on=(0,))})
    rig.vcenter = Deaf(hosts=rig.vcenter.hosts)

    rig.run()

    assert rig.states == ["intent", "not_started"]


def test_the_window_of_a_host_holds_although_more_would_be_allowed(make_rig: MakeRig) -> None:
    rig = make_rig(20)
    rig.limits = Limits(max_concurrent=64)
    rig.gate = PlanGate(starts={position: Start(costs=COSTS) for position in range(20)})

    rig.run()

    assert rig.vcenter.most_at_once == 8
    assert rig.states == ["moved"] * 20


def test_one_at_a_time_for_each_host(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=64, max_per_host=1)
    rig.gate = PlanGate(starts={position: Start(costs=COSTS) for position in range(3)})

    rig.run()

    assert rig.vcenter.most_at_once == 1


def test_the_order_is_in_the_journal_for_a_resume(make_rig: MakeRig) -> None:
    rig = make_rig(0)
    moves = [PlannedMove(move=make_move(10), findings=()), PlannedMove(move=make_move(11), findings=(), relies_on=(0,))]
    info = replace(rig.journal.load_run("r-1").info, run="r-2")
    rig.journal.create_run(info, [JournaledMove(position=n, planned=one) for n, one in enumerate(moves)])
    settled = Outcome(move=moves[0].move, state=OutcomeState.MOVED)

    journaled = rig.journal.load_run("r-2")

    assert [row.planned.relies_on for row in journaled.moves] == [(), (0,)]
    assert gate_of(journaled).starts == {1: Start(relies_on=(0,))}
    rig.journal.settle("r-2", 0, settled)
    assert rig.journal.load_run("r-2").moves[0].outcome == settled
