"""The guide to testing without a vCenter: its console blocks run as printed, its Python blocks pass."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.console import is_printed, steps
from vsphere_motion.testing.control import Control

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "test-without-a-vcenter.md").read_text(encoding="utf-8")
PYTHON = "\n\n".join(re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL))


@pytest.fixture
def reader(tmp_path: Path, vcenter_environment: dict[str, str]) -> dict[str, str]:
    """The environment of a reader: the programs are on PATH, and what they keep lies in a directory of the test's."""
    path = f"{Path(sys.executable).parent}:{vcenter_environment['PATH']}"
    return {**os.environ, "PATH": path, "VSPHERE_MOTION_STATE_DIR": str(tmp_path / "state")}


@pytest.mark.vcsim
def test_the_console_blocks_run_as_printed(tmp_path: Path, reader: dict[str, str]) -> None:
    tour = steps(GUIDE)
    assert len(tour) == 6
    lines = ["trap 'vsphere-motion sim stop --all' EXIT"]
    for number, (command, _, _) in enumerate(tour):
        lines += [f"{{ {command}\n}} > {number}.out 2>&1", f"echo $? > {number}.code"]
    script = ["bash", "-c", "\n".join(lines)]

    subprocess.run(script, cwd=tmp_path, env=reader, check=True, timeout=100, capture_output=True)

    for number, (command, printed, code) in enumerate(tour):
        output = (tmp_path / f"{number}.out").read_text()
        assert int((tmp_path / f"{number}.code").read_text()) == code, f"{command}\n{output}"
        assert [line for line in printed if not is_printed(line, output)] == [], f"{command}\n{output}"


@pytest.mark.vcsim
@pytest.mark.timeout(300)
def test_the_python_blocks_are_tests_that_pass(tmp_path: Path, reader: dict[str, str]) -> None:
    (tmp_path / "test_guide.py").write_text(PYTHON)
    result = tmp_path / "result.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={result}", str(tmp_path)]

    done = subprocess.run(command, cwd=tmp_path, env=reader, capture_output=True, text=True, timeout=280, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    suite = next(ET.parse(result).iter("testsuite"))
    assert (suite.get("tests"), suite.get("skipped")) == (str(PYTHON.count("\ndef test_")), "0")


def test_the_table_of_the_control_endpoint_has_every_method_and_no_other() -> None:
    table = GUIDE.split("| method of `control` | |")[1].split("\n\n")[0]
    public = {name for name, _ in inspect.getmembers(Control, inspect.isfunction) if not name.startswith("_")}
    assert set(re.findall(r"`([a-z_]+)\(", table)) == public
