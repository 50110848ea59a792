"""The journal: what is committed is there after a crash, and what is final stays."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.build import datastore_ref, host_ref
from tests.fakes import START
from tests.rig import DESTINATION, INFO, make_move
from vsphere_motion.errors import Ambiguous, JournalError, NotFound
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.forecast import Forecast, MoveLoad, Span
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.record import LogLine, MotionRecord
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.task import Fault
from vsphere_motion.planning.window import costs_of
from vsphere_motion.run.journal import FILE_NAME, Journal, JournaledMove, MoveState, open_journal
from vsphere_motion.vmotion.costs import Operation, Resource

TASK = MoRef(kind="Task", moid="task-1")
FINDING = Finding(
    id="vm.snapshots",
    severity=Severity.WARNING,
    subject=DESTINATION,
    message="has 2 snapshots",
    remedy="delete them",
    evidence=(("snapshot_count", 2), ("names", ("a", "b"))),
)
MOTION = MotionRecord(
    migration_id="8743996508480001077",
    source_host="esx01",
    destination_host="esx02",
    downtime_s=0.2,
    lines=(LogLine(host="esx01", log="vmkernel", number=7, at=START, text="\x1b[31m <line>"),),
)
OUTCOME = Outcome(
    move=make_move(0),
    state=OutcomeState.FAILED,
    task="task-1",
    started_at=START,
    completed_at=START,
    fault=Fault(kind="MigrationFault", message="no", details=("a", "b")),
    motion=MOTION,
)


def info(run: str, uuid: str = "u-1") -> RunInfo:
    return replace(INFO, run=run, vcenter=INFO.vcenter._replace(instance_uuid=uuid))


def rows(count: int) -> list[JournaledMove]:
    return [
        JournaledMove(position=n, planned=PlannedMove(move=make_move(n), findings=(FINDING,), skipped=("cpu.threads",)))
        for n in range(count)
    ]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "state")) as opened:
        yield opened


def test_everything_survives_a_reopening(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(2))
    journal.write_intent("r-1", 0, op_id="op-1", at=START)
    journal.write_task("r-1", 0, TASK)
    journal.write_outcome("r-1", 0, OUTCOME)
    journal.close()

    with closing(Journal(journal.path)) as reopened:
        found = reopened.load_run("r-1")

    assert found.info == info("r-1")
    assert found.moves[0].outcome == OUTCOME
    assert found.moves[0].task == TASK
    assert found.moves[0].op_id == "op-1"
    assert found.moves[1] == rows(2)[1]
    assert not found.is_finished


def test_a_final_state_is_never_overwritten(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))
    assert journal.write_outcome("r-1", 0, OUTCOME)
    assert not journal.write_outcome("r-1", 0, replace(OUTCOME, state=OutcomeState.MOVED))
    journal.write_task("r-1", 0, TASK)

    move = journal.load_run("r-1").moves[0]
    assert move.outcome == OUTCOME
    assert move.state is None


def test_what_another_process_has_asked_for_is_not_settled(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(2))
    with closing(Journal(journal.path)) as other:
        assert other.write_intent("r-1", 0, op_id="op", at=START)
        assert not journal.settle("r-1", 0, OUTCOME)
        assert journal.settle("r-1", 1, OUTCOME)
        assert not journal.settle("r-1", 1, replace(OUTCOME, state=OutcomeState.MOVED))
    assert [move.state for move in journal.load_run("r-1").moves] == [MoveState.INTENT, None]


def test_one_run_at_a_time_gets_the_intent_for_a_vm(journal: Journal) -> None:
    for run, uuid in (("r-1", "u-1"), ("r-2", "u-1"), ("r-3", "u-2")):
        journal.create_run(info(run, uuid), rows(2))
    assert journal.write_intent("r-1", 0, op_id="first", at=START)
    assert not journal.write_intent("r-2", 0, op_id="second", at=START)
    assert journal.write_intent("r-2", 1, op_id="another vm", at=START)
    assert journal.write_intent("r-3", 0, op_id="another vcenter", at=START)

    rival = journal.find_rival("r-2", 0)
    assert rival is not None
    assert (rival.run, rival.item.op_id, rival.item.task, rival.watch) == ("r-1", "first", None, None)
    journal.write_task("r-1", 0, TASK)
    assert not journal.write_intent("r-2", 0, op_id="second", at=START)
    journal.write_outcome("r-1", 0, OUTCOME)
    assert journal.find_rival("r-2", 0) is None
    assert journal.write_intent("r-2", 0, op_id="second", at=START)


def test_a_vm_that_another_run_moved_since_it_was_read_is_to_be_read_again(journal: Journal) -> None:
    for run in ("r-1", "r-2"):
        journal.create_run(info(run), rows(1))
    assert journal.write_intent("r-1", 0, op_id="first", at=START)
    ended = START + timedelta(seconds=2.5)
    journal.write_outcome("r-1", 0, replace(OUTCOME, state=OutcomeState.MOVED, completed_at=ended))

    assert not journal.write_intent("r-2", 0, op_id="second", at=ended)
    assert not journal.write_intent("r-2", 0, op_id="second", at=START + timedelta(seconds=2))
    assert journal.is_planned("r-2", 0)
    assert journal.write_intent("r-2", 0, op_id="second", at=ended + timedelta(seconds=0.01))
    assert not journal.is_planned("r-2", 0)


def test_what_a_move_costs_and_its_wave_are_kept(journal: Journal) -> None:
    hosts = [(host_ref(number), 10_000_000_000 // number) for number in (1, 2)]
    costs = costs_of(Operation.VMOTION_WITHOUT_SHARED_STORAGE, hosts=hosts, datastores=[datastore_ref(3)])
    (row,) = rows(1)
    planned = replace(row.planned, costs=costs, wave=2)
    journal.create_run(info("r-1"), [replace(row, planned=planned)])

    assert {slot[0] for slot, _ in costs} == set(Resource), "every kind of object"
    assert journal.load_run("r-1").moves[0].planned == planned


def test_what_moved_since_is_read_without_what_the_logs_said(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(3))
    for position, second in enumerate((0.0, 0.999999, 1.0)):
        ended = START + timedelta(seconds=second)
        outcome = replace(OUTCOME, state=OutcomeState.MOVED, completed_at=ended, motion=MOTION, fault=None)
        journal.write_outcome("r-1", position, outcome)

    (found,) = journal.moved_since(START + timedelta(seconds=1), vcenter_uuid="u-1")

    assert found[1] == replace(journal.load_run("r-1").moves[2], outcome=replace(outcome, motion=None)), (
        "all but the motion"
    )


def test_several_intents_are_taken_each_for_itself(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(3))
    assert journal.write_intent("r-1", 1, op_id="before", at=START)
    assert journal.write_intents("r-1", {0: "a", 1: "b", 2: "c"}, at=START) == {0, 2}
    assert [move.op_id for move in journal.load_run("r-1").moves] == ["a", "before", "c"]


def test_only_one_process_gets_the_intent(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))
    with closing(Journal(journal.path)) as other:
        assert journal.write_intent("r-1", 0, op_id="first", at=START)
        assert not other.write_intent("r-1", 0, op_id="second", at=START)
    assert journal.load_run("r-1").moves[0].op_id == "first"


def test_a_withdrawn_intent_can_be_taken_again(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))
    journal.write_intent("r-1", 0, op_id="first", at=START)
    journal.withdraw_intent("r-1", 0)

    move = journal.load_run("r-1").moves[0]
    assert (move.state, move.op_id, move.intent_at) == (MoveState.PLANNED, None, None)


def test_a_submitted_move_is_not_withdrawn(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))
    journal.write_intent("r-1", 0, op_id="first", at=START)
    journal.write_task("r-1", 0, TASK)
    journal.withdraw_intent("r-1", 0)

    assert journal.load_run("r-1").moves[0].state is MoveState.SUBMITTED


def test_the_newest_unfinished_run_of_this_vcenter_is_found(journal: Journal) -> None:
    journal.create_run(info("r-old"), rows(1))
    journal.create_run(info("r-new"), rows(1))
    journal.create_run(info("r-other", uuid="u-2"), rows(1))

    assert journal.find_newest(vcenter_uuid="u-1", unfinished=True) == "r-new"
    journal.write_outcome("r-new", 0, OUTCOME)
    assert journal.find_newest(vcenter_uuid="u-1", unfinished=True) == "r-old"
    journal.write_outcome("r-old", 0, OUTCOME)
    assert journal.find_newest(vcenter_uuid="u-1", unfinished=True) is None
    assert journal.find_newest(vcenter_uuid="u-1") == "r-new"
    assert journal.find_newest() == "r-other"


def test_the_newest_move_of_a_vm_needs_a_task(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))
    journal.write_intent("r-1", 0, op_id="op", at=START)
    journal.write_task("r-1", 0, TASK)
    journal.write_outcome("r-1", 0, OUTCOME)
    journal.create_run(info("r-2"), rows(1))
    journal.write_outcome("r-2", 0, OUTCOME)

    vm = make_move(0).vm.ref
    found = journal.find_newest_move(vcenter_uuid="u-1", vm=vm)
    assert found is not None
    assert found.task == TASK
    assert journal.find_newest_move(vcenter_uuid="u-2", vm=vm) is None


def test_a_run_ends_only_when_every_move_has(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(2))
    journal.write_outcome("r-1", 0, OUTCOME)
    journal.end_run("r-1", START)
    assert journal.load_run("r-1").info.ended_at is None

    journal.write_outcome("r-1", 1, OUTCOME)
    journal.end_run("r-1", START)
    assert journal.load_run("r-1").info.ended_at == START


def test_an_id_may_be_shortened_but_not_ambiguous(journal: Journal) -> None:
    for run in ("r-abc", "r-abd", "r-a"):
        journal.create_run(info(run), rows(1))

    assert journal.load_run("r-abc").info.run == "r-abc"
    assert journal.load_run("r-a").info.run == "r-a"
    with pytest.raises(Ambiguous) as ambiguous:
        journal.load_run("r-ab")
    assert ambiguous.value.details == ("r-abc", "r-abd")
    with pytest.raises(NotFound):
        journal.load_run("r-%")


def test_only_its_owner_can_read_it(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in journal.path.parent.iterdir()}
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}


def test_a_newer_journal_is_refused(journal: Journal) -> None:
    journal.close()
    with closing(sqlite3.connect(journal.path)) as database:
        database.execute("UPDATE schema_version SET version = 99")
        database.commit()

    with pytest.raises(JournalError, match="version 99"):
        Journal(journal.path)


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("this is not a database, and it is longer than a header of one hundred bytes would be " * 2)

    with pytest.raises(JournalError, match=str(path)):
        Journal(path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(JournalError, match="file"):
        open_journal(tmp_path / "file" / "state")


def moved(number: int, minutes: float) -> Outcome:
    return Outcome(
        move=make_move(number), state=OutcomeState.MOVED, task="task-1", completed_at=START + timedelta(minutes=minutes)
    )


def run_of(journal: Journal, run: str, *outcomes: Outcome, uuid: str = "u-1", started_at: datetime = START) -> None:
    """A run of ended moves."""
    journal.create_run(
        replace(info(run, uuid), started_at=started_at),
        [replace(item, outcome=outcome) for item, outcome in zip(rows(len(outcomes)), outcomes, strict=True)],
    )
    journal.end_run(run, started_at + timedelta(hours=1))


def test_moves_since_a_time_are_those_that_were_seen_to_end_well_on_this_vcenter(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    run_of(journal, "r-1", moved(0, 10), replace(moved(1, 20), state=OutcomeState.FAILED), moved(2, 30))
    run_of(journal, "r-2", moved(0, 40), uuid="u-2")
    run_of(journal, "r-3", moved(0, 50), replace(moved(1, 0), completed_at=None))
    found = journal.moved_since(START + timedelta(minutes=10), vcenter_uuid="u-1")
    assert [(run, item.position, item.outcome and item.outcome.completed_at) for run, item in found] == [
        ("r-1", 0, START + timedelta(minutes=10)),
        ("r-1", 2, START + timedelta(minutes=30)),
        ("r-3", 0, START + timedelta(minutes=50)),
    ]
    later = journal.moved_since(START + timedelta(minutes=10, microseconds=1), vcenter_uuid="u-1")
    assert [(run, item.position) for run, item in later] == [("r-1", 2), ("r-3", 0)]


def test_a_move_of_a_run_that_goes_on_counts(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.create_run(info("r-1"), rows(2))
    journal.write_outcome("r-1", 1, moved(1, 5))
    assert [(run, item.position) for run, item in journal.moved_since(START, vcenter_uuid="u-1")] == [("r-1", 1)]


def test_past_moves_are_the_moves_that_ended_well_with_their_numbers(journal: Journal) -> None:
    motion = replace(MOTION, precopy_s=9.5, precopy_bandwidth_bps=8_000_000_000, dirty_rate_bps=1000)
    load = MoveLoad(vm=make_move(0).vm.ref, memory_bytes=2**30)
    told = Forecast(load=load, duration_s=Span(low=1.0, likely=2.0, high=3.0), reasons=("because",))
    moved = replace(
        OUTCOME, state=OutcomeState.MOVED, completed_at=START + timedelta(seconds=10), motion=motion, forecast=told
    )
    for run, uuid in (("r-1", "u-1"), ("r-2", "u-2")):
        journal.create_run(info(run, uuid), rows(3))
        for position, outcome in ((0, moved), (1, OUTCOME)):
            journal.write_outcome(run, position, outcome)

    (one,) = journal.past_moves(vcenter_uuid="u-1")
    host = make_move(0).destination.host
    assert host is not None
    assert (one.run, one.vm, one.destination) == ("r-1", make_move(0).vm.ref, host.ref)
    assert (one.duration_s, one.precopy_s, one.bandwidth_bps, one.dirty_rate_bps) == (10.0, 9.5, 8_000_000_000, 1000)
    assert (one.downtime_s, one.forecast) == (0.2, told)
    assert [past.run for past in journal.past_moves()] == ["r-2", "r-1"], "the newest first"
    assert [past.run for past in journal.past_moves(most=1)] == ["r-2"]


def test_a_forecast_of_another_version_leaves_the_numbers_of_its_move(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(1))
    journal.write_outcome("r-1", 0, replace(OUTCOME, state=OutcomeState.MOVED))
    with closing(sqlite3.connect(journal.path)) as raw:
        raw.execute("UPDATE move SET outcome = json_set(outcome, '$.forecast', json('{\"basis\": \"tea leaves\"}'))")
        raw.commit()
    (one,) = journal.past_moves()
    assert one.forecast is None
    assert one.downtime_s == 0.2
