"""A vCenter that has gone silent, or nearly: every call ends at its deadline, and nothing is left to be killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from tests.fault.doors import credentials_of, endpoint_of, session_through
from tests.promises import record
from vsphere_motion.errors import CallTimeout, MotionError, OutcomeUnknown
from vsphere_motion.model.endpoint import DEFAULT_CALL_TIMEOUT_S, DEFAULT_CONNECT_TIMEOUT_S, Endpoint
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter import task_filter, tcp
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.session import Session, open_session

pytestmark = pytest.mark.vcsim

DEADLINE_S = 0.4
OVER_S = 0.5
"""How much later than its deadline a call may end, by the promise."""


@pytest.fixture
def proxy(shared_vcenter: SimulatedVCenter) -> Iterator[FaultProxy]:
    with FaultProxy(shared_vcenter) as running:
        yield running


def _retrieve(session: Session, *, page: int | None = None) -> Any:
    collector = vmodl.query.PropertyCollector
    view = session.content.viewManager.CreateContainerView(session.content.rootFolder, [vim.VirtualMachine], True)
    step = collector.TraversalSpec(type=type(view), path="view", skip=False)
    spec = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        propSet=[collector.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
    )
    return session.content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions(maxObjects=page))


def _continue(session: Session) -> None:
    session.content.propertyCollector.ContinueRetrievePropertiesEx(_retrieve(session, page=1).token)


def _create_filter(session: Session) -> Any:
    collector = vmodl.query.PropertyCollector
    spec = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=session.content.rootFolder)],
        propSet=[collector.PropertySpec(type=vim.Folder, pathSet=["name"])],
    )
    return session.content.propertyCollector.CreateFilter(spec, partialUpdates=False)


def _wait_for_updates(session: Session) -> None:
    _create_filter(session)
    options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=0)
    session.content.propertyCollector.WaitForUpdatesEx("", options)


def _task_collector(session: Session) -> Any:
    return session.content.taskManager.CreateCollectorForTasks(vim.TaskFilterSpec())


def _relocate(session: Session) -> None:
    with translated("start the relocation of a VM that does not exist"):
        vim.VirtualMachine("vm-none", session.stub).RelocateVM_Task(vim.vm.RelocateSpec(), None)


METHODS: dict[str, Callable[[Session], object]] = {
    "CurrentTime": lambda session: session.now(),
    "RetrievePropertiesEx": _retrieve,
    "ContinueRetrievePropertiesEx": _continue,
    "CreateContainerView": _retrieve,
    "CreateListView": lambda session: session.content.viewManager.CreateListView([]),
    "CreateFilter": _create_filter,
    "WaitForUpdatesEx": _wait_for_updates,
    "CreateCollectorForTasks": _task_collector,
    "ReadNextTasks": lambda session: _task_collector(session).ReadNextTasks(10),
    "RelocateVM_Task": _relocate,
}
OPENING = ("RetrieveServiceContent", "Login")


def _seconds_until_the_error(call: Callable[[], object], error: type[MotionError]) -> float:
    started = time.monotonic()
    with pytest.raises(error, match=rf"within {DEADLINE_S:g} s"):
        call()
    return time.monotonic() - started


def _seconds_of(method: str, proxy: FaultProxy, vcenter: SimulatedVCenter) -> float:
    """How long one call of this method takes until it gives up."""
    if method in OPENING:
        endpoint = endpoint_of(proxy, call_timeout_s=DEADLINE_S)
        return _seconds_until_the_error(lambda: open_session(endpoint, credentials_of(vcenter)), CallTimeout)
    error = OutcomeUnknown if method == "RelocateVM_Task" else CallTimeout
    with session_through(proxy) as session, session.deadline(DEADLINE_S):
        return _seconds_until_the_error(lambda: METHODS[method](session), error)


def test_row_14_a_trickling_answer_ends_at_the_deadline(proxy: FaultProxy, shared_vcenter: SimulatedVCenter) -> None:
    """One byte in 0.1 s: every single wait is short, the whole call is not."""
    overs_s = {}
    for method in (*OPENING, *METHODS):
        planted = proxy.plant(Rule(kind="trickle", method=method))
        overs_s[method] = _seconds_of(method, proxy, shared_vcenter) - DEADLINE_S
        assert planted.hits == 1, method
        proxy.remove()
    assert len(overs_s) == 12
    record(14, f"{len(overs_s)}/12 ended; latest {max(overs_s.values()):.2f} s after its deadline")
    assert {method: over_s for method, over_s in overs_s.items() if not -0.01 < over_s < 3 * OVER_S} == {}


def test_row_02_a_connection_that_is_half_open_is_noticed_in_a_minute_by_default() -> None:
    """A long poll has its own wait and 15 s more; any other call has the deadline; the kernel finds an idle peer."""
    endpoint = Endpoint(host="vc.example")
    assert endpoint.call_timeout_s == DEFAULT_CALL_TIMEOUT_S <= 60
    assert endpoint.connect_timeout_s == DEFAULT_CONNECT_TIMEOUT_S <= 60
    assert task_filter.ANSWER_S <= 30
    assert tcp.KEEPALIVE_IDLE_S + tcp.KEEPALIVE_INTERVAL_S * tcp.KEEPALIVE_COUNT <= 60
    assert tcp.USER_TIMEOUT_S <= 60


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
@pytest.mark.parametrize("method", [*OPENING, *METHODS])
def test_row_02_a_call_into_silence_ends_at_its_deadline(
    proxy: FaultProxy, shared_vcenter: SimulatedVCenter, method: str, kind: Any
) -> None:
    proxy.plant(Rule(kind=kind, method=method, times=None))
    assert DEADLINE_S - 0.01 < _seconds_of(method, proxy, shared_vcenter) < 3 * DEADLINE_S


def test_row_02_a_session_whose_every_connection_went_silent_goes_on(proxy: FaultProxy) -> None:
    with session_through(proxy) as session:
        before = session.now()
        proxy.plant(Rule(kind="hang_before"))
        with session.deadline(DEADLINE_S), suppress(CallTimeout):
            session.now()
        assert session.now() >= before
        assert session.logins == 1
