"""Many questions to vCenter's checkers, a few at a time, watched through one filter and read in bulk.

Rules of this file: a checker that the server does not have is asked once; whatever else goes wrong leaves the pairs of
that one question unknown, with the reason; an answer that cannot be parsed is unknown, never ok.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import (
    CallTimeout,
    MotionError,
    OutcomeUnknown,
    PermissionMissing,
    ProtocolError,
    VCenterFault,
)
from vsphere_motion.model.compat import Pair
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.vcenter.collector import Reading, read_objects, ref_of
from vsphere_motion.vcenter.faults import fault_from, faults_from
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.tasks import VCenterTaskWatcher

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

RELOCATE = "CheckRelocate_Task"
MIGRATE = "CheckMigrate_Task"
QUERY = "QueryVMotionCompatibilityEx_Task"

IN_FLIGHT = 8
"""Checks asked for at once; each costs vCenter a look at the hosts."""

TIMEOUT_S = 120.0
"""For all checks of one call together, with `TIMEOUT_AN_ASK_S` more for each of them."""

TIMEOUT_AN_ASK_S = 0.5

_POLL_S = 10.0
_RESULTS = ("info.error", "info.result", "info.state")
_NO_OPINION = (CallTimeout, OutcomeUnknown, PermissionMissing, ProtocolError, VCenterFault)
_PASSING = {"HostCommunication", "NotAuthenticated", "RequestCanceled", "SystemError", "Timedout"}
"""Faults of a check that say nothing of the move: it could not be made now."""
_UNSUPPORTED = {"MethodNotFound", "NotImplemented", "NotSupported"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call of a checker.

    Args:
        pairs: the pairs that its answer is about.
        start: makes the call and returns its task.
        is_refusal: whether a fault that ends the check would end the move as well, so that it stands against the pairs.
    """

    method: str
    pairs: tuple[Pair, ...]
    start: Callable[[], MoRef]
    is_refusal: bool = False


@dataclass(slots=True, kw_only=True)
class Answers:
    """What has been learned so far, by pair; `silences` has the checkers that said nothing, and why."""

    errors: dict[Pair, list[Fault]] = field(default_factory=dict)
    warnings: dict[Pair, list[Fault]] = field(default_factory=dict)
    silences: dict[Pair, list[tuple[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def be_silent(self, method: str, pairs: Iterable[Pair], reason: str) -> None:
        """Say of each pair why one checker's opinion of it is missing."""
        for pair in pairs:
            self.silences.setdefault(pair, []).append((method, reason))

    def why_silent(self, pair: Pair) -> str | None:
        """Which checkers said nothing of a pair, and why; None if all answered."""
        methods: dict[str, list[str]] = {}
        for method, reason in self.silences.get(pair, ()):
            methods.setdefault(reason, []).append(method)
        return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in methods.items()) or None


def ask_all(session: Session, asks: Sequence[Ask], *, timeout_s: float | None = None) -> Answers:
    """The answers to all questions, at most `IN_FLIGHT` of them on their way at once.

    Args:
        timeout_s: for all of them together; None allows for their number.

    Calls: those of each question, those of `VCenterTaskWatcher`, RetrievePropertiesEx, CancelTask.
    Needs: System.View, System.Read.

    Raises:
        SessionEnded, Unreachable: vCenter is away.
    """
    allowed_s = TIMEOUT_S + TIMEOUT_AN_ASK_S * len(asks) if timeout_s is None else timeout_s
    round_ = _Round(session=session, waiting=list(asks), ends_at_s=time.monotonic() + allowed_s)
    try:
        while round_.waiting or round_.running:
            round_.start_more()
            round_.take_results()
    except _NO_OPINION as error:
        round_.give_up_all(error.message)
    finally:
        round_.watcher.close()
    return round_.answers


@dataclass(slots=True, kw_only=True)
class _Round:
    """The questions of one call on their way."""

    session: Session
    waiting: list[Ask]
    ends_at_s: float
    running: dict[MoRef, Ask] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    watcher: VCenterTaskWatcher = field(init=False)

    def __post_init__(self) -> None:
        self.watcher = VCenterTaskWatcher(self.session)

    def start_more(self) -> None:
        """Ask up to the limit."""
        started = []
        while self.waiting and len(self.running) < IN_FLIGHT:
            ask = self.waiting.pop(0)
            try:
                task = ask.start()
            except _NO_OPINION as error:
                self._refused(ask, error)
                continue
            self.running[task] = ask
            started.append(task)
        self.watcher.watch(started)

    def take_results(self) -> None:
        """Wait for checks to end and read their results in one call; give up those that are late."""
        if not self.running:
            return
        left_s = self.ends_at_s - time.monotonic()
        statuses = self.watcher.wait_for_updates(timeout_s=max(0.0, min(left_s, _POLL_S)))
        ended = [one.task for one in statuses if one.is_gone or (one.state is not None and one.state.is_final)]
        if ended:
            readings = read_objects(self.session, ended, _RESULTS)
            for task in ended:
                self._take(self.running.pop(task), readings.get(task))
            self.watcher.forget(ended)
        if left_s <= 0:
            for task in self.running:
                _cancel(self.session, task)
            self.give_up_all("it did not end in time")

    def give_up_all(self, reason: str) -> None:
        """Say of everything that has no answer yet why it has none."""
        for ask in (*self.running.values(), *self.waiting):
            self.answers.be_silent(ask.method, ask.pairs, reason)
        self.running.clear()
        self.waiting.clear()

    def _take(self, ask: Ask, reading: Reading | None) -> None:
        """An answer to its pairs, or the reason why there is none."""
        if reading is None:
            self.answers.be_silent(ask.method, ask.pairs, "vCenter forgot the task of its check")
        elif reading.get("info.error") is not None:
            fault = fault_from(reading.get("info.error"))
            if fault.kind in _UNSUPPORTED and ask.method != RELOCATE:
                self._drop(ask)
            elif ask.is_refusal and fault.kind not in _PASSING:
                for pair in ask.pairs:
                    self.answers.errors.setdefault(pair, []).append(fault)
            else:
                self.answers.be_silent(ask.method, ask.pairs, f"it failed: {fault.message or fault.kind}")
        elif reading.unread or reading.get("info.state") != "success":
            self.answers.be_silent(ask.method, ask.pairs, "its answer cannot be understood")
        else:
            self._read_results(ask, reading.get("info.result") or ())

    def _read_results(self, ask: Ask, results: Iterable[Any]) -> None:
        known, heard = frozenset(ask.pairs), set[Pair]()
        for result in results:
            about = _pairs_of(known, result)
            heard.update(about)
            for pair in about:
                self.answers.errors.setdefault(pair, []).extend(_faults(result.error, pair))
                self.answers.warnings.setdefault(pair, []).extend(_faults(result.warning, pair))
        # the query answers for pairs that have something to say alone; a check of one host needs not to name it
        if ask.method != QUERY and len(ask.pairs) > 1:
            missing = [pair for pair in ask.pairs if pair not in heard]
            self.answers.be_silent(ask.method, missing, _LEFT_OUT)

    def _refused(self, ask: Ask, error: MotionError) -> None:
        is_unsupported = isinstance(error, VCenterFault) and error.fault_kind in _UNSUPPORTED
        if is_unsupported and ask.method != RELOCATE:
            self._drop(ask)
            return
        asks = [ask]
        if is_unsupported:
            asks += self._withdrawn(ask.method)
        for one in asks:
            self.answers.be_silent(one.method, one.pairs, error.message)

    def _drop(self, ask: Ask) -> None:
        """Go on without a checker that the server does not have; `CheckRelocate_Task` alone is needed for a verdict."""
        self._withdrawn(ask.method)
        self.answers.notes.append(f"this vCenter has no {ask.method}; its opinion is missing")

    def _withdrawn(self, method: str) -> list[Ask]:
        withdrawn = [ask for ask in self.waiting if ask.method == method]
        self.waiting = [ask for ask in self.waiting if ask.method != method]
        return withdrawn


_LEFT_OUT = "no answer for this host; hosts that are not connected or are in maintenance mode are left out"


def _pairs_of(known: frozenset[Pair], result: Any) -> list[Pair]:
    """The pairs of a question that one result is about; a result that names no host is about all of its VM."""
    vm = ref_of(result.vm) if result.vm is not None else None
    host = ref_of(result.host) if result.host is not None else None
    if vm is not None and host is not None:
        return [(vm, host)] if (vm, host) in known else []
    return [pair for pair in known if vm in {None, pair[0]} and host in {None, pair[1]}]


def _faults(faults: Any, pair: Pair) -> Iterator[Fault]:
    """The faults as data; one that is about another host is left out."""
    for fault in faults or ():
        for host, data in faults_from(fault):
            if host in {None, pair[1]}:
                yield data


def _cancel(session: Session, task: MoRef) -> None:
    try:
        VCenterRelocator(session).cancel_task(task)
    except _NO_OPINION:
        return  # the check ends by itself, and nobody waits for it
