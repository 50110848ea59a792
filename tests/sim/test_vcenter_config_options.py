"""The limits of hosts, as vCenter answers for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.reading import as_it_is, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import fault
from vsphere_motion.preflight.surroundings import VmLimits
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.config_options import read_vm_limits
from vsphere_motion.vcenter.inventory import take_snapshot

pytestmark = pytest.mark.vcsim

ABSENT = servers.send(fault("MethodNotFound", "not here", "<receiver type='EnvironmentBrowser'>e</receiver>"))
DENIED = servers.send(
    fault("NoPermission", "denied", "<object type='Folder'>group-d1</object><privilegeId>System.View</privilegeId>")
)
SITE = """
version: 1
datastores: [{name: store}]
networks: [{name: net}]
clusters:
  - name: prod
    hosts:
      - {name: esx01}
      - {name: esx02, max_video_ram_mib: 2, max_cores_per_socket: 4}
  - name: edge
    hosts: [{name: esx03, max_cores_per_socket: 8}]
"""
MIB = 1024 * 1024


def test_each_host_of_each_cluster_tells_its_own_limits(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    scenario = tmp_path / "site.yaml"
    scenario.write_text(SITE, encoding="utf-8")
    with session_with(vcenter_factory(scenario=scenario)) as session:
        hosts = sorted(take_snapshot(session).hosts, key=lambda host: host.name)
        limits = read_vm_limits(session, hosts)
    assert [(one.host, one.max_video_bytes, one.max_cores_per_socket) for one in limits] == [
        (hosts[0].ref, 128 * MIB, 0),
        (hosts[1].ref, 2 * MIB, 4),
        (hosts[2].ref, 128 * MIB, 8),
    ]


def test_a_host_that_will_not_tell_is_unknown_and_one_that_cannot_has_no_limits(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        hosts = take_snapshot(session).hosts[:2]
        server.faults["QueryConfigOptionEx"] = [DENIED, ABSENT]
        limits = read_vm_limits(session, hosts)
    assert limits == (VmLimits(host=hosts[0].ref, max_video_bytes=None, max_cores_per_socket=None),)


def test_no_hosts_no_calls(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        shared_vcenter.control.clear_trace()
        assert read_vm_limits(session, []) == ()
        assert shared_vcenter.control.trace() == []
