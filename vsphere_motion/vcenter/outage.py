"""Waiting for a vCenter that is away: how long between two questions, and what is no outage.

Rules of this file: a question is one call that is not repeated and has a short deadline of its own, so that whoever
waits can be interrupted; the clock, the pauses and the jitter come in as arguments.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from vsphere_motion.errors import CertificateUntrusted, PinMismatch, SessionEnded, VCenterUnavailable

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
JITTER = (0.5, 1.0)
"""The part of a pause that is waited: many programs that lost the same vCenter do not come back as one."""

SLICE_S = 0.25
"""How long nobody looks whether to stop."""

FIRST_QUESTION_S = 2.0
LONGEST_QUESTION_S = 15.0

_FOR_GOOD = (CertificateUntrusted, PinMismatch, SessionEnded)
_DOUBLINGS = 20
_NEVER = threading.Event()
_log = logging.getLogger(__name__)


def pause_s(attempt: int) -> float:
    """The longest pause before question number `attempt`, counted from 0: 0.1 s doubling, at most 30 s."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt, _DOUBLINGS))


class VCenterPresence:
    """A `run.ports.ServerPresence`.

    Args:
        wait: lets this many seconds pass.
        monotonic_s: seconds on a clock that never jumps.
        jitter: a number between `JITTER`'s, by chance.

    Calls: CurrentTime; Login where the session has ended.
    Needs: nothing but a session.
    """

    def __init__(
        self,
        session: Session,
        *,
        wait: Callable[[float], object] = _NEVER.wait,
        monotonic_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.SystemRandom().uniform(*JITTER),
    ) -> None:
        self._session = session
        self._wait = wait
        self._monotonic_s = monotonic_s
        self._jitter = jitter

    def wait_until_back(self, *, is_stopping: Callable[[], bool], limit_s: float | None) -> bool:
        """Ask vCenter until it answers; see `run.ports.ServerPresence`.

        Raises:
            LoginRefused: it refused a new login.
            CertificateUntrusted, PinMismatch, SessionEnded: waiting does not help.
        """
        began_s = self._monotonic_s()
        ends_s = float("inf") if limit_s is None else began_s + limit_s
        for attempt in count():
            if not self._pause(pause_s(attempt) * self._jitter(), ends_s, is_stopping):
                return False
            lost = self._ask(attempt)
            if lost is None:
                _log.info("%s answers again after %.1f s", self._server, self._monotonic_s() - began_s)
                return True
            _log.warning("%s is away: %s; asking again in %.1f s at most", self._server, lost, pause_s(attempt + 1))
        raise AssertionError("there is always another question")

    @property
    def _server(self) -> str:
        return self._session.endpoint.address

    def _ask(self, attempt: int) -> str | None:
        """None if vCenter answers, else why it does not; a longer time for each question: it may be slow at first."""
        allowed_s = min(LONGEST_QUESTION_S, FIRST_QUESTION_S * 2.0 ** min(attempt, _DOUBLINGS))
        try:
            with self._session.deadline(min(allowed_s, self._session.endpoint.call_timeout_s), tries=1):
                self._session.now()
        except _FOR_GOOD:
            raise
        except VCenterUnavailable as lost:
            return lost.message
        return None

    def _pause(self, seconds: float, ends_s: float, is_stopping: Callable[[], bool]) -> bool:
        """Let a pause pass in slices; False if it was to stop, or the time was over."""
        until_s = self._monotonic_s() + seconds
        while (now_s := self._monotonic_s()) < min(until_s, ends_s):
            if is_stopping():
                return False
            self._wait(min(SLICE_S, min(until_s, ends_s) - now_s))
        return now_s < ends_s and not is_stopping()
