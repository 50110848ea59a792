"""Signals during a run: the first Ctrl-C halts, the second detaches, SIGTERM detaches at once.

Rules of this file: a running migration is never cancelled by a signal, unless `--on-interrupt cancel` says so; whoever
is to leave leaves, also while a call hangs; outside a run Ctrl-C and SIGTERM end the command by an exception, so that
every session is closed on the way out.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from vsphere_motion.cli.exit import ExitCode
    from vsphere_motion.run.limits import OnInterrupt

HALTING = "Stopping: no further moves start; waiting for the running ones. Press Ctrl-C again to leave them running."
CANCELLING = (
    "Stopping: no further moves start; vCenter is asked to cancel the running ones. Press Ctrl-C again to leave."
)
DETACHING = "Leaving: what was started goes on in vCenter."
LEAVE_S = 1.5
"""A call that keeps the program for longer than this after it was to leave is given up."""


def halting_words(on_interrupt: OnInterrupt | None) -> str:
    """What the first Ctrl-C says."""
    return CANCELLING if on_interrupt is not None and on_interrupt.value == "cancel" else HALTING


class Terminated(BaseException):
    """SIGTERM arrived outside a run."""


class Left(Terminated):
    """The program was to leave a run, and a call that gets no answer kept it."""


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
        halting: the line for the first Ctrl-C.
        wait_for_enter: asks a person at a pause; it gives up when what it is given says so.
    """

    def __init__(
        self,
        announce: Callable[[str], None],
        *,
        halting: str = HALTING,
        wait_for_enter: Callable[[Callable[[], bool]], bool] = lambda _: False,
    ) -> None:
        self._announce = announce
        self._wait_for_enter = wait_for_enter
        self._halting = halting
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

    def may_go_on(self) -> bool:
        """Ask the person at the terminal."""
        return self._wait_for_enter(lambda: self.is_halting)

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
            self._announce(self._halting if self._interrupts == 1 else DETACHING)
        if self._interrupts == 2:
            self._hurry()

    def terminate(self) -> None:
        """What SIGTERM does."""
        if not self._terminated:
            self._terminated = True
            self._announce(DETACHING)
            self._hurry()

    def _hurry(self) -> None:
        """See to it that no call keeps the program; whatever was asked for with it is in the journal before."""
        if self._previous:
            signal.setitimer(signal.ITIMER_REAL, LEAVE_S)

    def __enter__(self) -> SignalControl:
        self._previous = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: self.interrupt()),
            signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, frame: self.terminate()),
            signal.SIGALRM: signal.signal(signal.SIGALRM, _leave),
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise Left
