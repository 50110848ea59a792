"""Ctrl-C, Ctrl-C twice and SIGTERM at random moments of a run, and what `cancel` may touch."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.observer import Observer, observing
from tests.program import Program
from tests.promises import IS_NIGHTLY, record, tries
from tests.running import Running, running
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 120)]

MakeProgram = Callable[[SimulatedVCenter], Program]
HOSTS = ("esx-001", "esx-002")
VMS = 6
SAY_S = 2.0
LEAVE_S = 5.0
SLACK = 3
"""A machine with something else to do may take three times as long."""


def go(number: int) -> tuple[str, ...]:
    """A migration of every VM to the other host, two at a time."""
    target = HOSTS[number % 2]
    return ("migrate", "vm-*", "--to-host", target, "--yes", "-o", "json", "--max-concurrent", "2")


def send(run: Running, number: int, word: str) -> float:
    """Send a signal; seconds until the program says the word."""
    began_s = time.monotonic()
    run.signal(number)
    run.wait_for(word)
    return time.monotonic() - began_s


def states_of(output: str) -> Counter[str]:
    return Counter(outcome["state"] for outcome in json.loads(output)["outcomes"])


def journaled(command: Program, run: str) -> Counter[str]:
    """What the journal says of a run, by VM."""
    status = command("status", run, "-o", "json")
    return Counter(move["state"] for move in status.json["moves"])


def let_all_end(command: Program) -> None:
    """Go on with what was left, so that the next try begins with nothing in flight."""
    done = command("resume", "-o", "json")
    assert done.exit_code == 0, done.text


def test_row_11_one_ctrl_c_ends_after_the_running_moves(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    count, slowest_s = tries(reduced=5, whole=100), 0.0
    vcenter = vcenter_factory(hosts=2, vms=VMS, speed=1)
    command, chance = program(vcenter), random.Random(11)
    with observing(vcenter) as observer:
        before = observer.sessions()
        for number in range(count):
            asked_before = len(vcenter.control.motions())
            with running(command, *go(number)) as run:
                run.wait_for(" started ", chance.randint(1, 2))
                slowest_s = max(slowest_s, send(run, signal.SIGINT, "no further moves start"))
                code, output = run.end()
            document = json.loads(output)
            states = states_of(output)
            assert code == 130, run.said
            assert set(states) <= {"moved", "not_started", "unchanged"}
            assert states["moved"] == len(vcenter.control.motions()) - asked_before, "what was started was watched"
            known = journaled(command, document["run"])
            assert known == Counter({**states, "planned": states["not_started"], "not_started": 0}) + Counter()
            assert observer.sessions() == before
            let_all_end(command)
    assert slowest_s <= SAY_S * SLACK
    record(11, f"{count}/{count}: said after {slowest_s:.1f} s at most, 0 sessions left, journal complete")


def test_row_12_ctrl_c_twice_leaves_what_runs(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    count, slowest_s = tries(reduced=4, whole=50), 0.0
    vcenter = vcenter_factory(hosts=2, vms=VMS, speed=1)
    command = program(vcenter)
    with observing(vcenter) as observer:
        before = observer.sessions()
        for number in range(count):
            with running(command, *go(number)) as run:
                run.wait_for(" started ", 1)
                send(run, signal.SIGINT, "no further moves start")
                slowest_s = max(slowest_s, send(run, signal.SIGINT, "Leaving"))
                code, output = run.end()
            run_id = json.loads(output)["run"]
            assert code == 130, run.said
            if states_of(output)["unknown"]:
                said = "".join(run.said)
                assert f"vsphere-motion resume {run_id}" in said
                assert f"vsphere-motion cancel {run_id}" in said
            assert observer.sessions() == before
            let_all_end(command)
    assert not [motion for motion in vcenter.control.motions() if motion["phase"] in {"cancelled", "failed"}]
    assert slowest_s <= SAY_S * SLACK
    record(12, f"{count}/{count} left after {slowest_s:.1f} s at most; 0 foreign tasks cancelled")


def relocate(observer: Observer, vm: str, host: str) -> str:
    """Let somebody else move a VM; the task's moid."""
    from pyVmomi import vim

    task: Any = observer.vm(vm).RelocateVM_Task(vim.vm.RelocateSpec(host=observer.host(host)))
    return str(task._moId)


def test_row_12_cancel_touches_no_task_of_others(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    """`cancel` at random moments, with a foreign move in flight; what is called cancelled is where it was."""
    count = tries(reduced=4, whole=50)
    vcenter = vcenter_factory(hosts=2, vms=VMS, speed=0.5)
    command, chance = program(vcenter), random.Random(12)
    mine = [f"vm-00{number}" for number in range(2, VMS + 1)]
    with observing(vcenter) as observer:
        for _ in range(count):
            before = observer.hosts()
            other = next(host for host in HOSTS if host != before["vm-001"])
            foreign = relocate(observer, "vm-001", other)
            words = ("migrate", *mine, "--to-host", other, "--yes", "-o", "json", "--max-concurrent", "2")
            with running(command, *words) as run:
                run.wait_for("%", chance.randint(1, 8))
                run.signal(signal.SIGTERM)
                _, output = run.end()
            cancelled = command("cancel", "--yes", "-o", "json")
            assert cancelled.exit_code == 0, cancelled.text
            now = observer.hosts()
            for outcome in json.loads(cancelled.stdout)["outcomes"] or json.loads(output)["outcomes"]:
                name = outcome["vm"]["name"]
                if outcome["state"] == "cancelled":
                    assert now[name] == before[name], f"{name} is called cancelled, and it moved"
                if outcome["state"] == "moved":
                    assert now[name] == other
            assert truth(vcenter, foreign)["phase"] not in {"cancelled", "failed"}
            wait_for_end(vcenter, foreign)
            assert truth(vcenter, foreign)["phase"] == "done"


def truth(vcenter: SimulatedVCenter, task: str) -> dict[str, Any]:
    (found,) = [motion for motion in vcenter.control.motions() if motion["task"] == task]
    return found


def wait_for_end(vcenter: SimulatedVCenter, task: str) -> None:
    """Wait on the server until a task has ended."""
    from pyVim.task import WaitForTask
    from pyVmomi import vim

    with observing(vcenter) as observer:
        WaitForTask(vim.Task(task, observer.instance._stub))


def test_row_13_sigterm_leaves_at_once(vcenter_factory: VCenterFactory, program: MakeProgram) -> None:
    count, slowest_s = tries(reduced=3, whole=50), 0.0
    vcenter = vcenter_factory(hosts=2, vms=VMS, speed=1)
    command, chance = program(vcenter), random.Random(13)
    with observing(vcenter) as observer:
        before = observer.sessions()
        for number in range(count):
            with running(command, *go(number)) as run:
                run.wait_for(" started ", chance.randint(1, 2))
                began_s = time.monotonic()
                run.signal(signal.SIGTERM)
                code, output = run.end()
                slowest_s = max(slowest_s, time.monotonic() - began_s)
            assert code == 143, run.said
            assert "Traceback" not in "".join(run.said)
            assert sum(states_of(output).values()) == VMS
            assert observer.sessions() == before
            let_all_end(command)
    assert slowest_s <= LEAVE_S * SLACK
    record(13, f"{count}/{count}: left after {slowest_s:.1f} s at most, code 143, 0 sessions left")


def test_row_13_sigterm_leaves_also_while_vcenter_gives_no_answer(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    vcenter = vcenter_factory(hosts=2, vms=2, speed=0.2)
    with FaultProxy(vcenter) as proxy:
        command = program(proxy.vcenter)
        with running(command, "migrate", "vm-001", "--to-host", "esx-002", "--yes", "-o", "json") as run:
            run.wait_for(" started ")
            proxy.plant(Rule(kind="hang_before", times=None))
            proxy.wait_for(None, len(proxy.calls()) + 1)
            began_s = time.monotonic()
            run.signal(signal.SIGTERM)
            code, output = run.end()
            took_s = time.monotonic() - began_s
        assert code == 143, run.said
        assert states_of(output) == {"unknown": 1}
        assert f"vsphere-motion resume {json.loads(output)['run']}" in "".join(run.said)
        assert took_s <= LEAVE_S * SLACK
        proxy.remove()
        proxy.release()
        let_all_end(command)
    assert len(vcenter.control.motions()) == 1
