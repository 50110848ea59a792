"""Emptying hosts, bringing back, evening out, and plans: predicted without a write, done once, and left alone then."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import Answer, Modules
from tests.observer import observing
from tests.program import Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]

EVEN = """\
version: 1
clusters:
  - name: even
    hosts: [{repeat: 3, name: "esx#", cores: 16, memory_gib: 64}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
"""


@pytest.fixture
def on_uneven(
    tmp_path: Path, vcenter_factory: VCenterFactory, modules: Callable[[SimulatedVCenter], Modules]
) -> Modules:
    """The modules on a cluster of which one host has all the VMs."""
    machines = "".join(
        f"  - {{name: vm{n}, host: esx1, memory_gib: 8, touched_percent: 100, dirty_mbps: 1}}\n" for n in range(6)
    )
    site = tmp_path / "uneven.yaml"
    site.write_text(EVEN + machines, encoding="utf-8")
    return modules(vcenter_factory(scenario=site))


def hosts(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def json_of(answer: Answer, key: str = "plan") -> str:
    """What the command prints of the same; the second in which a plan was made is not compared."""
    return timeless(json.dumps(answer.data[key], indent=2, ensure_ascii=False) + "\n")


def timeless(text: str) -> str:
    return re.sub(r'"created_at": "[^"]+"', '"created_at": ""', text)


def test_a_host_is_emptied_patched_and_filled_again(
    on_small: Modules, program: Callable[[SimulatedVCenter], Program]
) -> None:
    on_small.vcenter.control.patch(on_small.vcenter.control.moid("VirtualMachine", "snap01"), {"name": "snapshot"})
    before = hosts(on_small.vcenter)
    wish: dict[str, Any] = {"hosts": ["esx3"], "maintenance_mode": True}

    predicted = on_small("host_evacuate", check=True, **wish)
    assert (predicted.exit_code, predicted.data["changed"], predicted.writes) == (0, True, []), predicted.text
    assert json_of(predicted) == timeless(
        program(on_small.vcenter)("evacuate", "esx3", "--dry-run", "-o", "json").stdout
    )
    assert predicted.data["diff"]["before"]["off01"] == {"host": "esx3"}
    assert predicted.data["diff"]["before"]["esx3"] == {"in_maintenance_mode": False}
    assert predicted.data["diff"]["after"]["esx3"] == {"in_maintenance_mode": True}

    emptied = on_small("host_evacuate", **wish)
    assert (emptied.exit_code, emptied.data["changed"]) == (0, True), emptied.text
    assert [one["in_maintenance_mode"] for one in emptied.data["maintenance"]] == [True]
    assert "esx3" not in hosts(on_small.vcenter).values()

    again = on_small("host_evacuate", **wish)
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, [])

    back: dict[str, Any] = {"host": "esx3", "exit_maintenance": True}
    foreseen = on_small("host_restore", check=True, **back)
    assert (foreseen.exit_code, foreseen.data["changed"], foreseen.writes) == (0, True, []), foreseen.text
    assert foreseen.data["diff"]["after"]["off01"] == {"host": "esx3"}
    assert foreseen.data["diff"]["after"]["esx3"] == {"in_maintenance_mode": False}

    filled = on_small("host_restore", **back)
    assert (filled.exit_code, filled.data["changed"]) == (0, True), filled.text
    assert hosts(on_small.vcenter) == before

    at_last = on_small("host_restore", **back)
    assert (at_last.exit_code, at_last.data["changed"], at_last.writes) == (0, False, [])


def test_a_host_that_cannot_be_emptied_names_who_stays_and_why_before_anything_starts(on_small: Modules) -> None:
    for check in (True, False):
        answer = on_small("host_evacuate", check=check, hosts=["esx2"])

        assert (answer.exit_code, answer.data["changed"], answer.writes) == (1, False, [])
        assert "files01 cannot leave esx2" in answer.message
        assert "[devices.cdrom]" in answer.message

    rest = on_small("host_evacuate", hosts=["esx2"], partial=True, maintenance_mode=True)
    assert (rest.exit_code, rest.data["changed"], rest.data["maintenance"]) == (1, True, [])
    assert "EnterMaintenanceMode_Task" not in rest.writes
    assert "1 of 2 VMs did not move: files01 cannot leave esx2" in rest.message
    assert hosts(on_small.vcenter)["web02"] != "esx2"


def test_a_cluster_is_evened_out_once(on_uneven: Modules, program: Callable[[SimulatedVCenter], Program]) -> None:
    predicted = on_uneven("cluster_rebalance", check=True, cluster="even", goal="memory")
    assert (predicted.exit_code, predicted.data["changed"], predicted.writes) == (0, True, []), predicted.text
    printed = program(on_uneven.vcenter)("rebalance", "even", "--goal", "memory", "--dry-run", "-o", "json").stdout
    assert json_of(predicted) == timeless(printed)
    assert len(predicted.data["diff"]["after"]) == len(predicted.data["results"])

    evened = on_uneven("cluster_rebalance", cluster="even", goal="memory")
    assert (evened.exit_code, evened.data["changed"]) == (0, True), evened.text
    assert len(set(hosts(on_uneven.vcenter).values())) == 3

    again = on_uneven("cluster_rebalance", cluster="even", goal="memory")
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, []), again.text


def test_a_plan_is_made_looked_at_run_and_refused_once_it_is_stale(
    on_uneven: Modules, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    made = on_uneven("plan_info", kind="evacuate", hosts=["esx1"])
    assert (made.exit_code, made.data["changed"], made.data["blocked"], made.writes) == (0, False, [], []), made.text
    assert json_of(made) == timeless(program(on_uneven.vcenter)("plan", "evacuate", "esx1", "-o", "json").stdout)
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(made.data["plan"]), encoding="utf-8")

    for given in ({"plan": made.data["plan"]}, {"path": str(file)}):
        seen = on_uneven("plan_info", **given)
        assert (seen.data["differences"], seen.data["done"], seen.data["plan"]) == ([], 0, made.data["plan"])
        predicted = on_uneven("plan_apply", check=True, **given)
        assert (predicted.exit_code, predicted.data["changed"], predicted.writes) == (0, True, []), predicted.text
        assert predicted.data["plan"] == made.data["plan"]

    ran = on_uneven("plan_apply", path=str(file))
    assert (ran.exit_code, ran.data["changed"], ran.data["done"]) == (0, True, 0), ran.text
    assert "esx1" not in hosts(on_uneven.vcenter).values()
    assert set(ran.data["diff"]["before"]) == {f"vm{n}" for n in range(6)}

    again = on_uneven("plan_apply", plan=made.data["plan"])
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, []), again.text
    assert again.data["done"] == len(made.data["plan"]["moves"])


def test_a_plan_whose_facts_have_changed_starts_nothing_and_says_what(on_uneven: Modules) -> None:
    made = on_uneven("plan_info", kind="migrate", vms=["vm0"], destination_host="esx2")
    on_uneven.vcenter.control.patch(
        on_uneven.vcenter.control.moid("HostSystem", "esx2"), {"runtime.inMaintenanceMode": True}
    )

    for check in (True, False):
        answer = on_uneven("plan_apply", check=check, plan=made.data["plan"])
        assert (answer.exit_code, answer.data["error_code"], answer.writes) == (1, "stale_plan", [])
        assert "esx2" in answer.message
        assert "replan: true" in answer.message
    assert on_uneven("plan_info", plan=made.data["plan"]).data["differences"]
    assert on_uneven("plan_apply", plan={"schema": "something/else"}).data["error_code"] == "bad_input"


def test_vms_go_to_the_hosts_of_a_cluster_without_drs(on_uneven: Modules) -> None:
    wish: dict[str, Any] = {"vms": ["vm0", "vm1"], "destination_cluster": "even", "cordoned": ["esx1", "esx2"]}

    there = on_uneven("vm_migrate", check=True, **wish)
    assert (there.exit_code, there.data["changed"], there.writes) == (0, False, []), there.text
    assert {one["state"] for one in there.data["results"]} == {"unchanged"}


def test_what_would_stop_moves_is_told_and_nothing_is_written(
    on_small: Modules, program: Callable[[SimulatedVCenter], Program]
) -> None:
    answer = on_small("vm_migrate_check_info", vms=["*"], destination_host="esx1")
    assert (answer.exit_code, answer.data["changed"], answer.writes) == (0, False, [])
    assert answer.data["blocked"] == ["files01"]
    assert json_of(answer) == program(on_small.vcenter)("check", "*", "--to-host", "esx1", "-o", "json").stdout
    expected = {one["vm"]["name"]: one["expected_duration_s"] for one in answer.data["results"]}
    assert expected["web02"] > 0

    table = on_small("vm_migrate_check_info", vms=["*"], all_hosts=True)
    assert (table.exit_code, table.data["blocked"]) == (0, ["files01"]), table.text
    assert json_of(table, "matrix") == program(on_small.vcenter)("check", "*", "--all-hosts", "-o", "json").stdout


def test_a_run_is_looked_at_and_cancelled_once(on_small: Modules) -> None:
    on_small.vcenter.control.plant_faults({"name": "still", "match": {"vm": "db01"}, "hang": {}})
    nothing = on_small("migration_cancel")
    assert (nothing.exit_code, nothing.data["changed"], nothing.data["run"]) == (0, False, None)
    run = on_small("vm_migrate", vm_name="db01", destination_host="esx3", wait=False).data["run"]

    seen = on_small("migration_info", gather=["current", "report"])
    assert (seen.data["run"], seen.data["is_finished"], seen.writes) == (run, False, [])
    assert [one["vm"]["name"] for one in seen.data["current"]] == ["db01"]
    assert seen.data["report"]["run"] == run
    predicted = on_small("migration_cancel", check=True, run=run)
    assert (predicted.data["changed"], predicted.writes) == (True, [])
    assert list(predicted.data["diff"]["after"].values()) == ["cancelled"]

    ended = on_small("migration_cancel", run=run)
    assert (ended.exit_code, ended.data["changed"], ended.writes.count("CancelTask") > 0) == (0, True, True)
    assert list(ended.data["diff"]["after"].values()) == ["cancelled"]
    again = on_small("migration_cancel", run=run)
    assert (again.data["changed"], again.writes) == (False, [])
    told = on_small("migration_info", run=run, gather=["logs"])
    assert (told.data["failed_vms"], told.data["is_finished"]) == (["db01"], True)
    assert hosts(on_small.vcenter)["db01"] == "esx1"
