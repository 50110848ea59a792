"""Relocations that were asked for and whose answer was lost: did vCenter hear of them?

Rules of this file: a call is never sent again because its answer is missing, only because vCenter has been seen not to
know it after the time a task may take to show (`SETTLE`, on vCenter's clock); and that once, a second loss is left to
`resume`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from vsphere_motion.errors import OutcomeUnknown
from vsphere_motion.model.event import Event
from vsphere_motion.run.flights import Flights
from vsphere_motion.run.ports import Ports
from vsphere_motion.run.recorder import Recorder
from vsphere_motion.run.records import JournaledMove

SETTLE = timedelta(seconds=30)
"""How long a task may take to become visible after its call; vm-operator waits as long."""

LOOK_AGAIN_S = 5.0
"""Between two searches for the task of a call whose answer was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A relocation whose answer was lost and whose task has not been found yet."""

    item: JournaledMove
    error: OutcomeUnknown


class LostAnswers:
    """The calls of one run whose tasks are still looked for; empty where nothing was lost."""

    def __init__(self, *, run: str, ports: Ports, recorder: Recorder, flights: Flights) -> None:
        self._run = run
        self._ports = ports
        self._recorder = recorder
        self._flights = flights
        self._asked: list[_Asked] = []
        self._lost_before: set[int] = set()
        self._look_again_s = 0.0

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def positions(self) -> frozenset[int]:
        """The moves, by their place in the run."""
        return frozenset(asked.item.position for asked in self._asked)

    def add(self, item: JournaledMove, error: OutcomeUnknown | None = None) -> None:
        """Look for the task of this move.

        Args:
            error: what became of its answer; None: an earlier process asked, and did not write what came of it.
        """
        self._asked.append(_Asked(item=item, error=error or _never_read(item)))
        self._look_again_s = self._ports.monotonic_s()

    def look(self, *, pause_s: float) -> Iterator[Event]:
        """Launch what was found, and let wait again what vCenter has never heard of.

        Args:
            pause_s: for so long at most nothing is done where it is too early to look and nothing else runs.
        """
        left_s = self._look_again_s - self._ports.monotonic_s()
        if not self._asked or left_s > 0:
            if self._asked and not self._flights:
                self._ports.pause(min(pause_s, left_s))
            return
        now = self._ports.clock.now()
        for asked in tuple(self._asked):
            item = asked.item
            assert item.op_id is not None
            assert item.intent_at is not None
            task = self._ports.finder.find_relocation(item.move.vm.ref, op_id=item.op_id, since=item.intent_at)
            if task is not None:
                self._asked.remove(asked)
                yield from self._flights.launch(item, task)
            elif now - item.intent_at > SETTLE:
                self._asked.remove(asked)
                yield from self._ask_again(asked)
        self._look_again_s = self._ports.monotonic_s() + LOOK_AGAIN_S

    def _ask_again(self, asked: _Asked) -> Iterator[Event]:
        """vCenter has never heard of the call: the move waits again, once; a second loss stays for `resume`."""
        item = asked.item
        if item.position in self._lost_before:
            yield self._flights.leave_open(item, asked.error.message)
            return
        self._lost_before.add(item.position)
        self._recorder.withdraw_intent(self._run, item.position)
        self._flights.returned.append(replace(item, op_id=None, intent_at=None))


def _never_read(item: JournaledMove) -> OutcomeUnknown:
    return OutcomeUnknown(f"it was asked for with operationID {item.op_id}, and vCenter's answer was never read")
