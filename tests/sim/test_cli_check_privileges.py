"""An account that lacks privileges hears of all of them at once, before anything is asked for that needs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import READS, Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

PASSWORD = "a-long-password-of-the-test-account"
SITE = f"""
version: 1
clusters:
  - name: one
    hosts: [{{name: esx01}}, {{name: esx02}}]
  - name: two
    hosts: [{{name: esx03}}]
datastores:
  - {{name: san}}
networks:
  - {{name: lan}}
vms:
  - {{name: web01, host: esx01}}
  - {{name: web02, host: esx01}}
roles:
  - {{name: mover, privileges: [Resource.HotMigrate, Resource.ColdMigrate]}}
users:
  - {{name: looker, password: {PASSWORD}, role: ReadOnly}}
  - {{name: half, password: {PASSWORD}, role: ReadOnly}}
permissions:
  - {{entity: web02, user: half, role: mover}}
"""


@pytest.fixture
def site(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "site.yaml"
    scenario.write_text(SITE, encoding="utf-8")
    return vcenter_factory(scenario=scenario)


@pytest.fixture
def run(site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> Callable[..., Program]:
    """The program as one of the scenario's users."""

    def as_user(user: str) -> Program:
        made = program(site)
        return Program(
            home=made.home, environment={**made.environment, "VMWARE_USER": user, "VMWARE_PASSWORD": PASSWORD}
        )

    return as_user


def test_three_missing_privileges_are_one_finding_with_all_three(
    site: SimulatedVCenter, run: Callable[..., Program]
) -> None:
    site.control.clear_trace()
    done = run("looker")("check", "web01", "--to-host", "esx03", "-o", "json")

    assert done.exit_code == 3, done.text
    (missing,) = [f for f in done.json["moves"][0]["findings"] if f["id"] == "permissions.missing"]
    assert missing["severity"] == "blocker"
    assert sorted(missing["evidence"]["missing"]) == [
        "Resource.AssignVMToPool on Resources",
        "Resource.ColdMigrate on web01",
        "Resource.HotMigrate on web01",
    ]
    assert "doctor --role" in missing["remedy"]
    assert {call["method"] for call in site.control.trace()} <= READS


def test_what_is_granted_on_one_vm_is_not_missed_there(run: Callable[..., Program]) -> None:
    moves = run("half")("check", "web01", "web02", "--to-host", "esx02", "-o", "json").json["moves"]
    missing = [[f for f in move["findings"] if f["id"] == "permissions.missing"] for move in moves]
    assert [len(found) for found in missing] == [1, 0]
    assert moves[1]["verdict"] == "ok"


def test_an_account_that_may_do_everything_misses_nothing(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(site)("check", "web01", "--to-host", "esx03", "-o", "json")
    assert "permissions.missing" not in {finding["id"] for finding in done.json["moves"][0]["findings"]}


def test_what_check_says_is_missing_is_what_a_move_is_refused_for(run: Callable[..., Program]) -> None:
    words = ("web01", "--to-host", "esx02", "--yes", "--skip-check", "permissions.missing", "-o", "json")
    done = run("looker")("migrate", *words)
    (outcome,) = done.json["outcomes"]
    assert outcome["state"] == "failed", done.text
    assert outcome["fault"]["kind"] == "NoPermission"


def test_doctor_says_what_is_missing_where(run: Callable[..., Program]) -> None:
    done = run("half")("doctor", "--privileges", "--for", "migrate", "--for", "logs", "-o", "json")

    lines = {line["text"]: line["state"] for line in done.json["lines"] if line["topic"] == "privileges"}
    assert lines == {
        "Datastore.Browse is missing on 1 of 1 objects (migrate, logs): san": "fail",
        "Global.Diagnostics is missing on 1 of 1 objects (migrate, logs): the vCenter's root": "fail",
        "Resource.AssignVMToPool is missing on 2 of 2 objects (migrate, logs): Resources, Resources": "fail",
        "Resource.ColdMigrate is missing on 1 of 2 objects (migrate, logs): web01": "warn",
        "Resource.HotMigrate is missing on 1 of 2 objects (migrate, logs): web01": "warn",
    }
    assert done.exit_code == 4
