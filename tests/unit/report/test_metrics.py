"""The numbers for Prometheus, and their file."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import START
from tests.rig import make_move
from vsphere_motion.model.current import RunningTask
from vsphere_motion.model.event import MoveEnded, MoveProgressed, MoveStarted
from vsphere_motion.model.motion import WatchedMotion
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault, TaskState, TaskStatus
from vsphere_motion.report.metrics import Tally, metrics_text, motion_state, write_metrics

TASK = MoRef(kind="Task", moid="task-1")
RECORD = MotionRecord(
    migration_id="1",
    source_host="a",
    destination_host="b",
    precopy_s=10.0,
    precopy_bandwidth_bps=8_000_000_000,
    downtime_s=0.25,
)


def sample(tally: Tally, name: str) -> float:
    """The value of the only sample that begins so."""
    (line,) = [line for line in metrics_text(tally).splitlines() if line.startswith(name)]
    return float(line.rsplit(" ", 1)[1])


def ended(number: int, state: OutcomeState = OutcomeState.MOVED, seconds: float = 12.0) -> MoveEnded:
    outcome = Outcome(
        move=make_move(number),
        state=state,
        started_at=START,
        completed_at=START + timedelta(seconds=seconds),
        motion=RECORD,
    )
    return MoveEnded(at=START, outcome=outcome)


def test_a_run_is_counted() -> None:
    tally = Tally(vcenter="vc.example")
    assert tally.take_event(MoveStarted(at=START, move=make_move(0), task="task-0"))
    assert not tally.take_event(MoveProgressed(at=START, move=make_move(0), task="task-0", progress_percent=4))
    assert sample(tally, "vsphere_motion_moves_running") == 1
    tally.take_event(ended(0))
    tally.take_event(ended(1, OutcomeState.FAILED, seconds=30))

    assert sample(tally, "vsphere_motion_moves_running") == 0
    assert sample(tally, 'vsphere_motion_moves{vcenter="vc.example",state="moved"}') == 1
    assert sample(tally, 'vsphere_motion_moves{vcenter="vc.example",state="failed"}') == 1
    assert sample(tally, "vsphere_motion_move_duration_seconds_sum") == 42
    assert sample(tally, "vsphere_motion_move_duration_seconds_count") == 2
    assert sample(tally, "vsphere_motion_move_longest_duration_seconds") == 30
    assert sample(tally, "vsphere_motion_move_downtime_seconds_sum") == 0.5
    assert sample(tally, "vsphere_motion_sent_bytes") == 20e9
    assert sample(tally, "vsphere_motion_last_change_timestamp_seconds") == START.timestamp()


def test_every_sample_has_its_help_and_type_before_it() -> None:
    known: set[str] = set()
    for line in metrics_text(Tally(vcenter="vc")).splitlines():
        if line.startswith("# TYPE "):
            known.add(line.split()[2])
        elif not line.startswith("#"):
            name = line.split("{")[0]
            assert name in known or name.removesuffix("_sum").removesuffix("_count") in known


def test_a_hostile_name_stays_within_its_label() -> None:
    text = metrics_text(Tally(vcenter='a"} 1\nevil{x="\\'))
    assert 'vcenter="a\\"} 1\\nevil{x=\\"\\\\"' in text
    assert not any(line.startswith("evil") for line in text.splitlines())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (TaskStatus(task=TASK, state=TaskState.SUCCESS), OutcomeState.MOVED),
        (TaskStatus(task=TASK, state=TaskState.ERROR), OutcomeState.FAILED),
        (
            TaskStatus(task=TASK, state=TaskState.ERROR, fault=Fault(kind="RequestCanceled", message="")),
            OutcomeState.CANCELLED,
        ),
        (TaskStatus(task=TASK, state=None, is_gone=True), OutcomeState.UNKNOWN),
    ],
)
def test_a_watched_motion_ends_in_a_word(status: TaskStatus, expected: OutcomeState) -> None:
    motion = WatchedMotion(status=status, kind="VirtualMachine.relocate", vm=None, started=RunningTask(task=TASK))
    tally = Tally(vcenter="vc")
    assert motion_state(motion) is expected
    assert tally.take_motion(motion, START)
    assert tally.states == {expected.value: 1}


def test_the_file_is_replaced_whole_and_others_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "motion.prom"
    write_metrics(path, Tally(vcenter="one"))
    before = path.stat().st_ino
    write_metrics(path, Tally(vcenter="two"))
    assert path.stat().st_ino != before, "renamed over, never written in place"
    assert 'vcenter="two"' in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["motion.prom"]


def test_a_directory_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        write_metrics(tmp_path / "nowhere" / "motion.prom", Tally(vcenter="vc"))
    assert list(tmp_path.iterdir()) == []
