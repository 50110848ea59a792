"""Random sites, and a judge that knows nothing of how placement works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.site import Load, Order, Room, Shift, Site

GIB = 2**30


def room(number: int, *, gib: int = 64, mhz: int = 64_000, is_open: bool = True) -> Room:
    name = f"esx{number:02}"
    return Room(
        host=NamedRef(ref=MoRef(kind="HostSystem", moid=f"host-{number}"), name=name),
        memory_bytes=gib * GIB,
        cpu_mhz=mhz,
        is_open=is_open,
    )


def load(number: int, at: int, may_go: Iterable[int], *, gib: int = 4, mhz: int = 1000, uses: float = 1.0) -> Load:
    return Load(
        vm=VmIdentity(
            ref=MoRef(kind="VirtualMachine", moid=f"vm-{number}"), name=f"vm{number}", instance_uuid=f"uuid-{number}"
        ),
        at=at,
        needs_bytes=gib * GIB,
        needs_mhz=mhz,
        uses_bytes=round(gib * GIB * uses),
        uses_mhz=round(mhz * uses),
        may_go=frozenset(may_go) - {at},
        memory_bytes=gib * GIB,
    )


def random_site(seed: int, *, rooms: int | None = None, tightness: float | None = None) -> Site:
    """Hosts of three sizes, filled up to the tightness; most loads may go to most rooms; some rules."""
    rng = Random(seed)
    count = rooms or rng.randrange(3, 8)
    full = tightness or rng.choice([0.5, 0.6, 0.7, 0.75, 0.8])
    all_rooms = tuple(
        room(number, gib=rng.choice([64, 96, 128]), mhz=rng.choice([64_000, 96_000])) for number in range(count)
    )
    loads: list[Load] = []
    for number, one in enumerate(all_rooms):
        loads += _fill(rng, number, one, full, first=len(loads), count=count)
    apart = [group for _ in range(rng.randrange(4)) if len(group := _one_of_some_rooms(rng, loads, count)) > 1]
    return Site(rooms=all_rooms, loads=tuple(loads), apart=tuple(apart))


def _fill(rng: Random, number: int, one: Room, full: float, *, first: int, count: int) -> list[Load]:
    loads: list[Load] = []
    free_gib, free_mhz = one.memory_bytes * full / GIB, one.cpu_mhz * full
    while True:
        gib, mhz = rng.choice([2, 4, 4, 8, 8, 16, 24, 32]), rng.choice([1000, 2000, 4000, 8000])
        free_gib, free_mhz = free_gib - gib, free_mhz - mhz
        if free_gib < 0 or free_mhz < 0:
            return loads
        may_go = [room for room in range(count) if rng.random() < 0.7]
        loads.append(load(first + len(loads), number, may_go, gib=gib, mhz=mhz, uses=rng.random()))


def _one_of_some_rooms(rng: Random, loads: Sequence[Load], count: int) -> tuple[int, ...]:
    chosen = rng.sample(range(count), min(count, 3))
    members = [[index for index, one in enumerate(loads) if one.at == number] for number in chosen]
    return tuple(rng.choice(some) for some in members if some)


def breaches(site: Site, places: Sequence[Iterable[int]]) -> list[str]:
    """The hard limits that are broken with each load in all of its places at once."""
    found = []
    for number, one in enumerate(site.rooms):
        inside = [load for load, rooms in enumerate(places) if number in rooms]
        if sum(site.loads[load].needs_bytes for load in inside) > one.memory_bytes:
            found.append(f"memory of {one.host.name}")
        if sum(site.loads[load].needs_mhz for load in inside) > one.cpu_mhz:
            found.append(f"CPU of {one.host.name}")
        for group in site.apart:
            if len(set(group) & set(inside)) > 1:
                found.append(f"rule in {one.host.name}")
    return found


def breaches_after(site: Site, shifts: Iterable[Shift]) -> list[str]:
    """The hard limits that are broken when these shifts are done."""
    rooms = [one.at for one in site.loads]
    for shift in shifts:
        rooms[shift.load] = shift.destination
    return breaches(site, [(room,) for room in rooms])


def breaches_on_the_way(site: Site, order: Order, seed: int) -> list[str]:
    """The hard limits that are broken while steps start and end in any order that they allow.

    A load that moves is in both rooms.
    """
    rng = Random(seed)
    rooms = [one.at for one in site.loads]
    waiting, running, done = set(range(len(order.steps))), set[int](), set[int]()
    found: list[str] = []
    while waiting or running:
        ready = [number for number in sorted(waiting) if set(order.steps[number].relies_on) <= done]
        if ready and (not running or rng.random() < 0.6):
            number = rng.choice(ready)
            assert rooms[order.steps[number].load] == order.steps[number].source
            waiting.discard(number)
            running.add(number)
        else:
            number = rng.choice(sorted(running))
            running.discard(number)
            done.add(number)
            rooms[order.steps[number].load] = order.steps[number].destination
        places = [{room} for room in rooms]
        for one in running:
            places[order.steps[one].load].add(order.steps[one].destination)
        found += breaches(site, places)
    return found
