"""`report` in every format, without names and through a template, of a run on the simulator."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from tests.program import Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def test_one_run_is_told_in_every_format(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    assert run("migrate", "vm-001", "--to-host", "esx-002", "--yes").exit_code == 0

    (row,) = csv.DictReader(io.StringIO(run("report", "--format", "csv").stdout))
    assert (row["vm"], row["state"], row["destination_host"]) == ("vm-001", "moved", "esx-002")
    assert ET.fromstring(run("report", "--format", "junit").stdout).get("failures") == "0"
    assert run("report", "--format", "md").stdout.startswith("````text\n")
    assert run("report", "--format", "html").stdout.startswith("<!doctype html>")
    assert json.loads(run("report", "--format", "json").stdout)["counts"]["moved"] == 1

    redacted = run("report", "--format", "json", "--redact").stdout
    assert "vm-001" not in redacted
    assert "esx-002" not in redacted

    (run.home / "ours.txt.j2").write_text("{{ run.outcomes[0].vm.name }} is {{ run.outcomes[0].state }}")
    assert run("report", "--template", "ours.txt.j2").stdout == "vm-001 is moved\n"
    assert run("report", "--template", "ours.txt.j2", "-O", "ours.out").exit_code == 0
    assert (run.home / "ours.out").read_text() == "vm-001 is moved"
    assert run("report", "--template", "ours.txt.j2", "--format", "csv").exit_code == 2
    (run.home / "bad.j2").write_text("{{ ''.__class__.__mro__ }}")
    assert "was stopped" in run("report", "--template", "bad.j2").stderr
