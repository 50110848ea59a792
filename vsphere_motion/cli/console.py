"""The terminal: results on standard output, everything else on standard error; colours; whom to ask.

Rules of this file: a reader that has gone away never stops a run; text from outside is escaped by whoever builds a line
from it, with `safe`.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

import click

from vsphere_motion.errors import UsageProblem

LOOK_S = 0.2
"""How long a Ctrl-C may be waited for while a person is asked to press Enter."""


class Console:
    """Where the command line writes and asks.

    Args:
        environment: NO_COLOR and TERM decide about colour.
        quiet: leave out notes; results, warnings and errors stay.
        no_color: no ANSI sequences even on a terminal.
        no_input: never ask, even on a terminal.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        quiet: bool = False,
        no_color: bool = False,
        no_input: bool = False,
    ) -> None:
        self.quiet = quiet
        self._no_input = no_input
        self.is_plain = no_color or bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"

    @property
    def is_interactive(self) -> bool:
        """Whether there is a person to ask."""
        return not self._no_input and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def draws_bars(self) -> bool:
        """Whether standard error takes moving bars."""
        return not self.quiet and self._has_colour(sys.stderr)

    @property
    def width(self) -> int | None:
        """Columns of the terminal that shows results; None where they go elsewhere, and nothing needs to fit."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def result(self, text: str) -> None:
        """Data, on standard output."""
        self._write(sys.stdout, text)

    def note(self, text: str) -> None:
        """What is going on, on standard error; nothing when quiet."""
        if not self.quiet:
            self._write(sys.stderr, text)

    def warn(self, text: str) -> None:
        """A warning, on standard error, quiet or not."""
        self._write(sys.stderr, f"{self.colour('warning', 'yellow', stream=sys.stderr)}: {text}")

    def colour(self, text: str, colour: str, *, stream: TextIO | None = None) -> str:
        """The text in a colour where the stream (standard output unless named) shows colours; else unchanged."""
        return click.style(text, fg=colour, bold=True) if self._has_colour(stream or sys.stdout) else text

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question; the caller has seen that the console is interactive."""
        return click.confirm(question, default=False, err=True)

    def wait_for_enter(self, is_stopping: Callable[[], bool]) -> bool:
        """Wait until a person presses Enter; False where nobody is there, or `is_stopping` says so meanwhile."""
        while self.is_interactive and not is_stopping():
            readable, _, _ = select.select([sys.stdin], [], [], LOOK_S)
            if readable:
                return bool(sys.stdin.readline())
        return False

    def ask_password(self, question: str) -> str:
        """Ask for a password without showing it."""
        import getpass

        return getpass.getpass(question, stream=sys.stderr)

    def _has_colour(self, stream: TextIO) -> bool:
        return not self.is_plain and stream.isatty()

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text + "\n")
            stream.flush()
        except BrokenPipeError:
            silence(stream)


def require_interactive(console: Console, doing: str, way_out: str) -> None:
    """Refuse to go on without a person where one has to be asked.

    Raises:
        UsageProblem: there is no terminal, or --no-input was given.
    """
    if not console.is_interactive:
        raise UsageProblem(f"{doing} needs a yes, and there is no terminal to ask on", hint=way_out)


def announce(text: str) -> None:
    """Write one line to standard error at once, also from within a signal handler."""
    with contextlib.suppress(OSError, ValueError):
        os.write(sys.stderr.fileno(), f"{text}\n".encode())


def silence(stream: TextIO) -> None:
    """Let a stream whose reader has gone away swallow the rest."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def safe(text: str) -> str:
    """Text from outside, such as a VM's name, without control characters."""
    from vsphere_motion.report.escape import escape_text

    return escape_text(text)
