"""Puts shifts into an order in which no room is ever too full, whatever ends first.

Rules of this file: while a load moves, both rooms must have what it needs. In a wave every step may run at the same
time as every other, so what leaves a room in a wave makes no room for that wave. A step relies on the earlier steps
that leave its destination, unless it fits with all of them still there: then it may start at any time. Where only an
exchange would do, a load is parked in a third room first; each load at most once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vsphere_motion.model.site import Order, Shift, Site, Step
from vsphere_motion.planning.placement.floor import Floor, Unit


def in_order(site: Site, shifts: Sequence[Shift]) -> Order:
    """The shifts as steps that can be taken safely."""
    return _Ordering(site, shifts).run()


class _Ordering:
    """The waves so far. The floor holds every load at both ends while its wave lasts."""

    def __init__(self, site: Site, shifts: Sequence[Shift]) -> None:
        self._site = site
        self._floor = Floor(site)
        self._units: dict[int, Unit] = {}
        self._waiting = sorted(shifts, key=lambda one: (-site.loads[one.load].needs_bytes, one.load))
        self._steps: list[Step] = []
        self._impossible: list[Shift] = []
        self._parked: dict[int, int] = {}
        self._arrived = _Sums(site)
        self._leavers: list[list[int]] = [[] for _ in site.rooms]

    def run(self) -> Order:
        """Wave after wave, until nothing is left that can go."""
        wave = 0
        while self._waiting:
            started = [shift for shift in self._waiting if self._start(shift, wave)]
            if not started:
                parking = self._park()
                if parking is None:
                    self._impossible += self._waiting
                    break
                self._add_step(parking, wave, is_parking=True)
                started = [parking]
            self._end_wave(started, wave)
            wave += 1
        return Order(steps=tuple(self._steps), impossible=tuple(self._impossible))

    def _start(self, shift: Shift, wave: int) -> bool:
        unit = self._unit(shift.load)
        if not self._floor.fits(unit, shift.destination):
            return False
        self._floor.drop_copy(unit, shift.destination)
        self._add_step(shift, wave)
        return True

    def _add_step(self, shift: Shift, wave: int, *, is_parking: bool = False) -> None:
        load = self._site.loads[shift.load]
        self._arrived.add(shift.destination, load.needs_bytes, load.needs_mhz)
        relies_on = set() if self._is_free_anyway(shift) else set(self._leavers[shift.destination])
        if shift.load in self._parked:
            relies_on.add(self._parked[shift.load])
        if is_parking:
            self._parked[shift.load] = len(self._steps)
        self._steps.append(
            Step(
                load=shift.load,
                source=shift.source,
                destination=shift.destination,
                wave=wave,
                relies_on=tuple(sorted(relies_on)),
                is_parking=is_parking,
            )
        )

    def _is_free_anyway(self, shift: Shift) -> bool:
        """Whether the destination holds this with all that was there at first and all that came since."""
        rules = set(self._unit(shift.load).groups)
        left = (self._steps[number].load for number in self._leavers[shift.destination])
        keeps_apart = any(rules & set(self._floor.groups_of[load]) for load in left)
        return not keeps_apart and self._arrived.fits(shift.destination)

    def _end_wave(self, started: Iterable[Shift], wave: int) -> None:
        gone = set(started)
        for number, step in enumerate(self._steps):
            if step.wave == wave:
                self._leavers[step.source].append(number)
                if not step.is_parking:
                    self._floor.erase_copy(self._unit(step.load), step.destination)
                self._floor.move(self._unit(step.load), step.destination)
        self._waiting = [
            Shift(load=one.load, source=self._floor.room_of[one.load], destination=one.destination)
            for one in self._waiting
            if one not in gone
        ]

    def _park(self) -> Shift | None:
        """A load that can wait in a third room, the smallest first."""
        for shift in reversed(self._waiting):
            unit = self._unit(shift.load)
            for room in sorted(self._site.loads[shift.load].may_go, key=lambda one: (self._floor.fullness(one), one)):
                is_third = room not in {shift.source, shift.destination} and self._site.rooms[room].is_open
                if is_third and shift.load not in self._parked and self._floor.fits(unit, room):
                    return Shift(load=shift.load, source=shift.source, destination=room)
        return None

    def _unit(self, load: int) -> Unit:
        if load not in self._units:
            self._units[load] = self._floor.unit_of((load,))
        return self._units[load]


class _Sums:
    """What came into each room, against what was free there at first."""

    def __init__(self, site: Site) -> None:
        floor = Floor(site)
        self._bytes, self._mhz = list(floor.free_bytes), list(floor.free_mhz)

    def add(self, room: int, needs_bytes: int, needs_mhz: int) -> None:
        self._bytes[room] -= needs_bytes
        self._mhz[room] -= needs_mhz

    def fits(self, room: int) -> bool:
        return self._bytes[room] >= 0 and self._mhz[room] >= 0
