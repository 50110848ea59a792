"""A client whose clock is wrong misses no task, and what it says of times is vCenter's."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pyVmomi import vim

from tests.observer import Observer, observing
from tests.program import Program
from tests.promises import record
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

HOUR_S = 3600
SOON_S = 10
"""The simulator's certificate is valid from an hour before its start: a clock that is slower by less sees it valid."""


@pytest.fixture(scope="module")
def wrong_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that shifts the wall clock of the program it is loaded into."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("without a C compiler on Linux there is no way to give one program another clock")
    library = tmp_path_factory.mktemp("clock") / "wrong_clock.so"
    source = Path(__file__).with_name("wrong_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True, timeout=60)
    return library


def seen_clock(variables: dict[str, str]) -> float:
    """What a program with these variables takes for the time."""
    words = [sys.executable, "-c", "import time; print(time.time())"]
    return float(subprocess.run(words, env=variables, capture_output=True, check=True, timeout=60).stdout)


def spans(observer: Observer) -> dict[str, float]:
    """Seconds that each relocation took, by its operationID, as vCenter's history has it."""
    collector = observer.content.taskManager.CreateCollectorForTasks(vim.TaskFilterSpec())
    try:
        infos = [info for info in collector.ReadNextTasks(1000) if info.descriptionId == "VirtualMachine.relocate"]
        return {info.activationId: (info.completeTime - info.startTime).total_seconds() for info in infos}
    finally:
        collector.DestroyCollector()


@pytest.mark.parametrize(
    ("wrong_by_s", "zone"),
    [
        pytest.param(HOUR_S, "Pacific/Kiritimati", id="an hour fast, zone +14"),
        pytest.param(SOON_S - HOUR_S, "Pacific/Pago_Pago", id="an hour slow, zone -11"),
    ],
)
def test_row_28_a_wrong_client_clock_misses_no_task(
    wrong_by_s: int,
    zone: str,
    wrong_clock: Path,
    vcenter_factory: VCenterFactory,
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    vcenter = vcenter_factory(hosts=4, vms=16, speed=50.0)
    names = ["vm-001", "vm-005", "vm-009", "vm-013"]
    clock = {"LD_PRELOAD": str(wrong_clock), "WRONG_CLOCK_S": str(wrong_by_s), "TZ": zone}
    run = program(vcenter)
    assert abs(seen_clock(run.variables(**clock)) - time.time() - wrong_by_s) < HOUR_S / 60

    with observing(vcenter) as observer:
        before = observer.instance.CurrentTime()
        words = ("migrate", *names, "--to-host", "esx-002", "--yes", "--partial", "--max-concurrent", "2")
        killed = run(*words, VSPHERE_MOTION_FAILPOINT="after_send:2", **clock)
        assert killed.exit_code == -signal.SIGKILL, killed.text
        resumed = run("resume", "-o", "json", **clock)
        after = observer.instance.CurrentTime()
        took = spans(observer)

    assert resumed.exit_code == 0, resumed.text
    outcomes = resumed.json["outcomes"]
    assert [outcome["state"] for outcome in outcomes] == ["moved"] * len(names)
    assert len(vcenter.control.motions()) == len(names)
    for outcome in outcomes:
        assert abs(outcome["duration_s"] - took[outcome["operation_id"]]) < 1.0
    times = [datetime.fromisoformat(resumed.json[key]) for key in ("started_at", "ended_at")]
    assert before <= times[0] <= times[1] <= after
    record(28, f"clock wrong by 1 h, both ways: 0 of {len(names)} tasks missed, durations are vCenter's")
