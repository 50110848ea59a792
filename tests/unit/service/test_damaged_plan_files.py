"""Files of plans and snapshots that were damaged by chance: an error of ours, or a document that can be used."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.build import cluster, datastore, host, inventory, vm
from tests.promises import tries
from vsphere_motion.errors import MotionError
from vsphere_motion.model.move import DiskFormat, Encryption
from vsphere_motion.model.plan_file import PlanKind
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.request import Wishes
from vsphere_motion.planning.facts import compare
from vsphere_motion.planning.plan_checks import problems_of_plan
from vsphere_motion.planning.plan_diff import changes_between
from vsphere_motion.planning.plan_places import PlannedMoves
from vsphere_motion.report.plan_words import destinations
from vsphere_motion.service.apply import standing_of
from vsphere_motion.service.placing import make_plan_file
from vsphere_motion.service.plan_files import (
    csv_text,
    plan_document,
    read_plan,
    read_snapshot,
    write_plan,
    write_snapshot,
)

SITE = inventory(
    vms=(vm(1), vm(2), vm(3)),
    hosts=tuple(host(number, datastores=(datastore(1).ref, datastore(2).ref)) for number in (1, 2)),
    clusters=(cluster(1),),
    datastores=(datastore(1), datastore(2)),
)
PLAN = make_plan_file(SITE, PlanRequest(kind=PlanKind.EVACUATE, words=("host1",)))
FILES = Wishes(to_datastore="datastore2", format=DiskFormat.THICK, encryption=Encryption.REQUIRED)
PLACES = make_plan_file(SITE, PlanRequest(kind=PlanKind.MIGRATE, words=("vm1", "vm2"), to_host="host2", wishes=FILES))
ODD = (None, True, -1, 1e308, "", "vm-0", "\x1b[2J", "2026-13-01T00:00:00Z", [], {}, [[]], {"name": 1}, 10**30, "=1+1")


def flipped(chance: random.Random, text: bytes) -> bytes:
    """One byte is another, or text is cut, taken out or repeated."""
    at, size = chance.randrange(len(text)), chance.randint(1, 200)
    ways = (
        text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :],
        text[:at],
        text[:at] + text[at + size :],
        text[: at + size] + text[at:],
    )
    return chance.choice(ways)


def twisted(chance: random.Random, text: bytes) -> bytes:
    """One value of the document is something else, or is gone."""
    document = json.loads(text)
    holder, key = chance.choice([*_places(document)])
    if chance.random() < 0.3:
        del holder[key]
    else:
        holder[key] = chance.choice(ODD)
    return json.dumps(document).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else range(len(value))
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def use_plan(file: Path) -> None:
    """Everything that reading, showing, exporting and comparing a plan does with its file."""
    plan = read_plan(file)
    assert problems_of_plan(plan) == ()
    json.dumps(plan_document(plan))
    assert len([*csv.reader(io.StringIO(csv_text(plan)))]) == 1 + len(plan.moves)
    assert len(destinations(plan)) == len(plan.moves)
    changes_between(PLAN, plan, destinations)
    planned = PlannedMoves(SITE, plan.to_vcenter)
    moves = {number: found for number, move in enumerate(plan.moves) if (found := planned.find(move))}
    compare(plan, SITE, moves)
    standing_of(plan, SITE, moves)


def use_snapshot(file: Path) -> None:
    """A plan is made of it."""
    make_plan_file(read_snapshot(file), PlanRequest(kind=PlanKind.EVACUATE, words=("host1",)))


def end_of(use: Callable[[Path], None], file: Path) -> str:
    """`used`, or what the error says."""
    try:
        use(file)
    except MotionError as error:
        return "error" if error.message else "an error without words"
    return "used"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("damage", [flipped, twisted])
@pytest.mark.parametrize(
    ("write", "use", "whole"),
    [
        pytest.param(lambda file: write_plan(file, PLAN), use_plan, 10_000, id="plan"),
        pytest.param(lambda file: write_plan(file, PLACES), use_plan, 10_000, id="plan of files"),
        pytest.param(lambda file: write_snapshot(file, SITE), use_snapshot, 2_000, id="snapshot"),
    ],
)
def test_a_damaged_document_is_an_error_of_ours_or_can_be_used(
    write: Callable[[Path], None],
    use: Callable[[Path], None],
    whole: int,
    damage: Callable[[random.Random, bytes], bytes],
    tmp_path: Path,
) -> None:
    file, ends = tmp_path / "document.json", Counter[str]()
    write(file)
    sound = file.read_bytes()
    for seed in range(tries(reduced=150, whole=whole)):
        file.write_bytes(damage(random.Random(seed), sound))
        ends[end_of(use, file)] += 1
    assert ends.keys() <= {"error", "used"}
    assert ends["error"] > 0, "damage that nobody notices is none"
