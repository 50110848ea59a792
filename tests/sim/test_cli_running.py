"""How a run is left, followed and cut short by its options."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest
from pyVmomi import vim

from tests.observer import observing
from tests.program import Program
from tests.running import running
from vsphere_motion.testing.faultproxy import FaultProxy
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

MakeProgram = Callable[[SimulatedVCenter], Program]
GO = ("migrate", "vm-*", "--to-host", "esx-002", "--yes", "-o", "json")


def hold(vcenter: SimulatedVCenter) -> None:
    """Let the next move of vm-001 stand still until `go_on`."""
    vcenter.control.plant_faults({"name": "still", "match": {"vm": "vm-001", "count": 1}, "hang": {}})


def go_on(vcenter: SimulatedVCenter) -> None:
    vcenter.control.remove_faults("still")


def states_of(document: str) -> dict[str, str]:
    return {outcome["vm"]["name"]: outcome["state"] for outcome in json.loads(document)["outcomes"]}


def test_no_wait_starts_everything_and_leaves(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    vcenter = vcenter_factory(hosts=3, vms=12, speed=1)
    command = program(vcenter)
    with observing(vcenter) as observer:
        sessions = observer.sessions()

        done = command(*GO, "--no-wait")

        assert done.exit_code == 0, done.text
        states = states_of(done.stdout)
        assert sorted(set(states.values())) == ["unchanged", "unknown"]
        assert len(vcenter.control.motions()) == list(states.values()).count("unknown")
        assert f"vsphere-motion resume {done.json['run']}" in done.stderr
        assert observer.sessions() == sessions

        resumed = command("resume", "-o", "json")

        assert resumed.exit_code == 0, resumed.text
        assert set(observer.hosts().values()) == {"esx-002"}


def test_a_ctrl_c_cancels_only_where_that_was_asked_for(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    vcenter = vcenter_factory(hosts=2, vms=4)
    hold(vcenter)
    words = ("migrate", "vm-001", "vm-003", "--to-host", "esx-002", "--yes", "-o", "json")
    with running(program(vcenter), *words, "--on-interrupt", "cancel", "--max-concurrent", "1") as run:
        run.wait_for(" started ")
        run.signal(signal.SIGINT)
        code, output = run.end()

    assert code == 130, run.said
    assert run.count("vCenter is asked to cancel the running ones") == 1
    assert states_of(output) == {"vm-001": "cancelled", "vm-003": "not_started"}
    assert "cancelled as it was asked for" in json.loads(output)["outcomes"][0]["note"]
    with observing(vcenter) as observer:
        assert observer.hosts()["vm-001"] == "esx-001"


def test_what_somebody_else_moves_is_followed(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    vcenter = vcenter_factory(hosts=3, vms=3)
    hold(vcenter)
    words = ("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json", "--skip-check", "vm.running-task")
    with observing(vcenter) as observer:
        observer.vm("vm-001").RelocateVM_Task(vim.vm.RelocateSpec(host=observer.host("esx-002")))
        with running(program(vcenter), *words) as run:
            run.wait_for(" followed ")
            go_on(vcenter)
            code, output = run.end()

    assert code == 0, run.said
    (outcome,) = json.loads(output)["outcomes"]
    assert (outcome["state"], outcome["task"]) == ("unchanged", None)
    assert outcome["note"].startswith(f"it is there: {vcenter.user} moved it (task-")
    assert len(vcenter.control.motions()) == 1


def test_a_vcenter_that_stays_away_ends_the_run_with_the_way_back(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    vcenter = vcenter_factory(hosts=2, vms=2)
    hold(vcenter)
    with FaultProxy(vcenter) as proxy:
        command = program(proxy.vcenter)
        with running(command, *GO, "--outage-limit", "1s") as run:
            run.wait_for(" started ")
            proxy.refuse()
            code, output = run.end()
        said = "".join(run.said)
        assert code == 5, said
        assert "server    away, waiting for it (1 running, 0 waiting" in said
        assert "vsphere-motion resume r-" in json.loads(output)["error"]["hint"]
        assert "Traceback" not in said
        proxy.listen()
        go_on(vcenter)

        resumed = command("resume", "-o", "json")

    assert resumed.exit_code == 0, resumed.text
    assert len(vcenter.control.motions()) == 1
