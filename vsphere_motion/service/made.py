"""A plan that was made, with what was found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.plan_file import PlanFile
from vsphere_motion.model.refs import MoRef

Findings: TypeAlias = Mapping[tuple[MoRef, MoRef], tuple[Finding, ...]]
"""What was found of a VM on a host, by the references of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan, and what was found of each pair that was looked at, so that it need not be asked for again at once."""

    file: PlanFile
    findings: Findings
