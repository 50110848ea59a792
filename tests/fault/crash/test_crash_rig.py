"""The program is killed again and again in the middle of a run, and every VM is still accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.crash.rig import Plan, as_text, planned_kills, run_all
from tests.fault.crash.worlds import Files, Hosts
from tests.promises import IS_NIGHTLY, record, tries

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(14_400 if IS_NIGHTLY else 600)]


def test_row_03_a_killed_run_is_resumed_and_every_vm_is_told_of_once(
    vcenter_environment: dict[str, str], tmp_path: Path
) -> None:
    """The judge is the server's own record of calls, moves and places; a third of the trials has a second operator."""
    world = Hosts(vms=tries(reduced=56, whole=136))
    kills = planned_kills(world, each=tries(reduced=1, whole=20), at_random=tries(reduced=5, whole=100))
    plan = Plan(
        world=world,
        kills=kills,
        seed=3,
        foreign_share=3,
        workers=tries(reduced=1, whole=2),
    )
    tally = run_all(plan, vcenter_environment, tmp_path)
    assert tally.defects == [], as_text(tally.defects)
    assert tally.kills.total() == len(kills)
    assert tally.moves >= tries(reduced=200, whole=10_000)
    assert tally.foreign > 0
    record(3, str(tally))


def test_row_03_killed_runs_of_files_hosts_and_templates_end_each_vm_whole_and_once(
    vcenter_environment: dict[str, str], tmp_path: Path
) -> None:
    """Every disk is where it was told, a template is a template, and nobody was asked for twice."""
    world = Files(vms=tries(reduced=24, whole=64))
    kills = planned_kills(world, each=tries(reduced=0, whole=8), at_random=tries(reduced=1, whole=40))
    kills += tries(reduced=1, whole=0) * ["after_unmark", "after_answer", "after_mark"]
    plan = Plan(
        world=world,
        kills=kills,
        seed=8,
        foreign_share=0,
        kills_a_trial=tries(reduced=4, whole=2),
        workers=tries(reduced=1, whole=2),
    )
    tally = run_all(plan, vcenter_environment, tmp_path)
    assert tally.defects == [], as_text(tally.defects)
    assert tally.kills.total() == len(kills)
    assert tally.moves >= tries(reduced=24, whole=2_000)
    record(3, f"files, hosts and templates mixed: {tally}")
