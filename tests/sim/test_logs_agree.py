"""What the logs are read to say agrees with what the simulator says happened: agreement with it, not accuracy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sim.agreement import Tally, move_and_compare, write_site
from vsphere_motion.testing.plugin import VCenterFactory

pytestmark = pytest.mark.vcsim

SPEED = 400.0
LOST_AT_MOST = 0.02
"""Share of times that may be gone with a rotated file: each is said to be unknown, none is wrong."""


def agree(factory: VCenterFactory, directory: Path, moves: int) -> Tally:
    vcenter = factory(scenario=write_site(directory), speed=SPEED, seed=3)
    return move_and_compare(vcenter, directory, moves)


def judge(tally: Tally) -> None:
    assert tally.wrong == [], str(tally)
    assert tally.ids == tally.moves, str(tally)
    parts = {"admission", "prepare", "precopy", "switchover", "resume"}
    assert {name.partition(" in ")[2] for name in tally.ended if name.startswith("failed")} == parts
    assert any(name.startswith("cancelled") for name in tally.ended)
    assert tally.counts["rotations"] > 0
    right = sum(count for name, count in tally.counts.items() if name.endswith(" right"))
    assert tally.counts["rotated away"] <= LOST_AT_MOST * right, str(tally)


@pytest.mark.timeout(240)
def test_forty_moves_of_many_kinds(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    judge(agree(vcenter_factory, tmp_path, 40))


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.skipif(os.environ.get("VSPHERE_MOTION_NIGHTLY") != "1", reason="200 moves are for the night")
def test_two_hundred_moves_of_many_kinds(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    judge(agree(vcenter_factory, tmp_path, 200))
