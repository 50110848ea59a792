"""How far a rolling is, as every part of its story reads and writes it: the journal has it before anything is begun."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from vsphere_motion.model.event import RunNoted
from vsphere_motion.model.rolling import Rolling, RollingStep, StepState
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Workbook
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.options import DEFAULT_OPTIONS, RunOptions
from vsphere_motion.service.surroundings import NOWHERE, Places

DIRECTORY = "rolling"
"""Beside the journal: what the commands write, a directory for each rolling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the commands are given, and where a rolling keeps what they write.

    Args:
        environment: of the commands.
        options: how the moves are run.
        pause: lets a moment pass.
    """

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: RunOptions = DEFAULT_OPTIONS
    places: Places = NOWHERE
    pause: Callable[[float], object] = threading.Event().wait


class Stopped(Exception):
    """Nothing more is begun: the person wants it so, or a note of a step says why."""


class RollingWork:
    """One process's work on a rolling."""

    def __init__(
        self, vcenter: VCenter, journal: Journal, book: Workbook, rolling: str, control: Control, world: World
    ) -> None:
        self._vcenter = vcenter
        self._journal = journal
        self._book = book
        self._id = rolling
        self._control = control
        self._world = world
        self._output = journal.path.parent / DIRECTORY / rolling

    def forget_failures(self) -> None:
        """What went wrong before is tried again."""
        for step in self._steps():
            if step.note is not None:
                self._book.write_step(self._id, replace(step, note=None))

    def _load(self) -> Rolling:
        return self._book.load_rolling(self._id)

    def _steps(self, *states: StepState) -> list[RollingStep]:
        return [step for step in self._load().steps if not states or step.state in states]

    def _at(self, batch: list[int], *states: StepState) -> list[RollingStep]:
        """The hosts of the batch in these states that nothing is wrong with."""
        return [one for one in self._steps(*states) if one.position in batch]

    def _well(self, batch: list[int], *states: StepState) -> list[RollingStep]:
        return [one for one in self._at(batch, *states) if one.note is None]

    def _write(self, step: RollingStep, state: StepState) -> RollingStep:
        written = replace(step, state=state, note=None)
        self._book.write_step(self._id, written)
        return written

    def _fail(self, step: RollingStep, why: str) -> RunNoted:
        """Leave the host as it is, and say what to do."""
        way_on = f"vsphere-motion rolling --resume {self._id}"
        note = f"{step.host_name} ({step.state.value}): {why}. Nothing more is begun; when it is well: {way_on}"
        if step.runs:
            note += f", or fill it again: vsphere-motion restore {step.host_name} --exit-maintenance"
        self._book.write_step(self._id, replace(step, note=note))
        return note_of(note, is_warning=True)


def note_of(text: str, *, is_warning: bool = False) -> RunNoted:
    """Something that was done, or needs a person, as an event."""
    return RunNoted(at=datetime.now(UTC), text=text, is_warning=is_warning)
