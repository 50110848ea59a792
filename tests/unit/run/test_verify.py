"""What makes a move a move: the task's word held against where the VM was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import FakePlacement
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.task import Fault, TaskState, TaskStatus
from vsphere_motion.run.verify import verify, verify_followed


def named(kind: str, moid: str) -> NamedRef:
    return NamedRef(ref=MoRef(kind=kind, moid=moid), name=f"name of {moid}")


SOURCE, DESTINATION, ELSEWHERE = (named("HostSystem", f"host-{n}") for n in (1, 2, 3))
POOL, OTHER_POOL = named("ResourcePool", "resgroup-1"), named("ResourcePool", "resgroup-2")
STORE, OTHER_STORE = named("Datastore", "datastore-1"), named("Datastore", "datastore-2")
MOVE = Move(
    vm=VmIdentity(ref=MoRef(kind="VirtualMachine", moid="vm-1"), name="web01", instance_uuid=None),
    source=Placement(host=SOURCE, pool=POOL, datastores=(STORE,)),
    destination=Placement(host=DESTINATION, pool=POOL, datastores=(STORE,)),
)
THERE = FakePlacement(host=DESTINATION.ref, pool=POOL.ref, datastores=(STORE.ref,))
TASK = MoRef(kind="Task", moid="task-1")
SUCCESS = TaskStatus(task=TASK, state=TaskState.SUCCESS)
CANCELED = TaskStatus(task=TASK, state=TaskState.ERROR, fault=Fault(kind="RequestCanceled", message="canceled"))
ERROR = TaskStatus(task=TASK, state=TaskState.ERROR, fault=Fault(kind="MigrationFault", message="no"))
GONE = TaskStatus(task=TASK, state=None, is_gone=True)


@pytest.mark.parametrize(
    ("status", "seen", "state"),
    [
        pytest.param(SUCCESS, THERE, OutcomeState.MOVED, id="seen where it should be"),
        pytest.param(SUCCESS, replace(THERE, host=SOURCE.ref), OutcomeState.FAILED, id="still on the source"),
        pytest.param(SUCCESS, replace(THERE, host=ELSEWHERE.ref), OutcomeState.FAILED, id="on a third host"),
        pytest.param(SUCCESS, replace(THERE, pool=OTHER_POOL.ref), OutcomeState.FAILED, id="in another pool"),
        pytest.param(SUCCESS, replace(THERE, datastores=(OTHER_STORE.ref,)), OutcomeState.FAILED, id="disk elsewhere"),
        pytest.param(
            SUCCESS, replace(THERE, pool=None, datastores=None), OutcomeState.MOVED, id="pool and disk unread"
        ),
        pytest.param(SUCCESS, replace(THERE, host=None), OutcomeState.UNKNOWN, id="host unread"),
        pytest.param(SUCCESS, None, OutcomeState.UNKNOWN, id="VM gone"),
        pytest.param(ERROR, replace(THERE, host=SOURCE.ref), OutcomeState.FAILED, id="task failed"),
        pytest.param(ERROR, THERE, OutcomeState.FAILED, id="task failed, yet VM on the destination"),
        pytest.param(CANCELED, replace(THERE, host=SOURCE.ref), OutcomeState.CANCELLED, id="canceled by fault"),
        pytest.param(
            replace(ERROR, cancelled=True),
            replace(THERE, host=SOURCE.ref),
            OutcomeState.CANCELLED,
            id="canceled by flag",
        ),
        pytest.param(GONE, THERE, OutcomeState.MOVED, id="task gone, VM on its destination"),
        pytest.param(GONE, replace(THERE, host=SOURCE.ref), OutcomeState.UNKNOWN, id="task gone, VM where it was"),
        pytest.param(GONE, replace(THERE, host=None), OutcomeState.UNKNOWN, id="task gone, VM not readable"),
        pytest.param(GONE, None, OutcomeState.UNKNOWN, id="task and VM gone"),
    ],
)
def test_the_state_of_an_ended_task(status: TaskStatus, seen: FakePlacement | None, state: OutcomeState) -> None:
    assert verify(MOVE, status, seen).state is state


@pytest.mark.parametrize(
    ("host", "words"),
    [
        pytest.param(SOURCE, "on name of host-1 now", id="source"),
        pytest.param(DESTINATION, "on name of host-2 now", id="destination"),
        pytest.param(ELSEWHERE, "neither its source nor its destination", id="elsewhere"),
    ],
)
def test_a_failure_says_where_the_vm_is_now(host: NamedRef, words: str) -> None:
    outcome = verify(MOVE, ERROR, replace(THERE, host=host.ref))

    assert outcome.note is not None
    assert words in outcome.note
    assert outcome.fault == ERROR.fault


def test_a_task_that_failed_without_a_fault_says_so() -> None:
    outcome = verify(MOVE, replace(ERROR, fault=None), THERE)

    assert outcome.fault is not None
    assert outcome.fault.kind == "UnknownFault"


def test_a_disconnected_nic_is_noted() -> None:
    outcome = verify(MOVE, SUCCESS, replace(THERE, disconnected_nics=("Network adapter 1",)))

    assert outcome.state is OutcomeState.MOVED
    assert outcome.note == "disconnected after the move: Network adapter 1"


def test_a_cancel_that_came_too_late_is_not_called_cancelled() -> None:
    outcome = verify(MOVE, CANCELED, THERE)

    assert outcome.state is OutcomeState.UNKNOWN
    assert outcome.note == "vCenter says that task-1 was cancelled, but the VM is on its destination"


BACK_HOME = FakePlacement(host=SOURCE.ref, pool=POOL.ref, datastores=(STORE.ref,))
BUSY = Fault(kind="TaskInProgress", message="busy")


@pytest.mark.parametrize(
    ("seen", "fault", "state", "note"),
    [
        pytest.param(THERE, None, OutcomeState.UNCHANGED, "it is there: bob moved it (task-1)", id="it is there"),
        pytest.param(
            THERE,
            BUSY,
            OutcomeState.UNCHANGED,
            "it is there: bob moved it (task-1)",
            id="it is there, ours was refused",
        ),
        pytest.param(
            FakePlacement(host=ELSEWHERE.ref),
            None,
            OutcomeState.NOT_STARTED,
            "bob was moving it (task-1); the VM is on host-3 now, neither its source nor its destination;"
            " it is not moved a second time",
            id="it is elsewhere",
        ),
        pytest.param(
            BACK_HOME,
            BUSY,
            OutcomeState.FAILED,
            "bob was moving it (task-1); the VM is on name of host-1 now",
            id="nothing has moved, and ours was refused",
        ),
        pytest.param(None, None, OutcomeState.FAILED, "nothing was started", id="it is gone"),
        pytest.param(
            FakePlacement(host=None),
            None,
            OutcomeState.NOT_STARTED,
            "bob was moving it (task-1); where the VM is now could not be read; it is not moved a second time",
            id="it could not be read",
        ),
    ],
)
def test_what_somebody_else_moved(
    seen: FakePlacement | None, fault: Fault | None, state: OutcomeState, note: str
) -> None:
    outcome = verify_followed(MOVE, seen, task=TASK, who="bob", fault=fault)

    assert outcome is not None
    assert (outcome.state, outcome.note, outcome.task) == (state, note, None)


def test_what_somebody_else_left_where_it_was_may_still_start() -> None:
    assert verify_followed(MOVE, BACK_HOME, task=TASK, who="bob", fault=None) is None
