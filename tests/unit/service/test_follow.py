"""What a door without a terminal keeps of a run, and what it tells meanwhile."""

from __future__ import annotations

from datetime import timedelta

from tests.build import TAKEN_AT, move
from tests.unit.cli.calls import report
from vsphere_motion.model.event import Event, MoveProgressed, RunEnded, RunHalted, RunNoted, RunStarted
from vsphere_motion.service.follow import PERCENT_EVERY, follow

SECOND = timedelta(seconds=1)


def progressed(percent: int, after: timedelta, number: int = 1) -> MoveProgressed:
    return MoveProgressed(at=TAKEN_AT + after, move=move(number=number), task="task-1", progress_percent=percent)


def test_percentages_of_a_vm_are_told_now_and_then_and_all_are_kept() -> None:
    told: list[str] = []
    events = [progressed(5, 0 * SECOND), progressed(9, SECOND), progressed(30, PERCENT_EVERY), progressed(1, SECOND, 2)]

    followed = follow(events, told.append)

    assert told == ["vm1 5%", "vm1 30%", "vm2 1%"]
    assert [followed.percents[event.move.vm.ref] for event in events[-2:]] == [30, 1]


def test_a_run_is_kept_with_its_end_and_what_a_person_should_look_at() -> None:
    ended = report()
    events: list[Event] = [
        RunStarted(at=TAKEN_AT, run="r-1"),
        RunNoted(at=TAKEN_AT, text="an override was left", is_warning=True),
        RunNoted(at=TAKEN_AT, text="as it should be"),
        RunHalted(at=TAKEN_AT, reason="nobody waits for it", detached=True),
        RunHalted(at=TAKEN_AT, reason="a guest stood still", detached=False, is_breach=True),
        RunEnded(at=TAKEN_AT, report=ended),
    ]

    followed = follow(events, lambda line: None)

    assert (followed.run, followed.report, followed.is_breached) == ("r-1", ended, True)
    assert followed.warnings == ["an override was left", "a guest stood still"]
