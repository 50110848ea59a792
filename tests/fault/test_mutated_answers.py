"""Answers that were damaged on the way: an error of ours or the truth, soon, and never a traceback."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fault.doors import credentials_of, endpoint_of, moves_of, session_through
from tests.fault.mutations import mutated
from tests.promises import record, tries
from vsphere_motion.errors import MotionError
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.placement import VCenterPlacementReader, VCenterStateReader
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

pytestmark = pytest.mark.vcsim

FIRST_SEED = 20_261_122
LIMIT_S = 20.0
"""How long one question may take with a damaged answer in it; without, the longest takes a tenth of a second."""


@dataclass(frozen=True, kw_only=True)
class _Site:
    """What the questions are about."""

    proxy: FaultProxy
    session: Session
    move: Move
    task: MoRef

    @property
    def vm(self) -> MoRef:
        return self.move.vm.ref

    @property
    def hosts(self) -> list[MoRef]:
        assert self.move.destination.host is not None
        return [self.move.destination.host.ref]


def _open(site: _Site) -> object:
    with open_session(endpoint_of(site.proxy), credentials_of(site.proxy.vcenter)) as session:
        return session.identity


def _watch(site: _Site) -> object:
    watcher = VCenterTaskWatcher(site.session)
    watcher.watch([site.task], vms=[site.vm])
    try:
        return watcher.wait_for_updates(timeout_s=1.0)
    finally:
        watcher.close()


def _find(site: _Site) -> object:
    since = datetime.now(UTC) - timedelta(days=1)
    return VCenterTaskFinder(site.session).find_relocation(site.vm, op_id="op-fuzz", since=since)


QUESTIONS: tuple[tuple[Callable[[_Site], object], int], ...] = (
    (_open, 2),
    (lambda site: site.session.now(), 1),
    (lambda site: take_snapshot(site.session), 4),
    (lambda site: VCenterPlacementReader(site.session).read_placements([site.vm]), 1),
    (lambda site: VCenterStateReader(site.session).read_before_start([site.vm], site.hosts), 1),
    (_watch, 5),
    (_find, 4),
    (lambda site: VCenterTaskFinder(site.session).read_tasks([site.task]), 1),
    (lambda site: VCenterRelocator(site.session).start_relocation(site.move, op_id="op-fuzz"), 2),
    (lambda site: check(VCenter(site.session), MoveRequest(selectors=("vm-001",), to_host="esx-002")), 12),
)
"""What is asked, and how many answers it takes at most."""


@pytest.fixture
def site(vcenter_factory: VCenterFactory) -> Iterator[_Site]:
    vcenter = vcenter_factory(hosts=2, vms=4, speed=1000)
    with FaultProxy(vcenter) as proxy, session_through(proxy, call_timeout_s=5.0) as session:
        [move] = moves_of(session, 1)
        task = VCenterRelocator(session).start_relocation(move, op_id="op-fuzz")
        yield _Site(proxy=proxy, session=session, move=move, task=task)


@pytest.mark.timeout(1800)
def test_row_46_a_damaged_answer_is_an_error_of_ours_or_the_truth(site: _Site) -> None:
    count = tries(reduced=600, whole=10_000)
    ends: Counter[str] = Counter()
    slowest_s = 0.0
    damaged = seed = 0
    while damaged < count:
        question, answers = QUESTIONS[seed % len(QUESTIONS)]
        planted = site.proxy.plant(
            Rule(kind="edit", nth=1 + seed // len(QUESTIONS) % answers, edit=_damage(FIRST_SEED + seed))
        )
        started = time.monotonic()
        ends[_end_of(question, site, FIRST_SEED + seed)] += 1
        slowest_s = max(slowest_s, time.monotonic() - started)
        site.proxy.remove(planted)
        damaged, seed = damaged + planted.hits, seed + 1
    record(46, f"{damaged}/{count}: {dict(ends)}; slowest {slowest_s:.1f} s")
    assert slowest_s < LIMIT_S
    assert ends["answer"] < seed
    assert seed < 3 * count


def _damage(seed: int) -> Callable[[bytes], bytes]:
    return lambda body: mutated(body, seed)


def _end_of(question: Callable[[_Site], Any], site: _Site, seed: int) -> str:
    try:
        question(site)
    except MotionError as error:
        return type(error).__name__
    except Exception as problem:
        raise AssertionError(f"seed {seed}: {type(problem).__name__}: {problem}") from problem
    return "answer"
