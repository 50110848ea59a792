"""The VM's own state."""

from __future__ import annotations

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import ConnectionState, Inventory, PowerState, Vm
from vsphere_motion.preflight.registry import run_checks

BLOCKER, UNKNOWN, WARNING, INFO = ([(word, "vm1")] for word in ("blocker", "unknown", "warning", "info"))


@pytest.mark.parametrize(
    ("check_id", "vm", "expected"),
    [
        pytest.param("vm.power-state", build.vm(), [], id="on"),
        pytest.param("vm.power-state", build.vm(power_state=PowerState.OFF), INFO, id="off"),
        pytest.param("vm.power-state", build.vm(power_state=PowerState.SUSPENDED), INFO, id="suspended"),
        pytest.param("vm.power-state", build.vm(power_state=None), UNKNOWN, id="power unknown"),
        pytest.param("vm.connection", build.vm(), [], id="connected"),
        pytest.param("vm.connection", build.vm(connection_state=ConnectionState.ORPHANED), BLOCKER, id="orphaned"),
        pytest.param("vm.connection", build.vm(connection_state=None), UNKNOWN, id="connection unknown"),
        pytest.param("vm.host", build.vm(), [], id="on a host"),
        pytest.param("vm.host", build.vm(host=None), BLOCKER, id="on no host"),
        pytest.param("vm.host", build.vm(host=None, unread=("runtime.host",)), UNKNOWN, id="host refused"),
        pytest.param("vm.template", build.vm(), [], id="no template"),
        pytest.param("vm.template", build.vm(is_template=True), INFO, id="template"),
        pytest.param("vm.template", build.vm(is_template=None), UNKNOWN, id="template unknown"),
        pytest.param("vm.snapshots", build.vm(), [], id="no snapshot"),
        pytest.param("vm.snapshots", build.vm(snapshot_count=1), WARNING, id="one snapshot"),
        pytest.param("vm.snapshots", build.vm(snapshot_count=3), WARNING, id="three snapshots"),
        pytest.param("vm.snapshots", build.vm(snapshot_count=None), UNKNOWN, id="snapshots unknown"),
        pytest.param("vm.disabled-method", build.vm(), [], id="nothing disabled"),
        pytest.param("vm.disabled-method", build.vm(disabled_methods=("PowerOnVM_Task",)), [], id="another disabled"),
        pytest.param(
            "vm.disabled-method", build.vm(disabled_methods=("RelocateVM_Task",)), BLOCKER, id="relocate disabled"
        ),
        pytest.param(
            "vm.disabled-method", build.vm(disabled_methods=("RelocateVMTask",)), BLOCKER, id="as the simulator spells"
        ),
        pytest.param(
            "vm.disabled-method", build.vm(disabled_methods=("MigrateVM_Task",)), BLOCKER, id="migrate disabled"
        ),
        pytest.param("vm.disabled-method", build.vm(disabled_methods=None), UNKNOWN, id="disabled unknown"),
        pytest.param("vm.running-task", build.vm(), [], id="no task"),
        pytest.param("vm.running-task", build.vm(running_tasks=(build.task(),)), BLOCKER, id="a task"),
        pytest.param(
            "vm.running-task", build.vm(running_tasks=(build.task(1), build.task(2))), BLOCKER * 2, id="two tasks"
        ),
        pytest.param("vm.running-task", build.vm(running_tasks=None), UNKNOWN, id="tasks unknown"),
        pytest.param("vm.question", build.vm(), [], id="no question"),
        pytest.param("vm.question", build.vm(question="Did you copy it?"), BLOCKER, id="a question"),
        pytest.param("vm.question", build.vm(unread=("runtime.question.text",)), UNKNOWN, id="question refused"),
        pytest.param("vm.same-host", build.vm(), [], id="elsewhere"),
        pytest.param("vm.same-host", build.vm(host=build.host_ref(2)), INFO, id="already there"),
    ],
)
def test_state(check_id: str, vm: Vm, expected: Brief) -> None:
    assert brief(check_id, build.site(vm=vm)) == expected


@pytest.mark.parametrize(
    ("check_id", "vm", "message"),
    [
        ("vm.power-state", build.vm(power_state=PowerState.OFF), "vm1 is powered off, so this is a cold move"),
        ("vm.power-state", build.vm(power_state=PowerState.SUSPENDED), "vm1 is suspended, so this is a cold move"),
        ("vm.snapshots", build.vm(snapshot_count=1), "vm1 has 1 snapshot, "),
        ("vm.snapshots", build.vm(snapshot_count=2), "vm1 has 2 snapshots, "),
        (
            "vm.disabled-method",
            build.vm(disabled_methods=("RelocateVM_Task", "PowerOnVM_Task", "MigrateVM_Task")),
            "vm1 has RelocateVM_Task, MigrateVM_Task disabled",
        ),
        ("vm.running-task", build.vm(running_tasks=(build.task(7),)), "CreateSnapshot_Task (task-7) is working on vm1"),
        ("vm.running-task", build.vm(running_tasks=(build.task(7, None),)), "a task (task-7) is working on vm1"),
        ("vm.question", build.vm(question="Moved or copied?"), "vm1 waits for an answer: Moved or copied?"),
    ],
)
def test_the_message_names_what_was_seen(check_id: str, vm: Vm, message: str) -> None:
    assert look(check_id, build.site(vm=vm))[0].message.startswith(message)


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(build.inventory(), id="nothing wrong"),
        pytest.param(
            build.site(
                vm=build.vm(is_template=True, running_tasks=(build.task(),), devices=None),
                source=build.host(1, in_maintenance_mode=True, vmotion_nics=(), memory_bytes=1),
            ),
            id="all sorts of things wrong",
        ),
    ],
)
def test_a_vm_that_is_already_there_has_one_finding_and_nothing_blocks_it(site: Inventory) -> None:
    (finding,) = run_checks(site, build.move(site, to=1))
    assert (finding.id, finding.severity.value, finding.message) == (
        "vm.same-host",
        "info",
        "vm1 is already on host1",
    )
