"""Many moves of many kinds on one simulated site, and how far what the logs say agrees with what happened.

The simulator writes the logs and keeps the truth; reader and writer share no table. Times of a log are put back by the
skew its host was given, which the reader is not told.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.sim.reading import session_with
from vsphere_motion.errors import SimulatorError
from vsphere_motion.model.event import MoveEnded, MoveProgressed
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.run.journal import Journal
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions
from vsphere_motion.service.surroundings import Places
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.relocate import VCenterRelocator

SKEW_S = {"esx-65-1": 0.0, "esx-65-2": 35.0, "esx-70-1": -50.0, "esx-70-2": 0.0, "esx-80-1": 4.0, "esx-80-2": -0.7}
LOG_KIB = {"esx-70-2": 16, "esx-80-1": 24}
"""Hosts whose logs are rotated every few moves."""

AT_ONCE = 5
HUNG_PERCENT = 25
"""A move that is to be cancelled hangs a little later than this."""

PHASE_S = 0.010
DOWNTIME_S = 0.001
STAGES = {"prepare": "prepare", "precopy": "pre-copy", "switchover": "switch-over", "resume": "resume"}
"""The simulator's word for the part of a move, and ours."""

CODES = ("0xbad003f", "0xbad010b", "0xbad0014", "0xbad0092", "0xbad00a4")
KINDS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("moved", None),
    ("moved", None),
    ("moved", None),
    ("moved slowly", {"slow": {"factor": 4}}),
    ("paused", {"when": {"percent": 50}, "network_loss": {"seconds": 6}}),
    ("refused", {"when": {"phase": "submit"}, "fail": {"fault": "InsufficientResourcesFault"}}),
    ("lost in prepare", {"when": {"phase": "submit"}, "network_loss": {"seconds": 30}}),
    ("failed in precopy", {"when": {"phase": "precopy"}, "fail": {"code": "?"}}),
    ("failed half-way", {"when": {"percent": 55}, "fail": {"code": "?"}}),
    ("lost in precopy", {"when": {"percent": 40}, "network_loss": {"seconds": 30}}),
    ("failed in switchover", {"when": {"phase": "switchover"}, "fail": {"code": "?"}}),
    ("hung in switchover", {"when": {"phase": "switchover"}, "hang": {}}),
    ("failed in resume", {"when": {"phase": "resume"}, "fail": {"code": "?"}}),
    ("cancelled", {"when": {"percent": 30}, "hang": {}}),
)


def write_site(directory: Path, vms: int = 30) -> Path:
    """One cluster with two hosts of each of three releases, clocks that disagree, and VMs of several sizes."""
    hosts = "\n".join(
        f'      - {{name: {name}, esxi: "{name[4]}.{name[5]}", clock_skew_s: {skew},'
        f" log_kib: {LOG_KIB.get(name, 1024)}}}"
        for name, skew in SKEW_S.items()
    )
    names = list(SKEW_S)
    machines = "\n".join(
        f"  - {{name: vm-{number:02}, host: {names[number % len(names)]}, memory_gib: {1 + number % 5},"
        f" dirty_mbps: {60 * (number % 4)}}}"
        for number in range(vms)
    )
    path = directory / "site.yaml"
    path.write_text(
        f"version: 1\nclusters:\n  - name: c\n    hosts:\n{hosts}\n"
        f"datastores: [{{name: ds}}]\nnetworks: [{{name: net}}]\nvms:\n{machines}\n",
        encoding="utf-8",
    )
    return path


@dataclass(slots=True)
class Tally:
    """What was compared; `wrong` has a sentence for each disagreement."""

    moves: int = 0
    ids: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        ended = ", ".join(f"{name} {count}" for name, count in sorted(self.ended.items()))
        return f"{self.moves} moves ({ended}); right id {self.ids}/{self.moves}; {counts}; {len(self.wrong)} wrong"


def move_and_compare(vcenter: SimulatedVCenter, directory: Path, moves: int, seed: int = 7) -> Tally:
    """Run at least so many moves, several at once between the same two hosts, and compare each with the truth."""
    rng, tally = random.Random(seed), Tally()
    journal = Journal(directory / "journal.sqlite3")
    try:
        with session_with(vcenter) as session:
            while tally.moves < moves:
                outcomes = list(_round(vcenter, VCenter(session), journal, rng))
                _compare_all(vcenter, outcomes, tally)
    finally:
        journal.close()
    tally.counts["rotations"] = sum(_rotations(vcenter, host) for host in LOG_KIB)
    return tally


def _rotations(vcenter: SimulatedVCenter, host: str) -> int:
    """How many old files a host's vmkernel log has."""
    moid = vcenter.control.moid("HostSystem", host)
    for number in range(1, 9):
        try:
            vcenter.control.log_lines(moid, file=number)
        except SimulatorError:
            return number - 1
    return 8


def _round(vcenter: SimulatedVCenter, product: VCenter, journal: Journal, rng: random.Random) -> Iterator[Outcome]:
    """Up to five VMs of one host to one other, each with a fate of its own."""
    inventory = product.snapshot()
    homes: dict[MoRef, list[str]] = {}
    for vm in inventory.vms:
        if vm.host is not None:
            homes.setdefault(vm.host, []).append(vm.name)
    source = rng.choice(sorted(homes, key=lambda ref: ref.moid))
    target = rng.choice([host for host in inventory.hosts if host.ref != source])
    names = rng.sample(sorted(homes[source]), min(AT_ONCE, len(homes[source])))
    to_cancel = _plant(vcenter, names, rng)
    plan = check(product, MoveRequest(selectors=tuple(names), to_host=target.name), Places())
    assert not plan.blocked(), [finding.message for move in plan.blocked() for finding in move.blockers]
    options = RunOptions(max_concurrent=AT_ONCE)
    relocator = VCenterRelocator(product.session)
    for event in run(product, plan, journal=journal, options=options):
        if isinstance(event, MoveEnded):
            yield event.outcome
        if not isinstance(event, MoveProgressed) or event.move.vm.name not in to_cancel:
            continue
        if event.progress_percent >= HUNG_PERCENT:
            to_cancel.remove(event.move.vm.name)
            relocator.cancel_task(MoRef(kind="Task", moid=event.task))
    vcenter.control.remove_faults()


def _plant(vcenter: SimulatedVCenter, names: Sequence[str], rng: random.Random) -> set[str]:
    to_cancel = set()
    for name in names:
        kind, fault = rng.choice(KINDS)
        if kind == "cancelled":
            to_cancel.add(name)
        if fault is None:
            continue
        if fault.get("fail", {}).get("code"):
            fault = {**fault, "fail": {"code": rng.choice(CODES)}}
        vcenter.control.plant_faults({**fault, "match": {"vm": name, "count": 1}})
    return to_cancel


def _compare_all(vcenter: SimulatedVCenter, outcomes: Sequence[Outcome], tally: Tally) -> None:
    truths = {truth["task"]: truth for truth in vcenter.control.motions()}
    for outcome in outcomes:
        assert outcome.task is not None
        truth = truths[outcome.task]
        tally.moves += 1
        tally.ended[f"{truth['phase']} in {truth['failed_in']}" if "failed_in" in truth else truth["phase"]] += 1
        for problem in _Comparison(outcome=outcome, truth=truth, tally=tally).problems():
            tally.wrong.append(f"{outcome.move.vm.name} {outcome.task} {truth['phase']}: {problem}")


@dataclass(slots=True, kw_only=True)
class _Comparison:
    """One move, and what the simulator says of it."""

    outcome: Outcome
    truth: dict[str, Any]
    tally: Tally

    def problems(self) -> Iterator[str]:
        motion, truth = self.outcome.motion, self.truth
        if truth.get("failed_in") == "admission":
            self.tally.ids += motion is None
            if motion is not None:
                yield f"it never began, and the logs are said to have {motion.migration_id}"
            return
        if motion is None:
            yield f"no migration was found: {self.outcome.note}"
            return
        self.tally.ids += motion.migration_id == truth["migration_id"]
        if motion.migration_id != truth["migration_id"]:
            yield f"{motion.migration_id} is not {truth['migration_id']}"
        yield from self._times()
        yield from self._downtime()
        yield from self._stage()

    def _times(self) -> Iterator[str]:
        motion, truth = self.outcome.motion, self.truth
        assert motion is not None
        source, destination = motion.source_host, motion.destination_host
        yield from self._time("start", motion.started_at, truth["started_at"], source)
        yield from self._time("pre-copy", motion.precopy_started_at, truth["precopy_started_at"], source)
        yield from self._time("stun", motion.precopy_ended_at, truth["stunned_at"], source)
        yield from self._time("page send", motion.page_send_ended_at, truth["pages_sent_at"], source)
        end = truth["completed_at"]
        is_done = truth["phase"] == "done"
        yield from self._time("resume", motion.resumed_at, end if is_done else None, destination)
        yield from self._time("failure", motion.failed_at, None if is_done else end, source)

    def _time(self, what: str, said: datetime | None, true: str | None, host: str) -> Iterator[str]:
        if said is None:
            if true is not None:
                yield from self._lost(what)
            return
        if true is None:
            yield f"{what}: the logs say {said}, and it never came"
            return
        own = said - timedelta(seconds=SKEW_S[host])
        off_s = abs((own - datetime.fromisoformat(true)).total_seconds())
        self.tally.counts[f"{what} right"] += off_s <= PHASE_S
        if off_s > PHASE_S:
            yield f"{what}: {off_s:.3f} s off"

    def _lost(self, what: str) -> Iterator[str]:
        """A line may be gone from a log that was rotated meanwhile, from no other."""
        motion = self.outcome.motion
        assert motion is not None
        if {motion.source_host, motion.destination_host} & set(LOG_KIB):
            self.tally.counts["rotated away"] += 1
        else:
            yield f"{what}: the logs do not say"

    def _downtime(self) -> Iterator[str]:
        motion, truth = self.outcome.motion, self.truth
        assert motion is not None
        if truth["phase"] != "done":
            return
        if motion.downtime_s is None:
            yield from self._lost("downtime")
            return
        off_s = abs(motion.downtime_s - truth["downtime_s"])
        self.tally.counts["downtime right"] += off_s <= DOWNTIME_S
        if off_s > DOWNTIME_S:
            yield f"downtime: {off_s:.6f} s off, by {motion.downtime_measure}"

    def _stage(self) -> Iterator[str]:
        motion, stage = self.outcome.motion, STAGES.get(self.truth.get("failed_in", ""))
        assert motion is not None
        if motion.failed_in is None and stage is not None:
            yield from self._lost("stage")
        elif motion.failed_in != stage:
            yield f"it failed in {stage}, not in {motion.failed_in}"
        elif stage is not None:
            self.tally.counts["stage right"] += 1
