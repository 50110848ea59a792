"""No command leaves a session behind on vCenter, however it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.observer import observing
from tests.program import Done, Program
from tests.promises import record, tries
from vsphere_motion.testing.simulator import SimulatedVCenter

Make = Callable[[SimulatedVCenter], Program]

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600)]

REFUSED = {"match": {"method": "RetrievePropertiesEx"}, "fail": {"fault": "NoPermission", "message": "no"}}
LOST = {"match": {"method": "CreateContainerView"}, "cut": "after"}
ENDED = {"match": {"method": "RetrievePropertiesEx", "count": 1}, "end_session": {}}
HANGS = {"match": {"method": "CreateContainerView"}, "delay": {"seconds": 30}}


def terminated(vcenter: SimulatedVCenter, run: Program) -> Done:
    """The program stopped by SIGTERM while a call is on its way."""
    vcenter.control.plant_faults(HANGS)
    running = run.start("check", "vm-001", "--to-host", "esx-002")
    for _ in range(10_000):
        if vcenter.control.faults()[0]["matched"]:
            break
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=60)
    return Done(running.returncode, out, err)


def with_fault(*words: str, fault: dict[str, object]) -> Callable[[SimulatedVCenter, Program], Done]:
    def end(vcenter: SimulatedVCenter, run: Program) -> Done:
        vcenter.control.plant_faults(fault)
        return run(*words)

    return end


def plain(*words: str, **variables: str) -> Callable[[SimulatedVCenter, Program], Done]:
    return lambda vcenter, run: run(*words, **variables)


CHECK = ("check", "vm-001", "--to-host", "esx-002")
WAYS: tuple[tuple[int, Callable[[SimulatedVCenter, Program], Done]], ...] = (
    # the exit code, and how it comes about
    (0, plain(*CHECK)),
    (0, plain("check", "vm-002", "--all-hosts", "-o", "json")),
    (2, plain("check", "no-such-vm", "--to-host", "esx-002")),
    (2, plain("check", "vm-001", "--to-host", "no-such-host")),
    (4, plain(*CHECK, VMWARE_PASSWORD="canary-wrong-password")),
    (0, plain("doctor")),
    (5, with_fault(*CHECK, fault=LOST)),
    (4, with_fault(*CHECK, fault=REFUSED)),
    (0, with_fault(*CHECK, fault=ENDED)),
    (143, terminated),
    (0, plain("migrate", "vm-003", "--to-host", "esx-002", "--yes")),
    (2, plain("migrate", "--yes", "--to-host", "esx-002", "no-such-vm")),
)


def test_row_33_commands_leave_no_session(vcenter: SimulatedVCenter, program: Make) -> None:
    times = tries(reduced=len(WAYS), whole=1000)
    run, left, codes = program(vcenter), 0, set()
    with observing(vcenter) as observer:
        for time in range(times):
            code, way = WAYS[time % len(WAYS)]
            done = way(vcenter, run)
            vcenter.control.remove_faults()
            assert done.exit_code == code, f"{time}: {done.text}"
            codes.add(done.exit_code)
            left = observer.sessions() - 1
            assert left == 0, f"{time}: {done.text}"
    record(33, f"{left} sessions left by {times} commands with {len(codes)} exit codes")
