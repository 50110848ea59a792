"""Stopping a simulator: which one is meant, and that nothing but a simulator of ours is ever ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsphere_motion.errors import UsageProblem
from vsphere_motion.sim.options import SimOptions
from vsphere_motion.sim.process import ProcessRun, process_mark, spawn
from vsphere_motion.sim.start import does_answer, start_simulator
from vsphere_motion.sim.state import SimState, state_root
from vsphere_motion.sim.stop import choose_simulator, stop_all, stop_simulator
from vsphere_motion.sim.wait import wait_for

pytestmark = pytest.mark.vcsim


@pytest.fixture
def environment(vcenter_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """An environment whose simulators are all stopped at the end, however the test ends."""
    yield vcenter_environment
    stop_all(vcenter_environment)


@pytest.fixture
def other_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with a simulator."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_none_running_is_no_error(environment: dict[str, str]) -> None:
    assert stop_simulator(environment) is None
    assert stop_simulator(environment, port=8989) is None
    assert stop_all(environment) == ()


def test_the_only_one_is_stopped_and_leaves_nothing_behind(environment: dict[str, str]) -> None:
    state = start(environment)
    assert stop_simulator(environment) == state
    assert not is_alive(state)
    assert not does_answer(state.host, state.port, state.ca_file)
    assert list(state_root(environment).iterdir()) == []


def test_without_a_port_the_one_vmware_port_names_is_stopped(environment: dict[str, str]) -> None:
    one, other = start(environment), start(environment)
    assert stop_simulator({**environment, "VMWARE_PORT": str(other.port)}) == other
    assert is_alive(one)
    assert not is_alive(other)


@pytest.mark.parametrize("vmware_port", [pytest.param("", id="unset"), pytest.param("1", id="names none of them")])
def test_several_and_no_word_which_is_a_usage_problem_with_the_list(
    environment: dict[str, str], vmware_port: str
) -> None:
    states = [start(environment), start(environment)]
    with pytest.raises(UsageProblem, match="2 simulators run") as caught:
        stop_simulator({**environment, "VMWARE_PORT": vmware_port})
    assert caught.value.exit_code == 2
    assert caught.value.hint == "name one with --port, or stop all with --all"
    assert sorted(caught.value.details) == sorted(f"port {state.port}  {state.url}" for state in states)
    assert all(is_alive(state) for state in states)


def test_a_port_wins_over_vmware_port(environment: dict[str, str]) -> None:
    one, other = start(environment), start(environment)
    assert stop_simulator({**environment, "VMWARE_PORT": str(other.port)}, port=one.port) == one
    assert is_alive(other)


def test_a_port_on_which_none_of_the_running_ones_listens_is_a_usage_problem(environment: dict[str, str]) -> None:
    state = start(environment)
    with pytest.raises(UsageProblem, match=r"no simulator runs on port 1$"):
        stop_simulator(environment, port=1)
    assert is_alive(state)


def test_all_are_stopped(environment: dict[str, str]) -> None:
    states = [start(environment), start(environment)]
    assert sorted(state.port for state in stop_all(environment)) == sorted(state.port for state in states)
    assert not any(is_alive(state) for state in states)
    assert list(state_root(environment).iterdir()) == []


def test_the_state_of_a_simulator_that_was_killed_is_cleaned_up(environment: dict[str, str]) -> None:
    state = start(environment)
    subprocess.run(["kill", "-KILL", str(run_of(state).pid)], check=True)
    assert wait_for(lambda: not is_alive(state), deadline_s=10)
    assert stop_simulator(environment) is None
    assert list(state_root(environment).iterdir()) == []


def test_a_process_that_got_a_simulators_number_is_never_ended(
    environment: dict[str, str], other_process: subprocess.Popen[bytes]
) -> None:
    state = start(environment)
    earlier = process_mark(os.getpid())  # both other processes started later than this one
    try:
        rewrite(environment, state, {"run": {"pid": other_process.pid, "mark": earlier, "log": "/dev/null"}})
        assert stop_all(environment) == ()
        assert other_process.poll() is None
    finally:
        run_of(state).end(environment)
    assert not is_alive(state)


def test_only_a_directory_of_a_start_is_ever_removed(environment: dict[str, str], tmp_path: Path) -> None:
    state = start(environment)
    (tmp_path / "precious").touch()
    rewrite(environment, state, {"directory": str(tmp_path)})
    stop_all(environment)
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("content", [pytest.param("{", id="no JSON"), pytest.param('{"schema": "v0"}', id="no state")])
def test_a_file_that_is_no_state_is_left_alone(
    environment: dict[str, str], content: str, caplog: pytest.LogCaptureFixture
) -> None:
    state_root(environment).mkdir(parents=True)
    path = state_root(environment) / "1.json"
    path.write_text(content)
    assert choose_simulator(environment) is None
    assert path.read_text() == content
    assert "is no state file" in caplog.text


def test_a_simulator_that_ignores_the_request_to_end_is_made_to(environment: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "stubborn"
    program.write_text("#!/bin/sh\ntrap '' TERM\nexec sleep 600\n")
    program.chmod(0o755)
    run = spawn([str(program)], log=tmp_path / "log", environment=environment)
    wait_for(lambda: "sleep" in (Path("/proc") / str(run.pid) / "comm").read_text(), deadline_s=10)
    run.end(environment, grace_s=0.2)
    assert process_mark(run.pid) is None


def test_a_shell_that_still_points_at_the_stopped_one_is_told_so(environment: dict[str, str]) -> None:
    still, elsewhere = start(environment), start(environment)
    command = [sys.executable, "-m", "vsphere_motion.cli", "sim", "stop", "--all"]
    answer = subprocess.run(
        command, env={**environment, **still.variables()}, capture_output=True, text=True, check=True
    )
    assert answer.stdout == ""
    assert sorted(answer.stderr.splitlines()) == sorted(
        [
            f"Stopped the simulator at {still.url}",
            "This shell still points at it: unset VMWARE_HOST VMWARE_PORT VMWARE_USER VMWARE_PASSWORD "
            "VSPHERE_MOTION_CA_FILE",
            f"Stopped the simulator at {elsewhere.url}",
        ]
    )


def start(environment: dict[str, str]) -> SimState:
    return start_simulator(SimOptions(hosts=1, vms=0), environment)


def run_of(state: SimState) -> ProcessRun:
    assert isinstance(state.run, ProcessRun)
    return state.run


def is_alive(state: SimState) -> bool:
    return process_mark(run_of(state).pid) == run_of(state).mark


def rewrite(environment: dict[str, str], state: SimState, changes: dict[str, object]) -> None:
    path = state_root(environment) / f"{state.port}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
