"""README's tour runs as it is printed, and its Python block too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


def steps(text: str) -> list[tuple[str, list[str], int]]:
    """Each command of the console blocks, with the lines it is said to print and its exit code."""
    found: list[tuple[str, list[str], int]] = []
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = part.strip("\n").split("\n")
            code = next((int(line[6:-1]) for line in printed if line.startswith("[exit ")), 0)
            found.append((command, [line for line in printed if not line.startswith("[exit ")], code))
    return found


def is_printed(line: str, output: str) -> bool:
    """Whether a line of the output is this one; `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in line.split("..."))
    return re.search(f"^{pattern}$", output, flags=re.MULTILINE) is not None


def test_the_sections_are_in_their_order() -> None:
    assert re.findall(r"^## (.*)$", README, flags=re.MULTILINE) == SECTIONS


def test_every_link_leads_to_a_file() -> None:
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path


@pytest.mark.vcsim
def test_the_tour_runs_as_printed(tmp_path: Path, vcenter_environment: dict[str, str]) -> None:
    tour = steps(section("Five-minute tour on the simulator"))
    assert len(tour) >= 8
    lines = []
    for number, (command, _, _) in enumerate(tour):
        lines += [f"{{ {command}\n}} > {number}.out 2>&1", f"echo $? > {number}.code"]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{vcenter_environment['PATH']}",
        "VSPHERE_MOTION_STATE_DIR": str(tmp_path / "state"),
    }
    script = "\n".join(["trap 'vsphere-motion sim stop --all' EXIT", *lines])

    subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=True, timeout=100, capture_output=True)

    for number, (command, printed, code) in enumerate(tour):
        output = (tmp_path / f"{number}.out").read_text()
        assert int((tmp_path / f"{number}.code").read_text()) == code, f"{command}\n{output}"
        for line in printed:
            assert is_printed(line, output), f"{command}\nnot printed: {line}\n{output}"
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
