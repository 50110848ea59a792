"""Connections that a load balancer has closed behind our back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fault.doors import moves_of, session_through
from tests.promises import record, tries
from vsphere_motion.testing.faultproxy import FaultProxy
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.vcenter.relocate import VCenterRelocator

pytestmark = pytest.mark.vcsim

CUTS: tuple[Callable[[FaultProxy], int], ...] = (
    lambda proxy: proxy.cut_idle(),
    lambda proxy: proxy.cut_idle(reset=True),
    lambda proxy: proxy.cut_idle(late=True),
)
"""Closed; reset; forgotten, which shows only when the next request is sent."""


def test_row_15_no_submit_is_lost_to_a_stale_connection(
    vcenter_factory: VCenterFactory, fault_proxy: Callable[..., FaultProxy]
) -> None:
    count = tries(reduced=20, whole=200)
    vcenter = vcenter_factory(hosts=4, vms=count)
    proxy = fault_proxy(vcenter)
    with session_through(proxy) as session:
        relocator = VCenterRelocator(session)
        cut = []
        tasks = set()
        for number, move in enumerate(moves_of(session, count)):
            cut.append(CUTS[number % len(CUTS)](proxy))
            tasks.add(relocator.start_relocation(move, op_id=f"stale-{number}"))
    truths = [motion["operation_id"] for motion in vcenter.control.motions()]
    record(15, f"{len(tasks)}/{count} submitted; sent {proxy.sent('RelocateVM_Task')}, tasks {len(truths)}")
    assert all(cut)
    assert sorted(truths) == sorted(f"stale-{number}" for number in range(count))
    assert len(tasks) == proxy.sent("RelocateVM_Task") == count
