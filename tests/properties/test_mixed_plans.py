"""Mixed plans - host, files, both, another vCenter - take no more than vCenter lets run, in any order of completions.

The judge counts by hand (`limits_by_hand.py`), and knows nothing of costs, slots and windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from tests import build
from tests.promises import tries
from tests.properties.limits_by_hand import Motion, over
from vsphere_motion.model.elsewhere import elsewhere
from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.move import Move, OtherVCenter
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Slot
from vsphere_motion.planning.joined import JoinedInventory, joined
from vsphere_motion.planning.move_costs import costs_of_move
from vsphere_motion.run.gate import Capacity, PlanGate, Start
from vsphere_motion.vmotion.costs import Resource

HOSTS, STORES, GBIT = 6, 3, 1_000_000_000
OTHER = "8f5ad1a1-0000-4000-8000-00000000000b"
THERE = OtherVCenter(context="b", host="b.example.com", instance_uuid=OTHER, thumbprint="")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Two vCenters, of which some hosts have slow links, and moves of every kind with what each does in truth."""

    slow: frozenset[str]
    inventory: JoinedInventory
    moves: tuple[Move, ...]
    truth: tuple[Motion, ...]


def make_world(rng: Random) -> World:
    """Up to 60 moves; the two vCenters have the same references, as those of the same layout do."""
    links = [rng.choice([1, 10, 25]) * GBIT for _ in range(2 * HOSTS)]
    here, there = _vcenter(links[:HOSTS]), _vcenter(links[HOSTS:])
    vms = tuple(
        build.vm(
            number,
            host=build.host_ref(rng.randrange(1, HOSTS + 1)),
            power_state=rng.choice([PowerState.ON] * 5 + [PowerState.OFF]),
        )
        for number in range(1, rng.randrange(6, 80))
    )
    here = replace(here, vms=vms)
    both = joined(here, replace(there, vcenter=build.identity(instance_uuid=OTHER)))
    made = [rng.choice(KINDS)(both, vm.ref, rng) for vm in vms]
    names = [f"{'a' if number < HOSTS else 'b'}{number % HOSTS + 1}" for number in range(2 * HOSTS)]
    return World(
        slow=frozenset(name for name, link in zip(names, links, strict=True) if link < 10 * GBIT),
        inventory=both,
        moves=tuple(move for move, _ in made),
        truth=tuple(truth for _, truth in made),
    )


def _vcenter(links: list[int]) -> Inventory:
    stores = tuple(build.datastore(number) for number in range(1, STORES + 1))
    hosts = tuple(
        build.host(number, vmotion_nics=(build.vmknic(number, link_bps=link),))
        for number, link in enumerate(links, start=1)
    )
    return build.inventory(vms=(), hosts=hosts, datastores=stores)


def to_host(both: JoinedInventory, vm: MoRef, rng: Random) -> tuple[Move, Motion]:
    """Another host, or the same one: then nothing is to be done."""
    move, at, to = _base(both, vm, rng)
    return move, Motion(hosts=(at, to), stores=frozenset({"a1"}), is_on=_is_on(both, vm))


def to_store(both: JoinedInventory, vm: MoRef, rng: Random) -> tuple[Move, Motion]:
    """Other datastores, and perhaps another host as well."""
    move, at, to = _base(both, vm, rng)
    to = to if rng.random() < 0.5 else at
    number = rng.randrange(1, STORES + 1)
    move = build.to_datastore(build.move(both.source, number=_number(vm), to=int(to[1])), both.source, number)
    files = frozenset({"a1", f"a{number}"}) if number != 1 else frozenset[str]()
    return move, Motion(hosts=(at, to), files=files, stores=frozenset({"a1"}), is_on=_is_on(both, vm))


def to_vcenter(both: JoinedInventory, vm: MoRef, rng: Random) -> tuple[Move, Motion]:
    """The other vCenter, whose objects may have the references of ours."""
    move, at, to = _base(both, vm, rng)
    number = rng.randrange(1, STORES + 1)
    move = build.to_datastore(move, both.source, number)
    move = replace(move, destination=replace(elsewhere(move.destination, OTHER), vcenter=THERE))
    files = frozenset({"a1", f"b{number}"})
    return move, Motion(hosts=(at, f"b{to[1]}"), files=files, stores=frozenset({"a1"}), is_on=_is_on(both, vm))


KINDS: list[Callable[[JoinedInventory, MoRef, Random], tuple[Move, Motion]]] = [to_host, to_store, to_vcenter]


def _base(both: JoinedInventory, vm: MoRef, rng: Random) -> tuple[Move, str, str]:
    found = both.source.find_vm(vm)
    assert found is not None
    assert found.host is not None
    to = rng.randrange(1, HOSTS + 1)
    return build.move(both.source, number=_number(vm), to=to), f"a{_number(found.host)}", f"a{to}"


def _number(ref: MoRef) -> int:
    return int(ref.moid.rpartition("-")[2])


def _is_on(both: JoinedInventory, vm: MoRef) -> bool:
    found = both.source.find_vm(vm)
    return found is not None and found.power_state is PowerState.ON


def play(world: World, gate: PlanGate, rng: Random, others: dict[Slot, int]) -> Counter[str]:
    """Run it, whatever ends first; what was exceeded at any moment, with how many ran at once at most."""
    found: Counter[str] = Counter()
    waiting, running, ended = list(range(len(world.moves))), set[int](), dict[int, OutcomeState]()
    while waiting or running:
        now = Capacity(max_concurrent=rng.choice([8, 64]), others=others)
        ready = gate.ready(waiting, running=running, ended=ended, now=now)
        running |= set(ready)
        waiting = [number for number in waiting if number not in ready]
        found.update(over((*(world.truth[number] for number in running), *_of_others(others)), world.slow))
        found["most"] = max(found["most"], len(running))
        assert running, "something runs as long as something waits"
        done = rng.sample(sorted(running), rng.randrange(1, len(running) + 1))
        running -= set(done)
        ended |= dict.fromkeys(done, OutcomeState.MOVED)
    assert len(ended) == len(world.moves)
    return found


def _of_others(others: dict[Slot, int]) -> list[Motion]:
    """As many vMotions of others as take these units of hosts; each to nowhere that is looked at."""
    return [
        Motion(hosts=(f"a{_number(slot[1])}", f"x{number}"))
        for slot, units in others.items()
        if slot[0] is Resource.HOST
        for number in range(units)
    ]


def crowd(rng: Random) -> dict[Slot, int]:
    """What others take of our hosts: up to 2 of each, which a slow link bears beside ours."""
    taken: dict[Slot, int] = {}
    for number in range(1, HOSTS + 1):
        units = rng.randrange(3)
        for resource in (Resource.HOST, Resource.NETWORK_1G, Resource.NETWORK_10G):
            taken[resource, build.host_ref(number)] = units
    return taken


@pytest.mark.parametrize("seed", range(tries(reduced=60, whole=3000)))
def test_no_limit_of_either_vcenter_is_exceeded_in_any_order_of_completions(seed: int) -> None:
    rng = Random(seed)
    world = make_world(rng)
    starts = {number: Start(costs=costs_of_move(world.inventory, move)) for number, move in enumerate(world.moves)}
    found = play(world, PlanGate(starts=starts), rng, crowd(rng))
    del found["most"]
    assert not found


@pytest.mark.parametrize("forgotten", ["host", "network_1g", "datastore", "there"])
def test_the_judge_sees_each_limit_that_is_forgotten(forgotten: str) -> None:
    """Without one kind of cost, or without those of the other vCenter, the same worlds break the limits."""

    def counted(slot: Slot) -> bool:
        return "@" not in slot[1].moid if forgotten == "there" else slot[0].value != forgotten

    side = {"host": "host a", "network_1g": "link of", "datastore": "datastore", "there": "host b"}[forgotten]
    found: Counter[str] = Counter()
    for seed in range(60):
        rng = Random(seed)
        world = make_world(rng)
        starts = {
            number: Start(costs=tuple(one for one in costs_of_move(world.inventory, move) if counted(one[0])))
            for number, move in enumerate(world.moves)
        }
        found += play(world, PlanGate(starts=starts), rng, {})
        if any(words.startswith(side) for words in found):
            return
    pytest.fail(f"nothing of {side} was exceeded: {found}")
