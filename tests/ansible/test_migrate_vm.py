"""The playbook from a checkout: it moves a VM, says so once, and changes nothing in check mode."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vsphere_motion import connect
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = ROOT / "playbooks" / "migrate_vm.yml"
WRITES = {"RelocateVM_Task", "MigrateVM_Task", "CancelTask", "ReconfigVM_Task", "PowerOffVM_Task"}


@dataclass(frozen=True)
class Played:
    """What one run of the playbook did."""

    exit_code: int
    result: dict[str, Any]
    text: str


Play = Callable[..., Played]


@pytest.fixture
def play(vcenter: SimulatedVCenter, tmp_path: Path) -> Play:
    """Run the playbook with the environment's own ansible; the module's result comes back as data."""

    def run(*words: str, **variables: str) -> Played:
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(PLAYBOOK), *words]
        for name, value in variables.items():
            command += ["-e", f"{name}={value}"]
        environment = {
            **os.environ,
            **vcenter.environment(),
            "HOME": str(tmp_path),
            "VSPHERE_MOTION_STATE_DIR": str(tmp_path / "state"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "ansible"),
        }
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        return Played(done.returncode, _result_of(done.stdout), done.stdout + done.stderr)

    return run


def _result_of(text: str) -> dict[str, Any]:
    """The module's result: the JSON after the task's `=>` in the output of -v, or of a failure."""
    section = text.partition("TASK [Move the machine]")[2]
    _, arrow, rest = section.partition("=> ")
    if not arrow:
        return {}
    value, _ = json.JSONDecoder().raw_decode(rest)
    return dict(value)


def read_inventory(vcenter: SimulatedVCenter) -> Inventory:
    """A fresh snapshot, read by a session of its own."""
    with connect(
        server=vcenter.host, port=vcenter.port, user=vcenter.user, password=vcenter.password, ca_file=vcenter.ca_file
    ) as reader:
        return reader.snapshot()


def host_of(vcenter: SimulatedVCenter, vm: str) -> str:
    """Where an independent reader sees a VM."""
    inventory = read_inventory(vcenter)
    (found,) = [item for item in inventory.vms if item.name == vm]
    host = inventory.name_of(found.host)
    assert host is not None
    return host.name


def pick(vcenter: SimulatedVCenter) -> tuple[str, str, str]:
    """A VM, the host it is on, and another host."""
    inventory = read_inventory(vcenter)
    vm = inventory.vms[0]
    source = inventory.find_host(vm.host)
    assert source is not None
    other = next(host for host in inventory.hosts if host.ref != source.ref)
    return vm.name, source.name, other.name


def test_it_moves_the_vm_and_the_second_run_changes_nothing(vcenter: SimulatedVCenter, play: Play) -> None:
    vm, _, destination = pick(vcenter)

    first = play("-v", vm=vm, destination_host=destination)
    assert first.exit_code == 0, first.text
    assert first.result["changed"] is True
    assert first.result["running_host"] == destination
    assert host_of(vcenter, vm) == destination

    vcenter.control.clear_trace()
    second = play("-v", vm=vm, destination_host=destination)
    assert second.exit_code == 0, second.text
    assert second.result["changed"] is False
    assert not WRITES & {call["method"] for call in vcenter.control.trace()}


def test_check_mode_predicts_the_change_and_makes_none(vcenter: SimulatedVCenter, play: Play) -> None:
    vm, source, destination = pick(vcenter)
    vcenter.control.clear_trace()

    played = play("-v", "--check", "--diff", vm=vm, destination_host=destination)

    assert played.exit_code == 0, played.text
    assert played.result["changed"] is True
    assert f'-        "host": "{source}"' in played.text
    assert f'+        "host": "{destination}"' in played.text
    assert host_of(vcenter, vm) == source
    assert not WRITES & {call["method"] for call in vcenter.control.trace()}


def test_a_blocked_vm_fails_with_the_reasons_and_stays(vcenter: SimulatedVCenter, play: Play) -> None:
    vm, source, destination = pick(vcenter)
    (host,) = [item for item in read_inventory(vcenter).hosts if item.name == destination]
    vcenter.control.patch(host.ref.moid, {"runtime.inMaintenanceMode": True})

    played = play("-v", vm=vm, destination_host=destination)

    assert played.exit_code == 2, played.text
    assert "host.maintenance" in played.result["msg"]
    assert host_of(vcenter, vm) == source


def test_an_unknown_vm_is_one_clear_message(play: Play) -> None:
    played = play("-v", vm="no-such-machine", destination_host="nowhere")

    assert played.exit_code == 2
    assert "no-such-machine" in played.result["msg"]
    assert "Traceback" not in played.text


def test_the_password_is_never_shown(vcenter: SimulatedVCenter, play: Play) -> None:
    vm, _, destination = pick(vcenter)

    played = play("-vvv", "--check", vm=vm, destination_host=destination)

    assert played.exit_code == 0, played.text
    assert vcenter.password not in played.text
