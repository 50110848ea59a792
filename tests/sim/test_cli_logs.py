"""`logs RUN|VM`: what vCenter's answers tell is what the same logs tell as files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

MakeProgram = Callable[[SimulatedVCenter], Program]
BESIDE = {"vm", "source", "destination", "state"}


def save_logs(vcenter: SimulatedVCenter, directory: Path, host: str) -> Path:
    """A host's logs as files."""
    place = directory / host
    place.mkdir(parents=True)
    moid = vcenter.control.moid("HostSystem", host)
    for key in ("vmkernel", "hostd", "vpxa"):
        text = "\n".join(vcenter.control.log_lines(moid, key))
        (place / f"{key}.log").write_text(text + "\n", encoding="utf-8")
    return place


def moved(program: Program, *more: str) -> dict[str, Any]:
    done = program("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json", *more)
    assert done.stdout, done.text
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("fails", [False, True], ids=["moved", "failed"])
def test_motions_are_those_of_the_same_logs_as_files(
    vcenter: SimulatedVCenter, program: MakeProgram, tmp_path: Path, fails: bool
) -> None:
    if fails:
        vcenter.control.plant_faults({"when": {"percent": 40}, "fail": {"code": "0xbad010b"}})
    tool = program(vcenter)
    run = moved(tool)
    document = tool("logs", run["run"], "-o", "json").json
    (truth,) = vcenter.control.motions()
    hosts = (run["outcomes"][0]["source"]["host"]["name"], "esx-002")
    places = [str(save_logs(vcenter, tmp_path / "logs", host)) for host in hosts]
    of_files = tool("logs", "--from-file", places[0], "--from-file", places[1], "-o", "json").json
    assert problems(load("logs-v1.json"), document) == []
    assert problems(load("logs-v1.json"), of_files) == []
    (online,) = document["motions"]
    (offline,) = of_files["motions"]
    assert online["migration_id"] == truth["migration_id"]
    assert online["state"] == ("failed" if fails else "moved")
    assert online["vm"]["name"] == "vm-001"
    assert online["source"]["host"]["name"] == hosts[0]
    assert bool(online["failures"]) is fails
    shown = {key: value for key, value in online.items() if key not in BESIDE}
    if not fails:
        assert shown == offline
    else:
        assert set(shown) == set(offline)
        assert {key: shown[key] for key in shown if key != "failures"} == {
            key: offline[key] for key in offline if key != "failures"
        }
        in_order = sorted(offline["failures"], key=json.dumps)
        assert sorted(shown["failures"], key=json.dumps) == in_order
