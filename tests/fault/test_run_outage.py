"""vCenter goes away while moves are in flight, and the run outlasts it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable

import pytest

from tests.observer import observing
from tests.program import Program
from tests.promises import IS_NIGHTLY, record, tries
from tests.running import Running, running
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(1800 if IS_NIGHTLY else 120)]

SEED = 6
REFUSED_S = 0.5
UNAVAILABLE = 4
HOSTS = ("esx-001", "esx-002")
MakeProgram = Callable[[SimulatedVCenter], Program]


def end_sessions(vcenter: SimulatedVCenter) -> None:
    """End every session but the one that does it, as a restart of vCenter does."""
    with observing(vcenter) as observer:
        manager = observer.content.sessionManager
        others = [session.key for session in manager.sessionList if session.key != manager.currentSession.key]
        manager.TerminateSession(others)


def restart(proxy: FaultProxy, vcenter: SimulatedVCenter) -> None:
    """A restart of vCenter as a client sees it: reset, refused, 503, and the session is gone."""
    proxy.plant(Rule(kind="answer", status=503, times=UNAVAILABLE))
    proxy.refuse(REFUSED_S)
    end_sessions(vcenter)


def has_noticed(run: Running) -> bool:
    """Whether the run spoke of the outage: as a whole, or of single reads that it asked for again until they came."""
    return run.count("server    back") + run.count("asking again") > 0


def test_row_06_a_restarting_vcenter_loses_no_move(
    vcenter_factory: VCenterFactory, program: MakeProgram, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Reset, refused, 503 and an ended session at a random moment; the process is never started by hand again."""
    outages, vms = tries(reduced=3, whole=20), tries(reduced=10, whole=50)
    vcenter = vcenter_factory(hosts=2, vms=vms, speed=4 if IS_NIGHTLY else 2)
    chance = random.Random(SEED)
    seen: Counter[str] = Counter()
    with FaultProxy(vcenter) as proxy:
        command = program(proxy.vcenter)
        assert command("migrate", "vm-*", "--to-host", HOSTS[0], "--yes", "--max-concurrent", "8").exit_code == 0
        for number in range(outages):
            target = HOSTS[(number + 1) % 2]
            words = ("migrate", "vm-*", "--to-host", target, "--yes", "--max-concurrent", "8", "-o", "json")
            with running(command, *words) as run:
                run.wait_for(" started ", chance.randint(1, 8))
                restart(proxy, vcenter)
                code, output = run.end()
                assert has_noticed(run), run.said
            states = Counter(outcome["state"] for outcome in json.loads(output)["outcomes"])
            assert (code, states) == (0, {"moved": vms}), run.said
            seen += states
    asked_for = Counter(motion["operation_id"] for motion in vcenter.control.motions())
    assert set(asked_for.values()) == {1}
    assert seen["moved"] == outages * vms
    record(6, f"{outages} outages x {vms} VMs: {seen['moved']}/{outages * vms} moved, 0 asked for twice, 0 restarts")
