"""README's tour runs as it is printed, and its Python block too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.console import play, steps
from vsphere_motion.testing.simulator import SimulatedVCenter

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

SECTIONS = [
    "What it does, and what it does not",
    "Install",
    "Five-minute tour on the simulator",
    "Commands",
    "From Python",
    "From Ansible",
    "Configuration",
    "Exit codes",
    "Privileges",
    "Troubleshooting",
    "Security model",
    "How it works",
    "Developing",
]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_sections_are_in_their_order() -> None:
    assert re.findall(r"^## (.*)$", README, flags=re.MULTILINE) == SECTIONS


def test_every_link_leads_to_a_file() -> None:
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path


@pytest.mark.vcsim
def test_the_tour_runs_as_printed(tmp_path: Path, vcenter_environment: dict[str, str]) -> None:
    tour = steps(section("Five-minute tour on the simulator"))
    assert len(tour) >= 8

    play(tour, tmp_path, vcenter_environment)

    assert (tmp_path / "tour.html").stat().st_size > 1000


@pytest.mark.vcsim
def test_the_python_block_runs(vcenter_factory: Callable[..., SimulatedVCenter], tmp_path: Path) -> None:
    vcenter = vcenter_factory(scenario="demo", speed=20)
    (block,) = re.findall(r"```python\n(.*?)```", section("From Python"), flags=re.DOTALL)
    environment = {**os.environ, **vcenter.environment(), "VSPHERE_MOTION_STATE_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", block], env=environment, capture_output=True, text=True, timeout=100, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "('moved', " in done.stdout
