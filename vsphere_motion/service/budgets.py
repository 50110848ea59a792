"""Stun budgets of VMs that a selector names, looked up before a run starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.selection import choose

if TYPE_CHECKING:
    from vsphere_motion.service.options import RunOptions


def with_budgets(vcenter: VCenter, options: RunOptions) -> RunOptions:
    """The same options with the VMs that selectors of stun budgets name; where there are none, vCenter is not asked.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: a selector cannot be used.
    """
    if not options.stun_budgets:
        return options
    inventory = vcenter.snapshot()
    budgets = tuple(
        (vm.ref, limit_s)
        for selector, limit_s in options.stun_budgets
        for vm in choose(vcenter, inventory, (selector,)).vms
    )
    return replace(options, stun_budgets=(), halt=replace(options.halt, max_stun_of=budgets))
