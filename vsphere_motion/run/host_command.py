"""A command that is run for a host: a process of its own, with what it writes in a file that outlives this program.

Rules of this file: no shell reads the words, and a host's name that could be more than a name is refused. The process
holds a lock, so that a program that was killed meanwhile cannot start the command a second time beside it.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vsphere_motion.errors import BadInput, JournalError, RunLocked
from vsphere_motion.private import make_private_directory, open_private_file

PLACE = "{host}"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:%-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
"""A DNS name or an address. Nothing in it means anything to a shell, and it begins no option."""

LOOK_S = 1.0
END_S = 10.0
"""How long a command that is over its time has to end by itself, after SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended.

    Args:
        exit_code: negative: the signal that ended it; None where nobody waits any more and it goes on.
        is_late: it was ended because it took too long.
    """

    exit_code: int | None
    is_late: bool = False


def words_for(command: Sequence[str], host_name: str) -> tuple[str, ...]:
    """The words of the command for one host: the name is part of a word and never more.

    Raises:
        BadInput: what vCenter calls the host is no host name.
    """
    require_name(host_name)
    return tuple(word.replace(PLACE, host_name) for word in command)


def require_name(host_name: str) -> None:
    """Refuse a host whose name is not a DNS name or an address.

    Raises:
        BadInput: it is neither, so that it could mean something else to a command.
    """
    if not _NAME.fullmatch(host_name):
        raise BadInput(
            f"the host {host_name!r} has no name that is safe in a command: letters, digits, dots, dashes and colons "
            "alone are",
            hint="rename the host in vCenter, or work on it by hand",
        )


class HostCommand:
    """One process.

    Args:
        words: of `words_for`.
        output: file for what it writes; appended to.
    """

    def __init__(self, words: Sequence[str], output: Path, environment: Mapping[str, str]) -> None:
        """Start it.

        Raises:
            RunLocked: it runs already: an earlier program was killed, and the command goes on.
            BadInput: there is no such program.
            JournalError: the file cannot be written.
        """
        lock = _locked(output)
        try:
            self._process = _start(words, output, environment, lock)
        finally:
            os.close(lock)

    def wait(self, *, limit_s: float, monotonic_s: Callable[[], float], is_leaving: Callable[[], bool]) -> Ended:
        """Wait until it ends, its time is over, or nobody waits any more.

        Args:
            is_leaving: looked at every second; True leaves the command running.
        """
        ends_s = monotonic_s() + limit_s
        while monotonic_s() < ends_s:
            with suppress(subprocess.TimeoutExpired):
                return Ended(exit_code=self._process.wait(timeout=LOOK_S))
            if is_leaving():
                return Ended(exit_code=None)
        return Ended(exit_code=self._end(), is_late=True)

    def _end(self) -> int:
        """End it and all that it has started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(timeout=END_S)
        return self._process.wait()


def _start(words: Sequence[str], output: Path, environment: Mapping[str, str], lock: int) -> subprocess.Popen[bytes]:
    descriptor = open_private_file(output)
    try:
        os.lseek(descriptor, 0, os.SEEK_END)
        return subprocess.Popen(  # noqa: S603 - the person's own command, a list of words, no shell
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            pass_fds=(lock,),
            start_new_session=True,
        )
    except OSError as error:
        raise BadInput(f"cannot run {words[0]}: {error.strerror}", hint="check the command of --each") from error
    finally:
        os.close(descriptor)


def _locked(output: Path) -> int:
    """A descriptor that holds the lock of this host's command; whoever inherits it holds it, too."""
    lock = output.with_suffix(".lock")
    try:
        make_private_directory(output.parent)
        descriptor = open_private_file(lock)
    except OSError as error:
        raise JournalError(f"cannot write {lock}: {error}", hint="check the directory") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise RunLocked(
            f"the command still runs that an earlier program has started; it writes to {output}",
            hint="wait until it has ended, then go on as before",
        ) from None
    return descriptor
