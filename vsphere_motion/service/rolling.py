"""The story of a rolling: host by host emptied, worked on by a command, seen to be well, and filled again.

Rules of this file: how far a host is, is in the journal before the next thing is begun, so that a killed rolling goes
on where it stood; each thing can be begun twice. The first failure ends it, and the host is left as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

from vsphere_motion.errors import BadInput
from vsphere_motion.model.event import Event
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.model.rolling import Rolling, RollingRequest, RollingStep, StepState
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.locks import watching
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Workbook
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.options import NEVER_STOP
from vsphere_motion.service.rolling_hosts import HostWork
from vsphere_motion.service.rolling_moves import MoveWork, plan_step, stuck_words
from vsphere_motion.service.rolling_steps import Stopped, World, note_of
from vsphere_motion.service.run_ports import utc_now
from vsphere_motion.service.windows import window_of

__all__ = ["ROLLING", "World", "end_rolling", "find_rolling", "new_rolling", "plan_step", "run_rolling", "stuck_words"]


PAUSE_S = 1.0
"""How often it is looked at whether a window has opened, or the person no longer waits."""

ROLLING = "roll-"
"""What the id of a rolling begins with; that of a run does not."""


def find_rolling(vcenter: VCenter, journal: Journal, word: str | None) -> Rolling | None:
    """The rolling of this id; without one, the newest of this vCenter that has not ended; None if there is none.

    Raises:
        NotFound, Ambiguous: the id begins none, or several.
    """
    book = Workbook(journal)
    if word is None:
        return book.find_rolling(vcenter_uuid=vcenter.identity.instance_uuid)
    return book.load_rolling(word) if word.startswith(ROLLING) else None


def end_rolling(vcenter: VCenter, journal: Journal, word: str) -> tuple[str, ...]:
    """Give a rolling up, and say which hosts it leaves under way.

    Raises:
        NotFound, Ambiguous: the id begins none, or several.
        RunLocked: another process works on it.
    """
    book = Workbook(journal)
    rolling = book.load_rolling(word)
    now = vcenter.session.now()
    with watching(journal, rolling.id, now=now):
        book.end_rolling(rolling.id, now)
    under_way = [step for step in rolling.steps if step.state not in {StepState.PLANNED, StepState.DONE}]
    return (
        f"{rolling.id} is given up.",
        *(
            f"{step.host_name} is left as it is ({step.state.value}); fill it again with: "
            f"vsphere-motion restore {step.host_name} --exit-maintenance"
            for step in under_way
        ),
    )


def new_rolling(vcenter: VCenter, request: RollingRequest, hosts: Sequence[NamedRef]) -> Rolling:
    """A rolling over these hosts, none of which is begun."""
    return Rolling(
        id=f"{ROLLING}{secrets.token_hex(3)}",
        vcenter_uuid=vcenter.identity.instance_uuid,
        request=request,
        started_at=vcenter.session.now(),
        steps=tuple(
            RollingStep(position=number, host=host.ref, host_name=host.name) for number, host in enumerate(hosts)
        ),
    )


def run_rolling(
    vcenter: VCenter, journal: Journal, rolling: Rolling, *, control: Control = NEVER_STOP, world: World | None = None
) -> Iterator[Event]:
    """Work on the hosts that are not done, in the order of their places.

    Raises:
        RunLocked: another process works on it, or a command still runs.
        BadInput: it belongs to another vCenter.
    """
    if rolling.vcenter_uuid != vcenter.identity.instance_uuid:
        raise BadInput(f"{rolling.id} belongs to another vCenter", hint="connect to it with --server or --context")
    book = Workbook(journal)
    with watching(journal, rolling.id, now=vcenter.session.now()):
        work = _Work(vcenter, journal, book, rolling.id, control, world or World())
        work.forget_failures()
        try:
            while batch := work.next_batch():
                yield from work.wait_for_window(batch)
                yield from work.do(batch)
        except Stopped:
            return
        book.end_rolling(rolling.id, vcenter.session.now())


class _Work(HostWork, MoveWork):
    """One process's work on a rolling."""

    def next_batch(self) -> list[int]:
        """The places of the hosts that are under way; where none is, of those that come next."""
        rolling = self._load()
        under_way = [s.position for s in rolling.steps if s.state not in {StepState.PLANNED, StepState.DONE}]
        if under_way:
            return under_way
        if self._control.is_halting or self._control.is_detaching:
            raise Stopped
        return [s.position for s in rolling.steps if s.state is StepState.PLANNED][: rolling.request.parallel]

    def wait_for_window(self, batch: list[int]) -> Iterator[Event]:
        """Begin no new host outside of the window; one that is under way is gone on with.

        Raises:
            Stopped: the person does not wait for it to open.
        """
        written = self._load().request.window
        if not written or not self._at(batch, StepState.PLANNED):
            return
        opens = window_of(written).next_opening(utc_now())
        if opens > utc_now():
            yield note_of(f"the next host is begun at {opens:%Y-%m-%d %H:%M} UTC, when the window {written} opens")
        while not window_of(written).is_open(utc_now()):
            if self._control.is_halting or self._control.is_detaching:
                raise Stopped
            self._world.pause(PAUSE_S)

    def do(self, batch: list[int]) -> Iterator[Event]:
        """All that is to be done with these hosts, from where each of them is."""
        yield from self._finish_runs(batch)
        yield from self._evacuate(batch)
        yield from self._each(batch, StepState.ENTERING, self._enter)
        yield from self._command(batch)
        yield from self._each(batch, StepState.CHECKING, self._check)
        yield from self._each(batch, StepState.EXITING, self._exit)
        yield from self._restore(batch)
        if any(self._at(batch, *(set(StepState) - {StepState.DONE, StepState.PLANNED}))):
            raise Stopped
