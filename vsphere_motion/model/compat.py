"""vCenter's own opinion of a move, before it is turned into findings."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class CompatVerdict:
    """What `CheckRelocate_Task` says of one VM and its destination.

    Args:
        unknown_reason: why vCenter's opinion could not be had; errors and warnings are empty then.
    """

    vm: MoRef
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    unknown_reason: str | None = None
