"""Whatever a run has changed and whoever has changed things since: a restore undoes the run's part and nothing else.

The judge knows a VM as a table of words, and nothing of things, lines and placements.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests import build
from tests.promises import tries
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import DiskFormat, Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.planning.changed import NO_POLICIES, Present
from vsphere_motion.planning.restore_lines import Back, compare_places, taken_of
from vsphere_motion.planning.restore_moves import MovesBack

State = dict[str, Any]
FORMATS = (DiskFormat.THIN, DiskFormat.THICK, DiskFormat.EAGER)
CHOICES: dict[str, tuple[Any, ...]] = {
    "host": (1, 2, 4),
    "pool": (1, 5, 6),
    "folder": (1, 2, 3),
    "config": (1, 2, 3),
    **{f"disk {number}": (1, 2, 3) for number in (1, 2, 3)},
    **{f"format {number}": FORMATS for number in (1, 2, 3)},
    **{f"network {number}": (1, 2, 3) for number in (1, 2)},
}


def seen(state: State) -> Inventory:
    """A vCenter with the VM in this state; every host sees every datastore and network."""
    disks = (
        build.disk(n, datastore=build.datastore_ref(state[f"disk {n}"]), disk_format=state[f"format {n}"])
        for n in (1, 2, 3)
    )
    nics = (build.nic(n, network=build.network_ref(state[f"network {n}"])) for n in (1, 2))
    stores = {state["config"], *(state[f"disk {n}"] for n in (1, 2, 3))}
    vm = build.vm(
        host=build.host_ref(state["host"]),
        pool=build.pool_ref(state["pool"]),
        folder=build.folder_ref(state["folder"]),
        vmx_path=f"[datastore{state['config']}] vm1/vm1.vmx",
        datastores=tuple(map(build.datastore_ref, sorted(stores))),
        devices=(*disks, *nics),
    )
    networks = tuple(build.network_ref(n) for n in (1, 2, 3))
    return build.inventory(
        vms=(vm,),
        hosts=tuple(build.host(n, networks=networks) for n in (1, 2, 4)),
        pools=tuple(build.pool(n, name=f"pool{n}", owner=build.cluster_ref(1)) for n in (1, 5, 6)),
        containers=tuple(build.container(n) for n in (1, 2, 3)),
        datastores=tuple(build.datastore(n) for n in (1, 2, 3)),
        networks=tuple(build.network(n) for n in (1, 2, 3)),
    )


def changed(rng: Random, state: State, share: float) -> State:
    """The same with some things otherwise."""
    return {
        what: rng.choice([one for one in CHOICES[what] if one is not value]) if rng.random() < share else value
        for what, value in state.items()
    }


def placed(state: State) -> Placement:
    site = seen(state)
    return Present(site).of(site.vms[0])


def move_between(before: State, after: State) -> Move:
    """The move of a run: a format is asked for only where it changes."""
    source, to = placed(before), placed(after)
    disks = tuple(
        replace(disk, format=disk.format if before[f"format {n}"] is not after[f"format {n}"] else None)
        for n, disk in enumerate(to.disks, start=1)
    )
    return Move(vm=seen(before).vms[0].identity, source=source, destination=replace(to, disks=disks, encryption=None))


def applied(state: State, move: Move) -> State:
    """What vCenter makes of a move."""
    to, number = move.destination, lambda named: int(named.ref.moid.lstrip("abcdefghijklmnopqrstuvwxyz-"))
    after = dict(state, host=number(to.host), pool=number(to.pool), folder=number(to.folder))
    if to.disks:
        after["config"] = number(to.config)
    for n in (1, 2, 3):
        disk = to.disk(2000 + n)
        if disk is not None:
            after[f"disk {n}"] = number(disk.datastore)
            after[f"format {n}"] = disk.format or state[f"format {n}"]
    for n in (1, 2):
        nic = to.nic(4000 + n)
        if nic is not None:
            after[f"network {n}"] = number(nic.network)
    return after


@pytest.mark.parametrize("seed", range(tries(reduced=150, whole=5000)))
def test_a_restore_undoes_what_the_run_did_and_nothing_that_others_did(seed: int) -> None:
    rng = Random(seed)
    before = {what: rng.choice(values) for what, values in CHOICES.items()}
    middle = changed(rng, before, 0.4)
    after = changed(rng, middle, rng.choice([0.0, 0.3]))
    ended = [
        Outcome(move=move_between(*ends), state=OutcomeState.MOVED) for ends in ((before, middle), (middle, after))
    ]
    now = changed(rng, after, rng.choice([0.0, 0.2, 0.6]))
    taken = taken_of(ended)

    (line,) = compare_places(seen(now), taken)
    last = now
    if line.back is Back.GOES:
        last = applied(now, MovesBack(seen(now), NO_POLICIES).to_where_it_was(line))

    touched = {what for what in before if before[what] is not middle[what] or middle[what] is not after[what]}
    expected = {what: before[what] if what in touched and now[what] is after[what] else now[what] for what in now}
    assert last == expected
    (again,) = compare_places(seen(last), taken)
    assert again.back is not Back.GOES, "a second restore moves nothing"
