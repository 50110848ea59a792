"""What the tests of the checks ask: what one check finds about vm1 on its way to host2."""

from __future__ import annotations

from tests import build
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.preflight.registry import run_checks

Brief = list[tuple[str, str]]


def look(check_id: str, site: Inventory, *, to: int = 2) -> list[Finding]:
    """What one check finds, after running them all."""
    return [finding for finding in run_checks(site, build.move(site, to=to)) if finding.id == check_id]


def brief(check_id: str, site: Inventory, *, to: int = 2) -> Brief:
    """The same as pairs of severity and subject."""
    return [(finding.severity.value, finding.subject.name) for finding in look(check_id, site, to=to)]
