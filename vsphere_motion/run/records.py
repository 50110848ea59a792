"""What the journal holds, as values, and how each becomes a row and a row becomes it again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.jsonform import format_time, from_json, to_json
from vsphere_motion.model.keepsakes import Keeping, KeepState, Loss
from vsphere_motion.model.move import Manner, Move, Placement
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.plan_file import PlanCost
from vsphere_motion.model.refs import MoRef, VmIdentity
from vsphere_motion.model.report import RunInfo
from vsphere_motion.model.schedule import Slot
from vsphere_motion.planning.steps import slots_of


class MoveState(Enum):
    """Where a move of a run stands before it has an outcome; afterwards the journal holds the outcome's own word."""

    PLANNED = "planned"
    INTENT = "intent"
    SUBMITTED = "submitted"


OPEN_KEEPSAKES = """INSERT INTO keepsake SELECT run, position, 'open', '[]' FROM move
WHERE run = ? AND outcome IS NULL AND json_extract(manner, '$.keepsakes') IS NOT NULL"""
"""A row for each move of a new run whose VM is to have something again."""

WHOLE_MOVES = """SELECT move.*, keepsake.state AS keep_state, keepsake.losses FROM move
LEFT JOIN keepsake USING (run, position) WHERE run = ? ORDER BY position"""

NEWEST_RUN = """SELECT id FROM run WHERE vcenter_uuid = coalesce(?, vcenter_uuid) AND (NOT ?
    OR EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.outcome IS NULL)
    OR EXISTS (SELECT 1 FROM keepsake WHERE keepsake.run = run.id AND keepsake.state = 'open'))
ORDER BY rowid DESC LIMIT 1"""
"""The newest run (of one vCenter), or the newest for which something is left to do."""

_OPEN_STATES = tuple(state.value for state in MoveState)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledMove:
    """One move as the journal has it.

    Args:
        position: its place in the run, from 0.
        op_id: the operationID its relocation call carries; None before the intent.
        intent_at: vCenter's clock just before the call.
        state: a `MoveState` while it is open, None once it has an outcome.
        keeping: how far it is with what the VM is to have again; None where nothing was asked for.
    """

    position: int
    planned: PlannedMove
    memory_bytes: int | None = None
    op_id: str | None = None
    intent_at: datetime | None = None
    task: MoRef | None = None
    state: MoveState | None = MoveState.PLANNED
    outcome: Outcome | None = None
    keeping: Keeping | None = None

    @property
    def move(self) -> Move:
        """The move itself."""
        return self.planned.move


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledRun:
    """One run as the journal has it."""

    info: RunInfo
    moves: tuple[JournaledMove, ...]

    @property
    def is_finished(self) -> bool:
        """Whether every move has an outcome."""
        return all(item.outcome is not None for item in self.moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who watches a run, or did until it was killed.

    Args:
        owner: the account on that machine.
        host: the machine's name.
        since, seen_at: vCenter's clock when the watching began, and when it was last told of.
    """

    run: str
    owner: str
    host: str
    pid: int
    since: datetime
    seen_at: datetime

    def __str__(self) -> str:
        return (
            f"{self.owner} on {self.host}, process {self.pid}, since {format_time(self.since.replace(microsecond=0))}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another run's relocation of the same VM that was not seen to end.

    Args:
        watch: who watches that run; None if nobody has said so.
    """

    run: str
    item: JournaledMove
    watch: Watch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of the history.

    Args:
        counts: moves by their state, the outcome's word or one of `MoveState`, in alphabetical order.
        watch: who watches it; None if nobody does.
    """

    info: RunInfo
    counts: tuple[tuple[str, int], ...]
    watch: Watch | None = None

    @property
    def is_finished(self) -> bool:
        """Whether every move has an outcome."""
        return not any(word in _OPEN_STATES for word, _ in self.counts)


def dump(value: object) -> str:
    """A value as compact JSON text."""
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def row_of_run(info: RunInfo) -> tuple[Any, ...]:
    """The columns of table `run`."""
    return (info.run, info.vcenter.instance_uuid, dump(info), format_time(info.started_at), None)


def row_of_move(run: str, item: JournaledMove) -> tuple[Any, ...]:
    """The columns of table `move`."""
    move = item.move
    state = item.state or MoveState.PLANNED
    return (
        run,
        item.position,
        move.vm.moid,
        move.vm.name,
        move.vm.instance_uuid,
        dump(move.source),
        dump(move.destination),
        dump(item.planned.findings),
        dump(item.planned.skipped),
        item.memory_bytes,
        item.op_id,
        format_time(item.intent_at) if item.intent_at else None,
        item.task.moid if item.task else None,
        item.outcome.state.value if item.outcome else state.value,
        dump(item.outcome) if item.outcome else None,
        dump(item.planned.relies_on),
        item.planned.window,
        dump(move.manner),
        dump(_costs(item.planned.costs)),
        item.planned.wave,
    )


def _costs(costs: Iterable[tuple[Slot, int]]) -> tuple[PlanCost, ...]:
    return tuple(PlanCost(resource=slot[0].value, moid=slot[1].moid, units=units) for slot, units in costs)


def row_of_watch(watch: Watch) -> tuple[Any, ...]:
    """The columns of table `watch`."""
    return (watch.run, watch.owner, watch.host, watch.pid, format_time(watch.since), format_time(watch.seen_at))


def read_info(row: sqlite3.Row) -> RunInfo:
    """The run of a row of table `run`."""
    data = json.loads(row["info"])
    return from_json(RunInfo, {**data, "ended_at": row["ended_at"]})


def read_move(row: sqlite3.Row) -> JournaledMove:
    """The move of a row of table `move`."""
    return JournaledMove(
        position=row["position"],
        planned=_read_planned(row),
        memory_bytes=row["memory_bytes"],
        op_id=row["op_id"],
        intent_at=datetime.fromisoformat(row["intent_at"]) if row["intent_at"] else None,
        task=MoRef(kind="Task", moid=row["task"]) if row["task"] else None,
        state=MoveState(row["state"]) if row["state"] in _OPEN_STATES else None,
        outcome=from_json(Outcome, json.loads(row["outcome"])) if row["outcome"] else None,
        keeping=_read_keeping(row),
    )


def _read_keeping(row: sqlite3.Row) -> Keeping | None:
    """Where the row was read together with that of table `keepsake`, and there is one."""
    if "keep_state" not in row.keys() or row["keep_state"] is None:  # noqa: SIM118 - a row is no mapping
        return None
    return Keeping(state=KeepState(row["keep_state"]), losses=from_json(tuple[Loss, ...], json.loads(row["losses"])))


def _read_planned(row: sqlite3.Row) -> PlannedMove:
    vm = VmIdentity(
        ref=MoRef(kind="VirtualMachine", moid=row["vm"]), name=row["vm_name"], instance_uuid=row["instance_uuid"]
    )
    move = Move(
        vm=vm,
        source=from_json(Placement, json.loads(row["source"])),
        destination=from_json(Placement, json.loads(row["destination"])),
        manner=from_json(Manner, json.loads(row["manner"])),
    )
    return PlannedMove(
        move=move,
        findings=from_json(tuple[Finding, ...], json.loads(row["findings"])),
        skipped=from_json(tuple[str, ...], json.loads(row["skipped"])),
        relies_on=from_json(tuple[int, ...], json.loads(row["relies_on"])),
        window=row["hours"],
        costs=slots_of(from_json(tuple[PlanCost, ...], json.loads(row["costs"]))),
        wave=row["wave"],
    )


def read_watch(row: sqlite3.Row) -> Watch:
    """The watch of a row of table `watch`."""
    return Watch(
        run=row["run"],
        owner=row["owner"],
        host=row["host"],
        pid=row["pid"],
        since=datetime.fromisoformat(row["since"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
    )
