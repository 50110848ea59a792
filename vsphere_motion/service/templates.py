"""The story of a template's move: it became a virtual machine right before it, and is a template again after it.

Rules of this file: the journal says which moves are of templates before anything is changed, so that a run that goes on
after a crash makes them templates again; what cannot be, is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.errors import MotionError
from vsphere_motion.model.event import RunNoted
from vsphere_motion.run.journal import Journal, JournaledMove, MoveState
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.truce import note

_UNDER_WAY = frozenset({MoveState.INTENT, MoveState.SUBMITTED})


def make_templates_again(vcenter: VCenter, journal: Journal, run: str) -> Iterator[RunNoted]:
    """Make every VM of the run a template again that was one, as far as its move has ended."""
    items = [item for item in journal.load_run(run).moves if item.move.manner.is_template]
    if not items:
        return
    from vsphere_motion.vcenter.templates import which_are_templates

    try:
        are_templates = which_are_templates(vcenter.session, [item.move.vm.ref for item in items])
    except MotionError as error:
        yield _left(items, error.message, run)
        return
    for item in items:
        if are_templates.get(item.move.vm.ref) is False:
            yield _made_again(vcenter, item, run)


def _made_again(vcenter: VCenter, item: JournaledMove, run: str) -> RunNoted:
    from vsphere_motion.vcenter.templates import make_template

    if item.state in _UNDER_WAY:
        return _left([item], "its move goes on", run)
    try:
        make_template(vcenter.session, item.move.vm)
    except MotionError as error:
        return _left([item], error.message, run)
    return note(f"{item.move.vm.name} is a template again")


def _left(items: list[JournaledMove], why: str, run: str) -> RunNoted:
    names = ", ".join(item.move.vm.name for item in items)
    return note(
        f"{names} may be a virtual machine instead of a template: {why}; made one by: vsphere-motion resume {run}",
        is_warning=True,
    )
