"""`logs RUN|VM`: what vCenter's answers tell is what the same logs tell as files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.sim.reading import session_with
from tests.unit.report.schema import load, problems
from vsphere_motion.model.refs import MoRef
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.vmlogs import read_vm_logs

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


def save_own_logs(vcenter: SimulatedVCenter, directory: Path) -> Path:
    """The logs of the only VM that has moved, as files."""
    (truth,) = vcenter.control.motions()
    place = directory / str(truth["vm_name"])
    place.mkdir(parents=True)
    with session_with(vcenter) as session:
        tail = read_vm_logs(session, MoRef(kind="VirtualMachine", moid=truth["vm"]), deadline=Deadline(20.0))
    for line in tail.lines:
        with (place / f"{line.log}.log").open("a", encoding="utf-8") as file:
            file.write(f"{line.text}\n")
    return place


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
    places.append(str(save_own_logs(vcenter, tmp_path / "logs")))
    of_files = tool("logs", *(word for place in places for word in ("--from-file", place)), "-o", "json").json
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
    for told in (shown, offline):
        told["failures"] = sorted(told["failures"], key=json.dumps)
    assert shown == offline


def test_saved_lines_tell_the_same_story_again(vcenter: SimulatedVCenter, program: MakeProgram, tmp_path: Path) -> None:
    tool = program(vcenter)
    run = moved(tool)
    place = tmp_path / "saved"
    done = tool("logs", run["run"], "--save", str(place), "-o", "json")
    assert f"logs written to {place}" in done.stderr
    (online,) = done.json["motions"]
    written = sorted(path.relative_to(place / online["migration_id"]) for path in place.rglob("*.log"))
    hosts = {run["outcomes"][0]["source"]["host"]["name"], "esx-002"}
    assert {path.parts[0] for path in written} == hosts
    assert {path.name for path in written} >= {"vmkernel.log", "hostd.log", "vpxa.log", "vmware.log", "vmware-1.log"}
    (again,) = tool("logs", "--from-file", str(place), "-o", "json").json["motions"]
    assert again == {key: online[key] for key in again}
    assert again["vm_names"] == ["vm-001"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.rglob("*"))


@pytest.mark.parametrize("logs", ["none", "summary", "full"])
def test_how_much_of_the_logs_is_read_is_chosen(vcenter: SimulatedVCenter, program: MakeProgram, logs: str) -> None:
    (outcome,) = moved(program(vcenter), "--logs", logs)["outcomes"]
    browsed = [call for call in vcenter.control.trace() if call["method"] == "BrowseDiagnosticLog"]
    assert bool(browsed) is (logs != "none")
    assert (outcome["motion"] is None) is (logs == "none")
    if outcome["motion"]:
        assert outcome["motion"]["downtime_s"] > 0
        assert bool(outcome["motion"]["lines"]) is (logs == "full")


def test_a_stun_budget_needs_the_logs(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    done = program(vcenter)("migrate", "vm-001", "--to-host", "esx-002", "--yes", "--logs", "none", "--max-stun", "1s")
    assert done.exit_code == 2
    assert "--max-stun is measured by the hosts' logs" in done.stderr
    assert vcenter.control.motions() == []
