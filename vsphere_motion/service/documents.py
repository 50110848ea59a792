"""Plans and reports as plain data, for doors that print or return JSON."""

from __future__ import annotations

from typing import Any

from vsphere_motion.model.plan import Plan
from vsphere_motion.model.report import Report
from vsphere_motion.report.json_form import check_document, run_document


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as `vsphere-motion/check/v1`."""
    return check_document(plan)


def move_document(plan: Plan) -> dict[str, Any]:
    """The only move of a plan, as its entry in `vsphere-motion/check/v1`."""
    (move,) = check_document(plan)["moves"]
    return dict(move)


def report_document(report: Report) -> dict[str, Any]:
    """A report as `vsphere-motion/run/v1`."""
    return run_document(report)
