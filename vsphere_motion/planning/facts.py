"""What a plan relies on, and what of it is no longer so.

Rules of this file: a VM that is already where the plan brings it, with everything that the plan brings along, is done,
not a difference; of what is done nothing else is compared. What is in its planned place already is no difference
either: a move that was made in part goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.jsonform import to_json
from vsphere_motion.model.move import Move, sets_encryption
from vsphere_motion.model.plan_file import (
    HostFact,
    PlanFacts,
    PlanFile,
    PlanHost,
    PlanMove,
    PlanVm,
    RuleFact,
    StoreFact,
    VmFact,
)
from vsphere_motion.model.plan_place import PlanObject, PlanPlace
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.place_facts import PlaceFacts
from vsphere_motion.planning.plan_places import STORE, PlannedMoves

RELIED_ON = (
    ("connection_state", "connection state"),
    ("in_maintenance_mode", "maintenance mode"),
    ("in_quarantine_mode", "quarantine mode"),
    ("memory_bytes", "memory in bytes"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a plan has come, and what stands against going on.

    Args:
        done: moves, by their place in the plan, whose VM is there or was there on its way.
        differences: one line for each fact that is no longer so.
    """

    done: frozenset[int] = frozenset()
    differences: tuple[str, ...] = ()


def facts_of(
    inventory: Inventory, moves: Sequence[PlanMove], before: Mapping[str, PlanPlace] | None = None
) -> PlanFacts:
    """The facts that these moves rely on.

    Args:
        before: where VMs are besides their hosts, as far as their moves decide it, by their identifiers.
    """
    vms = {move.vm.moid: move.vm for move in moves}
    hosts = {move.destination.moid: move.destination for move in moves}
    stores = {one.moid: one for move in moves if move.place for one in move.place.datastores}
    places = before or {}
    return PlanFacts(
        vms=tuple(_vm_fact(inventory, vms[moid], places.get(moid)) for moid in sorted(vms)),
        hosts=tuple(_host_fact(inventory, hosts[moid]) for moid in sorted(hosts)),
        rules=tuple(_rule_facts(inventory, _changing_hosts(moves))),
        datastores=tuple(_store_fact(inventory, stores[moid]) for moid in sorted(stores)),
    )


def fingerprint_of(facts: PlanFacts) -> str:
    """A digest of the facts: equal for equal facts.

    What plans of hosts alone did not have at first is left out where there is none of it, so that the digest of a file
    that was written before stays what it was.
    """
    document = to_json(facts)
    if not facts.datastores:
        del document["datastores"]
    for vm in document["vms"]:
        if vm["place"] is None:
            del vm["place"]
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def compare(plan: PlanFile, inventory: Inventory, moves: Mapping[int, Move] | None = None) -> Standing:
    """What of a plan is done, and what it relies on that is no longer so.

    Args:
        moves: its moves from how things are, by their places, where that is known better than the snapshot has it.
    """
    seen = _Seen(plan, inventory, moves)
    known = {fact.vm.moid: fact for fact in plan.facts.vms}
    done: set[int] = set()
    lines: list[str] = []
    for moid, numbers in _by_vm(plan.moves).items():
        ended = seen.ended(numbers)
        done |= ended
        if len(ended) < len(numbers):
            lines += seen.vm_lines(known[moid], numbers, ended)
    left = [move for number, move in enumerate(plan.moves) if number not in done]
    lines += _host_lines(plan, left, inventory)
    lines += _store_lines(plan, left, inventory)
    lines += _rule_lines(plan, left, inventory)
    return Standing(done=frozenset(done), differences=tuple(lines))


class _Seen:
    """A plan beside how its VMs are now."""

    def __init__(self, plan: PlanFile, inventory: Inventory, moves: Mapping[int, Move] | None) -> None:
        self._plan = plan
        self._inventory = inventory
        self._planned = PlannedMoves(inventory, plan.to_vcenter)
        self._places = PlaceFacts(inventory)
        self._moves = moves or {}
        self._arrivals = {vm.instance_uuid: vm for vm in inventory.vms if vm.instance_uuid} if plan.to_vcenter else {}

    def ended(self, numbers: Sequence[int]) -> set[int]:
        """The moves of one VM up to the one that brought it where it is."""
        first = self._plan.moves[numbers[0]].vm
        vm = self._inventory.find_vm(first.ref)
        arrived = self._arrivals.get(first.instance_uuid or "") if vm is None else None
        if arrived is not None:
            return {number for number in numbers if self._has_all(number, arrived)}
        if vm is None or vm.host is None or not _is_same(first, vm.instance_uuid):
            return set()
        for place in reversed(range(len(numbers))):
            move = self._plan.moves[numbers[place]]
            if move.destination.moid == vm.host.moid and (move.place is not None or move.changes_host):
                return set(numbers[: place + self._is_done(numbers[place])])
        return set()

    def vm_lines(self, fact: VmFact, numbers: Sequence[int], ended: set[int]) -> Iterator[str]:
        """What is different of one VM whose moves have not all ended."""
        left = [self._plan.moves[number] for number in numbers if number not in ended]
        vm = self._inventory.find_vm(fact.vm.ref)
        arrived = self._arrivals.get(fact.vm.instance_uuid or "") if vm is None else None
        if arrived is not None:
            host = _host_word(self._inventory, arrived.host.moid if arrived.host else None)
            yield f"{fact.vm.name} is at the other vCenter already, on {host}, and not in every way as planned"
            return
        is_there = vm is not None and vm.host is not None and vm.host.moid == left[0].destination.moid
        yield from _vm_lines(fact, self._inventory, is_under_way=bool(ended) or is_there)
        if vm is None or not _is_same(fact.vm, vm.instance_uuid):
            return
        for move in left:
            yield from self._planned.missing(move)
            if move.place is not None and fact.place is not None:
                yield from self._places.lines(vm, fact.place, move.place, self._folder(move.place))

    def _folder(self, place: PlanPlace) -> PlanObject | None:
        """The folder that a place means, where it exists."""
        if place.folder is None:
            return None
        folder, new = self._planned.folder(place.folder, place.new_folder)
        return None if new else PlanObject(name=folder.name, moid=folder.moid)

    def _has_all(self, number: int, arrived: Vm) -> bool:
        """Whether a VM at the other vCenter is as a move was to bring it there."""
        move = self._planned.find(self._plan.moves[number], arrived)
        return move is not None and move.is_noop

    def _is_done(self, number: int) -> bool:
        """Whether a VM on the destination of a move has everything else that the move brings along."""
        move = self._plan.moves[number]
        if move.place is None:
            return True
        now = self._moves.get(number) or self._planned.find(move)
        return now is not None and now.is_noop and not sets_encryption(now)


def _by_vm(moves: Sequence[PlanMove]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, move in enumerate(moves):
        found.setdefault(move.vm.moid, []).append(number)
    return found


def _is_same(vm: PlanVm, instance_uuid: str | None) -> bool:
    return vm.instance_uuid is None or instance_uuid is None or vm.instance_uuid == instance_uuid


def _vm_lines(fact: VmFact, inventory: Inventory, *, is_under_way: bool) -> Iterator[str]:
    name = fact.vm.name
    vm = inventory.find_vm(fact.vm.ref)
    if vm is None:
        yield f"{name} ({fact.vm.moid}) no longer exists"
        return
    if not _is_same(fact.vm, vm.instance_uuid):
        yield f"{fact.vm.moid} is another VM now: {vm.name}, with the instance UUID {vm.instance_uuid}"
        return
    host = vm.host.moid if vm.host else None
    if host != fact.host and not is_under_way:
        yield f"{name} is on {_host_word(inventory, host)} and was on {_host_word(inventory, fact.host)}"
    if vm.power_state is not fact.power_state:
        yield f"{name} is {_word(vm.power_state)} and was {_word(fact.power_state)}"
    if vm.memory_bytes != fact.memory_bytes:
        yield f"{name} has {vm.memory_bytes} bytes of memory and had {fact.memory_bytes}"


def _host_lines(plan: PlanFile, left: Iterable[PlanMove], inventory: Inventory) -> Iterator[str]:
    wanted = {move.destination.moid for move in left}
    for fact in plan.facts.hosts:
        if fact.host.moid not in wanted:
            continue
        if inventory.find_host(fact.host.ref) is None:
            yield f"the destination {fact.host.name} ({fact.host.moid}) no longer exists"
            continue
        now = _host_fact(inventory, fact.host)
        for name, words in RELIED_ON:
            before, after = getattr(fact, name), getattr(now, name)
            if before != after:
                yield f"{words} of the destination {fact.host.name} is {_word(after)} and was {_word(before)}"


def _store_lines(plan: PlanFile, left: Iterable[PlanMove], inventory: Inventory) -> Iterator[str]:
    wanted = {one.moid for move in left if move.place for one in move.place.datastores}
    for fact in plan.facts.datastores:
        now = _store_fact(inventory, fact.datastore)
        if fact.datastore.moid not in wanted or inventory.find_datastore(_store_ref(fact.datastore)) is None:
            continue
        for name, words in (("accessible", "accessible"), ("maintenance_mode", "maintenance mode")):
            before, after = getattr(fact, name), getattr(now, name)
            if before != after:
                yield f"{words} of the datastore {fact.datastore.name} is {_word(after)} and was {_word(before)}"


def _rule_lines(plan: PlanFile, left: Sequence[PlanMove], inventory: Inventory) -> Iterator[str]:
    vms = _changing_hosts(left)
    before = {rule for rule in plan.facts.rules if vms & set(rule.vms)}
    after = set(_rule_facts(inventory, vms))
    names = {(rule.cluster, rule.name) for rule in before ^ after}
    for cluster, name in sorted(names):
        was = any((rule.cluster, rule.name) == (cluster, name) for rule in before)
        now = any((rule.cluster, rule.name) == (cluster, name) for rule in after)
        word = "has changed" if was and now else "is gone or disabled" if was else "is new or enabled"
        yield f"rule {name} of {_named(inventory, cluster)} {word}"


def _changing_hosts(moves: Iterable[PlanMove]) -> frozenset[str]:
    """The VMs that go to another host, whom rules are about."""
    return frozenset(move.vm.moid for move in moves if move.changes_host)


def _vm_fact(inventory: Inventory, vm: PlanVm, place: PlanPlace | None) -> VmFact:
    seen = inventory.find_vm(vm.ref)
    return VmFact(
        vm=vm,
        host=seen.host.moid if seen and seen.host else None,
        power_state=seen.power_state if seen else None,
        memory_bytes=seen.memory_bytes if seen else None,
        place=place,
    )


def _host_fact(inventory: Inventory, host: PlanHost) -> HostFact:
    seen = inventory.find_host(host.ref)
    return HostFact(
        host=host,
        connection_state=seen.connection_state if seen else None,
        in_maintenance_mode=seen.in_maintenance_mode if seen else None,
        in_quarantine_mode=seen.in_quarantine_mode if seen else None,
        memory_bytes=seen.memory_bytes if seen else None,
    )


def _store_ref(store: PlanObject) -> MoRef:
    return MoRef(kind=STORE, moid=store.moid)


def _store_fact(inventory: Inventory, store: PlanObject) -> StoreFact:
    seen = inventory.find_datastore(_store_ref(store))
    return StoreFact(
        datastore=store,
        accessible=seen.accessible if seen else None,
        maintenance_mode=seen.maintenance_mode if seen else None,
    )


def _rule_facts(inventory: Inventory, vms: frozenset[str]) -> Iterator[RuleFact]:
    for cluster in sorted(inventory.clusters, key=lambda one: one.ref):
        for rule in sorted(cluster.rules or (), key=lambda one: (one.name, one.kind.value)):
            members = tuple(sorted(ref.moid for ref in rule.vms))
            if rule.enabled and vms & set(members):
                yield RuleFact(
                    cluster=cluster.ref.moid,
                    name=rule.name,
                    kind=rule.kind,
                    mandatory=rule.mandatory,
                    vms=members,
                    hosts=tuple(sorted(ref.moid for ref in rule.hosts)),
                )


def _host_word(inventory: Inventory, moid: str | None) -> str:
    if moid is None:
        return "no host"
    host = inventory.find_host(PlanHost(name="", moid=moid).ref)
    return host.name if host else moid


def _named(inventory: Inventory, moid: str) -> str:
    return next((cluster.name for cluster in inventory.clusters if cluster.ref.moid == moid), moid)


def _word(value: object) -> str:
    plain = getattr(value, "value", value)
    return "not known" if plain is None else str(plain)
