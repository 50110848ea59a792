"""Our own run, as `vsphere-motion migrate` makes it, with a meter on every call to the server."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.moves_site import Result, Trip, measured, now_s
from vsphere_motion.model.event import MoveEnded
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.run.journal import Journal, open_journal
from vsphere_motion.service.connection import VCenter, connect
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions
from vsphere_motion.testing.simulator import SimulatedVCenter

SUBMIT_AND_WATCH = frozenset(
    {
        "RelocateVM_Task",
        "WaitForUpdatesEx",
        "ModifyListView",
        "CreateListView",
        "CreateFilter",
        "CreatePropertyCollector",
        "DestroyView",
        "DestroyPropertyCollector",
    }
)
"""What starting moves and watching them takes; the rest re-reads, probes and verifies."""


@dataclass(slots=True)
class Meter:
    """Takes the place of a stub's `ask`: CPU time by method, and when a final state was first in an answer."""

    ask: Any
    cpu_s: Counter[str] = field(default_factory=Counter)
    waited_at: list[float] = field(default_factory=list)
    known_at: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, managed: Any, info: Any, *args: Any, **options: Any) -> Any:
        """One call."""
        if info.wsdlName == "WaitForUpdatesEx":
            self.waited_at.append(time.monotonic())
        begun = time.thread_time()
        try:
            answer = self.ask(managed, info, *args, **options)
        finally:
            with self.lock:
                self.cpu_s[info.wsdlName] += time.thread_time() - begun
        if info.wsdlName == "WaitForUpdatesEx" and answer is not None:
            self._note(answer)
        return answer

    def _note(self, answer: Any) -> None:
        for one in (one for filter_set in answer.filterSet for one in filter_set.objectSet):
            if any(change.name == "info.state" and change.val in {"success", "error"} for change in one.changeSet):
                self.known_at.setdefault(one.obj._moId, now_s())


@dataclass(slots=True, kw_only=True)
class Ours:
    """What one run of ours was like.

    Args:
        told_s: from the end at the server until the verified and journaled end was told.
        calls_cpu_s: CPU time of the client by the method that it was spent on.
        waits_per_s: calls of WaitForUpdatesEx a second, from the first to the last.
    """

    result: Result
    told_s: Sequence[float]
    calls_cpu_s: Counter[str]
    waits_per_s: float

    @property
    def own_calls(self) -> int:
        """Round trips of submitting and watching."""
        return sum(count for method, count in self.result.calls.items() if method in SUBMIT_AND_WATCH)

    @property
    def own_cpu_s(self) -> float:
        """CPU time of these."""
        return sum(seconds for method, seconds in self.calls_cpu_s.items() if method in SUBMIT_AND_WATCH)


def run_ours(vcenter: SimulatedVCenter, trips: Sequence[Trip], *, at_once: int, read_logs: bool = False) -> Ours:
    """Move these VMs, so many at once, and verify each."""
    with running(vcenter) as (ours, journal):
        meter = Meter(ours.session.stub.ask)
        ours.session.stub.ask = meter  # type: ignore[method-assign]
        options = RunOptions(max_concurrent=at_once, read_logs=read_logs)
        vcenter.control.clear_trace()
        began, cpu, told = now_s(), time.process_time(), {}
        for event in run(ours, planned(trips), journal=journal, options=options):
            if isinstance(event, MoveEnded):
                assert event.outcome.state is OutcomeState.MOVED, event.outcome
                told[str(event.outcome.task)] = now_s()
        wall_s, cpu_s = max(told.values()) - began, time.process_time() - cpu
        result = Result(client="ours", at_once=at_once, wall_s=wall_s, cpu_s=cpu_s)
        result = measured(vcenter.control, result, known_at=meter.known_at)
        told_s = measured(vcenter.control, replace(result), known_at=told).noticed_s
    waits = meter.waited_at
    waits_per_s = len(waits) / max(1.0, waits[-1] - waits[0])
    return Ours(result=result, told_s=told_s, calls_cpu_s=meter.cpu_s, waits_per_s=waits_per_s)


@contextmanager
def running(vcenter: SimulatedVCenter) -> Iterator[tuple[VCenter, Journal]]:
    """A connection of ours and a journal, as a command has them."""
    with (
        tempfile.TemporaryDirectory() as state,
        closing(open_journal(Path(state))) as journal,
        _connected(vcenter) as ours,
    ):
        yield ours, journal


def planned(trips: Sequence[Trip]) -> Plan:
    """The plan of these moves, in this order."""
    return Plan(moves=tuple(_planned(trip) for trip in trips))


def _connected(vcenter: SimulatedVCenter) -> VCenter:
    return connect(
        server=vcenter.host,
        port=vcenter.port,
        user=vcenter.user,
        password=vcenter.password,
        ca_file=vcenter.ca_file,
    )


def _planned(trip: Trip) -> PlannedMove:
    vm = VmIdentity(ref=MoRef(kind="VirtualMachine", moid=trip.vm_moid), name=trip.vm, instance_uuid=None)
    host = NamedRef(ref=MoRef(kind="HostSystem", moid=trip.host_moid), name=trip.host)
    move = Move(vm=vm, source=Placement(host=None), destination=Placement(host=host))
    return PlannedMove(move=move, findings=())
