"""The journal as the loop over moves uses it: a disk that fills up ends no watching, and nothing starts unrecorded.

Rules of this file: without its intent in the journal a relocation is never asked for; a task or outcome that cannot be
written is said at once, with the command that writes it later, and again at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vsphere_motion.errors import JournalError
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.records import Rival

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recorder:
    """Writes what happens to the moves of one run.

    Args:
        failure: what kept the last write from being committed; from then on nothing more may start.
    """

    journal: Journal
    failure: JournalError | None = None
    _lost: dict[int, str] = field(default_factory=dict)
    _tasks: dict[int, tuple[MoRef, MoRef]] = field(default_factory=dict)
    _unwritten: set[int] = field(default_factory=set)

    def write_intents(self, run: str, op_ids: Mapping[int, str], *, at: datetime) -> frozenset[int]:
        """As `Journal.write_intents`; also none where it cannot be written, and `failure` says why then."""
        if self.failure is not None:
            return frozenset()
        try:
            return self.journal.write_intents(run, op_ids, at=at)
        except JournalError as error:
            self.failure = error
            return frozenset()

    def withdraw_intent(self, run: str, position: int) -> None:
        """As `Journal.withdraw_intent`; an intent that stays is found out by the next `resume`."""
        try:
            self.journal.withdraw_intent(run, position)
        except JournalError as error:
            self.failure = error
            _log.warning("%s", error)

    def write_tasks(self, run: str, tasks: Mapping[int, tuple[MoRef, MoRef]]) -> None:
        """As `Journal.write_tasks`, with each task its VM; tasks that cannot be written are said, and watched on."""
        self._tasks |= tasks
        try:
            self.journal.write_tasks(run, {position: task for position, (task, _) in tasks.items()})
        except JournalError as error:
            for position, (task, vm) in tasks.items():
                self._unwritten.add(position)
                self._lose(run, position, f"{task.moid} of {vm.moid}: it runs", error)

    def write_outcomes(self, run: str, outcomes: Mapping[int, Outcome]) -> None:
        """As `Journal.write_outcomes`; where they cannot be written together, one after the other."""
        try:
            self.journal.write_outcomes(run, outcomes)
        except JournalError:
            for position, outcome in outcomes.items():
                self.write_outcome(run, position, outcome)
        else:
            for position in outcomes:
                self._lost.pop(position, None)

    def write_outcome(self, run: str, position: int, outcome: Outcome) -> None:
        """As `Journal.write_outcome`; one that cannot be written is said."""
        try:
            self.journal.write_outcome(run, position, outcome)
            self._lost.pop(position, None)
        except JournalError as error:
            what = f"{outcome.task or 'no task'} of {outcome.move.vm.moid}: {outcome.state.value}"
            self._lose(run, position, what, error)

    def is_planned(self, run: str, position: int) -> bool:
        """As `Journal.is_planned`."""
        return self.journal.is_planned(run, position)

    def find_rival(self, run: str, position: int) -> Rival | None:
        """As `Journal.find_rival`."""
        return self.journal.find_rival(run, position)

    def require_written(self, run: str) -> None:
        """Say what the journal lacks.

        Raises:
            JournalError: something could not be written; the details name each task with its command.
        """
        if self.failure is None:
            return
        lines = tuple(self._lost[position] for position in sorted(self._lost))
        hint = f"{self.failure.hint}; then go on with: vsphere-motion resume {run}"
        raise JournalError(self.failure.message, details=lines, hint=hint) from self.failure

    def _lose(self, run: str, position: int, what: str, error: JournalError) -> None:
        """Names are left out: these lines go to the terminal as they are."""
        self.failure = error
        way_on = f"vsphere-motion resume {run}"
        if position in self._unwritten:
            task, vm = self._tasks[position]
            way_on = f"vsphere-motion resume --task {task.moid} --vm moid:{vm.moid}"
        self._lost[position] = f"{what}, and the journal lacks it; later: {way_on}"
        _log.error("%s; %s", error.message, self._lost[position])
