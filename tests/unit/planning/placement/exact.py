"""An exact solver for small sites: the smallest number of moves that empties a room, or that none does."""

from __future__ import annotations

from typing import Any

import highspy

from vsphere_motion.model.site import Site


def fewest_moves(site: Site, leaving: frozenset[int]) -> int | None:
    """The least number of loads that have to move; None if there is no way."""
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    goes = _choices(model, site, leaving)
    if goes is None:
        return None
    for number in range(len(site.rooms)):
        _limit(model, site, number, {load: variable for (load, room), variable in goes.items() if room == number})
    model.minimize(sum(one for (load, room), one in goes.items() if site.loads[load].at != room))
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    assert status == highspy.HighsModelStatus.kOptimal, status
    return round(model.getObjectiveValue())


def _choices(model: Any, site: Site, leaving: frozenset[int]) -> dict[tuple[int, int], Any] | None:
    goes: dict[tuple[int, int], Any] = {}
    for number, load in enumerate(site.loads):
        rooms = [room for room in sorted({load.at} | load.may_go) if room not in leaving]
        if not rooms:
            return None
        goes.update({(number, room): model.addBinary() for room in rooms})
        model.addConstr(sum(goes[number, room] for room in rooms) == 1)
    return goes


def _limit(model: Any, site: Site, number: int, inside: dict[int, Any]) -> None:
    if not inside:
        return
    room = site.rooms[number]
    model.addConstr(
        sum(one * (site.loads[load].needs_bytes >> 30) for load, one in inside.items()) <= room.memory_bytes >> 30
    )
    model.addConstr(sum(one * site.loads[load].needs_mhz for load, one in inside.items()) <= room.cpu_mhz)
    for group in site.apart:
        members = [inside[load] for load in group if load in inside]
        if len(members) > 1:
            model.addConstr(sum(members) <= 1)
