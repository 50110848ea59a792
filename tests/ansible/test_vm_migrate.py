"""The module that moves: as a playbook asks for it, with what the incumbent gets wrong (A1 to A6) right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import Modules
from tests.observer import observing
from tests.program import Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]


def hosts(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def test_a_move_is_predicted_made_and_left_alone_the_second_time(on_small: Modules) -> None:
    wish: dict[str, Any] = {"vm_name": "web01", "destination_host": "esx3"}

    predicted = on_small("vm_migrate", check=True, **wish)
    assert (predicted.exit_code, predicted.data["changed"], predicted.writes) == (0, True, [])
    assert predicted.data["running_host"] == "esx3"
    assert hosts(on_small.vcenter)["web01"] == "esx1"

    moved = on_small("vm_migrate", **wish)
    assert (moved.exit_code, moved.data["changed"], moved.writes) == (0, True, ["RelocateVM_Task"])
    assert (moved.data["running_host"], moved.data["datastore"]) == ("esx3", "shared")
    assert moved.data["results"][0]["motion"]["downtime_s"] > 0
    assert "moved esx1 -> esx3" in moved.data["results"][0]["message"]
    assert hosts(on_small.vcenter)["web01"] == "esx3"
    for answer in (predicted, moved):
        assert answer.data["diff"]["before"]["web01"]["host"] == "esx1"
        assert answer.data["diff"]["after"]["web01"]["host"] == "esx3"

    again = on_small("vm_migrate", **wish)
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, [])
    assert again.data["running_host"] == "esx3"
    assert again.data["diff"] == {"before": {}, "after": {}}


def test_check_mode_has_the_very_plan_that_the_command_prints(
    on_small: Modules, program: Callable[[SimulatedVCenter], Program]
) -> None:
    for host, vm in (("esx3", "web01"), ("esx1", "files01")):
        answer = on_small("vm_migrate", check=True, vm_name=vm, destination_host=host)
        printed = program(on_small.vcenter)("migrate", vm, "--to-host", host, "--dry-run", "-o", "json").stdout

        assert json.dumps(answer.data["plan"], indent=2, ensure_ascii=False) + "\n" == printed


def test_a_blocked_vm_fails_in_check_mode_too_with_what_blocks_it_and_what_to_do(on_small: Modules) -> None:
    for check in (True, False):
        answer = on_small("vm_migrate", check=check, vm_name="files01", destination_host="esx1")

        assert (answer.exit_code, answer.data["changed"], answer.writes) == (1, False, [])
        assert answer.message.startswith("files01 cannot be moved: ")
        assert "[devices.cdrom]" in answer.message
        assert "disconnect the drive" in answer.message
        assert [one["id"] for one in answer.data["findings"] if one["severity"] == "blocker"]


def test_a_failed_move_says_which_vm_how_far_why_and_what_to_do(on_small: Modules) -> None:
    on_small.vcenter.control.plant_faults(
        {"match": {"vm": "web01", "count": 1}, "when": {"percent": 40}, "network_loss": {"seconds": 30}}
    )

    answer = on_small("vm_migrate", vm_name="web01", destination_host="esx3")

    assert answer.exit_code == 1
    (result,) = answer.data["results"]
    assert result["state"] == "failed"
    assert result["fault"]["message"].rstrip(".") in answer.message
    assert re.match(r"web01 failed at \d+% after \d+s \(esx1 -> esx3\): ", answer.message), answer.message
    assert result["diagnoses"]
    assert result["diagnoses"][0]["cause"].rstrip(".") in answer.message
    assert hosts(on_small.vcenter)["web01"] == "esx1"


def test_a1_a_name_that_two_vms_share_moves_neither_and_lists_both(on_small: Modules) -> None:
    control = on_small.vcenter.control
    control.patch(control.moid("VirtualMachine", "web02"), {"name": "web01"})

    answer = on_small("vm_migrate", vm_name="web01", destination_host="esx3")

    assert (answer.exit_code, answer.data["error_code"], answer.writes) == (1, "ambiguous", [])
    assert answer.message.count("moid:vm-") >= 2
    assert len(answer.data["details"]) == 2


def test_a5_a_host_in_maintenance_mode_blocks_in_check_mode_and_in_earnest(on_small: Modules) -> None:
    control = on_small.vcenter.control
    control.patch(control.moid("HostSystem", "esx3"), {"runtime.inMaintenanceMode": True})

    for check in (True, False):
        answer = on_small("vm_migrate", check=check, vm_name="web01", destination_host="esx3")

        assert (answer.exit_code, answer.data["changed"], answer.writes) == (1, False, [])
        assert "[host.maintenance]" in answer.message


def test_a6_a_plain_vcsim_of_today_is_read(
    vcenter_factory: VCenterFactory, modules: Callable[[SimulatedVCenter], Modules]
) -> None:
    """Its host states are spelt so that pyVmomi cannot parse the composites that the incumbent reads."""
    stock = vcenter_factory(stock=True)
    with observing(stock) as observer:
        vm, source = next(iter(sorted(observer.hosts().items())))
        destination = next(host for host in sorted(observer.vms_of_hosts()) if host != source)

    answer = modules(stock)("vm_migrate", check=True, vm_name=vm, destination_host=destination)

    assert answer.data["plan"]["moves"][0]["vm"]["name"] == vm
    assert "Traceback" not in answer.text


def test_lists_and_selectors_move_together_and_every_vm_has_its_result(on_small: Modules) -> None:
    wish: dict[str, Any] = {"vms": ["web*", "off01"], "exclude": ["web02"], "destination_host": "esx2", "strict": False}

    answer = on_small("vm_migrate", **wish)

    assert answer.exit_code == 0, answer.text
    assert {one["vm"]["name"]: one["state"] for one in answer.data["results"]} == {"web01": "moved", "off01": "moved"}
    assert any("web-apart" in warning for warning in answer.warnings)
    assert "running_host" not in answer.data


def test_one_blocked_vm_keeps_all_unless_partial_and_then_fails_in_the_end(on_small: Modules) -> None:
    wish: dict[str, Any] = {"vms": ["web02", "files01"], "destination_host": "esx3"}

    whole = on_small("vm_migrate", **wish)
    assert (whole.exit_code, whole.writes) == (1, [])
    assert {one["vm"]["name"]: one["state"] for one in whole.data["results"]} == {
        "web02": "not_started",
        "files01": "blocked",
    }

    rest = on_small("vm_migrate", partial=True, **wish)
    assert (rest.exit_code, rest.data["changed"], rest.writes) == (1, True, ["RelocateVM_Task"])
    assert "1 of 2 VMs did not move: files01 cannot be moved" in rest.message


@pytest.mark.nightly
def test_moves_have_destinations_of_their_own(on_small: Modules) -> None:
    moves = [{"vm": "web01", "host": "esx3", "priority": 2}, {"vm": "off01", "host": "esx2", "priority": 1}]

    answer = on_small("vm_migrate", moves=moves)

    assert answer.exit_code == 0, answer.text
    seen = hosts(on_small.vcenter)
    assert (seen["web01"], seen["off01"]) == ("esx3", "esx2")


@pytest.mark.nightly
def test_a_vm_is_named_by_its_uuid_of_the_kind_that_is_meant(on_small: Modules) -> None:
    with observing(on_small.vcenter) as observer:
        config = observer.vm("web01").config
        bios, instance = config.uuid, config.instanceUuid
    wish: dict[str, Any] = {"destination_host": "esx3", "check": True}

    assert on_small("vm_migrate", vm_uuid=bios, **wish).data["results"][0]["vm"]["name"] == "web01"
    meant = on_small("vm_migrate", uuid=instance, use_instance_uuid=True, **wish)
    assert meant.data["results"][0]["vm"]["name"] == "web01"
    assert on_small("vm_migrate", vm_uuid=instance, **wish).data["error_code"] == "not_found"
    assert on_small("vm_migrate", vm_uuid=bios, use_instance_uuid=True, **wish).data["error_code"] == "not_found"


def test_a_name_with_a_glob_in_it_is_a_name(on_small: Modules) -> None:
    answer = on_small("vm_migrate", check=True, vm_name="web*", destination_host="esx3")

    assert answer.data["error_code"] == "not_found"
    assert "no virtual machine is called web*" in answer.message


def test_without_waiting_the_run_is_looked_after_later(on_small: Modules) -> None:
    started = on_small("vm_migrate", vm_name="db01", destination_host="esx3", wait=False)
    assert (started.exit_code, started.data["changed"]) == (0, True), started.text
    assert (started.data["is_finished"], started.data["results"][0]["state"]) == (False, "running")

    answer = on_small("migration_info", run=started.data["run"])
    while not answer.data["is_finished"]:
        answer = on_small("migration_info", run=started.data["run"])
    assert answer.data["results"][0]["state"] == "moved"
    assert answer.data["results"][0]["running_host"] == "esx3"
    assert (answer.data["changed"], answer.data["failed_vms"], answer.writes) == (False, [], [])


@pytest.mark.parametrize("wish", ["leave", "cancel"])
def test_when_the_time_is_over_what_runs_is_left_or_cancelled_and_the_message_says_which(
    wish: str, on_small: Modules
) -> None:
    on_small.vcenter.control.plant_faults({"name": "still", "match": {"vm": "db01"}, "hang": {}})

    answer = on_small("vm_migrate", vm_name="db01", destination_host="esx3", timeout=1, on_timeout=wish)

    assert answer.exit_code == 1
    (result,) = answer.data["results"]
    if wish == "leave":
        assert result["state"] == "running"
        assert answer.data["run"] in answer.message
        assert "vsphere.motion.migration_cancel" in answer.message
        assert "CancelTask" not in answer.writes
        ended = on_small("migration_cancel", run=answer.data["run"])
        assert ended.data["changed"] is True
        (result,) = ended.data["results"]
    assert result["state"] == "cancelled"
    assert hosts(on_small.vcenter)["db01"] == "esx1"


@pytest.mark.nightly
def test_a_report_is_written_in_every_format_that_a_name_asks_for(on_small: Modules, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("run.html", "run.json", "run.xml")]

    answer = on_small("vm_migrate", vm_name="web01", destination_host="esx3", report=[str(file) for file in files])

    assert answer.exit_code == 0, answer.text
    assert "web01" in files[0].read_text()
    assert json.loads(files[1].read_text())["run"] == answer.data["run"]
    refused = on_small("vm_migrate", vm_name="web01", destination_host="esx1", report=[str(tmp_path / "run.docx")])
    assert (refused.exit_code, refused.writes) == (1, [])


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("wish", "words"),
    [
        pytest.param({"vm_name": "wbe01", "destination_host": "esx3"}, "did you mean web01", id="a misspelt VM"),
        pytest.param({"vm_name": "web01", "destination_host": "esx9"}, "no host is called esx9", id="a misspelt host"),
        pytest.param({"vm_name": "web01"}, "one of the following is required: destination_host", id="no destination"),
        pytest.param({"destination_host": "esx3"}, "one of the following is required: vm_name", id="no VM"),
        pytest.param(
            {"vm_name": "web01", "destination_host": "esx3", "skip_checks": ["devices.cdrm"]},
            "did you mean devices.cdrom",
            id="a misspelt check",
        ),
        pytest.param(
            {"vm_name": "web01", "destination_host": "esx3", "window": "25:00"}, "25:00", id="a window that is none"
        ),
        pytest.param(
            {"vm_name": "web01", "destination_host": "esx3", "proxy_host": "proxy"}, "without a proxy", id="a proxy"
        ),
        pytest.param(
            {"vm_name": "web01", "destination_host": "esx3", "password": "not-the-password"}, "login", id="a login"
        ),
    ],
)
def test_what_cannot_be_is_one_plain_message_and_changes_nothing(
    on_small: Modules, wish: dict[str, Any], words: str
) -> None:
    answer = on_small("vm_migrate", **wish)

    assert answer.exit_code == 1
    assert words.lower() in answer.message.lower()
    assert "Traceback" not in answer.text
    assert "--" not in answer.message
    assert answer.writes == []
