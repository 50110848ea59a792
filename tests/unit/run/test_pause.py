"""Where a run stops for a person to look."""

from __future__ import annotations

import pytest

from tests.fakes import FakeControl
from tests.rig import MakeRig, Rig, ended
from vsphere_motion.model.event import MoveStarted, RunHalted, RunPaused
from vsphere_motion.run.halt import HaltRule
from vsphere_motion.run.limits import Limits
from vsphere_motion.run.pause import PauseRule, PauseWatch


def story(rig: Rig) -> list[str]:
    """Starts, ends and pauses in order."""
    words = {MoveStarted: "start", RunPaused: "pause", RunHalted: "halt"}
    return [words[type(event)] for event in rig.run() if type(event) in words]


@pytest.mark.parametrize(
    ("rule", "canary", "expected"),
    [
        pytest.param(PauseRule(every=2), 0, "start start pause start start pause start", id="every two"),
        pytest.param(PauseRule(first=1), 1, "start pause start start start start", id="the canary alone"),
        pytest.param(PauseRule(), 0, "start start start start start", id="no rule"),
    ],
)
def test_a_person_lets_it_go_on(make_rig: MakeRig, rule: PauseRule, canary: int, expected: str) -> None:
    rig = make_rig(5)
    rig.limits = Limits(max_concurrent=4, pause=rule, halt=HaltRule(canary=canary))
    rig.control = FakeControl(answers=[True] * 9)

    assert " ".join(story(rig)) == expected
    assert rig.states == ["moved"] * 5


def test_before_a_pause_everything_has_ended(make_rig: MakeRig) -> None:
    rig = make_rig(4)
    rig.limits = Limits(max_concurrent=4, pause=PauseRule(every=3))
    rig.control = FakeControl(answers=[True])
    open_moves = 0
    for event in rig.events():
        open_moves += isinstance(event, MoveStarted) - len(ended([event]))
        assert not (isinstance(event, RunPaused) and open_moves)
        if isinstance(event, RunPaused):
            assert (event.reason, event.waiting) == ("3 moves have ended", 1)


def test_where_nobody_says_so_the_rest_stays_open(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=4, pause=PauseRule(every=1))

    events = rig.run()

    assert rig.states == ["moved", "planned", "planned"]
    halt = events[-1]
    assert isinstance(halt, RunHalted)
    assert (halt.is_breach, halt.detached) == (True, False)
    assert halt.reason == "paused: one move has ended; 2 wait, and nobody is there to let them go on"


def test_a_ctrl_c_at_the_pause_is_no_breach(make_rig: MakeRig) -> None:
    rig = make_rig(3)
    rig.limits = Limits(max_concurrent=4, pause=PauseRule(every=1))

    class Asked(FakeControl):
        has_asked = False

        def may_go_on(self) -> bool:
            self.has_asked = True
            return False

        @property
        def is_halting(self) -> bool:
            return self.has_asked

    rig.control = Asked()

    assert [event.is_breach for event in rig.run() if isinstance(event, RunHalted)] == [False]
    assert rig.states == ["moved", "planned", "planned"]


def test_there_is_no_pause_behind_the_last_move(make_rig: MakeRig) -> None:
    rig = make_rig(2)
    rig.limits = Limits(pause=PauseRule(every=2))

    assert story(rig) == ["start", "start"]


def test_waves_go_one_after_the_other() -> None:
    watch = PauseWatch(PauseRule(wave=True))
    assert watch.allowed([(0, 0), (1, 1), (2, 0)], [0, 1, 0]) == [0, 2]
    assert watch.due([0, 1]) is None
    assert watch.allowed([(1, 1)], [1]) == []
    assert watch.due([1]) == "wave 1 has ended"
    watch.go_on()
    assert watch.allowed([(1, 1)], [1]) == [1]
    assert watch.due([]) is None
