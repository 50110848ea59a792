"""A DRS truce: overrides are set for a run alone, and put back whatever happens to the program in between."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim

from tests.observer import observing
from tests.program import Program
from tests.running import running
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

ProgramFor = Callable[[SimulatedVCenter], Program]

AUTOMATIC = """
version: 1
clusters:
  - name: Production
    drs: {automation: fullyAutomated}
    hosts: [{name: esx1}, {name: esx2}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {name: web1, host: esx1, memory_gib: 2}
  - {name: web2, host: esx1, memory_gib: 2}
  - {name: calm, host: esx1, memory_gib: 2}
"""

QUIET = {"web1": (False, None), "web2": (False, "fullyAutomated")}
WORDS = ("migrate", "web1", "web2", "calm", "--to-host", "esx2", "--drs-override", "--yes", "-o", "json")


@pytest.fixture
def automatic(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    """DRS moves by itself here; web2 has an override of its own that lets it, and calm one that does not."""
    scenario = tmp_path / "automatic.yaml"
    scenario.write_text(AUTOMATIC, encoding="utf-8")
    vcenter = vcenter_factory(scenario=scenario, speed=200)
    override(vcenter, "web2", "add", enabled=True, behavior="fullyAutomated")
    override(vcenter, "calm", "add", enabled=True, behavior="manual")
    return vcenter


BEFORE: dict[str, tuple[Any, Any]] = {"web2": (True, "fullyAutomated"), "calm": (True, "manual")}


def override(vcenter: SimulatedVCenter, vm: str, operation: str, **values: Any) -> None:
    """Somebody else sets an override."""
    with observing(vcenter) as observer:
        info = vim.cluster.DrsVmConfigInfo(key=observer.vm(vm), **values)
        spec = vim.cluster.ConfigSpecEx(drsVmConfigSpec=[vim.cluster.DrsVmConfigSpec(operation=operation, info=info)])
        cluster = observer.read(vim.ClusterComputeResource)["Production"]["ref"]
        WaitForTask(cluster.ReconfigureComputeResource_Task(spec, modify=True))


def overrides(vcenter: SimulatedVCenter) -> dict[str, tuple[Any, Any]]:
    """The overrides that there are, seen by another client."""
    with observing(vcenter) as observer:
        names = {item["ref"]: name for name, item in observer.read(vim.VirtualMachine).items()}
        found = observer.read(vim.ClusterComputeResource, "configurationEx.drsVmConfig")["Production"]
        entries = found.get("configurationEx.drsVmConfig") or []
        return {names[one.key]: (one.enabled, one.behavior and str(one.behavior)) for one in entries}


def test_drs_is_kept_away_while_the_run_lasts_and_is_then_as_before(
    automatic: SimulatedVCenter, program: ProgramFor
) -> None:
    automatic.control.plant_faults({"name": "still", "match": {"vm": "web1", "count": 1}, "hang": {}})
    assert overrides(automatic) == BEFORE
    with running(program(automatic), *WORDS) as run:
        run.wait_for("started")
        assert overrides(automatic) == {**BEFORE, **QUIET}
        automatic.control.remove_faults("still")
        code, _ = run.end()

    assert code == 0, run.said
    assert overrides(automatic) == BEFORE
    assert run.count("DRS of Production leaves 2 VMs alone until the run ends") == 1
    assert run.count("the DRS overrides of 2 VMs are as before") == 1


def test_it_is_said_where_drs_may_move_a_vm_on(automatic: SimulatedVCenter, program: ProgramFor) -> None:
    done = program(automatic)("check", "web1", "--to-host", "esx2", "-o", "json")

    (found,) = [one for one in done.json["moves"][0]["findings"] if one["id"] == "cluster.automation"]
    assert "may move it on" in found["message"]
    assert "--drs-override" in found["remedy"]


@pytest.mark.parametrize("failpoint", ["after_truce_row", "after_truce_set", "after_task_row:2", "after_truce_end"])
@pytest.mark.parametrize("way_on", ["resume", "cancel"])
def test_a_killed_run_leaves_no_override_behind(
    failpoint: str, way_on: str, automatic: SimulatedVCenter, program: ProgramFor
) -> None:
    run = program(automatic)
    killed = run(*WORDS, VSPHERE_MOTION_FAILPOINT=failpoint)
    assert killed.exit_code == -signal.SIGKILL, killed.text
    left = BEFORE if failpoint in {"after_truce_row", "after_truce_end"} else {**BEFORE, **QUIET}
    assert overrides(automatic) == left

    done = run(way_on, "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert overrides(automatic) == BEFORE


def test_what_somebody_else_has_changed_meanwhile_is_theirs(automatic: SimulatedVCenter, program: ProgramFor) -> None:
    run = program(automatic)
    killed = run(*WORDS, VSPHERE_MOTION_FAILPOINT="after_truce_set")
    assert killed.exit_code == -signal.SIGKILL, killed.text
    override(automatic, "web1", "edit", enabled=True, behavior="partiallyAutomated")

    done = run("cancel", "--yes")

    assert "the DRS overrides of 1 VM (web1) are left: somebody else has changed them" in done.stderr
    assert overrides(automatic) == {**BEFORE, "web1": (True, "partiallyAutomated")}


def test_a_refusal_of_vcenter_starts_nothing_and_leaves_nothing(
    automatic: SimulatedVCenter, program: ProgramFor
) -> None:
    automatic.control.plant_faults(
        {"name": "no", "match": {"method": "ReconfigureComputeResource_Task"}, "fail": {"fault": "NoPermission"}}
    )
    done = program(automatic)(*WORDS)

    assert done.exit_code in {4, 5}, done.text
    assert overrides(automatic) == BEFORE
    assert not automatic.control.motions()


def test_nobody_may_leave_a_truce_behind_on_purpose(automatic: SimulatedVCenter, program: ProgramFor) -> None:
    done = program(automatic)(*WORDS, "--no-wait")

    assert done.exit_code == 2, done.text
    assert "leave out --no-wait or --drs-override" in done.stderr
    assert not automatic.control.motions()
