"""The story of an estimate: one snapshot, names to objects, the journal's measured moves, a forecast for each VM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vsphere_motion.model.forecast import Forecast, PastMove
from vsphere_motion.model.move import Move
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.resolve import resolve
from vsphere_motion.report.forecast_form import forecast_document, span_document
from vsphere_motion.report.json_form import move_document
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import load_of, read_past
from vsphere_motion.service.surroundings import NOWHERE, Places
from vsphere_motion.vmotion.calibrate import Calibration, calibrate
from vsphere_motion.vmotion.forecast import crowded, forecast

ESTIMATE_SCHEMA = "vsphere-motion/estimate/v1"
CALIBRATION_SCHEMA = "vsphere-motion/calibration/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedMove:
    """A move with what it is expected to take; one that changes nothing takes nothing."""

    move: Move
    forecast: Forecast | None


def estimate(
    vcenter: VCenter, request: MoveRequest, places: Places = NOWHERE, *, at_once: int = 1
) -> tuple[EstimatedMove, ...]:
    """What each move of a request is expected to take. Nothing is changed, nothing is checked.

    Args:
        at_once: how many of the moves share the links.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved.
    """
    inventory = vcenter.snapshot()
    past = read_past(places.state_dir, vcenter.identity.instance_uuid)
    moves = resolve(inventory, request)
    sharing = min(at_once, len(moves))
    return tuple(
        EstimatedMove(
            move=move,
            forecast=None if move.is_noop else crowded(forecast(load_of(inventory, move), past), sharing),
        )
        for move in moves
    )


def estimate_document(moves: Iterable[EstimatedMove]) -> dict[str, Any]:
    """What `estimate -o json` prints."""
    return {"schema": ESTIMATE_SCHEMA, "moves": [_move_document(item) for item in moves]}


def _move_document(item: EstimatedMove) -> dict[str, Any]:
    return {
        **move_document(item.move),
        "unchanged": item.move.is_noop,
        "estimate": None if item.forecast is None else forecast_document(item.forecast),
    }


def calibration_of(past: Sequence[PastMove]) -> Calibration:
    """How well the estimator would have told the journal's moves."""
    return calibrate(past)


def calibration_document(found: Calibration) -> dict[str, Any]:
    """What `history --calibrate -o json` prints; shares are between 0 and 1."""
    return {
        "schema": CALIBRATION_SCHEMA,
        "moves": len(found.trials),
        "left_out": found.left_out,
        "share_inside": found.share_inside,
        "median_error": found.median_error,
        "median_width": found.median_width,
        "by_basis": [
            {"basis": basis.value, "moves": number, "share_inside": share} for basis, number, share in found.by_basis()
        ],
        "trials": [
            {
                "run": trial.past.run,
                "vm": {"moid": trial.past.vm.moid, "name": trial.past.vm_name},
                "took_s": trial.took_s,
                "expected_s": span_document(trial.expected_s),
                "basis": trial.basis.value,
                "inside": trial.is_inside,
            }
            for trial in found.trials
        ],
    }
