"""What the account lacks, asked of a simulated vCenter and of one that answers oddly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.reading import as_it_is, rewritten, session_with
from tests.sim.transport import servers
from tests.sim.transport.canned import fault
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.privileges import read_missing

pytestmark = pytest.mark.vcsim

MOVE = ("Resource.ColdMigrate", "Resource.HotMigrate")
DENIED = servers.send(
    fault("NoPermission", "denied", "<object type='Folder'>group-d1</object><privilegeId>System.View</privilegeId>")
)


def test_what_is_granted_is_not_missing_and_alike_objects_share_a_call(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        inventory = take_snapshot(session)
        wanted = {vm.ref: MOVE for vm in inventory.vms} | {pool.ref: MOVE[:1] for pool in inventory.pools}
        assert read_missing(session, wanted) == dict.fromkeys(wanted, ())
        assert server.methods.count("HasPrivilegeOnEntities") == 2


def test_what_is_not_granted_or_not_answered_is_missing(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    def refuse(method: str, body: bytes) -> bytes:
        """HotMigrate is refused, and nothing is said of ColdMigrate."""
        if method != "HasPrivilegeOnEntities":
            return body
        return body.replace(b"Resource.ColdMigrate", b"Some.Other").replace(
            b"Resource.HotMigrate</privId><isGranted>true", b"Resource.HotMigrate</privId><isGranted>false"
        )

    with rewritten(shared_vcenter, tmp_path, refuse) as (session, _):
        vm = take_snapshot(session).vms[0].ref
        assert read_missing(session, {vm: (*MOVE, "System.View")}) == {vm: MOVE}


def test_a_question_that_is_refused_is_unknown_and_leaves_the_others(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        inventory = take_snapshot(session)
        vm, pool = inventory.vms[0].ref, inventory.pools[0].ref
        server.faults["HasPrivilegeOnEntities"] = [DENIED]
        assert read_missing(session, {vm: MOVE, pool: MOVE[:1]}) == {vm: None, pool: ()}


def test_nothing_wanted_asks_nothing(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        shared_vcenter.control.clear_trace()
        assert read_missing(session, {}) == {}
        assert shared_vcenter.control.trace() == []
