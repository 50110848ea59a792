"""Whether the VM has moved a moment ago."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import VmSubject

JOURNAL = "journal: ended moves of the VM"


def check_recent(subject: VmSubject) -> Iterator[Finding]:
    """A VM that moves again and again pays each time; a person may want it, a balancer may not."""
    surroundings = subject.site.surroundings
    if surroundings.recent_moves is None:
        yield RECENT.unknown(subject.named_vm, JOURNAL)
        return
    ended = [move.ended_at for move in surroundings.recent_moves if move.vm == subject.vm.ref]
    if not ended:
        return
    ago_s = (subject.site.inventory.taken_at - max(ended)).total_seconds()
    if ago_s < surroundings.cool_down_s:
        yield RECENT.found(
            subject.named_vm,
            f"{subject.vm.name} moved {max(ago_s, 0) / 60:.0f} min ago, less than {surroundings.cool_down_s / 60:g}",
            severity=Severity.BLOCKER if surroundings.is_rebalancing else Severity.WARNING,
            ago_s=round(ago_s),
            cool_down_s=surroundings.cool_down_s,
        )


RECENT = Check(
    id="history.recent",
    severity=Severity.BLOCKER,
    title="a VM that has not moved a moment ago (a blocker for rebalancing only)",
    on_vm=check_recent,
    reads=(JOURNAL,),
    source="this program's journal of the same vCenter",
    remedy="let it rest, or name it: a VM that is named moves in spite of this",
)

CHECKS = (RECENT,)
