"""A report and its readings."""

from __future__ import annotations

import pytest

from tests.unit.report.samples import (
    GIB,
    after,
    blocked,
    failed,
    full_report,
    make_info,
    make_motion,
    make_outcome,
    make_report,
    moved,
    moved_with_lower_bound,
    not_started,
)
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.motionlog.downtime import MEASURE_LOWER_BOUND
from vsphere_motion.report.build import (
    Phase,
    Summary,
    build_report,
    failures_first,
    modelled_phases,
    phases_of,
    summarize,
)


def test_a_report_keeps_the_order_of_the_plan() -> None:
    report = build_report(make_info(), [moved(), failed()])
    assert report == Report(info=make_info(), moves=(moved(), failed()))


def test_trouble_comes_first_and_equal_states_keep_their_order() -> None:
    names = [item.outcome.move.vm.name for item in failures_first(full_report())]
    assert names == ["db02", "gpu01", "mail01", "web01", "app03", "dns01"]


def test_every_state_has_its_place() -> None:
    moves = [ReportedMove(outcome=make_outcome(state=state)) for state in OutcomeState]
    assert {item.outcome.state for item in failures_first(make_report(*moves))} == set(OutcomeState)


def test_the_summary_counts_moved_vms_and_measured_downtimes_only() -> None:
    assert summarize(full_report()) == Summary(
        counts=(
            (OutcomeState.FAILED, 1),
            (OutcomeState.BLOCKED, 1),
            (OutcomeState.NOT_STARTED, 1),
            (OutcomeState.MOVED, 2),
            (OutcomeState.UNCHANGED, 1),
        ),
        elapsed_s=108.0,
        moved_memory_bytes=40 * GIB,
        median_duration_s=48.5002,
        longest_duration_s=65.0,
        measured_downtimes=1,
        median_downtime_s=0.2100000004,
        longest_downtime_s=0.2100000004,
    )


@pytest.mark.parametrize(
    "item", [not_started(), ReportedMove(outcome=make_outcome(started_at=None, motion=None))], ids=["none", "unread"]
)
def test_what_no_move_has_is_none(item: ReportedMove) -> None:
    summary = summarize(make_report(item, ended_at=None))
    assert (summary.elapsed_s, summary.moved_memory_bytes, summary.measured_downtimes) == (None, None, 0)
    assert (summary.median_duration_s, summary.longest_duration_s) == (None, None)
    assert (summary.median_downtime_s, summary.longest_downtime_s) == (None, None)


def test_phases_come_from_vcenter_and_from_the_log() -> None:
    assert phases_of(make_outcome(completed_at=after(32.5), motion=make_motion(precopy_s=28.0, downtime_s=0.25))) == (
        Phase(name="queued", duration_s=0.5, source="vCenter's task"),
        Phase(name="pre-copy", duration_s=28.0, source="vmkernel log of the source"),
        Phase(name="switch-over", duration_s=0.25, source="vpxa's own measure"),
        Phase(name="other", duration_s=3.75, source="vCenter's task less the phases in the log"),
    )


def test_a_lower_bound_is_not_measured() -> None:
    phases = phases_of(moved_with_lower_bound().outcome)
    assert [(phase.name, phase.is_measured) for phase in phases] == [
        ("queued", True),
        ("pre-copy", True),
        ("switch-over", False),
        ("other", True),
    ]
    assert phases[2].source == MEASURE_LOWER_BOUND


def test_without_a_log_the_relocation_is_one_phase() -> None:
    outcome = make_outcome(queued_at=None, completed_at=after(10.5), motion=None)
    assert phases_of(outcome) == (Phase(name="relocation", duration_s=10.0, source="vCenter's task"),)


def test_a_log_without_numbers_leaves_one_phase() -> None:
    motion = make_motion(precopy_s=None, downtime_s=None)
    assert [phase.name for phase in phases_of(make_outcome(motion=motion))] == ["queued", "relocation"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"started_at": None, "motion": None}, [], id="never started"),
        pytest.param({"queued_at": after(5), "motion": None}, ["relocation"], id="queued after the start: no phase"),
        pytest.param({"completed_at": after(2)}, ["queued", "pre-copy", "switch-over"], id="log longer than the task"),
        pytest.param(
            {"completed_at": after(28.859)}, ["queued", "pre-copy", "switch-over"], id="a rest of 49 ms is rounding"
        ),
        pytest.param(
            {"completed_at": after(28.861)},
            ["queued", "pre-copy", "switch-over", "other"],
            id="a rest of 51 ms is a phase",
        ),
        pytest.param({"completed_at": None}, ["queued", "pre-copy", "switch-over"], id="end not seen"),
        pytest.param(
            {"motion": make_motion(downtime_measure=None)},
            ["queued", "pre-copy", "switch-over", "other"],
            id="measure without a name",
        ),
    ],
)
def test_phases_that_cannot_be_told_are_left_out(changes: dict[str, object], expected: list[str]) -> None:
    assert [phase.name for phase in phases_of(make_outcome(**changes))] == expected


def test_the_model_is_marked_as_an_estimate() -> None:
    motion = make_motion(precopy_bandwidth_bps=8 * GIB, dirty_rate_bps=None)
    phases = modelled_phases(ReportedMove(outcome=make_outcome(motion=motion), memory_bytes=32 * GIB))
    assert [(phase.name, phase.duration_s, phase.is_measured) for phase in phases] == [("pre-copy", 32.0, False)]


@pytest.mark.parametrize(
    "item",
    [
        blocked(),
        ReportedMove(outcome=make_outcome()),
        ReportedMove(outcome=make_outcome(motion=make_motion(precopy_bandwidth_bps=None)), memory_bytes=GIB),
        ReportedMove(outcome=Outcome(move=make_outcome().move, state=OutcomeState.MOVED), memory_bytes=GIB),
    ],
    ids=["blocked", "memory unknown", "bandwidth unknown", "no log"],
)
def test_without_its_inputs_there_is_no_model(item: ReportedMove) -> None:
    assert modelled_phases(item) == ()
