"""A VM that moved a moment ago is warned about, by the journal of this vCenter, and not refused when it is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.program import Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def test_a_second_move_within_the_rest_is_warned_about_and_done(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    before = run("check", "vm-001", "--to-host", "esx-003", "-o", "json").json["moves"][0]["findings"]
    assert run("migrate", "vm-001", "--to-host", "esx-002", "--yes").exit_code == 0

    after = run("check", "vm-001", "--to-host", "esx-003", "-o", "json")
    again = run("migrate", "vm-001", "--to-host", "esx-003", "--yes")

    assert "history.recent" not in {finding["id"] for finding in before}
    found = {finding["id"]: finding for finding in after.json["moves"][0]["findings"]}
    assert found["history.recent"]["severity"] == "warning"
    assert after.exit_code == 0
    assert again.exit_code == 0, again.text


def test_a_check_makes_no_journal(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(shared_vcenter)
    assert run("check", "vm-001", "--to-host", "esx-002").exit_code == 0
    assert not (run.home / "state").exists()


def test_a_journal_that_cannot_be_read_is_unknown(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(shared_vcenter)
    (run.home / "state").mkdir()
    (run.home / "state" / "journal.sqlite3").write_text("no database" * 500)
    done = run("check", "vm-001", "--to-host", "esx-002", "-o", "json")
    found = {finding["id"]: finding["severity"] for finding in done.json["moves"][0]["findings"]}
    assert found["history.recent"] == "unknown"
    assert done.exit_code == 0
