"""What a plan relies on, and what of it is no longer so.

Rules of this file: a VM that is already where the plan brings it is done, not a difference; of what is done nothing
else is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.jsonform import to_json
from vsphere_motion.model.plan_file import (
    HostFact,
    PlanFacts,
    PlanFile,
    PlanHost,
    PlanMove,
    PlanVm,
    RuleFact,
    VmFact,
)

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


def facts_of(inventory: Inventory, moves: Sequence[PlanMove]) -> PlanFacts:
    """The facts that these moves rely on."""
    vms = {move.vm.moid: move.vm for move in moves}
    hosts = {move.destination.moid: move.destination for move in moves}
    return PlanFacts(
        vms=tuple(_vm_fact(inventory, vms[moid]) for moid in sorted(vms)),
        hosts=tuple(_host_fact(inventory, hosts[moid]) for moid in sorted(hosts)),
        rules=tuple(_rule_facts(inventory, frozenset(vms))),
    )


def fingerprint_of(facts: PlanFacts) -> str:
    """A digest of the facts: equal for equal facts."""
    text = json.dumps(to_json(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def compare(plan: PlanFile, inventory: Inventory) -> Standing:
    """What of a plan is done, and what it relies on that is no longer so."""
    known = {fact.vm.moid: fact for fact in plan.facts.vms}
    done: set[int] = set()
    lines: list[str] = []
    for moid, numbers in _by_vm(plan.moves).items():
        ended = _ended(plan, numbers, inventory)
        done |= ended
        if len(ended) < len(numbers):
            is_under_way = bool(ended)
            lines += _vm_lines(known[moid], inventory, is_under_way=is_under_way)
    left = [move for number, move in enumerate(plan.moves) if number not in done]
    lines += _host_lines(plan, left, inventory)
    lines += _rule_lines(plan, left, inventory)
    return Standing(done=frozenset(done), differences=tuple(lines))


def _by_vm(moves: Sequence[PlanMove]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, move in enumerate(moves):
        found.setdefault(move.vm.moid, []).append(number)
    return found


def _ended(plan: PlanFile, numbers: Sequence[int], inventory: Inventory) -> set[int]:
    """The moves of one VM up to the one that brought it where it is."""
    vm = inventory.find_vm(plan.moves[numbers[0]].vm.ref)
    if vm is None or vm.host is None or not _is_same(plan.moves[numbers[0]].vm, vm.instance_uuid):
        return set()
    for place in reversed(range(len(numbers))):
        if plan.moves[numbers[place]].destination.moid == vm.host.moid:
            return set(numbers[: place + 1])
    return set()


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


def _rule_lines(plan: PlanFile, left: Iterable[PlanMove], inventory: Inventory) -> Iterator[str]:
    vms = frozenset(move.vm.moid for move in left)
    before = {rule for rule in plan.facts.rules if vms & set(rule.vms)}
    after = set(_rule_facts(inventory, vms))
    names = {(rule.cluster, rule.name) for rule in before ^ after}
    for cluster, name in sorted(names):
        was = any((rule.cluster, rule.name) == (cluster, name) for rule in before)
        now = any((rule.cluster, rule.name) == (cluster, name) for rule in after)
        word = "has changed" if was and now else "is gone or disabled" if was else "is new or enabled"
        yield f"rule {name} of {_named(inventory, cluster)} {word}"


def _vm_fact(inventory: Inventory, vm: PlanVm) -> VmFact:
    seen = inventory.find_vm(vm.ref)
    return VmFact(
        vm=vm,
        host=seen.host.moid if seen and seen.host else None,
        power_state=seen.power_state if seen else None,
        memory_bytes=seen.memory_bytes if seen else None,
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
