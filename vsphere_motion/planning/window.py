"""The sliding window: which moves may run now, under vCenter's cost model, with everybody's moves counted.

Rules of this file: what vCenter would queue is not started: a move that waits at vCenter takes a slot away from others
and cannot be taken back without a trace. The same window is used for a schedule and while a plan runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Slot
from vsphere_motion.vmotion.costs import Operation, Resource, cost_of, limit_of

TEN_GBIT = 10_000_000_000

EVERYWHERE: Slot = (Resource.HOST, MoRef(kind="", moid=""))
"""Stands for all hosts together, whose moves may be limited in number."""

_LIMITS: dict[Enum, int] = {resource: limit_of(resource) for resource in Resource}


def costs_of(
    operation: Operation,
    *,
    hosts: Iterable[tuple[MoRef, int]],
    datastores: Iterable[MoRef] = (),
) -> tuple[tuple[Slot, int], ...]:
    """What an operation takes of each object.

    Args:
        hosts: source and destination with the bandwidth of their vMotion network in bits per second.
        datastores: those that it reads from or writes to.
    """
    slots: list[Slot] = []
    for host, link_bps in hosts:
        network = Resource.NETWORK_10G if link_bps >= TEN_GBIT else Resource.NETWORK_1G
        slots += [(Resource.HOST, host), (network, host)]
    slots += [(Resource.DATASTORE, datastore) for datastore in datastores]
    return tuple((slot, units) for slot in slots if (units := cost_of(operation, Resource(slot[0]))))


class Window:
    """The units that are taken of each object.

    Args:
        others: units that moves of others take.
        max_concurrent: moves of ours at once; None: no limit but vCenter's.
        max_per_host: moves of ours that a host takes part in; None: as above.
    """

    def __init__(
        self,
        *,
        others: Mapping[Slot, int] | None = None,
        max_concurrent: int | None = None,
        max_per_host: int | None = None,
    ) -> None:
        self._taken: Counter[Slot] = Counter()
        self._others: Counter[Slot] = Counter(others or {})
        self._running = 0
        self._hosts: Counter[MoRef] = Counter()
        self._max_concurrent = max_concurrent
        self._max_per_host = max_per_host

    @property
    def running(self) -> int:
        """How many of our moves run."""
        return self._running

    def fits(self, costs: Sequence[tuple[Slot, int]]) -> bool:
        """Whether a move of these costs may start now."""
        return self.obstacle(costs) is None

    def obstacle(self, costs: Sequence[tuple[Slot, int]]) -> Slot | None:
        """What has too little left for a move of these costs, `EVERYWHERE` where too many run; None if it may start."""
        if not self.has_room(EVERYWHERE, 1):
            return EVERYWHERE
        for slot, units in costs:
            if not self.has_room(slot, units):
                return slot
        return None if self._max_per_host is None else self._full_host(self._max_per_host, costs)

    def has_room(self, slot: Slot, units: int) -> bool:
        """Whether an object has so many units left, of vCenter's limits; `EVERYWHERE`: one move more may run."""
        if slot == EVERYWHERE:
            return self._max_concurrent is None or self._running < self._max_concurrent
        return self._taken[slot] + self._others[slot] + units <= _LIMITS[slot[0]]

    def take(self, costs: Iterable[tuple[Slot, int]]) -> None:
        """A move of ours starts."""
        self._running += 1
        for slot, units in costs:
            self._taken[slot] += units
            if slot[0] is Resource.HOST:
                self._hosts[slot[1]] += 1

    def give_back(self, costs: Iterable[tuple[Slot, int]]) -> None:
        """A move of ours has ended."""
        self._running -= 1
        for slot, units in costs:
            self._taken[slot] -= units
            if slot[0] is Resource.HOST:
                self._hosts[slot[1]] -= 1

    def see_others(self, others: Mapping[Slot, int]) -> None:
        """What moves of others take from now on."""
        self._others = Counter(others)

    def _full_host(self, most: int, costs: Iterable[tuple[Slot, int]]) -> Slot | None:
        return next((slot for slot, _ in costs if slot[0] is Resource.HOST and self._hosts[slot[1]] >= most), None)
