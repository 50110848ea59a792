"""The hosts' clocks held against vCenter's: the answers are written here, the simulator has no clocks of hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sim.reading import as_it_is, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import answer, fault
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
        server.faults["CurrentTime"] = [
            servers.send(answer("CurrentTime", f"<returnval>{theirs.isoformat().replace('+00:00', 'Z')}</returnval>"))
        ]
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


def test_no_hosts_no_calls(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        shared_vcenter.control.clear_trace()
        assert read_clocks(session, []) == ()
        assert shared_vcenter.control.trace() == []
