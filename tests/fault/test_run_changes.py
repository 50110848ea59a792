"""Others change things between the check and the start of a move, and many moves are under way at once."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from tests.observer import Observer, observing
from tests.program import Program
from tests.promises import IS_NIGHTLY, record, tries
from tests.running import running
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 120)]

MakeProgram = Callable[[SimulatedVCenter], Program]
TARGET = "esx-004"
SPEED = 5.0
PACE = 2.0
FRESH_S = 1.0
"""A change that is older than this when the relocation is asked for must have been seen."""

REFUSED = (vim.fault.VimFault, vmodl.RuntimeFault)
Times = dict[str, tuple[str, datetime]]


@dataclass
class Interferer:
    """A second client that does at random moments what people and DRS do."""

    observer: Observer
    chance: random.Random
    done: Times = field(default_factory=dict)

    def act(self, name: str, moid: str) -> None:
        """One change of a VM; what vCenter refuses, such as a VM that moves already, is no change."""
        kind = self.chance.choice(["move there", "move elsewhere", "rename", "power off", "delete"])
        vm = vim.VirtualMachine(moid, self.observer.instance._stub)
        try:
            WaitForTask(self._start(kind, name, vm))
        except REFUSED:
            return
        self.done[moid] = (kind, self.observer.instance.CurrentTime())

    def _start(self, kind: str, name: str, vm: Any) -> Any:
        if kind.startswith("move"):
            host = self.observer.host(TARGET if kind == "move there" else "esx-003")
            return vm.RelocateVM_Task(vim.vm.RelocateSpec(host=host))
        if kind == "rename":
            return vm.Rename_Task(f"{name}-renamed")
        off = vm.PowerOffVM_Task()
        if kind == "power off":
            return off
        WaitForTask(off)
        return vm.Destroy_Task()


def asked_for(vcenter: SimulatedVCenter) -> dict[str, list[datetime]]:
    """When our relocation of each VM was asked for, by moid."""
    found: dict[str, list[datetime]] = {}
    for call in vcenter.control.trace():
        if call["method"] == "RelocateVM_Task" and str(call["operation_id"]).startswith("vsphere-motion-"):
            found.setdefault(call["object"], []).append(datetime.fromisoformat(call["time"]))
    return found


def is_wrong(outcome: dict[str, Any], hosts: dict[str, str], changes: Times, starts: dict[str, list[datetime]]) -> str:
    """Why what was done with one VM is wrong; empty if it is right."""
    moid, state = outcome["vm"]["moid"], outcome["state"]
    mine = starts.get(moid, [])
    kind, at = changes.get(moid, ("nothing", None))
    if len(mine) > 1:
        return "asked for twice"
    if mine and at and kind != "rename" and (mine[0] - at).total_seconds() > FRESH_S * SPEED:
        return f"asked for although '{kind}' had happened"
    if state == "moved" and not mine:
        return "called moved, and nobody was asked"
    if state == "moved" and kind not in {"delete", "move elsewhere"} and hosts.get(moid) != TARGET:
        return "called moved, and is not there"
    if state == "unchanged" and kind != "move elsewhere" and hosts.get(moid, TARGET) != TARGET:
        return "called unchanged, and is not there"
    if kind in {"nothing", "rename"} and state not in {"moved", "unchanged"}:
        return f"nothing stood against it, and it is {state}"
    return ""


def test_row_09_what_others_do_meanwhile_leads_to_no_wrong_action(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    """Moves, renames, power-offs and deletes of a second client, on VMs that wait for their turn or move already."""
    wanted, done, number = tries(reduced=20, whole=500), 0, 0
    wrong: list[str] = []
    while done < wanted:
        number += 1
        vcenter = vcenter_factory(hosts=4, vms=30, speed=SPEED)
        report, changes = interfere(vcenter, program(vcenter), random.Random(9 * number))
        starts, hosts = asked_for(vcenter), hosts_by_moid(vcenter)
        for outcome in report["outcomes"]:
            words = is_wrong(outcome, hosts, changes, starts)
            wrong += (
                [f"{outcome['vm']['name']} {words}: {outcome}, {changes.get(outcome['vm']['moid'])}"] if words else []
            )
        done += len(changes)
    assert wrong == []
    record(9, f"{done} interferences in {number} runs: {len(wrong)} wrong actions, 0 tracebacks")


def interfere(vcenter: SimulatedVCenter, command: Program, chance: random.Random) -> tuple[dict[str, Any], Times]:
    """One run with a second client at work: its document, and what that client did."""
    words = ("migrate", "vm-*", "--to-host", TARGET, "--yes", "-o", "json", "--max-concurrent", "2")
    with observing(vcenter) as observer, running(command, *words) as run:
        client = Interferer(observer=observer, chance=chance)
        victims = [(name, properties["ref"]._moId) for name, properties in observer.read(vim.VirtualMachine).items()]
        chance.shuffle(victims)
        run.wait_for(" started ")
        for name, moid in victims[:24]:
            if run.process.poll() is not None:
                break
            client.act(name, moid)
        code, output = run.end()
    assert code in {0, 6, 7}, run.said
    assert "Traceback" not in "".join(run.said)
    return json.loads(output), client.done


def hosts_by_moid(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        names = {properties["ref"]: name for name, properties in observer.read(vim.HostSystem).items()}
        vms = observer.read(vim.VirtualMachine, "runtime.host").values()
        return {vm["ref"]._moId: names[vm["runtime.host"]] for vm in vms}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"runtime.inMaintenanceMode": True}, "is in maintenance mode now", id="maintenance mode"),
        pytest.param({"runtime.connectionState": "disconnected"}, "is disconnected now", id="disconnected"),
    ],
)
def test_row_10_nothing_is_started_to_a_host_that_went_away(
    vcenter_factory: VCenterFactory, program: MakeProgram, values: dict[str, Any], words: str
) -> None:
    count, late = tries(reduced=2, whole=10), 0
    vcenter = vcenter_factory(hosts=2, vms=8, speed=PACE)
    command, chance, host = program(vcenter), random.Random(10), vcenter.control.moid("HostSystem", "esx-002")
    restored = {"runtime.inMaintenanceMode": False, "runtime.connectionState": "connected"}
    for _ in range(count):
        assert command("migrate", "vm-*", "--to-host", "esx-001", "--yes").exit_code == 0
        vcenter.control.clear_trace()
        options = ("--yes", "-o", "json", "--max-concurrent", "2")
        with (
            observing(vcenter) as observer,
            running(command, "migrate", "vm-*", "--to-host", "esx-002", *options) as run,
        ):
            run.wait_for("%", chance.randint(1, 10))
            vcenter.control.patch(host, values)
            event_at = observer.instance.CurrentTime()
            code, output = run.end()
        starts = [at for times in asked_for(vcenter).values() for at in times]
        late += sum((at - event_at).total_seconds() > FRESH_S * PACE for at in starts)
        vcenter.control.patch(host, restored)
        outcomes = json.loads(output)["outcomes"]
        given_up = [outcome for outcome in outcomes if outcome["state"] == "not_started"]
        assert code in {6, 7}, run.said
        assert given_up, run.said
        assert all(words in outcome["note"] for outcome in given_up)
        states = {outcome["state"] for outcome in outcomes}
        assert states <= {"moved", "failed", "not_started", "unchanged"}
    assert late == 0
    record(10, f"{late} relocations asked for after the first event in {2 * count} runs")


def test_row_31_no_more_run_at_once_than_is_allowed_also_over_a_resume(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    """Several interruptions of one run; the truth is the server's own record of every move."""
    vms, limit, interruptions = tries(reduced=24, whole=200), 5, 2
    vcenter = vcenter_factory(hosts=3, vms=vms, speed=2)
    command = program(vcenter)
    options = ("-o", "json", "--max-concurrent", str(limit))
    words: tuple[str, ...] = ("migrate", "vm-*", "--to-host", "esx-002", "--yes", *options)
    for _ in range(interruptions):
        with running(command, *words) as run:
            run.wait_for(" started ", limit)
            run.signal(signal.SIGTERM)
            code, _ = run.end()
        assert code == 143, run.said
        words = ("resume", *options)
    done = command(*words)
    assert done.exit_code == 0, done.text
    samples = in_flight(vcenter.control.motions())
    assert max(samples) <= limit
    assert len(samples) == 2 * len(vcenter.control.motions())
    with observing(vcenter) as observer:
        assert set(observer.hosts().values()) == {"esx-002"}
    record(
        31, f"{len(samples)} samples of {len(samples) // 2} moves: at most {max(samples)} at once of {limit} allowed"
    )


def in_flight(motions: list[dict[str, Any]]) -> list[int]:
    """How many moves were under way at each transition, ends before beginnings of the same moment."""
    ends = [(motion["completed_at"], -1) for motion in motions]
    begins = [(motion["queued_at"], 1) for motion in motions]
    at_once, samples = 0, []
    for _, change in sorted((datetime.fromisoformat(at), change) for at, change in ends + begins):
        at_once += change
        samples.append(at_once)
    return samples
