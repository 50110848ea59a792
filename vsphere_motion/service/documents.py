"""Plans and reports as plain data, for doors that print or return JSON."""

from __future__ import annotations

from typing import Any

from vsphere_motion.model.matrix import Matrix
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.report import Report
from vsphere_motion.model.request import Opinions
from vsphere_motion.preflight.registry import CHECKS
from vsphere_motion.report.json_form import check_document, matrix_document, run_document
from vsphere_motion.report.junit import junit_text


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as `vsphere-motion/check/v1`."""
    return check_document(plan)


def plan_junit(plan: Plan, opinions: Opinions) -> str:
    """A plan as JUnit XML: a suite for each move and a case for each check that was asked."""
    return junit_text(plan.moves, _cases(opinions), strict=any(move.strict for move in plan.moves))


def matrix_junit(matrix: Matrix, opinions: Opinions) -> str:
    """A matrix as JUnit XML: a suite for each VM and host, without those that it is on."""
    cells = [cell for row in matrix.rows for cell in row.cells if not cell.move.is_noop]
    return junit_text(cells, _cases(opinions), strict=any(cell.strict for cell in cells))


def matrix_as_document(matrix: Matrix) -> dict[str, Any]:
    """A matrix as `vsphere-motion/matrix/v1`."""
    return matrix_document(matrix)


def _cases(opinions: Opinions) -> tuple[tuple[str, str], ...]:
    """Id and title of each check that someone was asked to make; vCenter may say something of each."""
    return tuple((check.id, check.title) for check in CHECKS if opinions.has_vcenter or check.function is not None)


def move_document(plan: Plan) -> dict[str, Any]:
    """The only move of a plan, as its entry in `vsphere-motion/check/v1`."""
    (move,) = check_document(plan)["moves"]
    return dict(move)


def report_document(report: Report) -> dict[str, Any]:
    """A report as `vsphere-motion/run/v1`."""
    return run_document(report)
