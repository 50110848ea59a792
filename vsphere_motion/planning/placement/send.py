"""Where loads go that are wanted elsewhere, each with the rooms it may be sent to.

Rules of this file: a load goes to one of its own rooms or stays where it is; nobody who is not named moves for it.
What cannot go is named with the reason for each of its rooms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vsphere_motion.model.site import Placing, Site, Stuck
from vsphere_motion.planning.placement.evacuate import settle
from vsphere_motion.planning.placement.floor import Floor, Unit, units_of
from vsphere_motion.planning.placement.search import Search


def send(site: Site, targets: Mapping[int, frozenset[int]]) -> Placing:
    """Send these loads away.

    Args:
        targets: the rooms that each may be sent to, by load; its own is none of them.
    """
    left = dict(targets)
    stuck: tuple[Stuck, ...] = ()
    while True:
        placing = _send(_with_others_fixed(site, left), left)
        if not placing.stuck:
            return Placing(shifts=placing.shifts, stuck=stuck)
        # what stays takes its room back, which the others may have counted on
        stuck += placing.stuck
        for one in placing.stuck:
            del left[one.load]


def _with_others_fixed(site: Site, targets: Mapping[int, frozenset[int]]) -> Site:
    loads = tuple(
        one if number in targets or not one.may_go else replace(one, may_go=frozenset())
        for number, one in enumerate(site.loads)
    )
    return replace(site, loads=loads)


def _send(site: Site, targets: Mapping[int, frozenset[int]]) -> Placing:
    floor = Floor(site)
    movers = [_bounded(unit, targets) for unit in units_of(floor, targets)]
    return settle(Search(floor, movers, frozenset()), movers, lambda load: targets[load])


def _bounded(unit: Unit, targets: Mapping[int, frozenset[int]]) -> Unit:
    """The unit, with the rooms alone that all of its loads are sent to."""
    return replace(unit, rooms=unit.rooms.intersection(*(targets[load] for load in unit.loads)))
