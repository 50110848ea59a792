"""What a vCenter answers to the reads of a snapshot, decoded by us and by pyVmomi: every value is the same.

Nothing that the simulator sends may be left to pyVmomi either: the fast way would be there, and not be taken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fault.doors import session_through
from tests.unit.vcenter.pages import CONTINUE, RETRIEVE, by_pyvmomi, decoded, is_same
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.collector import PAGE_SIZE, read_all
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.session import Session

pytestmark = pytest.mark.vcsim

SCENARIOS = sorted(path.stem for path in Path(__file__).parents[2].glob("vcsim/scenarios/*.yaml"))
METHODS = {"RetrievePropertiesEx": RETRIEVE, "ContinueRetrievePropertiesEx": CONTINUE}
CALL_TIMEOUT_S = 300.0
LONG = (pytest.mark.nightly, pytest.mark.timeout(900))
LEAVES = {"VirtualMachine": ("name", "runtime.host", "runtime.powerState"), "HostSystem": ("name", "vm")}
Answers = list[tuple[Any, bytes]]


def answers_to(ask: Callable[[Session], object], vcenter: SimulatedVCenter) -> Answers:
    """The method and the body of every answer to a read of properties that the question makes."""
    answers: Answers = []

    def keep(method: Any, body: bytes) -> bytes:
        answers.append((method, body))
        return body

    with FaultProxy(vcenter) as proxy:
        for name, method in METHODS.items():
            proxy.plant(Rule(kind="edit", method=name, edit=lambda body, of=method: keep(of, body), times=None))
        with session_through(proxy, call_timeout_s=CALL_TIMEOUT_S) as session:
            ask(session)
    return answers


def require_same(answers: Answers) -> None:
    assert answers
    for method, body in answers:
        page = decoded(body, method)
        assert page is not None, body[:2000]
        assert is_same(page, by_pyvmomi(body, method)), body[:2000]


@pytest.mark.parametrize("scenario", [pytest.param(name, marks=LONG if name == "large" else ()) for name in SCENARIOS])
def test_a_shipped_scenario_is_read_the_same(vcenter_factory: VCenterFactory, scenario: str) -> None:
    require_same(answers_to(take_snapshot, vcenter_factory(scenario=scenario)))


def test_a_stock_site_is_read_the_same(vcenter_factory: VCenterFactory) -> None:
    require_same(answers_to(take_snapshot, vcenter_factory(hosts=4, vms=8, stock=True)))


def test_pages_are_read_the_same(vcenter_factory: VCenterFactory) -> None:
    answers = answers_to(lambda session: read_all(session, LEAVES), vcenter_factory(hosts=4, vms=PAGE_SIZE))
    assert CONTINUE in [method for method, _ in answers]
    require_same(answers)
