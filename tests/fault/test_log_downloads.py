"""A VM's own logs are read from vCenter alone, whatever it answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.promises import record
from tests.sim.reading import move_away, session_with
from tests.sim.transport.certificates import make_authority, make_server
from tests.sim.transport.servers import Reply, Request, Server, forward_to
from vsphere_motion.errors import VCenterUnavailable
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.download import download_file
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher
from vsphere_motion.vcenter.vmlogs import read_vm_logs

pytestmark = pytest.mark.vcsim

STATUSES = (301, 302, 303, 307, 308)


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A host that nobody should speak to: its port, and what reached it."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5.0)
                seen.append(connection.recv(65536))

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield int(listener.getsockname()[1]), seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def sending_elsewhere(vcenter: SimulatedVCenter, directory: Path, to: str, status: int) -> Iterator[Session]:
    """A session with a vCenter that sends whoever asks for a file to another address."""
    assert vcenter.ca_file is not None
    forward = forward_to("127.0.0.1", vcenter.port, vcenter.ca_file)

    def backend(request: Request) -> Reply:
        if not request.body:
            return Reply(status=status, headers=(("Location", to),))
        return forward(request)

    authority = make_authority(directory)
    with (
        Server(backend, make_server(directory, "front", authority)) as server,
        session_with(vcenter, port=server.port, ca_file=authority.certificate_file) as session,
    ):
        yield session


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_row_44_a_redirect_takes_nothing_to_another_host(
    shared_vcenter: SimulatedVCenter, tmp_path: Path, status: int, scheme: str
) -> None:
    with (
        listening() as (port, seen),
        sending_elsewhere(shared_vcenter, tmp_path, f"{scheme}://127.0.0.1:{port}/vmware.log", status) as session,
        pytest.raises(VCenterUnavailable, match=f"HTTP {status} .*is not followed"),
    ):
        download_file(session, "[ds] vm/vmware.log", datacenter="DC0", deadline=Deadline(10.0), limit_bytes=1024)
    record(44, f"{len(seen)} requests reached the other host ({scheme}, HTTP {status})")
    assert seen == []


@pytest.mark.parametrize("path", ["https://elsewhere/vmware.log", "//elsewhere/vmware.log", "vm/vmware.log", ""])
def test_row_44_a_path_that_names_another_host_is_no_path(shared_vcenter: SimulatedVCenter, path: str) -> None:
    with session_with(shared_vcenter) as session, pytest.raises(VCenterUnavailable, match="not the path of a file"):
        download_file(session, path, datacenter="DC0", deadline=Deadline(10.0), limit_bytes=1024)


def test_a_directory_that_leads_out_stays_below_the_folder(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session, pytest.raises(VCenterUnavailable):
        download_file(
            session,
            "[ds?dsName=other] ../../sdk?x=#y/vmware.log",
            datacenter="DC0&dsName=other",
            deadline=Deadline(10.0),
            limit_bytes=1024,
        )


def test_the_newest_logs_are_read_and_a_large_one_is_cut(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
        move = move_away(inventory, inventory.vms[0])
        watcher = VCenterTaskWatcher(session)
        watcher.watch([VCenterRelocator(session).start_relocation(move, op_id="op-1")])
        news: list[TaskStatus] = []
        while not any(status.state is not None and status.state.is_final for status in news):
            news += watcher.wait_for_updates(timeout_s=5.0)
        watcher.close()
        tail = read_vm_logs(session, move.vm.ref, deadline=Deadline(20.0))
        store = next(one.name for one in inventory.datastores if one.ref in (inventory.vms[0].datastores or ()))
        path = f"[{store}] {move.vm.name}/vmware.log"
        cut = download_file(session, path, datacenter="DC0", deadline=Deadline(10.0), limit_bytes=100)
    (truth,) = vcenter.control.motions()
    assert tail.notes == ()
    assert {line.log for line in tail.lines} == {"vmware", "vmware-1"}
    assert any(f"mid id {truth['migration_id']}" in line.text for line in tail.lines if line.log == "vmware-1")
    assert any("Checkpoint_Unstun" in line.text for line in tail.lines if line.log == "vmware")
    assert len(cut) == 100


def test_a_silent_server_ends_with_the_deadline(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    assert shared_vcenter.ca_file is not None
    forward = forward_to("127.0.0.1", shared_vcenter.port, shared_vcenter.ca_file)
    released = threading.Event()

    def backend(request: Request) -> Reply:
        if not request.body:
            released.wait(30)
        return forward(request) if request.body else Reply()

    authority = make_authority(tmp_path)
    with (
        Server(backend, make_server(tmp_path, "front", authority)) as server,
        session_with(shared_vcenter, port=server.port, ca_file=authority.certificate_file) as session,
    ):
        deadline = Deadline(1.0)
        with pytest.raises(VCenterUnavailable, match="no answer within"):
            download_file(session, "[ds] vm/vmware.log", datacenter="DC0", deadline=deadline, limit_bytes=10)
        assert deadline.left_s > -2.0
        released.set()
