"""vCenter's own opinion of a move, before it is turned into findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault

Pair: TypeAlias = tuple[MoRef, MoRef]
"""A virtual machine and a host it may go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompatVerdict:
    """What vCenter's checkers together say of one VM on one host.

    Args:
        host: the host that was judged; None where the move names none.
        unknown_reason: why a part of vCenter's opinion could not be had; what the other checkers said stands beside it.
    """

    vm: MoRef
    host: MoRef | None = None
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    unknown_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompatAnswers:
    """The verdicts of all pairs that were asked for.

    Args:
        notes: one sentence for each checker that this server does not have.
    """

    verdicts: Mapping[Pair, CompatVerdict]
    notes: tuple[str, ...] = ()
