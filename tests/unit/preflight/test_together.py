"""Room for files: of one move, and of the moves of one request together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from tests.build import GIB
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.inventory import Device, Inventory, PowerState
from vsphere_motion.model.move import DiskFormat, Move
from vsphere_motion.preflight.arrival import arrivals_of
from vsphere_motion.preflight.space import Room, room_of
from vsphere_motion.preflight.together import space_together

DISKS = (build.disk(1), build.disk(2))
RDM = build.disk(3, rdm_mode="virtualMode")


def site(count: int, free: int | None) -> tuple[Inventory, list[Move]]:
    """So many VMs of 20 GiB each on datastore1, and datastore2, which they all go to."""
    vms = tuple(build.vm(number) for number in range(1, count + 1))
    seen = build.inventory(vms=vms, datastores=(build.datastore(1), build.datastore(2, free_bytes=free)))
    return seen, [build.to_datastore(build.move(seen, number=number + 1, to=1), seen, 2) for number in range(count)]


@pytest.mark.parametrize(
    ("free", "lacking"),
    [
        pytest.param(60 * GIB, [], id="exactly enough"),
        pytest.param(60 * GIB - 1, ["vm3"], id="one byte short for the third"),
        pytest.param(39 * GIB, ["vm2", "vm3"], id="for two"),
        pytest.param(None, [], id="free space that was not read is each move's own unknown"),
    ],
)
def test_what_fits_one_by_one_has_to_fit_together(free: int | None, lacking: list[str]) -> None:
    seen, moves = site(3, free)
    found = space_together(seen, moves, {})
    names = {vm.ref: vm.name for vm in seen.vms}
    assert [names[ref] for ref in found] == lacking
    assert all(one.id == "storage.space" and "together with the" in one.message for (one,) in found.values())


def test_what_is_blocked_by_itself_takes_no_room() -> None:
    seen, moves = site(3, 40 * GIB)
    blocked = {moves[0].vm.ref: (build.finding(severity=Severity.BLOCKER),)}
    assert list(space_together(seen, moves, {})) == [moves[2].vm.ref]
    assert space_together(seen, moves, blocked) == {}


def test_a_vm_that_was_not_read_needs_no_room_that_is_known() -> None:
    seen, moves = site(1, 0)
    assert space_together(replace(seen, vms=()), moves, {}) == {}


def whole(**changes: Any) -> Any:
    return build.vm(devices=DISKS, **changes)


@pytest.mark.parametrize(
    ("vm", "disks", "has_config", "thick", "now", "grown"),
    [
        pytest.param(whole(), DISKS, True, (), 20, 40, id="everything: what is committed, and may be"),
        pytest.param(whole(), DISKS[:1], False, (), 20, 40, id="one disk: at most what is committed"),
        pytest.param(whole(committed_bytes=60 * GIB), DISKS[:1], False, (), 40, 40, id="or its whole size"),
        pytest.param(whole(), DISKS[:1], False, (2001,), 40, 40, id="thick takes all at once"),
        pytest.param(whole(), DISKS, True, (2001, 2002), 80, 80, id="all of them thick"),
        pytest.param(whole(), (), True, (), 8, 8, id="configuration alone: the swap file"),
        pytest.param(whole(memory_reservation_bytes=6 * GIB), (), True, (), 2, 2, id="without what is reserved"),
        pytest.param(whole(power_state=PowerState.OFF), (), True, (), 0, 0, id="off"),
        pytest.param(whole(power_state=PowerState.SUSPENDED), (), True, (), 8, 8, id="suspended: its memory"),
        pytest.param(whole(), (RDM,), False, (), 0, 0, id="a mapping takes nothing"),
        pytest.param(whole(committed_bytes=None), DISKS, True, (), None, None, id="not read"),
        pytest.param(whole(memory_bytes=None), (), True, (), None, None, id="memory not read"),
        pytest.param(
            whole(), (replace(DISKS[0], capacity_bytes=None),), False, (2001,), None, None, id="size not read"
        ),
    ],
)
def test_the_room_of_files(
    vm: Any, disks: tuple[Device, ...], has_config: bool, thick: tuple[int, ...], now: int | None, grown: int | None
) -> None:
    def gib(size: int | None) -> int | None:
        return None if size is None else size * GIB

    expected = Room(now_bytes=gib(now), grown_bytes=gib(grown))
    assert room_of(vm, disks, has_config=has_config, thick=thick) == expected


def test_what_comes_to_each_datastore() -> None:
    seen = build.inventory(vms=(whole(),), datastores=(build.datastore(1), build.datastore(2), build.datastore(3)))
    move = build.to_datastore(build.move(seen, to=1), seen, 2)
    named = seen.name_of(build.datastore_ref(3))
    first, second = move.destination.disks
    apart = replace(move.destination, disks=(first, replace(second, datastore=named, format=DiskFormat.EAGER)))
    arrivals = arrivals_of(seen.vms[0], replace(move, destination=apart))
    assert [(one.datastore.name, len(one.disks), one.has_config, sorted(one.thick)) for one in arrivals] == [
        ("datastore2", 1, True, []),
        ("datastore3", 1, False, [2002]),
    ]
    assert arrivals_of(seen.vms[0], build.move(seen)) == ()
