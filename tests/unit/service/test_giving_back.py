"""What becomes of VMs' keepsakes while a run goes on, when the other vCenter is away, and when nobody waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests import build
from tests.fakes import START
from tests.unit.run.test_journal import info, rows
from vsphere_motion.errors import Unreachable
from vsphere_motion.model.event import Event, MoveEnded, RunNoted
from vsphere_motion.model.keepsakes import Keeping, Keepsakes, KeepState, Loss, TagName
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.run.journal import Journal, open_journal
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.service.giving_back import with_gifts
from vsphere_motion.service.keepsakes import read_vocabulary, what_was_lost, with_keepsakes
from vsphere_motion.service.options import NEVER_STOP, NeverStop

PROD = TagName(category="env", name="prod")
KEPT = Keeping(state=KeepState.KEPT)
LOST = Keeping(state=KeepState.LOST, losses=(Loss(what="tag env/prod", why="not you"),))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path)) as opened:
        yield opened


def wanting(count: int) -> list[JournaledMove]:
    """Moves of so many VMs that are to have a tag again."""
    return [_with(item, Keepsakes(tags=(PROD,))) for item in rows(count)]


def _with(item: JournaledMove, keepsakes: Keepsakes) -> JournaledMove:
    move = replace(item.move, manner=replace(item.move.manner, keepsakes=keepsakes))
    return replace(item, planned=replace(item.planned, move=move))


@dataclass
class Gifts:
    """The other vCenter: it is away for the first so many batches, then it gives what is said."""

    keeping: Keeping = KEPT
    away: int = 0
    batches: list[tuple[int, ...]] = field(default_factory=list)

    def __call__(self, items: Sequence[JournaledMove]) -> dict[int, Keeping]:
        self.batches.append(tuple(item.position for item in items))
        if len(self.batches) <= self.away:
            raise Unreachable("vc-b does not answer")
        return {item.position: self.keeping for item in items}


def ending(journal: Journal, *, state: OutcomeState = OutcomeState.MOVED) -> Iterator[Event]:
    """Every move of the run ends, one after the other; the journal has it first."""
    for item in journal.load_run("r-1").moves:
        outcome = Outcome(move=item.move, state=state)
        journal.write_outcome("r-1", item.position, outcome)
        yield MoveEnded(at=START, outcome=outcome)


def told(events: Iterator[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, RunNoted)]


def states(journal: Journal) -> list[KeepState | None]:
    return [item.keeping.state if item.keeping else None for item in journal.load_run("r-1").moves]


def test_everything_that_has_ended_is_given_once(journal: Journal) -> None:
    journal.create_run(info("r-1"), wanting(5))
    gifts = Gifts()

    said = told(with_gifts(journal, "r-1", ending(journal), NEVER_STOP, gifts))

    assert said == ["5 VMs are again with the tags and attributes asked for"]
    assert sorted(position for batch in gifts.batches for position in batch) == [0, 1, 2, 3, 4]
    assert states(journal) == [KeepState.KEPT] * 5
    assert journal.find_newest(unfinished=True) is None


def test_where_nothing_is_to_be_kept_the_events_pass_and_nobody_is_asked(journal: Journal) -> None:
    journal.create_run(info("r-1"), rows(3))
    gifts = Gifts()

    events = list(with_gifts(journal, "r-1", ending(journal), NEVER_STOP, gifts))

    assert len(events) == 3
    assert gifts.batches == []
    assert states(journal) == [None] * 3


def test_what_is_lost_is_told_once_with_the_vms(journal: Journal) -> None:
    journal.create_run(info("r-1"), wanting(5))
    names = [item.move.vm.name for item in journal.load_run("r-1").moves]
    assert len(list(ending(journal))) == 5

    said = told(with_gifts(journal, "r-1", iter(()), NEVER_STOP, Gifts(keeping=LOST)))

    assert said == [f"{', '.join(names[:3])} and 2 more are without tag env/prod: not you"]
    assert states(journal) == [KeepState.LOST] * 5


def test_a_vcenter_that_is_away_is_asked_again_at_the_end(journal: Journal) -> None:
    journal.create_run(info("r-1"), wanting(2))
    gifts = Gifts(away=1)

    told(with_gifts(journal, "r-1", ending(journal), NEVER_STOP, gifts))

    assert states(journal) == [KeepState.KEPT] * 2
    assert sum(0 in batch for batch in gifts.batches) == 2


def test_one_that_stays_away_leaves_the_run_open_and_a_resume_does_the_rest(journal: Journal) -> None:
    journal.create_run(info("r-1"), wanting(2))

    (said,) = told(with_gifts(journal, "r-1", ending(journal), NEVER_STOP, Gifts(away=99)))

    assert "are not given back yet: vc-b does not answer" in said
    assert "vsphere-motion resume r-1" in said
    assert states(journal) == [KeepState.OPEN] * 2
    assert journal.find_newest(unfinished=True) == "r-1"
    told(with_gifts(journal, "r-1", iter(()), NEVER_STOP, Gifts()))
    assert states(journal) == [KeepState.KEPT] * 2


def test_who_leaves_does_not_wait_for_it(journal: Journal) -> None:
    journal.create_run(info("r-1"), wanting(1))
    leaving = replace(NEVER_STOP, is_detaching=True)
    assert isinstance(leaving, NeverStop)

    (said,) = told(with_gifts(journal, "r-1", iter(()), leaving, Gifts()))

    assert "nobody waited for it" in said
    assert states(journal) == [KeepState.OPEN]


def test_a_move_whose_end_is_not_known_is_left_open(journal: Journal) -> None:
    journal.create_run(info("r-1"), wanting(1))
    (item,) = journal.load_run("r-1").moves
    unknown = MoveEnded(at=START, outcome=Outcome(move=item.move, state=OutcomeState.UNKNOWN))
    gifts = Gifts()

    told(with_gifts(journal, "r-1", iter((unknown,)), NEVER_STOP, gifts))

    assert gifts.batches == []
    assert states(journal) == [KeepState.OPEN]


def test_what_can_not_be_read_any_more_is_what_was_lost_and_what_was_not_given_yet() -> None:
    (item,) = wanting(1)

    assert what_was_lost(replace(item, keeping=KEPT)).tags == ()
    assert what_was_lost(replace(item, keeping=LOST)).tags == (PROD,)
    assert what_was_lost(replace(item, keeping=Keeping(state=KeepState.OPEN))).tags == (PROD,)
    assert what_was_lost(item).tags == (PROD,)
    (bare,) = rows(1)
    assert what_was_lost(bare) == Keepsakes()


class Untouchable:
    """A vCenter that nothing may be asked of."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked for")


def test_nothing_is_asked_of_either_vcenter_where_nobody_wants_anything() -> None:
    from vsphere_motion.model.request import NO_WISHES

    moves = (build.move(),)

    assert with_keepsakes(Untouchable(), moves, NO_WISHES) == moves  # type: ignore[arg-type]
    assert read_vocabulary(Untouchable(), moves).find_category("env") is None  # type: ignore[arg-type]
