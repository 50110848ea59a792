"""The story of keepsakes: the tags and custom attributes that a VM had, and has again at the other vCenter.

Rules of this file: what a VM had was journaled with its move, for the source has forgotten it; it is given back as soon
as the move has ended, in bulk and beside the loop; what is there already stays as it is, and nothing is taken away;
what cannot be given back is told, and makes no move a failed one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from vsphere_motion.errors import MotionError
from vsphere_motion.model.event import Event, MoveEnded, RunNoted
from vsphere_motion.model.keepsakes import NO_KEEPSAKES, Attribute, Keeping, Keepsakes, KeepState, Loss, TagName
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.failpoints import passing
from vsphere_motion.run.journal import Journal, JournaledMove
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Workbook
from vsphere_motion.service.across import require_side
from vsphere_motion.service.beside import beside
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.keepsakes import REFUSALS
from vsphere_motion.service.truce import note

_ARRIVED = frozenset({OutcomeState.MOVED, OutcomeState.UNCHANGED})
_NAMES = 3
_log = logging.getLogger(__name__)


Give: TypeAlias = Callable[[Sequence[JournaledMove]], dict[int, Keeping]]
"""Gives the VMs of ended moves what they are to have again; how far it is with each, by its position."""


def giving_back(
    vcenter: VCenter, journal: Journal, run: str, events: Iterable[Event], control: Control
) -> Iterator[Event]:
    """The events of a run, while what has arrived gets its keepsakes; at the end all that has not got them yet.

    Where somebody waits for the program to leave, the rest is left open, which is told.
    """
    found: dict[TagName, str] = {}
    return with_gifts(journal, run, events, control, lambda items: _give(vcenter, items, found))


def with_gifts(journal: Journal, run: str, events: Iterable[Event], control: Control, give: Give) -> Iterator[Event]:
    """`giving_back`, by whoever gives."""
    giving = _Giving(journal, run, give)
    if not giving.is_needed:
        yield from events
        return
    with closing(_generator(events)) as source:
        for event in source:
            yield event
            if isinstance(event, MoveEnded):
                giving.take(event.outcome)
            yield from giving.go_on()
    yield from giving.leave() if control.is_detaching else giving.finish()


class _Giving:
    """The keepsakes of one run: one batch of VMs at a time, in a thread of its own; the journal is this thread's."""

    def __init__(self, journal: Journal, run: str, give: Give) -> None:
        self._journal, self._run, self._give = journal, run, give
        self._open: dict[MoRef, JournaledMove] = {}
        self._ready: list[JournaledMove] = []
        self._batch: list[JournaledMove] = []
        self._work: Future[dict[int, Keeping]] | None = None
        self._given = 0
        self._look()

    @property
    def is_needed(self) -> bool:
        """Whether a VM of the run is to have anything again."""
        return bool(self._open)

    def take(self, outcome: Outcome) -> None:
        """A move has ended; one whose end is not known may not have, which the journal says at the end."""
        item = self._open.get(outcome.move.vm.ref)
        if item is not None and outcome.state is not OutcomeState.UNKNOWN:
            self._ready.append(replace(item, outcome=outcome))

    def go_on(self) -> Iterator[RunNoted]:
        """Take what a batch has come to, and begin the next; a vCenter that is away is asked again at the end."""
        if self._work is not None and self._work.done():
            yield from self._settle_or_wait()
        if self._work is None and self._ready:
            self._begin()

    def finish(self) -> Iterator[RunNoted]:
        """Wait for the batch that is under way, then give back what is left."""
        yield from self._settle_or_wait()
        self._look()
        self._begin()
        try:
            yield from self._settle()
        except MotionError as error:
            yield self._left(error.message)
        if self._given:
            yield note(f"{_count(self._given)} again with the tags and attributes asked for")

    def leave(self) -> Iterator[RunNoted]:
        """Say what is left open, if anything is."""
        if self._open:
            yield self._left("nobody waited for it")

    def _look(self) -> None:
        """What the journal has: what is open, and of it what has ended."""
        moves = self._journal.load_run(self._run).moves
        found = [item for item in moves if item.keeping is not None and item.keeping.state is KeepState.OPEN]
        self._open = {item.move.vm.ref: item for item in found}
        self._ready = [item for item in found if item.outcome is not None]

    def _begin(self) -> None:
        """Begin with everything whose move has ended."""
        self._batch, self._ready = self._ready, []
        if self._batch:
            self._work = beside(partial(self._give, tuple(self._batch)))

    def _settle_or_wait(self) -> Iterator[RunNoted]:
        try:
            yield from self._settle()
        except MotionError as error:
            _log.info("keepsakes are not given back yet: %s", error)

    def _settle(self) -> Iterator[RunNoted]:
        """Wait for the batch that is under way, journal what came of it, and tell what was lost.

        Raises:
            MotionError: the other vCenter is away; the batch is still to be done.
        """
        if self._work is None:
            return
        work, self._work = self._work, None
        keepings = work.result()
        passing("after_keepsakes")
        Workbook(self._journal).write_keepings(self._run, keepings)
        for item in self._batch:
            self._open.pop(item.move.vm.ref, None)
        self._given += sum(1 for one in keepings.values() if one.state is KeepState.KEPT)
        names = {item.position: item.move.vm.name for item in self._batch}
        yield from _losses_told({names[position]: one.losses for position, one in keepings.items()})

    def _left(self, why: str) -> RunNoted:
        names = [item.move.vm.name for item in self._open.values()]
        words = f"tags and attributes of {_listed(names)} are not given back yet: {why}"
        return note(f"{words}; they are with: vsphere-motion resume {self._run}", is_warning=True)


def _give(vcenter: VCenter, items: Sequence[JournaledMove], found_tags: dict[TagName, str]) -> dict[int, Keeping]:
    """Give the VMs of these moves what they are to have again, and read back whether they have it.

    Args:
        found_tags: the identifiers of tags that earlier batches have found.

    Raises:
        VCenterUnavailable, AccessRefused: the other vCenter is away.
    """
    from vsphere_motion.vcenter.across import find_arrived
    from vsphere_motion.vcenter.attributes import set_attributes
    from vsphere_motion.vcenter.vm_tags import attach_tags

    side = require_side(vcenter, [item.move for item in items])
    assert side is not None, "only moves to another vCenter have keepsakes"
    arrived = find_arrived(side.end, [item.move.vm.instance_uuid or "" for item in items])
    refs = {item.position: arrived.get(item.move.vm.instance_uuid or "") for item in items}
    tags = {ref: _keepsakes(item).tags or () for item in items if (ref := refs[item.position])}
    attributes = {ref: _keepsakes(item).attributes or () for item in items if (ref := refs[item.position])}
    session = side.vcenter.session
    lost = _tried(lambda: attach_tags(session, tags, found_tags), tags)
    more = _tried(lambda: set_attributes(session, attributes), attributes)
    found: dict[int, Keeping] = {}
    for item in items:
        ref = refs[item.position]
        losses = _absent(item) if ref is None else (*lost.get(ref, ()), *more.get(ref, ()))
        found[item.position] = Keeping(state=_state(item, losses, is_there=ref is not None), losses=losses)
    return found


def _tried(
    give: Callable[[], dict[MoRef, tuple[Loss, ...]]], wanted: Mapping[MoRef, Sequence[TagName | Attribute]]
) -> dict[MoRef, tuple[Loss, ...]]:
    """What was lost: where nothing could be given, everything."""
    try:
        return give()
    except REFUSALS as refused:
        return {ref: _all_lost(ones, refused.message) for ref, ones in wanted.items()}


def _absent(item: JournaledMove) -> tuple[Loss, ...]:
    """What a VM has lost that is not at the other vCenter: nothing, where its move has not brought it there."""
    if item.outcome is None or item.outcome.state not in _ARRIVED:
        return ()
    keepsakes, why = _keepsakes(item), "the virtual machine is not at the other vCenter any more"
    return _all_lost((*(keepsakes.tags or ()), *(keepsakes.attributes or ())), why)


def _all_lost(ones: Sequence[TagName | Attribute], why: str) -> tuple[Loss, ...]:
    return tuple(Loss(what=one.words, why=why) for one in ones)


def _state(item: JournaledMove, losses: tuple[Loss, ...], *, is_there: bool) -> KeepState:
    if losses:
        return KeepState.LOST
    return KeepState.KEPT if is_there else KeepState.NOWHERE


def _keepsakes(item: JournaledMove) -> Keepsakes:
    return item.move.manner.keepsakes or NO_KEEPSAKES


def _losses_told(losses: Mapping[str, tuple[Loss, ...]]) -> Iterator[RunNoted]:
    """One note for each thing that is lost for the same reason, with the VMs that are without it."""
    by_loss: dict[Loss, list[str]] = {}
    for name, lost in losses.items():
        for one in lost:
            by_loss.setdefault(one, []).append(name)
    for one, names in by_loss.items():
        yield note(
            f"{_listed(names)} {'is' if len(names) == 1 else 'are'} without {one.what}: {one.why}", is_warning=True
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def _count(number: int) -> str:
    return f"{number} VM{' is' if number == 1 else 's are'}"


def _generator(events: Iterable[Event]) -> Generator[Event, None, None]:
    yield from events
