"""The simulated hosts' logs of ESXi 6.5, 7.0 and 8.0, read by what reads real ones."""

from __future__ import annotations

import itertools
import re
import ssl
import urllib.parse
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.sim.reading import move_to, session_with
from vsphere_motion.model.inventory import Host, Inventory
from vsphere_motion.model.record import LogLine, MotionRecord
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.motionlog.timeline import read_motion
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.hostlogs import read_log_tail
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

pytestmark = pytest.mark.vcsim

RELEASES = ("6.5", "7.0", "8.0")
SKEW = timedelta(seconds=120)


def site(directory: Path, skews: Sequence[float], more: str = "") -> Path:
    """One cluster with a host of each release, and one busy VM."""
    hosts = "\n".join(
        f'      - {{name: esx-{release}, esxi: "{release}", clock_skew_s: {skew}}}'
        for release, skew in zip(RELEASES, skews, strict=True)
    )
    path = directory / "site.yaml"
    path.write_text(
        f"version: 1\nclusters:\n  - name: c\n    hosts:\n{hosts}\n"
        "datastores: [{name: ds}]\nnetworks: [{name: net}]\n"
        f"vms: [{{name: vm, host: esx-6.5, memory_gib: 16, dirty_mbps: 300}}]\n{more}",
        encoding="utf-8",
    )
    return path


def relocate(session: Session, inventory: Inventory, to: Host, op_id: str) -> TaskStatus:
    """A relocation from beginning to end."""
    watcher = VCenterTaskWatcher(session)
    watcher.watch([VCenterRelocator(session).start_relocation(move_to(inventory, inventory.vms[0], to), op_id=op_id)])
    while True:
        for status in watcher.wait_for_updates(timeout_s=20.0):
            if status.state is not None and status.state.is_final:
                watcher.close()
                return status


def lines_of(session: Session, host: Host, since: datetime) -> list[LogLine]:
    tails = [read_log_tail(session, host.named, log=log, since=since - SKEW) for log in ("vmkernel", "vpxa")]
    assert all(tail.lines for tail in tails)
    return [line for tail in tails for line in tail.lines]


def read_record(session: Session, source: Host, destination: Host, since: datetime, op_id: str | None) -> MotionRecord:
    record = read_motion(
        source_host=source.name,
        destination_host=destination.name,
        source_lines=lines_of(session, source, since),
        destination_lines=lines_of(session, destination, since),
        source_addresses=[],
        destination_addresses=[],
        since=since,
        until=session.now(),
        operation_id=op_id,
    )
    assert record is not None
    return record


@pytest.mark.parametrize("skews", [(0, 0, 0), (0, 90, 0), (-45, 45, 0)], ids=["in-step", "one-ahead", "90-apart"])
def test_id_bandwidth_and_downtime_are_read_from_every_release(
    vcenter_factory: VCenterFactory, tmp_path: Path, skews: tuple[float, ...]
) -> None:
    vcenter = vcenter_factory(scenario=site(tmp_path, skews), speed=1000.0)
    pairs = [*itertools.pairwise((0, 1, 2, 0, 2, 1, 0))]
    with session_with(vcenter) as session:
        for number, (source_index, target_index) in enumerate(pairs):
            inventory = take_snapshot(session)
            hosts = {host.name: host for host in inventory.hosts}
            source, target = (hosts[f"esx-{RELEASES[index]}"] for index in (source_index, target_index))
            since = session.now()
            op_id = f"move-{number}"
            assert relocate(session, inventory, target, op_id).fault is None
            record = read_record(session, source, target, since, op_id)
            truth = vcenter.control.motions()[-1]
            assert record.migration_id == truth["migration_id"]
            assert record.precopy_bandwidth_bps == pytest.approx(truth["bandwidth_bps"], rel=1e-5)
            assert record.downtime_s == pytest.approx(truth["downtime_s"], abs=2e-6)
            assert record.failures == ()


def test_a_planted_failure_is_read_with_its_code(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    planted = "faults: [{match: {count: 1}, when: {percent: 30}, network_loss: {seconds: 25}}]\n"
    vcenter = vcenter_factory(scenario=site(tmp_path, (0, 0, 0), planted), speed=1000.0)
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
        hosts = {host.name: host for host in inventory.hosts}
        since = session.now()
        status = relocate(session, inventory, hosts["esx-8.0"], "op")
        record = read_record(session, hosts["esx-6.5"], hosts["esx-8.0"], since, "op")
    assert status.fault is not None
    assert "Connection closed by remote host, possibly due to timeout (195887167)" in status.fault.message
    assert "0xbad003f" in {failure.code for failure in record.failures}


def test_the_machines_own_log_is_served_from_its_folder(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    vcenter = vcenter_factory(scenario=site(tmp_path, (0, 0, 0)), speed=1000.0)
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
        hosts = {host.name: host for host in inventory.hosts}
        relocate(session, inventory, hosts["esx-8.0"], "op")
    truth = vcenter.control.motions()[-1]
    own = fetch(vcenter, "vm/vmware.log")
    stopped = re.search(r" In\(05\) vcpu-0 - Checkpoint_Unstun: vm stopped for (\d+) us\n", own)
    assert stopped is not None
    assert int(stopped[1]) == pytest.approx(truth["downtime_s"] * 1e6, abs=1)
    assert f"to' request for mid id {truth['migration_id']}" in fetch(vcenter, "vm/vmware-1.log")


def test_a_log_that_was_rotated_begins_anew_and_its_old_file_is_shown(
    vcenter_factory: VCenterFactory, tmp_path: Path
) -> None:
    path = site(tmp_path, (0, 0, 0))
    path.write_text(
        path.read_text(encoding="utf-8").replace("clock_skew_s", "log_kib: 4, clock_skew_s"), encoding="utf-8"
    )
    vcenter = vcenter_factory(scenario=path, speed=1000.0)
    with session_with(vcenter) as session:
        host = next(host for host in take_snapshot(session).hosts if host.name == "esx-7.0")
        tail = read_log_tail(session, host.named, since=None)
    current, old = (vcenter.control.log_lines(host.ref.moid, file=number) for number in (0, 1))
    assert [line.text for line in tail.lines] == current[: len(tail.lines)]
    assert tail.lines[0].number == 1
    assert 3000 < len("\n".join(old)) < 4096
    assert old[-1][:24] <= current[0][:24]


def fetch(vcenter: SimulatedVCenter, path: str) -> str:
    """A file of the VM's folder over HTTPS, as a browser of datastores would."""
    query = urllib.parse.urlencode({"dcPath": "DC0", "dsName": "ds"})
    url = f"https://{vcenter.host}:{vcenter.port}/folder/{path}?{query}"
    context = ssl.create_default_context(cafile=str(vcenter.ca_file))
    with urllib.request.urlopen(url, context=context, timeout=30) as answer:
        content: bytes = answer.read()
    return content.decode()
