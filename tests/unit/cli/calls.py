"""The command line, called in a process of its own without any vCenter, and values its drawing is tried on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.build import GIB, TAKEN_AT, identity, move
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.report import Report, ReportedMove, RunInfo


@dataclass(frozen=True)
class Called:
    """How a call ended."""

    code: int
    stdout: str
    stderr: str


def call(home: Path, *words: str, stdin: str = "", **variables: str) -> Called:
    """Run `vsphere-motion` with an empty environment and home."""
    done = subprocess.run(
        [sys.executable, "-m", "vsphere_motion.cli", *words],
        input=stdin,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHON_KEYRING_BACKEND": NO_KEYRING, **variables},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Called(done.returncode, done.stdout, done.stderr)


NO_KEYRING = "keyring.backends.fail.Keyring"


def planned(*findings: Finding, to: int = 2, **changes: Any) -> PlannedMove:
    return PlannedMove(move=move(to=to), findings=findings, memory_bytes=4 * GIB, **changes)


def plan(*moves: PlannedMove, partial: bool = False) -> Plan:
    return Plan(moves=moves, partial=partial)


def outcome(state: OutcomeState = OutcomeState.MOVED, **changes: Any) -> Outcome:
    given: dict[str, Any] = {"move": move(), "state": state}
    if state is OutcomeState.MOVED:
        given |= {"task": "task-1181", "started_at": TAKEN_AT, "completed_at": TAKEN_AT + timedelta(seconds=32)}
    return Outcome(**given | changes)


def report(*states: OutcomeState | Outcome) -> Report:
    info = RunInfo(
        run="r-7f3a9c",
        vcenter=identity(),
        user="eve",
        tool_version="0.1.0",
        tls="verified",
        started_at=TAKEN_AT,
        ended_at=TAKEN_AT + timedelta(seconds=33),
    )
    outcomes = [item if isinstance(item, Outcome) else outcome(item) for item in states]
    return Report(info=info, moves=tuple(ReportedMove(outcome=item) for item in outcomes))
