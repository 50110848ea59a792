"""Watching tasks while the answers of the long poll are cut, cut short or refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.fault.doors import moves_of, session_through
from tests.promises import record, tries
from vsphere_motion.errors import VCenterUnavailable
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

pytestmark = pytest.mark.vcsim

OFFSETS = (0, 1, 10, 100, 200, 300, 350, 400, 450, 500, 550, 600, 700, 800, -400, -200, -100, -20, -10, -1)
"""Of the body of the answer; negative: from its end."""

WAITS = 100


def truncated(body: bytes) -> bytes:
    """The answer of a vCenter that has more to say."""
    whole = re.sub(rb"<truncated>.*?</truncated>", b"", body)
    return whole.replace(b"</returnval>", b"<truncated>true</truncated></returnval>")


CUTS: dict[str, Callable[[int], list[Rule]]] = {
    "cut": lambda at: [Rule(kind="truncate", method="WaitForUpdatesEx", at=at, nth=nth) for nth in (1, 2)],
    "truncated": lambda _: [Rule(kind="edit", method="WaitForUpdatesEx", edit=truncated, times=None)],
    "version": lambda _: [
        Rule(kind="fault", method="WaitForUpdatesEx", fault="InvalidCollectorVersion", every=2, times=3)
    ],
}


def start_all(session: Session, count: int) -> list[MoRef]:
    """One relocation for each of the first VMs, from where it is now."""
    relocator = VCenterRelocator(session)
    moves = moves_of(session, count)
    return [relocator.start_relocation(move, op_id=f"op-{number}") for number, move in enumerate(moves)]


def follow(watcher: VCenterTaskWatcher, tasks: list[MoRef]) -> dict[MoRef, list[TaskStatus]]:
    """Every status of every task until all have ended; a lost answer is waited for again."""
    watcher.watch(tasks)
    seen: dict[MoRef, list[TaskStatus]] = {task: [] for task in tasks}
    for _ in range(WAITS):
        try:
            news = watcher.wait_for_updates(timeout_s=2.0)
        except VCenterUnavailable:
            continue
        for status in news:
            seen[status.task].append(status)
        if all(statuses and _is_over(statuses[-1]) for statuses in seen.values()):
            break
    watcher.forget(tasks)
    return seen


def _is_over(status: TaskStatus) -> bool:
    return status.state is not None and status.state.is_final


@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", CUTS)
def test_row_20_no_transition_is_lost(
    vcenter_factory: VCenterFactory, fault_proxy: Callable[..., FaultProxy], how: str
) -> None:
    count = tries(reduced=4, whole=100)
    vcenter = vcenter_factory(hosts=8, vms=count, speed=1000)
    proxy = fault_proxy(vcenter)
    ended = hits = 0
    offsets = OFFSETS if how == "cut" else OFFSETS[:4]
    with session_through(proxy) as session:
        watcher = VCenterTaskWatcher(session)
        for at in offsets:
            planted = [proxy.plant(rule) for rule in CUTS[how](at)]
            seen = follow(watcher, start_all(session, count))
            proxy.remove()
            hits += sum(one.hits for one in planted)
            ends = [[status.state for status in statuses if _is_over(status)] for statuses in seen.values()]
            assert ends == [[TaskState.SUCCESS]] * count, at
            assert all(_rises(statuses) for statuses in seen.values()), at
            ended += len(ends)
        watcher.close()
    if how == "cut":
        record(20, f"0 of {ended} ends lost at {len(offsets)} offsets")
    assert hits >= len(offsets)
    assert len(vcenter.control.motions()) == ended == count * len(offsets)


def _rises(statuses: list[TaskStatus]) -> bool:
    progress = [status.progress_percent for status in statuses if status.progress_percent is not None]
    return progress == sorted(progress)
