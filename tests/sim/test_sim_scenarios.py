"""Shipped scenarios through the fixtures and the command line, and the size the simulator promises."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vsphere_motion.testing.simulator import SimulatedVCenter

ROOT = Path(__file__).resolve().parents[2]


def names(vcenter: SimulatedVCenter, kind: str) -> list[str]:
    """The names of all objects of one type."""
    return [each["name"] for each in vcenter.control.site() if each["type"] == kind]


@pytest.mark.parametrize(
    ("scenario", "hosts", "machines"),
    [("small", 3, 6), ("brownfield", 13, 37), ("two-vcenters-a", 3, 8), ("two-vcenters-b", 3, 8)],
)
def test_a_shipped_scenario_is_there_by_its_name(
    vcenter_factory: Callable[..., SimulatedVCenter], scenario: str, hosts: int, machines: int
) -> None:
    vcenter = vcenter_factory(scenario=scenario, speed=50)
    assert len(names(vcenter, "HostSystem")) == hosts
    assert len(names(vcenter, "VirtualMachine")) == machines


def test_two_vcenters_side_by_side(vcenter_factory: Callable[..., SimulatedVCenter]) -> None:
    one, other = vcenter_factory(scenario="two-vcenters-a"), vcenter_factory(scenario="two-vcenters-b")
    assert one.port != other.port
    assert one.password != other.password
    assert not set(names(one, "VirtualMachine")) & set(names(other, "VirtualMachine"))


def test_the_help_and_the_guide_name_every_shipped_scenario() -> None:
    shipped = {path.stem for path in (ROOT / "vcsim" / "scenarios").glob("*.yaml")}
    commands = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    options = commands.split("### sim start\n")[1].split("\n### ")[0]
    guide = (ROOT / "docs" / "how-to" / "test-without-a-vcenter.md").read_text(encoding="utf-8")
    assert {name for name in shipped if name in options} == shipped
    assert {name for name in shipped if f"`{name}`" in guide} == shipped


@pytest.mark.nightly
def test_big_sites_keep_their_promises() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "simulator.py")]
    answer = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=1800)
    assert answer.returncode == 0, answer.stdout + answer.stderr
