"""Ctrl-C and SIGTERM as documented: what runs goes on, what does not has not started, no session is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.observer import observing
from tests.program import Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

DEADLINE_S = 30
MOVE = ("migrate", "vm-001", "vm-005", "--to-host", "esx-002", "--yes", "-o", "json", "--max-concurrent", "1")


class Running:
    """A program under way: wait for what it says, then signal it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.said.append(line)
                self._news.notify_all()

    def wait_for(self, word: str) -> None:
        """Return once a line on stderr holds the word."""
        with self._news:
            heard = self._news.wait_for(lambda: any(word in line for line in self.said), timeout=DEADLINE_S)
        assert heard, f"never said {word!r}: {self.said}"

    def signal(self, number: int) -> None:
        """Send a signal to this process alone."""
        self.process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Its exit code and standard output."""
        assert self.process.stdout is not None
        output = self.process.stdout.read()
        code = self.process.wait(timeout=DEADLINE_S)
        self._reader.join(timeout=DEADLINE_S)
        return code, output


@contextmanager
def running(program: Program, *words: str) -> Iterator[Running]:
    process = program.start(*words)
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def slow_vcenter(vcenter_factory: Callable[..., SimulatedVCenter]) -> SimulatedVCenter:
    """A vCenter in which a move of 1 GiB takes several seconds of real time."""
    return vcenter_factory(hosts=4, vms=8, speed=0.2)


def test_one_ctrl_c_finishes_what_runs_and_starts_no_more(
    slow_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    with observing(slow_vcenter) as observer:
        before = observer.sessions()
        with running(program(slow_vcenter), *MOVE) as run:
            run.wait_for("started")
            run.signal(signal.SIGINT)
            run.wait_for("no further moves start")
            code, output = run.end()

        assert code == 130, run.said
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in json.loads(output)["outcomes"]}
        assert states == {"vm-001": "moved", "vm-005": "not_started"}
        assert observer.hosts()["vm-001"] == "esx-002"
        assert observer.sessions() == before


@pytest.mark.parametrize(
    ("signals", "exit_code"),
    [
        pytest.param((signal.SIGINT, signal.SIGINT), 130, id="ctrl-c twice"),
        pytest.param((signal.SIGTERM,), 143, id="sigterm"),
    ],
)
def test_detaching_leaves_the_task_running_and_names_the_way_back(
    signals: tuple[int, ...],
    exit_code: int,
    slow_vcenter: SimulatedVCenter,
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    with observing(slow_vcenter) as observer:
        before = observer.sessions()
        with running(program(slow_vcenter), *MOVE) as run:
            run.wait_for("started")
            for number in signals:
                run.signal(number)
                if number is signal.SIGINT and not any("no further" in line for line in run.said):
                    run.wait_for("no further moves start")
            code, output = run.end()

        assert code == exit_code, run.said
        document = json.loads(output)
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in document["outcomes"]}
        assert states == {"vm-001": "unknown", "vm-005": "not_started"}
        said = "".join(run.said)
        assert f"vsphere-motion resume {document['run']}" in said
        assert f"vsphere-motion cancel {document['run']}" in said
        assert observer.sessions() == before
        (truth,) = slow_vcenter.control.motions()
        assert truth["phase"] not in {"cancelled", "failed"}

        resumed = program(slow_vcenter)("resume", "-o", "json")

        assert resumed.exit_code == 0, resumed.text
        states = {outcome["vm"]["name"]: outcome["state"] for outcome in resumed.json["outcomes"]}
        assert states == {"vm-001": "moved", "vm-005": "moved"}
        assert len(slow_vcenter.control.motions()) == 2


def test_a_time_limit_leaves_the_running_move_and_says_so(
    slow_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(slow_vcenter)
    done = run(*MOVE, "--timeout", "1s")

    assert done.exit_code == 7, done.text
    states = {outcome["vm"]["name"]: outcome["state"] for outcome in done.json["outcomes"]}
    assert states == {"vm-001": "unknown", "vm-005": "not_started"}

    cancelled = run("cancel", "--yes", "-o", "json")

    states = {outcome["vm"]["name"]: outcome["state"] for outcome in cancelled.json["outcomes"]}
    assert states == {"vm-001": "cancelled", "vm-005": "cancelled"}, cancelled.text
    with observing(slow_vcenter) as observer:
        assert observer.hosts()["vm-001"] == "esx-001"
