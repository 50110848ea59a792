"""What the journal keeps beside runs and moves: what a run is for, truces with DRS, keepsakes, work on host after host.

Rules of this file: each method is one committed transaction; what is about to be changed in vCenter is written before
vCenter is asked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vsphere_motion.errors import Ambiguous, NotFound
from vsphere_motion.model.jsonform import format_time, from_json
from vsphere_motion.model.keepsakes import Keeping
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.plan_file import PlanChoices, PlanKind
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.report import HostLoad
from vsphere_motion.model.rolling import Rolling, RollingRequest, RollingStep, StepState
from vsphere_motion.run.failpoints import passing
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.records import JournaledMove, dump, row_of_move


class PurposeKind(Enum):
    """What a run is for, where that matters later."""

    EVACUATE = "evacuate"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a run is for.

    Args:
        hosts: the hosts that it empties, or brings VMs back to.
    """

    kind: PurposeKind
    hosts: tuple[MoRef, ...]


def purpose_of(kind: PlanKind, hosts: Sequence[MoRef]) -> Purpose | None:
    """What the run of a plan is for, where that matters later."""
    return Purpose(kind=PurposeKind.EVACUATE, hosts=tuple(hosts)) if kind is PlanKind.EVACUATE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a plan was made of, so that its rest can be planned again.

    Args:
        tries: how often at most.
    """

    kind: PlanKind
    choices: PlanChoices
    tries: int


class Moment(Enum):
    """When the hosts' loads of a run were read."""

    BEFORE = "loads_before"
    AFTER = "loads_after"


class TruceState(Enum):
    """How far a truce is: asked for, put back, or left because somebody else has changed the override since."""

    SET = "set"
    ENDED = "ended"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A DRS override of one VM as vCenter has it; None: the override does not say."""

    enabled: bool | None
    behavior: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truce:
    """DRS is to leave a VM alone while a run lasts.

    Args:
        before: the override that the VM had; None: it had none.
    """

    vm: MoRef
    vm_name: str
    cluster: MoRef
    before: Override | None
    state: TruceState = TruceState.SET


def quieted(before: Override | None) -> Override:
    """An override by which DRS neither moves a VM nor recommends to (`ClusterDrsVmConfigInfo.enabled`).

    What the override says besides stays: a change leaves what it does not name as it is.
    """
    return Override(enabled=False, behavior=before.behavior if before else None)


def restored(before: Override | None) -> Override | None:
    """The override to put back; where it did not say whether DRS may, it says so now: unset means yes (vSphere API)."""
    return before if before is None or before.enabled is not None else Override(enabled=True, behavior=before.behavior)


def is_quieted(present: Override | None, before: Override | None) -> bool:
    """Whether an override is still what we have set; where there was none, vCenter may have named a behavior."""
    if present is None or present.enabled is not False:
        return False
    return before is None or present.behavior == before.behavior


class Workbook:
    """These tables of one journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._store = journal.store

    # -- what a run is for ----------------------------------------------------------------------------------------

    def write_purpose(self, run: str, purpose: Purpose) -> None:
        """Commit what a run is for."""
        self._store.write(
            f"write the purpose of {run} in",
            "INSERT OR REPLACE INTO purpose VALUES (?, ?, ?)",
            (run, purpose.kind.value, dump(tuple(host.moid for host in purpose.hosts))),
        )

    def find_evacuation(self, host: MoRef, *, vcenter_uuid: str) -> str | None:
        """The newest run that was to empty a host; where none says so, the newest that moved a VM off it."""
        found = self._store.read(
            "SELECT purpose.run FROM purpose JOIN run ON run.id = purpose.run, json_each(purpose.hosts) AS one"
            " WHERE run.vcenter_uuid = ? AND purpose.kind = ? AND one.value = ? ORDER BY run.rowid DESC LIMIT 1",
            (vcenter_uuid, PurposeKind.EVACUATE.value, host.moid),
        ) or self._store.read(
            "SELECT move.run FROM move JOIN run ON run.id = move.run LEFT JOIN purpose ON purpose.run = run.id"
            " WHERE run.vcenter_uuid = ? AND move.state = ? AND json_extract(move.source, '$.host.ref.moid') = ?"
            " AND coalesce(purpose.kind, '') <> ? ORDER BY run.rowid DESC LIMIT 1",
            (vcenter_uuid, OutcomeState.MOVED.value, host.moid, PurposeKind.RESTORE.value),
        )
        return str(found[0]["run"]) if found else None

    # -- what a plan was made of -----------------------------------------------------------------------------------

    def write_asked(self, run: str, asked: Asked) -> None:
        """Commit what the plan of a run was made of."""
        self._store.write(
            f"write what was asked for with {run} in",
            "INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?)",
            (run, asked.kind.value, dump(asked.choices), asked.tries),
        )

    def find_asked(self, run: str) -> Asked | None:
        """What the plan of a run was made of; None where its moves leave no choice."""
        rows = self._store.read("SELECT * FROM asked WHERE run = ?", (run,))
        if not rows:
            return None
        choices = from_json(PlanChoices, json.loads(rows[0]["choices"]))
        return Asked(kind=PlanKind(rows[0]["kind"]), choices=choices, tries=rows[0]["tries"])

    def find_left_to_plan(self, *, vcenter_uuid: str) -> str | None:
        """The newest run that was killed after its last move and before what was refused was planned again."""
        rows = self._store.read(
            "SELECT run.id FROM run JOIN asked ON asked.run = run.id WHERE run.vcenter_uuid = ? AND ended_at IS NULL"
            " AND EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.state = ?)"
            " AND NOT EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.outcome IS NULL)"
            " ORDER BY run.rowid DESC LIMIT 1",
            (vcenter_uuid, OutcomeState.FAILED.value),
        )
        return str(rows[0]["id"]) if rows else None

    # -- how loaded the hosts are ----------------------------------------------------------------------------------

    def write_loads(self, run: str, loads: Sequence[HostLoad], moment: Moment) -> None:
        """Commit how loaded the hosts of a run are before or after its moves."""
        self._store.write(
            f"write the hosts' loads of {run} in",
            "UPDATE run SET info = json_set(info, ?, json(?)) WHERE id = ?",
            (f"$.{moment.value}", dump(tuple(loads)), run),
        )

    # -- moves that are added to a run -----------------------------------------------------------------------------

    def add_moves(self, run: str, moves: Sequence[JournaledMove]) -> None:
        """Commit more moves of a run, whose positions follow those that it has."""
        with self._store.transaction(f"add moves to {run} in") as db:
            for row in (row_of_move(run, item) for item in moves):
                db.execute(f"INSERT INTO move VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - marks alone

    # -- DRS truces -----------------------------------------------------------------------------------------------

    def write_truces(self, run: str, truces: Sequence[Truce]) -> None:
        """Commit that DRS is about to be kept away from these VMs; a row that is `set` already stays."""
        with self._store.transaction(f"write the DRS truces of {run} in") as db:
            db.executemany(
                "INSERT INTO truce VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run, vm) DO UPDATE"
                " SET before = excluded.before, cluster = excluded.cluster, state = excluded.state"
                " WHERE truce.state <> 'set'",
                [
                    (run, one.vm.moid, one.vm_name, one.cluster.moid, dump(one.before), one.state.value)
                    for one in truces
                ],
            )
        passing("after_truce_row")

    def end_truces(self, run: str, vms: Sequence[MoRef], state: TruceState) -> None:
        """Commit that the overrides of these VMs were put back, or left to whoever changed them."""
        with self._store.transaction(f"end the DRS truces of {run} in") as db:
            db.executemany(
                "UPDATE truce SET state = ? WHERE run = ? AND vm = ?", [(state.value, run, vm.moid) for vm in vms]
            )

    def truces(self, run: str) -> tuple[Truce, ...]:
        """The truces of a run, by VM."""
        rows = self._store.read("SELECT * FROM truce WHERE run = ? ORDER BY vm", (run,))
        return tuple(_read_truce(row) for row in rows)

    def open_truces(self, *, vcenter_uuid: str) -> dict[str, tuple[Truce, ...]]:
        """The truces of a vCenter that were not put back, by run, the oldest run first."""
        found: dict[str, list[Truce]] = {}
        for row in self._store.read(
            "SELECT truce.* FROM truce JOIN run ON run.id = truce.run"
            " WHERE run.vcenter_uuid = ? AND truce.state = 'set' ORDER BY run.rowid, truce.vm",
            (vcenter_uuid,),
        ):
            found.setdefault(row["run"], []).append(_read_truce(row))
        return {run: tuple(truces) for run, truces in found.items()}

    # -- what VMs have again at another vCenter --------------------------------------------------------------------

    def write_keepings(self, run: str, keepings: Mapping[int, Keeping]) -> None:
        """Commit how far it is with the keepsakes of these moves, by position."""
        with self._store.transaction(f"write the keepsakes of {run} in") as db:
            db.executemany(
                "UPDATE keepsake SET state = ?, losses = ? WHERE run = ? AND position = ?",
                [(one.state.value, dump(one.losses), run, position) for position, one in keepings.items()],
            )

    def reopen_keepsakes(self, run: str) -> None:
        """Commit that what could not be given back is to be tried again."""
        self._store.write(
            f"open the keepsakes of {run} again in",
            "UPDATE keepsake SET state = 'open' WHERE run = ? AND state = 'lost'",
            (run,),
        )

    # -- templates ------------------------------------------------------------------------------------------------

    def left_with_templates(self, *, vcenter_uuid: str) -> tuple[str, ...]:
        """The runs of a vCenter that moved templates, had all their outcomes, and were killed before their end."""
        rows = self._store.read(
            "SELECT id FROM run WHERE vcenter_uuid = ? AND ended_at IS NULL"
            " AND EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND json_extract(manner, '$.is_template'))"
            " AND NOT EXISTS (SELECT 1 FROM move WHERE move.run = run.id AND move.outcome IS NULL) ORDER BY rowid",
            (vcenter_uuid,),
        )
        return tuple(str(row["id"]) for row in rows)

    # -- hosts one after the other --------------------------------------------------------------------------------

    def create_rolling(self, rolling: Rolling) -> None:
        """Write what is to be done with which hosts."""
        with self._store.transaction(f"write {rolling.id} in") as db:
            db.execute(
                "INSERT INTO rolling VALUES (?, ?, ?, ?, NULL)",
                (rolling.id, rolling.vcenter_uuid, dump(rolling.request), format_time(rolling.started_at)),
            )
            db.executemany(
                "INSERT INTO rolling_step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row_of_step(rolling.id, step) for step in rolling.steps],
            )

    def write_step(self, rolling: str, step: RollingStep) -> None:
        """Commit how far a host is."""
        self._store.write(
            f"write a step of {rolling} in",
            "INSERT OR REPLACE INTO rolling_step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _row_of_step(rolling, step),
            with_pad=True,
        )
        passing("after_step")

    def end_rolling(self, rolling: str, at: datetime) -> None:
        """Commit when the last host was done."""
        self._store.write(
            f"end {rolling} in", "UPDATE rolling SET ended_at = ? WHERE id = ?", (format_time(at), rolling)
        )

    def load_rolling(self, word: str) -> Rolling:
        """The one rolling whose id begins so.

        Raises:
            NotFound, Ambiguous: none does, or several do.
        """
        rows = self._store.read("SELECT * FROM rolling WHERE substr(id, 1, length(?)) = ?", (word, word))
        rows = [row for row in rows if row["id"] == word] or rows
        if not rows:
            raise NotFound(f"no rolling {word} in the journal {self._journal.path}")
        if len(rows) > 1:
            raise Ambiguous(f"{word} begins the ids of {len(rows)}", details=tuple(row["id"] for row in rows))
        return self._read_rolling(rows[0])

    def find_rolling(self, *, vcenter_uuid: str) -> Rolling | None:
        """The newest rolling of a vCenter that has not ended; None if there is none."""
        rows = self._store.read(
            "SELECT * FROM rolling WHERE vcenter_uuid = ? AND ended_at IS NULL ORDER BY rowid DESC LIMIT 1",
            (vcenter_uuid,),
        )
        return self._read_rolling(rows[0]) if rows else None

    def _read_rolling(self, row: sqlite3.Row) -> Rolling:
        steps = self._store.read("SELECT * FROM rolling_step WHERE rolling = ? ORDER BY position", (row["id"],))
        return Rolling(
            id=row["id"],
            vcenter_uuid=row["vcenter_uuid"],
            request=from_json(RollingRequest, json.loads(row["request"])),
            started_at=datetime.fromisoformat(row["started_at"]),
            ended_at=datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None,
            steps=tuple(_read_step(step) for step in steps),
        )


def _read_truce(row: sqlite3.Row) -> Truce:
    before = json.loads(row["before"])
    return Truce(
        vm=MoRef(kind="VirtualMachine", moid=row["vm"]),
        vm_name=row["vm_name"],
        cluster=MoRef(kind="ClusterComputeResource", moid=row["cluster"]),
        before=None if before is None else from_json(Override, before),
        state=TruceState(row["state"]),
    )


def _row_of_step(rolling: str, step: RollingStep) -> tuple[object, ...]:
    return (
        rolling,
        step.position,
        step.host.moid,
        step.host_name,
        step.state.value,
        dump(step.runs),
        step.exit_code,
        step.output,
        step.note,
    )


def _read_step(row: sqlite3.Row) -> RollingStep:
    return RollingStep(
        position=row["position"],
        host=MoRef(kind="HostSystem", moid=row["host"]),
        host_name=row["host_name"],
        state=StepState(row["state"]),
        runs=from_json(tuple[str, ...], json.loads(row["runs"])),
        exit_code=row["exit_code"],
        output=row["output"],
        note=row["note"],
    )
