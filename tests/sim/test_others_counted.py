"""What a second client does on a simulated vCenter is counted against its limits while a run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from tests.observer import observing
from tests.sim.reading import move_to, session_with
from vsphere_motion.model.event import MoveEnded
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.planning.window import costs_of
from vsphere_motion.run.journal import open_journal
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.others import OtherMotions
from vsphere_motion.vmotion.costs import Operation

pytestmark = pytest.mark.vcsim

TEN_GBIT = 10_000_000_000
LIMIT = 8
OTHERS = [f"vm-{number:03}" for number in range(1, 13, 2)]
OURS = [f"vm-{number:03}" for number in range(13, 25, 2)]


def hold_others(vcenter: SimulatedVCenter, names: Sequence[str]) -> None:
    """The motions of these VMs do not get on until the faults are removed."""
    vcenter.control.plant_faults(*({"match": {"vm": name}, "hang": {}} for name in names))


def planned(inventory: Inventory, name: str) -> PlannedMove:
    """The move of one VM to esx-002, with its costs."""
    vm = next(one for one in inventory.vms if one.name == name)
    host = next(one for one in inventory.hosts if one.name == "esx-002")
    assert vm.host is not None
    costs = costs_of(Operation.VMOTION, hosts=[(vm.host, TEN_GBIT), (host.ref, TEN_GBIT)])
    return PlannedMove(move=move_to(inventory, vm, host), findings=(), costs=costs)


def at_once_when_it_was_asked_for(motion: Mapping[str, Any], motions: Sequence[Mapping[str, Any]]) -> int:
    """How many motions ran then, itself included."""
    at = moment(motion["queued_at"])
    others = [one for one in motions if one is not motion and one["started_at"]]
    ends = [(moment(one["started_at"]), one["completed_at"]) for one in others]
    return 1 + sum(begin <= at and (end is None or at < moment(end)) for begin, end in ends)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_ours_take_what_others_leave_and_none_waits_at_vcenter(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    vcenter = vcenter_factory(hosts=2, vms=24, speed=5.0)
    hold_others(vcenter, OTHERS)
    with observing(vcenter) as other, session_with(vcenter) as session, closing(open_journal(tmp_path)) as journal:
        for name in OTHERS:
            other.vm(name).RelocateVM_Task(vim.vm.RelocateSpec(host=other.host("esx-002")))
        ours = VCenter(session)
        inventory = ours.snapshot()
        plan = Plan(moves=tuple(planned(inventory, name) for name in OURS))
        for event in run(ours, plan, journal=journal, options=RunOptions(max_concurrent=64, read_logs=False)):
            if isinstance(event, MoveEnded):
                assert event.outcome.state is OutcomeState.MOVED
        motions = vcenter.control.motions()
        vcenter.control.remove_faults()

    own = [one for one in motions if one["vm_name"] in OURS]
    assert len(own) == len(OURS)
    assert max(at_once_when_it_was_asked_for(one, motions) for one in own) == LIMIT


def test_where_others_take_all_ours_wait_until_they_are_done(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    others = [f"vm-{number:03}" for number in range(1, 17, 2)]
    vcenter = vcenter_factory(hosts=2, vms=24, speed=50.0)
    hold_others(vcenter, others)
    with observing(vcenter) as other, session_with(vcenter) as session, closing(open_journal(tmp_path)) as journal:
        for name in others:
            other.vm(name).RelocateVM_Task(vim.vm.RelocateSpec(host=other.host("esx-002")))
        ours = VCenter(session)
        inventory = ours.snapshot()
        plan = Plan(moves=(planned(inventory, "vm-017"), planned(inventory, "vm-019")))
        notes = []
        for event in run(ours, plan, journal=journal, options=RunOptions(max_concurrent=64, read_logs=False)):
            text = getattr(event, "text", "")
            if "of others" in text:
                notes.append(text)
                assert len(vcenter.control.motions()) == len(others), "nothing of ours was started"
                vcenter.control.remove_faults()
            if isinstance(event, MoveEnded):
                assert event.outcome.state is OutcomeState.MOVED

    assert len(notes) == 1
    assert "esx-001" in notes[0] or "host-" in notes[0]


def test_a_motion_of_others_is_known_with_both_its_hosts_and_only_while_it_runs(
    vcenter_factory: VCenterFactory,
) -> None:
    vcenter = vcenter_factory(hosts=2, vms=4, speed=50.0)
    hold_others(vcenter, ["vm-001"])
    with observing(vcenter) as other, session_with(vcenter) as session:
        hosts = {other.host(name)._moId for name in ("esx-001", "esx-002")}
        task = other.vm("vm-001").RelocateVM_Task(vim.vm.RelocateSpec(host=other.host("esx-002")))
        ours = VCenter(session)
        motions, looks = OtherMotions(session), 0
        while not (found := motions.look(recent_tasks(session), own=())) and looks < 100:
            looks += 1
        (one,) = found
        assert (one.task.moid, {host.moid for host in one.hosts}) == (task._moId, hosts)
        assert one.datastores
        assert motions.look(recent_tasks(session), own=[one.task]) == ()
        assert motions.look(recent_tasks(session), own=()) == (one,)
        vcenter.control.remove_faults()
        looks = 0
        while motions.look(recent_tasks(session), own=()) and looks < 1000:
            looks += 1
        assert motions.look(recent_tasks(session), own=()) == ()
        assert ours.identity.version


def recent_tasks(session: Any) -> list[Any]:
    """vCenter's recent tasks, read plainly."""
    from vsphere_motion.vcenter.collector import read_objects, ref_of

    manager = ref_of(session.content.taskManager)
    return list(read_objects(session, [manager], ["recentTask"])[manager].refs("recentTask") or ())
