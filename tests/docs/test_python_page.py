"""The example of the library for two vCenters runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labels import labels
from tests.two_vcenters import make_pair
from vsphere_motion.testing.plugin import VCenterFactory

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "python.md"


@pytest.mark.vcsim
def test_the_example_for_two_vcenters_runs(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    pair = make_pair(vcenter_factory, tmp_path / "home")
    (example,) = re.findall(r"```python\n(import os\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    there = pair.destination
    variables = pair.run.variables(
        OTHER_HOST=there.host,
        OTHER_PORT=str(there.port),
        OTHER_USER=there.user,
        OTHER_PASSWORD=there.password,
        OTHER_CA_FILE=str(there.ca_file),
        XDG_STATE_HOME=str(tmp_path / "state"),
    )

    done = subprocess.run(
        [sys.executable, "-c", example],
        env=variables,
        cwd=pair.run.home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "[('moved', 'kept')]"]
    with pair.observing() as (_, destination):
        assert labels(there, destination, "a-web01")["a-web01"].tags == {"env/prod", "owner/web team"}
