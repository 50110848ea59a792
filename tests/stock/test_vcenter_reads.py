"""On plain govmomi behaviour, which sends composites that cannot be parsed and lacks some methods, every read works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.reading import move_away, session_with
from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.inventory import BackingKind, DeviceKind, Inventory, PowerState
from vsphere_motion.model.task import TaskState
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.checkers import MIGRATE, QUERY
from vsphere_motion.vcenter.compat import ask_vcenter
from vsphere_motion.vcenter.hostlogs import read_log_tail
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.placement import VCenterPlacementReader
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

pytestmark = pytest.mark.vcsim


@pytest.fixture
def session(stock_vcenter: SimulatedVCenter) -> Iterator[Session]:
    with session_with(stock_vcenter) as opened:
        yield opened


@pytest.fixture
def inventory(session: Session) -> Inventory:
    return take_snapshot(session)


def test_the_snapshot_is_whole(inventory: Inventory) -> None:
    assert inventory.unreadable == ()
    assert inventory.vms
    for vm in inventory.vms:
        assert vm.unread == ()
        assert vm.power_state is PowerState.ON
        assert inventory.find_host(vm.host) is not None
        assert inventory.find_pool(vm.pool) is not None
        assert vm.path is not None
        assert vm.path.startswith("/DC0/vm/")
        assert (vm.snapshot_count, vm.question, vm.disabled_methods, vm.running_tasks) == (0, None, (), ())
    assert all(cluster.drs_enabled and not cluster.ha_enabled for cluster in inventory.clusters if cluster.is_cluster)


def test_what_stock_lacks_is_seen_as_lacking(inventory: Inventory) -> None:
    assert {host.vmotion_nics for host in inventory.hosts} == {()}
    for vm in inventory.vms:
        (cdrom,) = (device for device in vm.devices or () if device.kind is DeviceKind.CDROM)
        assert (cdrom.backing, cdrom.connected) == (BackingKind.HOST_DEVICE, True)


def test_the_checker_is_asked_and_its_result_is_read(session: Session, inventory: Inventory) -> None:
    move = move_away(inventory, inventory.vms[0])
    assert move.destination.host is not None
    answers = ask_vcenter(session, inventory, [move])
    verdict = CompatVerdict(vm=move.vm.ref, host=move.destination.host.ref)
    assert answers.verdicts == {(verdict.vm, verdict.host): verdict}
    assert [note.split()[4].rstrip(";") for note in answers.notes] == [MIGRATE, QUERY]


def test_a_relocation_is_watched_to_its_end_and_the_vm_is_seen(session: Session, inventory: Inventory) -> None:
    vm = inventory.vms[0]
    move = move_away(inventory, vm)
    assert move.destination.host is not None

    watcher = VCenterTaskWatcher(session)
    task = VCenterRelocator(session).start_relocation(move, op_id="op-1")
    watcher.watch([task])
    (last,) = watcher.wait_for_updates(timeout_s=10.0)
    watcher.close()

    assert (last.state, last.fault, last.activation_id) == (TaskState.SUCCESS, None, None)
    assert last.completed_at is not None
    placement = VCenterPlacementReader(session).read_placements([vm.ref])[vm.ref]
    assert placement.host == move.destination.host.ref


def test_without_operation_ids_no_task_is_taken_for_ours(session: Session, inventory: Inventory) -> None:
    since = session.now()
    VCenterRelocator(session).start_relocation(move_away(inventory, inventory.vms[0]), op_id="op-1")
    assert VCenterTaskFinder(session).find_relocation(inventory.vms[0].ref, op_id="op-1", since=since) is None


def test_missing_logs_are_a_note(session: Session, inventory: Inventory) -> None:
    tail = read_log_tail(session, inventory.hosts[0].named, since=None)
    assert tail.lines == ()
    assert len(tail.notes) == 1
    assert "QueryDescriptions" in tail.notes[0]
