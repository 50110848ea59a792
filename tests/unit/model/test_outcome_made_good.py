"""A move that did not take place counts no more once its VM has left in a later one."""

from __future__ import annotations

from dataclasses import replace

from tests import build
from vsphere_motion.model.outcome import Outcome, OutcomeState, made_good

SITE = build.site(others=(build.vm(2),))


def ended(state: OutcomeState, *, vm: int = 1, to: int = 2) -> Outcome:
    return Outcome(move=build.move(SITE, number=vm, to=to), state=state)


def test_a_failure_and_what_waited_for_it_are_made_good_by_a_later_move() -> None:
    outcomes = [
        ended(OutcomeState.FAILED),
        ended(OutcomeState.NOT_STARTED, vm=2),
        ended(OutcomeState.MOVED, to=3),
        ended(OutcomeState.MOVED, vm=2, to=3),
    ]
    assert made_good(outcomes) == {0, 1}


def test_an_earlier_move_another_vm_another_source_and_what_is_unknown_make_nothing_good() -> None:
    moved = ended(OutcomeState.MOVED, to=3)
    elsewhere = replace(moved, move=replace(moved.move, source=moved.move.destination))
    assert made_good([moved, ended(OutcomeState.FAILED)]) == frozenset()
    assert made_good([ended(OutcomeState.FAILED, vm=2), moved]) == frozenset()
    assert made_good([ended(OutcomeState.FAILED), elsewhere]) == frozenset()
    assert made_good([ended(OutcomeState.UNKNOWN), moved]) == frozenset()
    assert made_good([ended(OutcomeState.CANCELLED), moved]) == frozenset()
