"""Waiting for a vCenter that is away, as its network and its service come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.fault.doors import session_through
from tests.observer import observing
from vsphere_motion.errors import LoginRefused, PinMismatch, VCenterUnavailable
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.outage import VCenterPresence

pytestmark = pytest.mark.vcsim


@pytest.fixture
def proxy(vcenter: SimulatedVCenter) -> Iterator[FaultProxy]:
    with FaultProxy(vcenter) as running:
        yield running


def end_sessions_of_others(vcenter: SimulatedVCenter) -> None:
    with observing(vcenter) as observer:
        manager = observer.content.sessionManager
        own = manager.currentSession.key
        manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])


def never() -> bool:
    return False


def test_a_restart_from_reset_to_an_ended_session_is_waited_out(proxy: FaultProxy, vcenter: SimulatedVCenter) -> None:
    with session_through(proxy) as session:
        session.now()
        proxy.plant(Rule(kind="reset_before", method="CurrentTime"))
        proxy.plant(Rule(kind="answer", method="CurrentTime", status=503))
        proxy.refuse(0.5)
        end_sessions_of_others(vcenter)
        with pytest.raises(VCenterUnavailable) as caught, session.deadline(0.3):
            session.now()
        assert caught.value.may_pass
        assert VCenterPresence(session).wait_until_back(is_stopping=never, limit_s=60.0)
        assert session.logins == 2
        session.now()
    assert proxy.sent("Login") == 2


def test_a_wait_ends_soon_after_somebody_wants_to_stop(proxy: FaultProxy) -> None:
    stop = threading.Event()
    with session_through(proxy) as session:
        proxy.cut()
        proxy.refuse()
        threading.Timer(0.5, stop.set).start()
        started = time.monotonic()
        assert not VCenterPresence(session).wait_until_back(is_stopping=stop.is_set, limit_s=None)
        assert time.monotonic() - started < 6
        proxy.listen()


@pytest.mark.parametrize("how", ["refused", "another certificate"])
def test_what_does_not_pass_ends_the_wait(proxy: FaultProxy, vcenter: SimulatedVCenter, how: str) -> None:
    with session_through(proxy, thumbprint=proxy.thumbprint) as session:
        errors: dict[str, tuple[type[Exception], Callable[[], object]]] = {
            "refused": (LoginRefused, lambda: end_sessions_of_others(vcenter)),
            "another certificate": (PinMismatch, proxy.change_certificate),
        }
        expected, harm = errors[how]
        harm()
        vcenter.control.plant_faults({"match": {"method": "Login"}, "fail": {"fault": "InvalidLogin"}})
        proxy.cut()
        with pytest.raises(expected):
            VCenterPresence(session).wait_until_back(is_stopping=never, limit_s=60.0)
