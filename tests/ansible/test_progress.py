"""What a module tells while it runs, and how it leaves when it is told to end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ansible.modules import Modules
from tests.observer import observing

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]

LIMIT_S = 60


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, str]]:
    """A socket as the callback opens one, with a short path."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        address = str(Path(directory, "progress"))
        opened.bind(address)
        opened.settimeout(LIMIT_S)
        yield opened, address


def test_a_module_that_is_told_to_end_leaves_in_order_and_says_how_to_go_on(
    on_small: Modules, listener: tuple[socket.socket, str]
) -> None:
    on_small.vcenter.control.plant_faults({"name": "still", "match": {"vm": "db01"}, "hang": {}})
    opened, address = listener
    arguments = {"vm_name": "db01", "destination_host": "esx3", "_ansible_remote_tmp": str(on_small.home)}
    with subprocess.Popen(
        [sys.executable, "-m", "ansible_collections.vsphere.motion.plugins.modules.vm_migrate"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**on_small.environment(), "VSPHERE_MOTION_PROGRESS_SOCKET": address},
        text=True,
    ) as module:
        assert module.stdin is not None
        module.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        module.stdin.close()
        module.stdin = None
        lines = []
        while not lines or " started " not in lines[-1]:
            lines.append(opened.recv(4096).decode())
        os.kill(module.pid, signal.SIGTERM)
        said, _ = module.communicate(timeout=LIMIT_S)

    answer = json.loads(said)
    assert module.returncode == 1
    assert lines[0] == f"run {answer['run']}"
    assert lines[-1].startswith("db01 started task-")
    assert answer["results"][0]["state"] == "running"
    assert answer["run"] in answer["msg"]
    with observing(on_small.vcenter) as observer:
        assert observer.sessions() == 1
    on_small.vcenter.control.remove_faults()


def test_a_listener_that_is_not_there_stops_no_run(on_small: Modules, tmp_path: Path) -> None:
    nowhere = {"VSPHERE_MOTION_PROGRESS_SOCKET": str(tmp_path / "nobody")}

    moved = on_small("vm_migrate", environment=nowhere, vm_name="web01", destination_host="esx3")

    assert (moved.exit_code, moved.data["changed"]) == (0, True), moved.text
