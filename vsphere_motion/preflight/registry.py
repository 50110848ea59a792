"""All checks, and the one place that runs them.

Rules of this file: every check runs on every move and none stops the others. A VM that is already on its destination
is looked at only by the checks that have something to say about that, so nothing blocks a move that does nothing.
"""

from __future__ import annotations

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Move
from vsphere_motion.preflight import cluster, cpu, devices, host, memory, network, storage, vcenter, vm, vmknic
from vsphere_motion.preflight.check import Check, in_order
from vsphere_motion.preflight.subject import subject_of

CHECKS: tuple[Check, ...] = (
    *vm.CHECKS,
    *host.CHECKS,
    *memory.CHECKS,
    *cpu.CHECKS,
    *storage.CHECKS,
    *network.CHECKS,
    *vmknic.CHECKS,
    *devices.CHECKS,
    *cluster.CHECKS,
    *vcenter.CHECKS,
)


def known_ids() -> tuple[str, ...]:
    """The ids of all checks, ours and those that only vCenter's checker makes, in the order of the table."""
    return tuple(check.id for check in CHECKS)


def run_checks(inventory: Inventory, move: Move) -> tuple[Finding, ...]:
    """What all checks of ours find about one move, the gravest first."""
    subject = subject_of(inventory, move)
    return in_order(
        finding
        for check in CHECKS
        if check.function is not None and (check.on_noop or not move.is_noop)
        for finding in check.function(subject)
    )
