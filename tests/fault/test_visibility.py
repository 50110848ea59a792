"""What an account may not see is named, and whoever needs all of it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Program
from tests.promises import record
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

PASSWORD = "battery-staple-horse-5"
VMS = 20
HIDDEN = ("web07", "web13")
SITE = f"""
version: 1
clusters:
  - name: one
    hosts: [{{name: esx01}}, {{name: esx02}}]
datastores:
  - {{name: san}}
networks:
  - {{name: lan}}
vms:
  - {{repeat: [1, {VMS}], name: "web##", host: esx01}}
roles:
  - {{name: mover, privileges: [Resource.HotMigrate, Resource.ColdMigrate, Resource.AssignVMToPool]}}
users:
  - {{name: mover, password: {PASSWORD}, role: mover}}
permissions:  # a machine is seen by way of its folder or of its pool
  - {{entity: one/Resources, user: mover, role: NoAccess}}
  - {{entity: {HIDDEN[0]}, user: mover, role: NoAccess}}
  - {{entity: {HIDDEN[1]}, user: mover, role: NoAccess}}
"""


@pytest.fixture
def site(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "site.yaml"
    scenario.write_text(SITE, encoding="utf-8")
    return vcenter_factory(scenario=scenario)


@pytest.fixture
def run(site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> Program:
    made = program(site)
    return Program(
        home=made.home, environment={**made.environment, "VMWARE_USER": "mover", "VMWARE_PASSWORD": PASSWORD}
    )


def test_row_22_what_may_not_be_seen_is_named_and_a_glob_is_refused(site: SimulatedVCenter, run: Program) -> None:
    hidden = [site.control.moid("VirtualMachine", name) for name in HIDDEN]

    every = run("check", "web*", "--to-host", "esx02")
    assert every.exit_code == 4, every.text
    assert "2 virtual machines are not visible to this account" in every.stderr
    named = [moid for moid in hidden if moid in every.stderr]

    moved = run("migrate", "web*", "--to-host", "esx02", "--yes")
    assert moved.exit_code == 4, moved.text
    assert site.control.motions() == []

    doctor = run("doctor")
    assert all(f"VirtualMachine {moid} ({moid})" in doctor.text for moid in hidden), doctor.text
    record(22, f"{len(named)} of {len(hidden)} hidden VMs named, exit code {every.exit_code}")
    assert named == hidden


def test_a_vm_that_is_named_and_seen_is_checked_and_the_rest_is_said(site: SimulatedVCenter, run: Program) -> None:
    hidden = [site.control.moid("VirtualMachine", name) for name in HIDDEN]

    done = run("check", "web01", "web02", "--to-host", "esx02", "-o", "json")

    assert [move["vm"]["name"] for move in done.json["moves"]] == ["web01", "web02"]
    assert done.json["notes"][0] == f"2 virtual machines are not visible to this account: {', '.join(hidden)}"


def test_a_vm_that_is_hidden_is_not_found_by_its_name(run: Program) -> None:
    done = run("check", HIDDEN[0], "--to-host", "esx02")

    assert done.exit_code == 2
    assert "NoPermission" in done.stderr
