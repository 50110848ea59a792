"""An account that lacks privileges hears of each of them, and of all at once, before anything starts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.program import READS, Program
from tests.promises import record
from vsphere_motion.planning.privileges import PURPOSES, needs_of
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

PASSWORD = "a-long-password-of-the-test-accounts"
PRIVILEGES = tuple(
    dict.fromkeys(need.privilege for need in needs_of(PURPOSES) if not need.privilege.startswith("System."))
)
ASK = [word for purpose in PURPOSES for word in ("--for", purpose)]
SITE = """
version: 1
clusters:
  - {name: one, hosts: [{name: esx01}]}
  - {name: two, hosts: [{name: esx02}]}
datastores: [{name: san}]
networks: [{name: lan}]
vms: [{name: web01, host: esx01}, {name: golden, host: esx01, power: off, template: true}]
"""


def scenario() -> str:
    """A user for each privilege, who lacks that one alone; and `nothing`, who lacks them all."""
    roles, users = ["roles:"], ["users:", f"  - {{name: nothing, password: {PASSWORD}, role: ReadOnly}}"]
    for number, lacking in enumerate(PRIVILEGES):
        others = ", ".join(name for name in PRIVILEGES if name != lacking)
        roles.append(f"  - {{name: role-{number}, privileges: [{others}]}}")
        users.append(f"  - {{name: user-{number}, password: {PASSWORD}, role: role-{number}}}")
    return "\n".join([SITE.rstrip(), *roles, *users, ""])


@pytest.fixture
def site(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    file = tmp_path / "site.yaml"
    file.write_text(scenario(), encoding="utf-8")
    return vcenter_factory(scenario=file)


def missing(program: Program, user: str) -> set[str]:
    """The privileges that `doctor` misses for everything it can be asked about."""
    account = {**program.environment, "VMWARE_USER": user, "VMWARE_PASSWORD": PASSWORD}
    done = replace(program, environment=account)("doctor", "--privileges", *ASK, "-o", "json")
    assert done.exit_code == 4, done.text
    lines = [line["text"] for line in done.json["lines"] if line["topic"] == "privileges"]
    return {found[1] for line in lines if (found := re.match(r"(\S+) is missing on", line))}


def test_row_23_each_missing_privilege_is_named_and_all_at_once(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(site)
    assert len(PRIVILEGES) >= 6
    site.control.clear_trace()

    named = [missing(run, f"user-{number}") for number in range(len(PRIVILEGES))]

    assert named == [{privilege} for privilege in PRIVILEGES]
    assert missing(run, "nothing") == set(PRIVILEGES)
    assert {call["method"] for call in site.control.trace()} <= READS
    record(23, f"{len(named)}/{len(PRIVILEGES)} named, and all of them in one answer; 0 changes")


def test_row_23_a_move_that_lacks_three_is_stopped_by_one_finding(
    site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(site)
    account = {**run.environment, "VMWARE_USER": "nothing", "VMWARE_PASSWORD": PASSWORD}

    done = replace(run, environment=account)("migrate", "web01", "--to-host", "esx02", "--yes")

    assert done.exit_code == 3, done.text
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("web01") and "permissions.missing" in line]
    assert all(f"Resource.{name}" in line for name in ("ColdMigrate", "HotMigrate", "AssignVMToPool")), line
    assert site.control.motions() == []
