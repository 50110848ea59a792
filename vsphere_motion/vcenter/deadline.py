"""One deadline for a whole call, however many bytes it trickles in.

A timeout of a socket counts for each `recv`; here every `recv` and `send` gets what is left of the call's time.
"""

from __future__ import annotations

import errno
import ssl
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class Deadline:
    """The moment at which one call has to be over.

    Args:
        seconds: how long from now.
    """

    __slots__ = ("_ends_at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends_at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds left; negative when it is over."""
        return self._ends_at - time.monotonic()

    def require_time(self) -> float:
        """Seconds left.

        Raises:
            TimeoutError: it is over.
        """
        left_s = self.left_s
        if left_s <= 0:
            raise TimeoutError(f"not over within {self.seconds:g} s")
        return left_s

    def within(self, seconds: float) -> Deadline:
        """A deadline for one step of the call: at most `seconds`, and never later than this one."""
        return Deadline(seconds) if seconds < self.left_s else self


def no_answer(deadline: Deadline) -> TimeoutError:
    """The failure of a call whose time is over."""
    return TimeoutError(f"no answer within {deadline.seconds:g} s")


def timely(failure: Exception, deadline: Deadline) -> Exception:
    """The failure, in words about the deadline if it was that, and not the kernel that gave the peer up."""
    is_deadline = isinstance(failure, TimeoutError) and failure.errno != errno.ETIMEDOUT
    return no_answer(deadline) if is_deadline else failure


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket on which every wait ends at `deadline`, which the connection sets for each call."""

    deadline: Deadline | None = None

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        """Read what is there, waiting no longer than the deadline."""
        self._arm()
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Send what the peer takes, waiting no longer than the deadline."""
        self._arm()
        return super().send(data, flags)

    def _arm(self) -> None:
        assert self.deadline is not None, "a call sets its deadline before it uses the socket"
        self.settimeout(self.deadline.require_time())
