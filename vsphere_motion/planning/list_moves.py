"""The moves of a list file, line by line: lines that ask for the same share what was looked up for them."""

from __future__ import annotations

from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.list_file import LineProblem, ListLine
from vsphere_motion.model.move import StoragePolicy
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import NO_WISHES, Wishes
from vsphere_motion.planning.destinations import Attempt, Destinations, move_to
from vsphere_motion.planning.lookup import MOID
from vsphere_motion.planning.store_choice import StoreChoice


class MoveMaker:
    """Makes one move after the other; room in clusters of datastores that one takes is not there for the next."""

    def __init__(self, inventory: Inventory, policy: StoragePolicy | None) -> None:
        self._inventory = inventory
        self._policy = policy
        self._choice = StoreChoice(inventory)
        self._known: dict[tuple[MoRef | None, Wishes], tuple[int, Destinations]] = {}
        self._wrong: set[tuple[MoRef | None, Wishes]] = set()

    def attempt(self, line: ListLine, vm: Vm, host: Host | None, wishes: Wishes) -> Attempt:
        """The move of a VM to a host, or where the wishes lead, with what is wrong with it."""
        if host is not None and wishes == NO_WISHES:
            return Attempt(move=move_to(self._inventory, vm, host))
        key = (host.ref if host else None, wishes)
        if key not in self._known:
            word = f"{MOID}{host.ref.moid}" if host else ""
            destinations = Destinations(self._inventory, word, wishes, self._policy, choice=self._choice)
            self._known[key] = (line.line, destinations)
        attempt = self._known[key][1].attempt(vm)
        if attempt.problems:
            self._wrong.add(key)
        return attempt

    def unfitted(self) -> list[LineProblem]:
        """The pairs of networks that fitted no adapter of the lines that name them; asked for after the last line."""
        return [
            LineProblem(line=line, message=problem.message)
            for key, (line, destinations) in self._known.items()
            if key not in self._wrong
            for problem in destinations.unfitted()
        ]
