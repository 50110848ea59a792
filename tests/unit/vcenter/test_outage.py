"""How long is waited for a vCenter that is away, with a clock of the test's own."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from vsphere_motion.errors import (
    CallTimeout,
    CertificateUntrusted,
    LoginRefused,
    MotionError,
    PinMismatch,
    ProtocolError,
    SessionEnded,
    Unreachable,
    VCenterFault,
    VCenterUnavailable,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.faults import translate
from vsphere_motion.vcenter.outage import SLICE_S, VCenterPresence, pause_s

AWAY = Unreachable("refused")


@dataclass
class World:
    """A clock, and a vCenter that answers with these, one for each question, and then with the time.

    Attributes:
        asked_at: when each question came.
        allowed_s: the deadline of each question, and how often it might be asked.
    """

    answers: list[MotionError] = field(default_factory=list)
    question_takes_s: float = 0.0
    now_s: float = 100.0
    endpoint: Endpoint = field(default_factory=lambda: Endpoint(host="vc01"))
    asked_at: list[float] = field(default_factory=list)
    allowed_s: list[tuple[float, int]] = field(default_factory=list)
    longest_wait_s: float = 0.0

    def wait(self, seconds: float) -> None:
        self.longest_wait_s = max(self.longest_wait_s, seconds)
        self.now_s += seconds

    @contextmanager
    def deadline(self, seconds: float, *, tries: int) -> Iterator[None]:
        self.allowed_s.append((seconds, tries))
        yield

    def now(self) -> None:
        self.asked_at.append(self.now_s)
        self.now_s += self.question_takes_s
        if self.answers:
            raise self.answers.pop(0)

    def presence(self, jitter: float = 1.0) -> VCenterPresence:
        return VCenterPresence(self, wait=self.wait, monotonic_s=lambda: self.now_s, jitter=lambda: jitter)

    def wait_until_back(self, *, limit_s: float | None = None, stop_at_s: float = float("inf")) -> bool:
        return self.presence().wait_until_back(is_stopping=lambda: self.now_s >= stop_at_s, limit_s=limit_s)

    @property
    def pauses(self) -> list[float]:
        times = [100.0, *self.asked_at]
        return [round(later - earlier, 6) for earlier, later in pairwise(times)]


def test_a_vcenter_that_answers_is_back_at_once() -> None:
    world = World()
    assert world.wait_until_back()
    assert world.pauses == [0.1]


def test_the_pauses_double_up_to_half_a_minute() -> None:
    world = World(answers=[AWAY] * 11)
    assert world.wait_until_back()
    assert world.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0, 30.0]


def test_the_pauses_vary_by_half() -> None:
    world = World(answers=[AWAY] * 3)
    assert world.presence(jitter=0.5).wait_until_back(is_stopping=lambda: False, limit_s=None)
    assert world.pauses == [0.05, 0.1, 0.2, 0.4]


def test_a_long_outage_has_no_longer_pauses() -> None:
    assert pause_s(10_000) == 30.0


def test_each_question_is_asked_once_and_may_take_longer_than_the_one_before() -> None:
    world = World(answers=[AWAY] * 5)
    assert world.wait_until_back()
    assert world.allowed_s == [(2.0, 1), (4.0, 1), (8.0, 1), (15.0, 1), (15.0, 1), (15.0, 1)]


def test_a_question_takes_no_longer_than_any_call() -> None:
    world = World(answers=[AWAY] * 2, endpoint=Endpoint(host="vc01", call_timeout_s=3.0))
    assert world.wait_until_back()
    assert world.allowed_s == [(2.0, 1), (3.0, 1), (3.0, 1)]


def test_it_is_given_up_at_the_limit() -> None:
    world = World(answers=[AWAY] * 100)
    assert not world.wait_until_back(limit_s=10.0)
    assert world.now_s == pytest.approx(110.0)


def test_a_question_that_outlasts_the_limit_is_the_last() -> None:
    world = World(answers=[AWAY] * 100, question_takes_s=20.0)
    assert not world.wait_until_back(limit_s=10.0)
    assert len(world.asked_at) == 1


def test_whoever_wants_to_stop_is_heard_within_a_slice() -> None:
    world = World(answers=[AWAY] * 100)
    assert not world.wait_until_back(stop_at_s=120.0)
    assert world.now_s <= 120.0 + SLICE_S
    assert world.longest_wait_s <= SLICE_S


def test_nothing_is_asked_when_it_is_to_stop_already() -> None:
    world = World()
    assert not world.wait_until_back(stop_at_s=0.0)
    assert world.asked_at == []


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        CallTimeout("no answer"),
        ProtocolError("a page of the proxy"),
        VCenterFault("starting", fault_kind="SystemError"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_is_waited_out(error: VCenterUnavailable) -> None:
    assert World(answers=[error] * 3).wait_until_back()


@pytest.mark.parametrize(
    "error",
    [
        LoginRefused("no"),
        SessionEnded("ended, and no password is kept"),
        PinMismatch("another certificate"),
        CertificateUntrusted("nobody's"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_does_not_pass_is_raised(error: MotionError) -> None:
    world = World(answers=[AWAY, error])
    with pytest.raises(type(error)) as caught:
        world.wait_until_back()
    assert caught.value is error


def test_a_tls_alert_may_pass_and_an_answer_that_is_no_answer_may_not() -> None:
    alert = translate(ssl.SSLError(1, "[SSL: TLSV1_ALERT_INTERNAL_ERROR]"), what="watch")
    assert isinstance(alert, ProtocolError)
    assert alert.may_pass
    odd = translate(http.client.BadStatusLine("x"), what="watch")
    assert isinstance(odd, ProtocolError)
    assert not odd.may_pass
    untrusted = translate(ssl.SSLCertVerificationError(1, "untrusted"), what="watch")
    assert isinstance(untrusted, CertificateUntrusted)
    assert not untrusted.may_pass


def test_the_errors_of_an_outage_say_that_they_may_pass() -> None:
    family = {kind: kind.may_pass for kind in (VCenterUnavailable, *VCenterUnavailable.__subclasses__())}
    assert {kind for kind, may_pass in family.items() if may_pass} == {Unreachable, CallTimeout}
