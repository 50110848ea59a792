"""Which loads go where so that the rules hold again that something has broken.

Rules of this file: of loads that must not be together the largest stays; loads that must be together go where most of
their memory is already. What cannot be repaired is named, with the reason for each room.
"""

from __future__ import annotations

from collections.abc import Iterable

from vsphere_motion.model.site import Placing, Shift, Site, Stuck
from vsphere_motion.planning.placement.floor import Floor, Unit
from vsphere_motion.planning.placement.search import Search

NOWHERE_TOGETHER = "no room holds all of them together"


def spread(site: Site, *, misplaced: Iterable[int] = ()) -> Placing:
    """Repair what breaks a rule.

    Args:
        misplaced: loads that must not stay in their room.
    """
    floor = Floor(site)
    stuck: list[Stuck] = []
    for group in site.together:
        stuck += _bring_together(floor, group)
    movers = [floor.unit_of((load,)) for load in sorted({*misplaced, *_crowded(floor)})]
    search = Search(floor, movers, frozenset())
    for unit in movers:
        stuck += _send_away(floor, search, unit)
    shifts = tuple(
        Shift(load=load, source=site.loads[load].at, destination=room)
        for load, room in enumerate(floor.room_of)
        if room != site.loads[load].at
    )
    return Placing(shifts=shifts, stuck=tuple(stuck))


def _crowded(floor: Floor) -> Iterable[int]:
    """Of each rule that is broken, the loads that have to leave: all in one room but the largest."""
    for group in floor.site.apart:
        by_room: dict[int, list[int]] = {}
        for load in group:
            by_room.setdefault(floor.room_of[load], []).append(load)
        for crowd in by_room.values():
            crowd.sort(key=lambda load: (floor.site.loads[load].memory_bytes, load))
            yield from crowd[:-1]


def _send_away(floor: Floor, search: Search, unit: Unit) -> list[Stuck]:
    load = unit.loads[0]
    home = floor.room_of[load]
    away = Unit(unit.loads, unit.needs_bytes, unit.needs_mhz, unit.rooms - {home}, unit.groups)
    search.lift(away)
    if search.place(away):
        return []
    reasons = [(room, floor.reason(away, room) or "") for room in range(len(floor.site.rooms)) if room != home]
    search.give_up(away, [home])
    return [Stuck(load=load, reasons=tuple(reasons))]


def _bring_together(floor: Floor, group: tuple[int, ...]) -> list[Stuck]:
    rooms = {floor.room_of[load] for load in group}
    if len(rooms) <= 1:
        return []
    unit = floor.unit_of(group)
    homes = {load: floor.room_of[load] for load in group}
    floor.lift(unit)
    for room in sorted(unit.rooms, key=lambda one: (-_bytes_in(floor, homes, one), one)):
        if floor.fits(unit, room):
            floor.drop(unit, room)
            return []
    for load, room in homes.items():
        floor.drop(floor.unit_of((load,)), room)
    return [Stuck(load=load, note=NOWHERE_TOGETHER) for load in group]


def _bytes_in(floor: Floor, homes: dict[int, int], room: int) -> int:
    return sum(floor.site.loads[load].memory_bytes for load, home in homes.items() if home == room)
