"""The hosts' clocks held against vCenter's: by answers that are written here, and by the simulator's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sim.reading import as_it_is, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import answer, fault
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.clocks import read_clocks
from vsphere_motion.vcenter.inventory import take_snapshot

pytestmark = pytest.mark.vcsim

ABSENT = servers.send(fault("MethodNotFound", "not here", "<receiver type='HostDateTimeSystem'>t</receiver>"))
DENIED = servers.send(
    fault("NoPermission", "denied", "<object type='Folder'>group-d1</object><privilegeId>System.Read</privilegeId>")
)


def telling(at: datetime) -> servers.Fault:
    return servers.send(answer("QueryDateTime", f"<returnval>{at.isoformat().replace('+00:00', 'Z')}</returnval>"))


def test_a_clock_is_ahead_or_behind_of_vcenters_and_not_of_ours(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    theirs = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        hosts = [host.ref for host in take_snapshot(session).hosts[:3]]
        now = answer("CurrentTime", f"<returnval>{theirs.isoformat().replace('+00:00', 'Z')}</returnval>")
        server.faults["CurrentTime"] = [servers.send(now), servers.send(now)]
        server.faults["QueryDateTime"] = [
            telling(theirs + timedelta(seconds=30)),
            telling(theirs - timedelta(hours=1)),
            telling(theirs),
        ]
        readings = {reading.host: reading.ahead_s for reading in read_clocks(session, hosts)}
    assert readings == {
        hosts[0]: pytest.approx(30, abs=2),
        hosts[1]: pytest.approx(-3600, abs=2),
        hosts[2]: pytest.approx(0, abs=2),
    }


def test_a_host_that_will_not_tell_is_unknown_and_one_that_cannot_has_no_reading(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        hosts = [host.ref for host in take_snapshot(session).hosts[:2]]
        server.faults["QueryDateTime"] = [DENIED, ABSENT]
        readings = read_clocks(session, hosts)
    assert [(reading.host, reading.ahead_s) for reading in readings] == [(hosts[0], None)]


def test_a_clock_that_runs_faster_than_ours_is_no_skew(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "version: 1\nclusters:\n  - name: c\n    hosts:\n"
        + "".join(f"      - {{name: h{n}, clock_skew_s: {60 * (n % 2)}}}\n" for n in range(12))
        + "datastores: [{name: ds, hosts: all}]\nnetworks: [{name: net, hosts: all}]\nvms: []\n",
        encoding="utf-8",
    )
    with session_with(vcenter_factory(scenario=str(site), speed=50)) as session:
        hosts = {host.ref: host.name for host in take_snapshot(session).hosts}
        readings = {hosts[reading.host]: reading.ahead_s for reading in read_clocks(session, list(hosts))}
    assert readings == {f"h{n}": pytest.approx(60 * (n % 2), abs=25) for n in range(12)}


def test_no_hosts_no_calls(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        shared_vcenter.control.clear_trace()
        assert read_clocks(session, []) == ()
        assert shared_vcenter.control.trace() == []
