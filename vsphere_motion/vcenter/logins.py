"""The logins of one session: one at a time for all its threads, and none after the first refusal.

Rules of this file: who saw the session end says which login it saw, so that twenty threads that see the same end cost
one login, answered or not; a refusal is kept, because vCenter locks an account after a few; the credentials are kept
only as long as another login may be needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from vsphere_motion.errors import (
    AccessRefused,
    CredentialMissing,
    LoginRefused,
    Unreachable,
    VCenterFault,
    VCenterUnavailable,
)
from vsphere_motion.model.account import Credentials
from vsphere_motion.vcenter.deadline import Deadline, no_answer
from vsphere_motion.vcenter.faults import translate

if TYPE_CHECKING:
    from logging import Logger

MAX_RENEWALS = 2
"""New logins within one call: a session that ends a third time is not ended by chance."""

_HINT_LOST = "vCenter may be restarting; try again."

LogIn = Callable[[Credentials], None]
T = TypeVar("T")


class Logins:
    """How often a session has logged in, and how it does so again.

    Args:
        log_in: makes one login; it raises `AccessRefused` if vCenter refuses it.
        credentials: the account, and its password until `forget`.
        server: for the messages.
    """

    def __init__(self, log_in: LogIn, credentials: Credentials, *, server: str) -> None:
        self._log_in = log_in
        self.user = credentials.user
        self._credentials: Credentials | None = credentials
        self._who = f"{credentials.user} on {server}"
        self._lock = threading.Lock()
        self._refusal: tuple[str, tuple[str, ...]] | None = None  # no exception: its traceback has the credentials
        self._lost = 0
        self._lost_words = ""
        self._count = 0

    @property
    def count(self) -> int:
        """Logins so far; it tells one session of vCenter from the next."""
        return self._count

    @property
    def has_credentials(self) -> bool:
        """Whether another login is possible."""
        return self._credentials is not None

    def begin(self) -> None:
        """The first login.

        Raises:
            AccessRefused: vCenter refused it.
            VCenterUnavailable: there was no answer.
        """
        assert self._credentials is not None, "a session begins once"
        self._log_in(self._credentials)
        self._count += 1

    def adopt(self) -> None:
        """Count the login of a session that was kept by an earlier command."""
        self._count += 1

    def forget(self) -> None:
        """Drop the credentials: no login follows."""
        self._credentials = None

    def renew(self, seen: int, deadline: Deadline) -> bool:
        """Log in again, unless another thread has done so since login number `seen`.

        Args:
            deadline: how long to wait for the login of another thread.

        Returns:
            False: there are no credentials for it.

        Raises:
            LoginRefused: vCenter refused it now or before; it is never asked again.
            CredentialMissing: the password was to be looked for when it is needed, and there is none.
            VCenterUnavailable: there was no answer.
        """
        lost = self._lost
        if not self._lock.acquire(timeout=max(0.0, deadline.left_s)):
            raise translate(no_answer(deadline), what=f"wait for the new login of {self._who}")
        try:
            return self._renew(seen, lost)
        finally:
            self._lock.release()

    def lend(self, log_in: Callable[[Credentials], T]) -> T | None:
        """Make a login of another kind with the same account, one at a time; None where no credentials are kept.

        Raises:
            LoginRefused: vCenter refused it, or a login before; it is never asked again.
            VCenterUnavailable: there was no answer.
        """
        with self._lock:
            if self._refusal is not None:
                raise self._refused(*self._refusal)
            if self._credentials is None:
                return None
            try:
                return log_in(self._credentials)
            except LoginRefused as refusal:
                self._refusal = refusal.message, refusal.details
                self.forget()
                raise

    def _renew(self, seen: int, lost_before: int) -> bool:
        if self._refusal is not None:
            raise self._refused(*self._refusal)
        if self._count != seen:
            return True
        if self._credentials is None:
            return False
        if self._lost != lost_before:
            raise self._no_login_yet()
        try:
            self._log_in(self._credentials)
        except CredentialMissing:
            raise  # nothing was sent
        except AccessRefused as refusal:
            self._refusal = refusal.message, refusal.details
            self.forget()
            raise self._refused(*self._refusal) from refusal
        except VCenterUnavailable as lost:
            self._lost, self._lost_words = self._lost + 1, lost.message
            if isinstance(lost, VCenterFault):
                raise self._no_login_yet() from lost
            raise
        self._count += 1
        _logger().info("vCenter had ended the session of %s; logged in again (login %d)", self._who, self._count)
        return True

    def _no_login_yet(self) -> Unreachable:
        """A vCenter that fails at a login which it took before is not up yet: its single sign-on starts later."""
        return Unreachable(f"Could not log in again as {self._who}: {self._lost_words}", hint=_HINT_LOST)

    def _refused(self, words: str, details: tuple[str, ...]) -> LoginRefused:
        """A new error for each thread that asks: a shared one would collect the tracebacks of all."""
        return LoginRefused(
            f"vCenter has ended the session and refused a new login of {self._who}: {words}",
            hint="No further login is tried, so that the account is not locked. What was started goes on in vCenter. "
            "Give the right password and run the command again; vsphere-motion resume goes on with a run.",
            details=details,
        )


def _logger() -> Logger:
    """Imported when something is logged, as in `stub.py`."""
    import logging

    return logging.getLogger(__name__)
