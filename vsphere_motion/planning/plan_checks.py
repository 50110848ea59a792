"""What has to hold in a plan beyond the shape of its document, so that it can be run: every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vsphere_motion.model.elsewhere import is_elsewhere
from vsphere_motion.model.plan_file import PlanFile, PlanKind
from vsphere_motion.planning.facts import fingerprint_of
from vsphere_motion.vmotion.costs import Resource

_RESOURCES = tuple(one.value for one in Resource)


def problems_of_plan(plan: PlanFile) -> tuple[str, ...]:
    """One line for each thing that does not hold, with the place where it stands in the document."""
    return (*_moves(plan), *_places(plan), *_chains(plan), *_facts(plan))


def _moves(plan: PlanFile) -> Iterator[str]:
    if (plan.kind is PlanKind.ROLLING) is not (plan.choices.rolling is not None):
        yield "$.choices.rolling says what is done with each host, and goes with the kind rolling alone"
    for number, move in enumerate(plan.moves):
        path = f"$.moves[{number}]"
        if not move.changes_host and move.place is None:
            yield f"{path}: {move.vm.name} would move from {move.source.name} to itself"
        for other in move.relies_on:
            if not 0 <= other < number:
                yield f"{path}.relies_on names the move {other}, which does not come before move {number}"
        for place, cost in enumerate(move.costs):
            if cost.resource not in _RESOURCES:
                yield f"{path}.costs[{place}].resource is {cost.resource!r}, expected one of {', '.join(_RESOURCES)}"


def _places(plan: PlanFile) -> Iterator[str]:
    """What a plan says of a VM besides its host: each thing once, and nothing that excludes another."""
    if not any(move.place for move in plan.moves) and plan.to_vcenter is None:
        return
    facts = {fact.vm.moid: fact for fact in plan.facts.vms}
    stores = {fact.datastore.moid for fact in plan.facts.datastores}
    for number, move in enumerate(plan.moves):
        path, place = f"$.moves[{number}].place", move.place
        if is_elsewhere(move.destination.ref) is not (plan.to_vcenter is not None):
            yield f"$.moves[{number}].destination is not of the vCenter that $.to_vcenter says"
        if place is None:
            continue
        if place.pool and place.vapp:
            yield f"{path} names a pool and a vApp; one of them is the destination"
        if place.new_folder and (place.folder is None or not all(map(str.strip, place.new_folder.split("/")))):
            yield f"{path}.new_folder is no path below $.folder"
        yield from _keys(f"{path}.disks", [disk.key for disk in place.disks])
        yield from _keys(f"{path}.adapters", [adapter.key for adapter in place.adapters])
        yield from (
            f"$.facts.datastores lacks {one.name} ({one.moid})" for one in place.datastores if one.moid not in stores
        )
        fact = facts.get(move.vm.moid)
        if fact is not None and fact.place is None:
            yield f"$.facts.vms lacks where {move.vm.name} ({move.vm.moid}) is besides its host"


def _keys(path: str, keys: Sequence[int]) -> Iterator[str]:
    if len(set(keys)) < len(keys):
        yield f"{path} names a device twice"


def _chains(plan: PlanFile) -> Iterator[str]:
    """A VM that moves twice in a stage goes on from where it was parked, and waits until it is there."""
    last: dict[tuple[int, str], int] = {}
    for number, move in enumerate(plan.moves):
        before = last.get((move.stage, move.vm.moid))
        if before is not None:
            earlier = plan.moves[before]
            if not earlier.parking or earlier.destination.moid != move.source.moid:
                yield f"$.moves[{number}]: {move.vm.name} ({move.vm.moid}) is moved already by move {before}"
            elif before not in move.relies_on:
                yield f"$.moves[{number}].relies_on lacks the move {before}, which brings {move.vm.name} there"
        last[move.stage, move.vm.moid] = number


def _facts(plan: PlanFile) -> Iterator[str]:
    if plan.fingerprint != fingerprint_of(plan.facts):
        yield "$.fingerprint is not that of $.facts: one of them was changed by hand"
    known = {fact.vm.moid: fact.host for fact in plan.facts.vms}
    hosts = {fact.host.moid for fact in plan.facts.hosts}
    begun: set[str] = set()
    for number, move in enumerate(plan.moves):
        if move.vm.moid not in known:
            yield f"$.facts.vms lacks {move.vm.name} ({move.vm.moid}) of move {number}"
        elif move.vm.moid not in begun and known[move.vm.moid] != move.source.moid:
            yield f"$.moves[{number}].source is not the host of {move.vm.name} ({move.vm.moid}) in $.facts.vms"
        begun.add(move.vm.moid)
        if move.destination.moid not in hosts:
            yield f"$.facts.hosts lacks {move.destination.name} ({move.destination.moid}) of move {number}"
