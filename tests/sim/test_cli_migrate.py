"""The main job by the command line, seen by an independent client; on a process and in a container."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyVmomi import vim

from tests.observer import observing
from tests.program import READS, Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def writes(vcenter: SimulatedVCenter) -> set[str]:
    return {call["method"] for call in vcenter.control.trace()} - READS


def test_a_vm_ends_where_it_was_sent_and_the_second_run_leaves_it_alone(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(flavoured_vcenter)
    with observing(flavoured_vcenter) as observer:
        assert observer.hosts()["vm-001"] == "esx-001"

        first = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json")

        assert first.exit_code == 0, first.text
        assert observer.hosts()["vm-001"] == "esx-002"
        residents = observer.vms_of_hosts()
        assert "vm-001" in residents["esx-002"]
        assert "vm-001" not in residents["esx-001"]

    (outcome,) = first.json["outcomes"]
    assert first.json["schema"] == "vsphere-motion/run/v1"
    assert outcome["state"] == "moved"
    assert outcome["vm"]["name"] == "vm-001"
    assert outcome["source"]["host"]["name"] == "esx-001"
    assert outcome["destination"]["host"]["name"] == "esx-002"
    (truth,) = flavoured_vcenter.control.motions()
    assert outcome["migration_id"] == truth["migration_id"]
    assert outcome["task"] == truth["task"]
    assert outcome["motion"]["downtime_s"] == pytest.approx(truth["downtime_s"], rel=0.3)

    flavoured_vcenter.control.clear_trace()
    second = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json")

    assert second.exit_code == 0, second.text
    assert [outcome["state"] for outcome in second.json["outcomes"]] == ["unchanged"]
    assert second.json["outcomes"][0]["task"] is None
    assert writes(flavoured_vcenter) == set()


@pytest.mark.parametrize("words", [("check",), ("migrate", "--dry-run")], ids=["check", "dry run"])
def test_looking_changes_nothing(
    words: tuple[str, ...], flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    flavoured_vcenter.control.clear_trace()

    done = program(flavoured_vcenter)(*words, "vm-001", "vm-002", "--to-host", "esx-003")

    assert done.exit_code == 0, done.text
    called = {call["method"] for call in flavoured_vcenter.control.trace()}
    assert "CheckRelocate_Task" in called
    assert called <= READS


def test_several_vms_move_in_one_run_and_each_has_one_migration_id(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(flavoured_vcenter)("migrate", "vm-00[1-3]", "vm-005", "--to-host", "esx-004", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    outcomes = done.json["outcomes"]
    assert {outcome["vm"]["name"]: outcome["state"] for outcome in outcomes} == dict.fromkeys(
        ("vm-001", "vm-002", "vm-003", "vm-005"), "moved"
    )
    assert {outcome["migration_id"] for outcome in outcomes} == {
        truth["migration_id"] for truth in flavoured_vcenter.control.motions()
    }


def test_a_host_of_another_cluster_means_that_clusters_root_pool(
    flavoured_factory: Callable[..., SimulatedVCenter], program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = flavoured_factory(hosts=4, vms=4, clusters=2)
    with observing(vcenter) as observer:
        clusters = observer.read(vim.ClusterComputeResource, "host", "resourcePool")
        pool_of_host = {host: cluster["resourcePool"] for cluster in clusters.values() for host in cluster["host"]}
        vms = observer.read(vim.VirtualMachine, "runtime.host", "resourcePool")
        destination = next(host for host in pool_of_host if pool_of_host[host] != vms["vm-001"]["resourcePool"])

        name = observer.read(vim.HostSystem)
        (host_name,) = [key for key, value in name.items() if value["ref"] == destination]
        done = program(vcenter)("migrate", "vm-001", "--to-host", host_name, "--yes")

        assert done.exit_code == 0, done.text
        after = observer.read(vim.VirtualMachine, "runtime.host", "resourcePool")["vm-001"]
        assert after["runtime.host"] == destination
        assert after["resourcePool"] == pool_of_host[destination]


def test_one_blocked_vm_and_nothing_starts(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    with observing(flavoured_vcenter) as observer:
        flavoured_vcenter.control.patch(observer.vm("vm-002")._moId, {"disabledMethod": ["RelocateVM_Task"]})
        flavoured_vcenter.control.clear_trace()

        done = program(flavoured_vcenter)("migrate", "vm-001", "vm-002", "--to-host", "esx-003", "--yes", "-o", "json")

        assert done.exit_code == 3, done.text
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in done.json["outcomes"]}
        assert states == {"vm-001": "not_started", "vm-002": "blocked"}
        assert writes(flavoured_vcenter) == set()


def test_partial_moves_the_rest(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    with observing(flavoured_vcenter) as observer:
        flavoured_vcenter.control.patch(observer.vm("vm-002")._moId, {"disabledMethod": ["RelocateVM_Task"]})

        done = program(flavoured_vcenter)(
            "migrate", "vm-001", "vm-002", "--to-host", "esx-003", "--yes", "--partial", "-o", "json"
        )

        assert done.exit_code == 3, done.text
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in done.json["outcomes"]}
        assert states == {"vm-001": "moved", "vm-002": "blocked"}
        assert observer.hosts()["vm-001"] == "esx-003"


def test_reports_are_written_in_each_format(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    files = [tmp_path / f"report.{suffix}" for suffix in ("html", "json", "txt")]
    words = [word for file in files for word in ("--report", str(file))]

    done = program(flavoured_vcenter)("migrate", "vm-001", "--to-host", "esx-002", "--yes", *words)

    assert done.exit_code == 0, done.text
    html, document, text = (file.read_text() for file in files)
    (truth,) = flavoured_vcenter.control.motions()
    assert truth["migration_id"] in html
    assert truth["migration_id"] in text
    assert json.loads(document)["outcomes"][0]["migration_id"] == truth["migration_id"]
    assert "<script" not in html


def test_off_a_terminal_nothing_moves_without_yes(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    flavoured_vcenter.control.clear_trace()

    done = program(flavoured_vcenter)("migrate", "vm-001", "--to-host", "esx-002")

    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert writes(flavoured_vcenter) == set()


def test_jsonl_is_one_event_a_line_and_progress_never_falls(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(flavoured_vcenter)("migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "jsonl")

    assert done.exit_code == 0, done.text
    events = [json.loads(line) for line in done.stdout.splitlines()]
    percents = [event["progress_percent"] for event in events if event.get("progress_percent") is not None]
    assert len(events) >= 3
    assert percents == sorted(percents)


def test_a_hostile_name_reaches_neither_the_terminal_nor_the_page(
    flavoured_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    name = "web<script>alert(1)</script>[bold]\u202e\u009b31m"
    with observing(flavoured_vcenter) as observer:
        moid = observer.vm("vm-001")._moId
        flavoured_vcenter.control.patch(moid, {"name": name, "config.name": name, "summary.config.name": name})
    page = tmp_path / "report.html"

    done = program(flavoured_vcenter)("migrate", f"moid:{moid}", "--to-host", "esx-002", "--yes", "--report", str(page))

    assert done.exit_code == 0, done.text
    assert "\u009b" not in done.text
    assert "\u202e" not in done.text
    assert "<script>" not in page.read_text()
