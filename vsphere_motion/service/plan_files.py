"""Plans and snapshots as files: written whole or not at all, read strictly, with every problem at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.jsonform import from_json, problems_of, to_json
from vsphere_motion.model.move import Priority
from vsphere_motion.model.plan_file import SCHEMA, PlanFile
from vsphere_motion.model.plan_place import PlanObject, PlanPlace
from vsphere_motion.model.snapshot import snapshot_document, snapshot_from
from vsphere_motion.planning.plan_checks import problems_of_plan
from vsphere_motion.report.table import cell
from vsphere_motion.report.write import write_text
from vsphere_motion.service.windows import window_of

MOST_TOLD = 200
"""Problems of one file that are told; the rest is counted."""

_PLACE_COLUMNS = ("pool", "vapp", "folder", "config", "disks", "networks", "encryption", "vcenter_priority")

COLUMNS = (
    "vm",
    "vm_moid",
    "source",
    "destination",
    "wave",
    "relies_on",
    "reason",
    "start_s",
    "duration_s",
    "findings",
    "window",
    "priority",
    *_PLACE_COLUMNS,
)


def plan_document(plan: PlanFile) -> dict[str, Any]:
    """A plan as `vsphere-motion/plan/v1`."""
    return {"schema": SCHEMA, **to_json(plan)}


def write_plan(file: Path, plan: PlanFile) -> None:
    """Write a plan.

    Raises:
        BadInput: the file cannot be written.
    """
    write_text(file, json.dumps(plan_document(plan), indent=2) + "\n")


def read_plan(file: Path) -> PlanFile:
    """Read a plan.

    Raises:
        BadInput: the file cannot be read, or is no plan of this version; the details have every problem.
    """
    return plan_of(_read_json(file, "plan"), str(file))


def plan_of(document: Any, name: str) -> PlanFile:
    """The plan of a document, as `plan_document` makes one.

    Args:
        name: what people call it.

    Raises:
        BadInput: it is no plan of this version; the details have every problem.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise BadInput(f"{name} is no plan: its schema is {found}, expected {SCHEMA}", hint=_HINT)
    body = {name: value for name, value in document.items() if name != "schema"}
    problems = problems_of(PlanFile, body)
    plan = None if problems else from_json(PlanFile, body)
    problems = problems if plan is None else (*problems_of_plan(plan), *_window_problems(plan))
    if problems:
        raise _unusable(name, problems)
    assert plan is not None
    return plan


def _window_problems(plan: PlanFile) -> Iterator[str]:
    """The windows that never open, cannot be read, or whose zone this machine does not know."""
    for number, move in enumerate(plan.moves):
        try:
            if move.window:
                window_of(move.window)
        except BadInput as problem:
            yield f"$.moves[{number}].window: {problem.message}"


def csv_text(plan: PlanFile) -> str:
    """The moves of a plan as a table for a spreadsheet; no cell is a formula or commands a terminal."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(COLUMNS)
    for move in plan.moves:
        row = (
            move.vm.name,
            move.vm.moid,
            move.source.name,
            move.destination.name,
            move.wave,
            " ".join(map(str, move.relies_on)),
            move.reason,
            move.estimate.start_s,
            move.estimate.duration_s,
            " ".join(dict.fromkeys(finding.id for finding in move.findings)),
            move.window,
            move.priority,
            *_place_cells(move.place),
        )
        table.writerow(map(cell, row))
    return lines.getvalue()


def _place_cells(place: PlanPlace | None) -> tuple[str, ...]:
    """Where a VM goes besides its host, in the words of a list; empty where the plan does not decide it."""
    if place is None:
        return ("",) * len(_PLACE_COLUMNS)
    return (
        _name(place.pool),
        _name(place.vapp),
        "/".join(filter(None, (_name(place.folder), place.new_folder))),
        _name(place.config),
        "|".join(
            f"{one.label}={_name(one.datastore)}{f':{one.format.value}' if one.format else ''}" for one in place.disks
        ),
        "|".join(f"{one.label}={_name(one.network)}" for one in place.adapters),
        place.encryption.value if place.encryption else "",
        "" if place.vcenter_priority is Priority.DEFAULT else place.vcenter_priority.value,
    )


def _name(one: PlanObject | None) -> str:
    return one.name if one else ""


def write_csv(file: Path, plan: PlanFile) -> None:
    """Write the moves of a plan as CSV.

    Raises:
        BadInput: the file cannot be written.
    """
    write_text(file, csv_text(plan))


def write_snapshot(file: Path, inventory: Inventory) -> None:
    """Write an inventory as `vsphere-motion/snapshot/v1`.

    Raises:
        BadInput: the file cannot be written.
    """
    write_text(file, json.dumps(snapshot_document(inventory)) + "\n")


def read_snapshot(file: Path) -> Inventory:
    """Read an inventory.

    Raises:
        BadInput: the file cannot be read, or is no snapshot of this version.
    """
    document = _read_json(file, "snapshot")
    try:
        return snapshot_from(document)
    except BadInput as problem:
        hint = "make one with: vsphere-motion snapshot save -O FILE"
        raise BadInput(f"{file}: {problem.message}", hint=hint) from None


_HINT = "make one with: vsphere-motion plan evacuate|rebalance|spread|migrate ... -O FILE"


def _unusable(name: str, problems: tuple[str, ...]) -> BadInput:
    told = problems[:MOST_TOLD]
    rest = (f"... and {len(problems) - MOST_TOLD} more",) if len(problems) > MOST_TOLD else ()
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return BadInput(f"the plan {name} cannot be used: {count}", hint=_HINT, details=(*told, *rest))


def _read_json(file: Path, what: str) -> Any:
    try:
        return json.loads(file.read_bytes())
    except OSError as problem:
        raise BadInput(f"the {what} {file} cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"the {what} {file} is no JSON: {problem}") from problem
