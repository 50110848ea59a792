"""Which loads go where so that rooms are evenly used, with few moves.

Rules of this file: evenness counts what loads are measured to use, the rooms' limits what they need. Each step takes
the shift that evens out most, and the search ends where the best one gains less than is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import nlargest, nsmallest
from math import sqrt

from vsphere_motion.model.site import Placing, Shift, Site
from vsphere_motion.planning.placement.floor import Floor, Unit

FULLEST, EMPTIEST = 3, 12
"""Rooms that are looked at in each step."""

NEAREST = 6
"""Loads on either side of the one that would even out two rooms best; the best may not be allowed to go."""


class Goal(Enum):
    """What is to be even."""

    MEMORY = "memory"
    CPU = "cpu"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How full the open rooms are, in percent of what they have, by what is used there."""

    percents: tuple[float, ...]

    @property
    def deviation(self) -> float:
        """Standard deviation, in percentage points."""
        if not self.percents:
            return 0.0
        mean = sum(self.percents) / len(self.percents)
        return sqrt(sum((one - mean) ** 2 for one in self.percents) / len(self.percents))


def rebalance(site: Site, *, goal: Goal, max_moves: int, min_gain: float) -> Placing:
    """Even out a site.

    Args:
        max_moves: shifts at most.
        min_gain: by how many percentage points a shift must lower the fullness of the room that it leaves, compared
            with that of the room it goes to.
    """
    evening = _Evening(site, goal, min_gain)
    while len(evening.moved) < max_moves and evening.step():
        pass
    floor = evening.floor
    return Placing(
        shifts=tuple(
            Shift(load=load, source=site.loads[load].at, destination=floor.room_of[load])
            for load in evening.moved
            if floor.room_of[load] != site.loads[load].at
        )
    )


def balance_of(site: Site, goal: Goal, room_of: Sequence[int] | None = None) -> Balance:
    """How full the open rooms are with every load where it is, or in these rooms."""
    used = _Used(site, goal)
    for load, room in enumerate(room_of if room_of is not None else [one.at for one in site.loads]):
        used.add(load, room, 1)
    return Balance(percents=tuple(used.percent(room) for room, one in enumerate(site.rooms) if one.is_open))


class _Used:
    """What is used in each room."""

    def __init__(self, site: Site, goal: Goal) -> None:
        self._memory = [0] * len(site.rooms)
        self._cpu = [0] * len(site.rooms)
        self._site = site
        self._goal = goal

    def add(self, load: int, room: int, sign: int) -> None:
        self._memory[room] += sign * self._site.loads[load].uses_bytes
        self._cpu[room] += sign * self._site.loads[load].uses_mhz

    def percent(self, room: int, load: int | None = None, sign: int = 1) -> float:
        """How full a room is, with or without a load in thought."""
        here = self._site.rooms[room]
        more = self._site.loads[load] if load is not None else None
        memory = (self._memory[room] + (sign * more.uses_bytes if more else 0)) / max(1, here.memory_bytes)
        cpu = (self._cpu[room] + (sign * more.uses_mhz if more else 0)) / max(1, here.cpu_mhz)
        if self._goal is Goal.BOTH:
            return 100 * max(memory, cpu)
        return 100 * (memory if self._goal is Goal.MEMORY else cpu)


class _Evening:
    """A site that is being evened out; a load is shifted once."""

    def __init__(self, site: Site, goal: Goal, min_gain: float) -> None:
        self.floor = Floor(site)
        self.moved: dict[int, None] = {}
        self._site = site
        self._goal = goal
        self._min_gain = min_gain
        self._used = _Used(site, goal)
        self._units: dict[int, Unit] = {}
        tied = {load for group in site.together for load in group}
        by_room: list[list[int]] = [[] for _ in site.rooms]
        for load, one in enumerate(site.loads):
            self._used.add(load, one.at, 1)
            if one.may_go and load not in tied:
                by_room[one.at].append(load)
        self._by_memory = [sorted((site.loads[load].uses_bytes, load) for load in loads) for loads in by_room]
        self._by_cpu = [sorted((site.loads[load].uses_mhz, load) for load in loads) for loads in by_room]
        self._percent = [self._used.percent(room) for room in range(len(site.rooms))]

    def step(self) -> bool:
        """Make the shift that gains most; False if none gains enough."""
        rooms = [room for room, one in enumerate(self._site.rooms) if one.is_open]
        full = nlargest(FULLEST, rooms, key=lambda room: (self._percent[room], -room))
        empty = nsmallest(EMPTIEST, rooms, key=lambda room: (self._percent[room], room))
        best: tuple[float, int, int, int] | None = None
        for source in full:
            for room in empty:
                for load in self._fitting(source, room):
                    gain = self._gain(load, source, room)
                    if gain > self._min_gain and (best is None or gain > best[0]) and self._may(load, room):
                        best = (gain, load, source, room)
        if best is None:
            return False
        self._shift(*best[1:])
        return True

    def _fitting(self, source: int, room: int) -> set[int]:
        """The loads of a room whose use is nearest to half of what it is fuller than the other."""
        half = (self._percent[source] - self._percent[room]) / 200
        if half <= 0 or source == room:
            return set()
        here, found = self._site.rooms[source], set()
        if self._goal is not Goal.CPU:
            found |= _nearest(self._by_memory[source], half * here.memory_bytes)
        if self._goal is not Goal.MEMORY:
            found |= _nearest(self._by_cpu[source], half * here.cpu_mhz)
        return found

    def _may(self, load: int, room: int) -> bool:
        unit = self._unit(load)
        return room in unit.rooms and self.floor.fits(unit, room)

    def _gain(self, load: int, source: int, room: int) -> float:
        """How much nearer the two rooms come to each other, in percentage points."""
        before = abs(self._percent[source] - self._percent[room])
        after = abs(self._used.percent(source, load, -1) - self._used.percent(room, load))
        return before - after

    def _shift(self, load: int, source: int, room: int) -> None:
        one = self._site.loads[load]
        self._by_memory[source].remove((one.uses_bytes, load))
        self._by_cpu[source].remove((one.uses_mhz, load))
        self.floor.move(self._unit(load), room)
        self._used.add(load, source, -1)
        self._used.add(load, room, 1)
        self._percent[source], self._percent[room] = self._used.percent(source), self._used.percent(room)
        self.moved[load] = None

    def _unit(self, load: int) -> Unit:
        if load not in self._units:
            self._units[load] = self.floor.unit_of((load,))
        return self._units[load]


def _nearest(ranked: Sequence[tuple[int, int]], wanted: float) -> set[int]:
    """The loads around a place in a ranking."""
    middle = bisect_left(ranked, (round(wanted), -1))
    return {load for _, load in ranked[max(0, middle - NEAREST) : middle + NEAREST]}
