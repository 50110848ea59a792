"""Asks a vCenter for its time under each operationID that it is given, and tells what came of it, one JSON line each.

A program of its own, because what it needs at most is counted for a whole process.

    python -m tests.fault.hostile_client PORT CA_FILE USER SECONDS OPERATION_ID...
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from vsphere_motion.errors import MotionError
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import Session, open_session


def ask(session: Session, operation_id: str, seconds: float) -> dict[str, object]:
    """What one question costs, and the class of the error it ends with."""
    before_kib, started = _peak_kib(), time.monotonic()
    error = None
    try:
        with session.operation(operation_id), session.deadline(seconds, tries=1):
            session.now()
    except MotionError as problem:
        error = type(problem).__name__
    return {
        "operation_id": operation_id,
        "error": error,
        "seconds": time.monotonic() - started,
        "grown_kib": _peak_kib() - before_kib,
    }


def _peak_kib() -> int:
    """The most memory so far; what `getrusage` tells begins with the parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main(port: str, ca_file: str, user: str, seconds: str, *operation_ids: str) -> None:
    """Ask under each operationID; the password is the first line of standard input."""
    password = Password(sys.stdin.readline().strip())
    endpoint = Endpoint(host="127.0.0.1", port=int(port), ca_file=Path(ca_file))
    with open_session(endpoint, Credentials(user=user, password=password, source="the test")) as session:
        for operation_id in operation_ids:
            print(json.dumps(ask(session, operation_id, float(seconds))), flush=True)  # noqa: T201 - its whole purpose


if __name__ == "__main__":
    main(*sys.argv[1:])
