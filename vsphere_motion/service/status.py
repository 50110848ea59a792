"""The story of a status: what the journal has of a run, with what vCenter says of its tasks now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.report.json_form import move_document
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun
from vsphere_motion.run.locks import find_alive
from vsphere_motion.run.records import Watch
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.history import watch_document

STATUS_SCHEMA = "vsphere-motion/status/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStatus:
    """One move of a run; `live` is vCenter's present reading of its task, None where there is nothing to ask."""

    item: JournaledMove
    live: TaskStatus | None = None

    @property
    def word(self) -> str:
        """The state in one word: the outcome, or before it `planned`, `asked_for`, `queued`, `running` or `ended`."""
        if self.item.outcome is not None:
            return self.item.outcome.state.value
        if self.live is None:
            return "planned" if self.item.op_id is None else "asked_for"
        if self.live.state is None:
            return "unknown"
        return "ended" if self.live.state.is_final else self.live.state.value


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """A run and each of its moves.

    Args:
        watch: who watches it, or did until it was killed; None if nobody does.
        is_watched: whether that process lives; None if it is one of another machine.
    """

    info: RunInfo
    moves: tuple[MoveStatus, ...]
    watch: Watch | None = None
    is_watched: bool | None = False

    @property
    def is_finished(self) -> bool:
        """Whether every move has an outcome."""
        return all(move.item.outcome is not None for move in self.moves)


def read_status(vcenter: VCenter, journal: Journal, run: str | None = None) -> RunStatus | None:
    """The status of a run; of the newest unfinished one of this vCenter where none is named; None if there is none.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
        BadInput: the run belongs to another vCenter.
    """
    journaled = find_run(vcenter, journal, run)
    if journaled is None:
        return None
    live = _read_live(vcenter, journaled)
    moves = tuple(MoveStatus(item=item, live=live.get(item.task) if item.task else None) for item in journaled.moves)
    watch = journal.find_watch(journaled.info.run)
    is_watched = False if watch is None else find_alive(journal, watch)
    return RunStatus(info=journaled.info, moves=moves, watch=watch, is_watched=is_watched)


def find_run(vcenter: VCenter, journal: Journal, run: str | None) -> JournaledRun | None:
    """The named run, or the newest unfinished one of this vCenter; None if there is none."""
    uuid = vcenter.identity.instance_uuid
    found = run or journal.find_newest(vcenter_uuid=uuid, unfinished=True)
    if found is None:
        return None
    journaled = journal.load_run(found)
    if journaled.info.vcenter.instance_uuid != uuid:
        raise BadInput(
            f"run {journaled.info.run} belongs to {journaled.info.vcenter.host}, not to {vcenter.identity.host}",
            hint=f"connect to it with --server {journaled.info.vcenter.host}",
        )
    return journaled


def _read_live(vcenter: VCenter, journaled: JournaledRun) -> dict[MoRef, TaskStatus]:
    from vsphere_motion.vcenter.tasks import VCenterTaskFinder

    tasks = [item.task for item in journaled.moves if item.task is not None and item.outcome is None]
    return VCenterTaskFinder(vcenter.session).read_tasks(tasks) if tasks else {}


def status_document(status: RunStatus | None) -> dict[str, Any]:
    """The status as JSON data; `run` is null where there is no unfinished run."""
    if status is None:
        return {"schema": STATUS_SCHEMA, "run": None, "lock": None, "moves": []}
    return {
        "schema": STATUS_SCHEMA,
        "run": status.info.run,
        "vcenter": {"host": status.info.vcenter.host, "instance_uuid": status.info.vcenter.instance_uuid},
        "started_at": format_time(status.info.started_at),
        "is_finished": status.is_finished,
        "lock": None if status.watch is None else watch_document(status.watch, is_alive=status.is_watched),
        "moves": [_move_document(move) for move in status.moves],
    }


def _move_document(move: MoveStatus) -> dict[str, Any]:
    item = move.item
    percent = move.live.progress_percent if move.live else None
    task = item.task.moid if item.task else None
    return {**move_document(item.move), "state": move.word, "task": task, "progress_percent": percent}
