"""What is found out afterwards: from the task, the history, where the VM is; and otherwise that it is unknown."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pyVmomi import vim, vmodl

from tests.observer import Observer, observing
from tests.program import Program
from tests.promises import IS_NIGHTLY, record, tries
from vsphere_motion.run.failpoints import OF_A_MOVE
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 120)]

GONE_WITHIN_S = 60
TO_2 = ("--to-host", "esx-002", "--yes", "--partial")
NO_HISTORY = Rule(kind="fault", method="CreateCollectorForTasks", fault="NotSupported", times=None)


def vm_names(count: int) -> list[str]:
    return [f"vm-{number:03}" for number in range(1, count + 1)]


def wait_until_forgotten(observer: Observer) -> None:
    """Return once vCenter no longer knows the task of any relocation; the simulator forgets one ten seconds later."""
    tasks = [vim.Task(moid, observer.instance._stub) for moid in task_moids(observer)]
    pause = threading.Event()
    for _ in range(GONE_WITHIN_S * 5):
        if not any(is_known(task) for task in tasks):
            return
        pause.wait(0.2)
    pytest.fail("vCenter still knows the tasks")


def task_moids(observer: Observer) -> list[str]:
    """Every relocation in the history."""
    collector = observer.content.taskManager.CreateCollectorForTasks(vim.TaskFilterSpec())
    try:
        infos = collector.ReadNextTasks(1000)
        return [info.task._moId for info in infos if info.descriptionId == "VirtualMachine.relocate"]
    finally:
        collector.DestroyCollector()


def is_known(task: vim.Task) -> bool:
    try:
        return bool(task.info.state)
    except vmodl.fault.ManagedObjectNotFound:
        return False


def states_of(document: dict[str, object]) -> dict[str, str]:
    outcomes = document["outcomes"]
    assert isinstance(outcomes, list)
    return {outcome["vm"]["name"]: outcome["state"] for outcome in outcomes}


def test_row_07_a_forgotten_task_is_judged_by_the_history_then_by_the_placement(
    vcenter_factory: Callable[..., SimulatedVCenter],
    program: Callable[[SimulatedVCenter], Program],
    fault_proxy: Callable[[SimulatedVCenter], FaultProxy],
    tmp_path: Path,
) -> None:
    count = tries(reduced=6, whole=60)
    vcenter = vcenter_factory(hosts=4, vms=4 * count, speed=200.0)
    run, names = program(vcenter), [name for n, name in enumerate(vm_names(4 * count)) if n % 4 == 0][:count]
    killed = run(
        "migrate", *names, *TO_2, "--max-concurrent", str(count), VSPHERE_MOTION_FAILPOINT=f"after_task_row:{count}"
    )
    assert killed.exit_code == -signal.SIGKILL, killed.text
    copies = [Path(shutil.copytree(run.home / "state", tmp_path / f"state-{n}")) for n in range(3)]
    proxy = fault_proxy(vcenter)
    through = Program(home=run.home, environment=proxy.vcenter.environment())

    with observing(vcenter) as observer:
        wait_until_forgotten(observer)
        by_history = run("resume", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(copies[0]))
        proxy.plant(NO_HISTORY)
        by_placement = through("resume", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(copies[1]))
        third = observer.host("esx-003")
        for name in names:
            observer.vm(name).RelocateVM_Task(vim.vm.RelocateSpec(host=third))
        nothing_tells = through("resume", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(copies[2]))

    assert by_history.exit_code == 0, by_history.text
    assert states_of(by_history.json) == dict.fromkeys(names, "moved")
    assert all(outcome["duration_s"] > 0 and not outcome["note"] for outcome in by_history.json["outcomes"])
    assert by_placement.exit_code == 0, by_placement.text
    assert states_of(by_placement.json) == dict.fromkeys(names, "moved")
    assert all("judged by that alone" in outcome["note"] for outcome in by_placement.json["outcomes"])
    assert nothing_tells.exit_code == 7, nothing_tells.text
    assert states_of(nothing_tells.json) == dict.fromkeys(names, "unknown")
    assert len([truth for truth in vcenter.control.motions() if truth["operation_id"]]) == count
    record(7, f"{3 * count}/{3 * count} classified: history {count}, placement {count}, unknown {count}; 0 raised")


@pytest.mark.parametrize("failpoint", OF_A_MOVE)
def test_a_run_killed_at_a_failpoint_resumes_with_one_task_for_each_vm(
    failpoint: str, vcenter_factory: Callable[..., SimulatedVCenter], program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=16, speed=50.0)
    run, names = program(vcenter), ["vm-001", "vm-005", "vm-009"]

    # one at a time, a third move is open when the second outcome is written; outcomes are written together
    at_once = "1" if failpoint == "after_outcome" else "2"
    killed = run("migrate", *names, *TO_2, "--max-concurrent", at_once, VSPHERE_MOTION_FAILPOINT=f"{failpoint}:2")
    assert killed.exit_code == -signal.SIGKILL, killed.text
    resumed = run("resume", "-o", "json")
    told = run(
        "report", "-o", "json"
    )  # on a slow machine all three outcomes were written together, and nothing is left

    assert (resumed.exit_code, told.exit_code) == (0, 0), resumed.text + told.text
    assert states_of(told.json) == dict.fromkeys(names, "moved")
    truths = vcenter.control.motions()
    assert len(truths) == len(names)
    assert {truth["operation_id"] for truth in truths} == {outcome["operation_id"] for outcome in told.json["outcomes"]}


def test_an_unknown_failpoint_is_refused(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    for text in ("somewhere", "after_send:0", "after_send:x"):
        done = program(shared_vcenter)("status", VSPHERE_MOTION_FAILPOINT=text)
        assert done.exit_code == 2, done.text
        assert "names no failpoint" in done.stderr


def test_a_known_task_is_taken_over_into_the_run_that_asked_for_it_or_one_of_its_own(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    run = program(vcenter)
    killed = run("migrate", "vm-001", *TO_2, VSPHERE_MOTION_FAILPOINT="after_answer")
    assert killed.exit_code == -signal.SIGKILL, killed.text
    with observing(vcenter) as observer:
        (task,) = task_moids(observer)
    asked_for = run("history", "-o", "json").json["runs"][0]["run"]

    of_another = run("resume", "--task", task, "--vm", "vm-002")
    adopted = run("resume", "--task", task, "--vm", "vm-001", "-o", "json")
    elsewhere = run("resume", "--task", task, "--vm", "vm-001", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(tmp_path))
    unheard_of = run("resume", "--task", "task-999999", "--vm", "vm-001")
    half = run("resume", "--task", task)

    assert adopted.exit_code == 0, adopted.text
    assert adopted.json["run"] == asked_for
    assert states_of(adopted.json) == {"vm-001": "moved"}
    assert elsewhere.exit_code == 0, elsewhere.text
    assert states_of(elsewhere.json) == {"vm-001": "moved"}
    assert (of_another.exit_code, unheard_of.exit_code, half.exit_code) == (2, 2, 2)
    assert f"{task} is about" in of_another.stderr or f"{task} of vm-002" in of_another.stderr
    assert "knows no task task-999999" in unheard_of.stderr
    assert len(vcenter.control.motions()) == 1


@pytest.mark.parametrize(
    ("failpoint", "speed", "tasks"),
    [
        pytest.param("after_send", 0.1, 1, id="its answer was lost"),
        pytest.param("after_intent", 50.0, 0, id="it was never sent"),
    ],
)
def test_a_cancel_finds_what_was_asked_for_first(
    failpoint: str,
    speed: float,
    tasks: int,
    vcenter_factory: Callable[..., SimulatedVCenter],
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=8, speed=speed)
    run = program(vcenter)
    killed = run("migrate", "vm-001", "vm-005", *TO_2, "--max-concurrent", "1", VSPHERE_MOTION_FAILPOINT=failpoint)
    assert killed.exit_code == -signal.SIGKILL, killed.text

    cancelled = run("cancel", "--yes", "-o", "json")

    assert cancelled.exit_code == 0, cancelled.text
    assert states_of(cancelled.json) == {"vm-001": "cancelled", "vm-005": "cancelled"}
    assert cancelled.json["ended_at"] is not None
    assert len(vcenter.control.motions()) == tasks
    with observing(vcenter) as observer:
        assert observer.hosts()["vm-001"] == "esx-001"
    assert run("cancel", "--yes").stderr.startswith("There is no unfinished run")
