"""Puts units into rooms: first where there is most room, then by pushing others aside.

Rules of this file: hard limits are never broken, not even in between. Pushing aside goes as deep as it must and no
deeper: the smallest number of others first, and those that have to move anyway before those that could stay. The
number of steps is bounded, so a site without a solution costs a bounded time; the same site gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from vsphere_motion.planning.placement.floor import Floor, Unit

MAX_DEPTH = 3
STEPS_A_UNIT = 4_000
CROWD = 12
"""How many of a room's units are looked at together when pairs are pushed aside."""


class Search:
    """Places units on a floor.

    Args:
        movers: the units that have to leave their room.
        banned: rooms that nothing goes to.
    """

    def __init__(self, floor: Floor, movers: Sequence[Unit], banned: frozenset[int]) -> None:
        self.floor = floor
        self.banned = banned
        self._movers = {load: unit for unit in movers for load in unit.loads}
        self._room_of: dict[tuple[int, ...], int | None] = {}
        self._trail: list[tuple[Unit, int | None]] = []
        self._steps = 0
        self._residents: list[dict[int, Unit]] | None = None

    def lift(self, unit: Unit) -> None:
        """Take a unit that has to leave out of its room."""
        self._room_of[unit.loads] = self.floor.room_of[unit.loads[0]]
        self._go(unit, None)

    def give_up(self, unit: Unit, rooms: Sequence[int]) -> None:
        """Put a unit that found no room back where it was: each of its loads into its room."""
        self._room_of[unit.loads] = rooms[0]
        for load, room in zip(unit.loads, rooms, strict=True):
            self.floor.drop(self.floor.unit_of((load,)), room)
        if self._residents is not None:
            self._residents[rooms[0]][unit.loads[0]] = unit

    def place(self, unit: Unit) -> bool:
        """Find a room for a unit that was lifted; False leaves everything as it was."""
        self._trail.clear()
        for depth in range(MAX_DEPTH + 1):
            self._steps = STEPS_A_UNIT
            if self._put(unit, depth, frozenset(), without=-1):
                return True
        return False

    def rooms_for(self, unit: Unit) -> list[int]:
        """The rooms a unit may go to, the emptiest first."""
        rooms = [room for room in unit.rooms if room not in self.banned]
        return sorted(rooms, key=lambda room: (self.floor.fullness(room, unit), room))

    def _put(self, unit: Unit, depth: int, held: frozenset[tuple[int, ...]], *, without: int) -> bool:
        """Place the unit by pushing others aside, who may push others in their turn until the depth is used up."""
        rooms = [room for room in self.rooms_for(unit) if room != without]
        for room in rooms:
            if self.floor.fits(unit, room):
                self._go(unit, room)
                return True
        for room in rooms if depth else ():
            for crowd in self._crowds(unit, room, held):
                self._steps -= 1
                if self._steps <= 0:
                    return False
                if self._swap(unit, room, crowd, depth, held):
                    return True
        return False

    def _swap(self, unit: Unit, room: int, crowd: Sequence[Unit], depth: int, held: frozenset[tuple[int, ...]]) -> bool:
        """The unit for the crowd; if the crowd finds no other rooms, everybody goes back."""
        mark = len(self._trail)
        for one in crowd:
            self._go(one, None)
        if self.floor.fits(unit, room):
            self._go(unit, room)
            inside = held | {unit.loads} | {one.loads for one in crowd}
            if all(self._put(one, depth - 1, inside, without=room) for one in crowd):
                return True
        self._undo(mark)
        return False

    def _crowds(self, unit: Unit, room: int, held: frozenset[tuple[int, ...]]) -> Iterator[tuple[Unit, ...]]:
        """Units of the room whose leaving would make room: single ones, then pairs; those that move anyway first."""
        lacks_bytes = unit.needs_bytes - self.floor.free_bytes[room]
        lacks_mhz = unit.needs_mhz - self.floor.free_mhz[room]
        rules = self.floor.blocking_groups(unit, room)
        others = [one for one in self._units_in(room) if one.loads not in held and len(one.rooms) > 1]
        others.sort(key=lambda one: (self._is_resident(one), one.needs_bytes, one.loads))

        def helps(crowd: tuple[Unit, ...]) -> bool:
            return (
                sum(one.needs_bytes for one in crowd) >= lacks_bytes
                and sum(one.needs_mhz for one in crowd) >= lacks_mhz
                and rules <= {group for one in crowd for group in one.groups}
            )

        yield from ((one,) for one in others if helps((one,)))
        largest = sorted(others, key=lambda one: (self._is_resident(one), -one.needs_bytes, one.loads))[:CROWD]
        yield from (pair for pair in combinations(largest, 2) if helps(pair) and not any(helps((x,)) for x in pair))

    def _is_resident(self, unit: Unit) -> bool:
        """Whether it could stay where it is."""
        return unit.loads[0] not in self._movers

    def _units_in(self, room: int) -> list[Unit]:
        if self._residents is None:
            self._residents = self._by_room()
        return list(self._residents[room].values())

    def _by_room(self) -> list[dict[int, Unit]]:
        """The units in each room, by their first load; made when pushing begins, which few sites need."""
        found: list[dict[int, Unit]] = [{} for _ in self.floor.site.rooms]
        tied = {load for group in self.floor.site.together for load in group}
        for load, room in enumerate(self.floor.room_of):
            if load not in self._movers and load not in tied:
                found[room][load] = self.floor.unit_of((load,))
        for unit in self._movers.values():
            at = self._room_of.get(unit.loads)
            if at is not None and at not in self.banned:
                found[at][unit.loads[0]] = unit
        return found

    def _go(self, unit: Unit, room: int | None) -> None:
        """Put a unit into a room, or nowhere, and remember where it was."""
        at = self._room_of.get(unit.loads, self.floor.room_of[unit.loads[0]])
        self._trail.append((unit, at))
        if at is not None:
            self.floor.lift(unit)
            if self._residents is not None:
                self._residents[at].pop(unit.loads[0], None)
        if room is not None:
            self.floor.drop(unit, room)
            if self._residents is not None:
                self._residents[room][unit.loads[0]] = unit
        self._room_of[unit.loads] = room

    def _undo(self, mark: int) -> None:
        while len(self._trail) > mark:
            unit, room = self._trail.pop()
            self._go(unit, room)
            self._trail.pop()
