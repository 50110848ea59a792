"""A simulator as a process of this machine: spawn it detached, recognise it again, end it.

A process number alone says nothing once the process has ended: the system gives it to another. So each number is kept
with a mark (boot and start time), and no signal goes to a process whose mark is another one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vsphere_motion.errors import SimulatorError
from vsphere_motion.sim.wait import wait_for

_GRACE_S = 10.0
_KILL_DEADLINE_S = 5.0
_PROC = Path("/proc")
# What the server may know of the caller's environment: no password, no VCSIM_* switch of govmomi.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "GOTRACEBACK", "GOMAXPROCS")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRun:
    """A simulator that runs as a process.

    Args:
        pid: its process number.
        mark: boot and start time of the process, as `process_mark` gives it.
        log: the file with its output.
    """

    pid: int
    mark: str
    log: Path

    def is_running(self, environment: Mapping[str, str]) -> bool:
        """True while this very process lives; False too where its number now belongs to another."""
        del environment
        seen = _look(self.pid)
        if seen is None or seen.mark != self.mark:
            return False
        if seen.has_ended:
            _reap(self.pid)
        return not seen.has_ended

    def end(self, environment: Mapping[str, str], *, grace_s: float = _GRACE_S) -> None:
        """Ask the process to end, make it end after the grace, and return once it is gone."""
        for signal_number, deadline_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, _KILL_DEADLINE_S)):
            if not self.is_running(environment):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal_number)
            if wait_for(lambda: not self.is_running(environment), deadline_s=deadline_s):
                return
        raise SimulatorError(f"the simulator with process number {self.pid} does not end")

    def discard(self, environment: Mapping[str, str]) -> None:
        """Remove what an ended process leaves in the system: nothing."""

    def output(self, environment: Mapping[str, str]) -> str:
        """What it has written so far."""
        del environment
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def spawn(command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> ProcessRun:
    """Start a detached process: own session, no standard input, output into the log file."""
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    log.touch(mode=0o600)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_APPEND, 0),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawn(command[0], list(command), passed_on, file_actions=actions, setsid=True)
    except OSError as problem:
        raise SimulatorError(f"cannot run {command[0]}: {problem.strerror}") from problem
    seen = _look(pid)
    return ProcessRun(pid=pid, mark="" if seen is None else seen.mark, log=log)


def process_mark(pid: int) -> str | None:
    """What tells this process from any other that ever had its number; None if no process with the number lives."""
    seen = _look(pid)
    return None if seen is None or seen.has_ended else seen.mark


@dataclass(frozen=True, slots=True)
class _Seen:
    mark: str
    has_ended: bool  # it is kept by the system until its parent takes note


def _look(pid: int) -> _Seen | None:
    return _look_in_proc(pid) if (_PROC / "self" / "stat").exists() else _look_with_ps(pid)


def _look_in_proc(pid: int) -> _Seen | None:
    try:
        # Fields behind the command in brackets: state is the 1st, threads the 18th, start time the 20th (proc(5)).
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The first thread of a process may end before the others, which then still hold its sockets.
    has_ended = fields[0] in {"Z", "X"} and int(fields[17]) <= 1
    return _Seen(mark=f"{_boot_id()} {fields[19]}", has_ended=has_ended)


def _boot_id() -> str:
    path = _PROC / "sys" / "kernel" / "random" / "boot_id"
    return path.read_text().strip() if path.exists() else "-"


def _look_with_ps(pid: int) -> _Seen | None:
    """The same without /proc, from the one tool that every POSIX system has."""
    answer = subprocess.run(  # noqa: S603 - fixed words and a number, no shell
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - wherever this system has it
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "LC_ALL": "C"},
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return _Seen(mark=started.strip(), has_ended=state.startswith("Z")) if state else None


def _reap(pid: int) -> None:
    """Take note of an ended child's end, where it is a child of this process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
