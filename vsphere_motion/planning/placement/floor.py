"""The rooms of a site while loads are put into them: what is free, who is where, which rule says no.

Rules of this file: every question is answered in a time that does not depend on the number of loads. A unit is what
moves as one: a load, or the loads that must stay together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vsphere_motion.model.site import Site

NO_MEMORY = "not enough memory"
NO_CPU = "not enough CPU"
NOT_ALLOWED = "not allowed by the checks"
CLOSED = "takes no virtual machines now"
APART = "a rule keeps it apart from a virtual machine there"


@dataclass(frozen=True, slots=True)
class Unit:
    """Loads that go to one room together, and the rooms that all of them may be in."""

    loads: tuple[int, ...]
    needs_bytes: int
    needs_mhz: int
    rooms: frozenset[int]
    groups: tuple[int, ...]


class Floor:
    """Where every load is, and what each room has left."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.free_bytes = [room.memory_bytes for room in site.rooms]
        self.free_mhz = [room.cpu_mhz for room in site.rooms]
        self.room_of = [load.at for load in site.loads]
        self.groups_of: list[tuple[int, ...]] = _groups_of(site)
        self._apart: list[dict[int, int]] = [{} for _ in site.rooms]
        for index, load in enumerate(site.loads):
            self._put(index, load.at)

    def reason(self, unit: Unit, room: int) -> str | None:
        """Why the unit does not fit into the room now; None if it does."""
        if room not in unit.rooms:
            return CLOSED if not self.site.rooms[room].is_open else NOT_ALLOWED
        if unit.needs_bytes > self.free_bytes[room]:
            return NO_MEMORY
        if unit.needs_mhz > self.free_mhz[room]:
            return NO_CPU
        if unit.groups and any(group in self._apart[room] for group in unit.groups):
            return APART
        return None

    def fits(self, unit: Unit, room: int) -> bool:
        """Whether the unit fits into one of its rooms now."""
        return (
            unit.needs_bytes <= self.free_bytes[room]
            and unit.needs_mhz <= self.free_mhz[room]
            and not (unit.groups and any(group in self._apart[room] for group in unit.groups))
        )

    def move(self, unit: Unit, room: int) -> None:
        """Put every load of the unit there."""
        for load in unit.loads:
            self._take(load, self.room_of[load])
            self._put(load, room)

    def lift(self, unit: Unit) -> None:
        """Take every load of the unit out of its room; it must be put back with `drop`."""
        for load in unit.loads:
            self._take(load, self.room_of[load])

    def drop(self, unit: Unit, room: int) -> None:
        """Put a lifted unit into a room."""
        for load in unit.loads:
            self._put(load, room)

    def drop_copy(self, unit: Unit, room: int) -> None:
        """Keep a place for a unit in a second room, while it is on its way there."""
        for load in unit.loads:
            at = self.room_of[load]
            self._put(load, room)
            self.room_of[load] = at

    def erase_copy(self, unit: Unit, room: int) -> None:
        """Give up the place that was kept for a unit."""
        for load in unit.loads:
            self._take(load, room)

    def fullness(self, room: int, unit: Unit | None = None) -> float:
        """The fuller of memory and CPU, from 0 to 1, with the unit put there in thought."""
        here = self.site.rooms[room]
        memory = here.memory_bytes - self.free_bytes[room] + (unit.needs_bytes if unit else 0)
        cpu = here.cpu_mhz - self.free_mhz[room] + (unit.needs_mhz if unit else 0)
        return max(memory / max(1, here.memory_bytes), cpu / max(1, here.cpu_mhz))

    def blocking_groups(self, unit: Unit, room: int) -> frozenset[int]:
        """The rules between loads that keep the unit out of the room."""
        return frozenset(group for group in unit.groups if group in self._apart[room])

    def unit_of(self, loads: Sequence[int]) -> Unit:
        """The loads as a unit."""
        members = [self.site.loads[load] for load in loads]
        rooms = frozenset.intersection(*(frozenset({one.at}) | one.may_go for one in members))
        return Unit(
            loads=tuple(loads),
            needs_bytes=sum(one.needs_bytes for one in members),
            needs_mhz=sum(one.needs_mhz for one in members),
            rooms=frozenset(room for room in rooms if self.site.rooms[room].is_open),
            groups=tuple(sorted({group for load in loads for group in self.groups_of[load]})),
        )

    def _put(self, load: int, room: int) -> None:
        one = self.site.loads[load]
        self.free_bytes[room] -= one.bytes_in(room)
        self.free_mhz[room] -= one.needs_mhz
        self.room_of[load] = room
        for group in self.groups_of[load]:
            self._apart[room][group] = self._apart[room].get(group, 0) + 1

    def _take(self, load: int, room: int) -> None:
        one = self.site.loads[load]
        self.free_bytes[room] += one.bytes_in(room)
        self.free_mhz[room] += one.needs_mhz
        for group in self.groups_of[load]:
            left = self._apart[room][group] - 1
            if left:
                self._apart[room][group] = left
            else:
                del self._apart[room][group]


def units_of(floor: Floor, loads: Iterable[int]) -> list[Unit]:
    """These loads as units: those that must stay together are one."""
    wanted = set(loads)
    units = []
    for group in floor.site.together:
        members = [load for load in group if load in wanted]
        if members:
            units.append(floor.unit_of(members))
            wanted -= set(members)
    units += [floor.unit_of((load,)) for load in wanted]
    return sorted(units, key=lambda unit: unit.loads)


def _groups_of(site: Site) -> list[tuple[int, ...]]:
    groups: list[list[int]] = [[] for _ in site.loads]
    for number, group in enumerate(site.apart):
        for load in group:
            groups[load].append(number)
    return [tuple(one) for one in groups]
