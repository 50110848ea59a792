"""The console blocks of the how-to run as they are printed, between two simulated vCenters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.console import is_printed, steps
from tests.two_vcenters import make_pair
from vsphere_motion.testing.plugin import VCenterFactory

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "move-to-another-vcenter.md"


@pytest.mark.vcsim
def test_the_guide_runs_as_it_is_printed(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    pair = make_pair(vcenter_factory, tmp_path / "home")
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    variables = pair.run.variables(OTHER=pair.there[1], PATH=path)
    found = steps(GUIDE.read_text(encoding="utf-8"))
    assert len(found) >= 6

    for command, printed, code in found:
        done = subprocess.run(
            ["bash", "-c", command],
            env=variables,
            cwd=pair.run.home,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"$ {command}\n{said}"
        for line in printed:
            assert is_printed(line, said), f"$ {command}\nhas no line {line!r}:\n{said}"
