"""Where the loads of some rooms go so that these are empty afterwards.

Rules of this file: as few moves as possible come first, evenness second. What has nowhere to go is named with the
reason for each room, and the rest goes all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from vsphere_motion.model.site import Placing, Shift, Site, Stuck
from vsphere_motion.planning.placement.floor import Floor, Unit, units_of
from vsphere_motion.planning.placement.search import Search

EVENING_PASSES = 3


def evacuate(site: Site, leaving: Iterable[int], *, only: frozenset[int] | None = None) -> Placing:
    """Empty these rooms.

    Args:
        leaving: the rooms to empty; nothing is placed there.
        only: the loads that are to go; None: all of these rooms.
    """
    banned = frozenset(leaving)
    floor = Floor(site)
    wanted = [i for i, load in enumerate(site.loads) if load.at in banned and (only is None or i in only)]
    movers = units_of(floor, wanted)
    others = frozenset(range(len(site.rooms))) - banned
    return settle(Search(floor, movers, banned), movers, lambda _: others)


def settle(search: Search, movers: Sequence[Unit], rooms_of: Callable[[int], frozenset[int]]) -> Placing:
    """Find a room for each of these units, even the rooms out, and name what has found none.

    Args:
        rooms_of: the rooms that are told of where a load has nowhere to go.
    """
    floor, banned = search.floor, search.banned
    for unit in movers:
        search.lift(unit)
    stuck: list[Unit] = []
    for unit in sorted(movers, key=lambda one: _difficulty(one, banned)):
        if not search.place(unit):
            stuck.append(unit)
            search.give_up(unit, [floor.site.loads[load].at for load in unit.loads])
    reasons = tuple(_reasons(floor, unit, load, rooms_of(load)) for unit in stuck for load in unit.loads)
    _send_home(floor, banned, {load for unit in movers for load in unit.loads})
    _even_out(search, [unit for unit in movers if unit not in stuck])
    return Placing(shifts=_shifts(floor), stuck=reasons)


def _difficulty(unit: Unit, banned: frozenset[int]) -> tuple[bool, int, int, tuple[int, ...]]:
    """Large units and those with few rooms go first: the small ones find their place later."""
    choices = len(unit.rooms - banned)
    return choices > 2, -unit.needs_bytes - unit.needs_mhz, choices, unit.loads


def _reasons(floor: Floor, unit: Unit, load: int, rooms: frozenset[int]) -> Stuck:
    said = [(room, floor.reason(unit, room) or "the others would not fit then") for room in sorted(rooms)]
    return Stuck(load=load, reasons=tuple(said))


def _send_home(floor: Floor, banned: frozenset[int], movers: AbstractSet[int]) -> None:
    """Whoever was pushed aside and fits at home again goes home."""
    for load, room in enumerate(floor.room_of):
        home = floor.site.loads[load].at
        if room == home or home in banned or load in movers:
            continue
        unit = floor.unit_of((load,))
        floor.lift(unit)
        floor.drop(unit, home if home in unit.rooms and floor.fits(unit, home) else room)


def _even_out(search: Search, movers: list[Unit]) -> None:
    """Put units that move anyway into emptier rooms, as long as that makes the fuller of two rooms emptier."""
    floor = search.floor
    for _ in range(EVENING_PASSES):
        changed = False
        for unit in movers:
            room = floor.room_of[unit.loads[0]]
            floor.lift(unit)
            best = next((one for one in search.rooms_for(unit) if floor.fits(unit, one)), room)
            floor.drop(unit, best)
            changed = changed or best != room
        if not changed:
            return


def _shifts(floor: Floor) -> tuple[Shift, ...]:
    return tuple(
        Shift(load=load, source=floor.site.loads[load].at, destination=room)
        for load, room in enumerate(floor.room_of)
        if room != floor.site.loads[load].at
    )
