"""The hosts' logs of a simulated vCenter, read after a relocation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.observer import observing
from tests.sim.reading import move_away, session_with
from vsphere_motion.errors import SessionEnded
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.hostlogs import read_log_tail
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

pytestmark = pytest.mark.vcsim


def relocate_one(session: Session) -> tuple[Move, datetime]:
    """A relocation from beginning to end, and when it was asked for."""
    inventory = take_snapshot(session)
    move = move_away(inventory, inventory.vms[0])
    since = session.now()
    watcher = VCenterTaskWatcher(session)
    watcher.watch([VCenterRelocator(session).start_relocation(move, op_id="op-1")])
    news: list[TaskStatus] = []
    while not any(status.state is not None and status.state.is_final for status in news):
        news += watcher.wait_for_updates(timeout_s=5.0)
    watcher.close()
    return move, since


def host_of(session: Session) -> NamedRef:
    return take_snapshot(session).hosts[0].named


def test_both_hosts_tell_of_the_migration(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        move, since = relocate_one(session)
        assert move.source.host is not None
        assert move.destination.host is not None
        tails = [read_log_tail(session, host, since=since) for host in (move.source.host, move.destination.host)]
    migration_id = vcenter.control.motions()[0]["migration_id"]
    for tail, host in zip(tails, (move.source.host, move.destination.host), strict=True):
        assert tail.notes == ()
        assert any(migration_id in line.text for line in tail.lines)
        assert {(line.host, line.log) for line in tail.lines} == {(host.name, "vmkernel")}
        assert all(line.at is not None and line.at >= since for line in tail.lines)
        assert [line.number for line in tail.lines] == sorted(line.number for line in tail.lines)


def test_the_whole_log_is_read_where_no_time_is_given(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        host = host_of(session)
        whole = read_log_tail(session, host, since=None)
        last = read_log_tail(session, host, since=None, max_lines=5)
    assert whole.lines[0].number == 1
    assert whole.notes == last.notes == ()
    # the host goes on writing: the second reading may end with newer lines
    assert len(last.lines) == 5
    assert last.lines[0].number >= whole.lines[-5].number
    numbers = [line.number for line in last.lines]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert {line.number: line for line in whole.lines}.items() >= {
        line.number: line for line in last.lines if line.number <= whole.lines[-1].number
    }.items()


@pytest.mark.parametrize("log", ["hostd", "vpxa"])
def test_other_logs_are_read_the_same_way(shared_vcenter: SimulatedVCenter, log: str) -> None:
    with session_with(shared_vcenter) as session:
        assert read_log_tail(session, host_of(session), log=log, since=None).lines


def test_what_cannot_be_read_is_a_note(shared_vcenter: SimulatedVCenter) -> None:
    ghost = NamedRef(ref=MoRef(kind="HostSystem", moid="host-999999"), name="gone")
    with session_with(shared_vcenter) as session:
        host = host_of(session)
        (no_log,) = read_log_tail(session, host, log="fdm", since=None).notes
        (no_host,) = read_log_tail(session, ghost, since=None).notes
    assert f"{host} has no log called fdm; it has: hostd, vmkernel" in no_log
    assert "Could not list the logs of gone (host-999999)" in no_host


def test_an_ended_session_is_no_note(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter, relogin=False) as session:
        host = replace(host_of(session), name="esx")
        with observing(vcenter) as observer:
            manager = observer.content.sessionManager
            own = manager.currentSession.key
            manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])
        with pytest.raises(SessionEnded):
            read_log_tail(session, host, since=None)
