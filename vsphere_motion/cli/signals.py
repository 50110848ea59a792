"""Signals during a run: the first Ctrl-C halts, the second detaches, SIGTERM detaches at once.

Rules of this file: a running migration is never cancelled by a signal; outside a run Ctrl-C and SIGTERM end the command
by an exception, so that every session is closed on the way out.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from vsphere_motion.cli.exit import ExitCode

HALTING = "Stopping: no further moves start; waiting for the running ones. Press Ctrl-C again to leave them running."
DETACHING = "Leaving: what was started goes on in vCenter."


class Terminated(BaseException):
    """SIGTERM arrived outside a run."""


@contextlib.contextmanager
def termination_raises() -> Iterator[None]:
    """Within the block SIGTERM raises `Terminated`, so that sessions and simulators are closed."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


class SignalControl:
    """A `run.ports.Control` that SIGINT and SIGTERM drive while it is entered.

    Args:
        announce: shows one line at once; it is called from within the signal handler.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._interrupts = 0
        self._terminated = False
        self._previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    @property
    def is_halting(self) -> bool:
        """No further moves shall start."""
        return self._interrupts > 0 or self._terminated

    @property
    def is_detaching(self) -> bool:
        """Stop watching now."""
        return self._interrupts > 1 or self._terminated

    @property
    def stopped(self) -> ExitCode | None:
        """The exit code of the signal that ended the run; None if there was none."""
        from vsphere_motion.cli.exit import ExitCode

        if self._terminated:
            return ExitCode.TERMINATED
        return ExitCode.INTERRUPTED if self._interrupts else None

    def interrupt(self) -> None:
        """What one Ctrl-C does."""
        self._interrupts += 1
        if self._interrupts <= 2:
            self._announce(HALTING if self._interrupts == 1 else DETACHING)

    def terminate(self) -> None:
        """What SIGTERM does."""
        if not self._terminated:
            self._terminated = True
            self._announce(DETACHING)

    def __enter__(self) -> SignalControl:
        self._previous = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: self.interrupt()),
            signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, frame: self.terminate()),
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
