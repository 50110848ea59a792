"""The story of a DRS truce: DRS leaves the VMs of a run alone until the run ends, and is then as it was before.

Rules of this file: the journal has what was before each change; what somebody else has changed since is theirs, and is
told; a truce that a killed process left is ended by the next command that may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from vsphere_motion.errors import AccessRefused, MotionError, OutcomeUnknown, VCenterUnavailable
from vsphere_motion.model.event import RunNoted
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.truce import clusters_to_quiet
from vsphere_motion.run.failpoints import passing
from vsphere_motion.run.journal import Journal, JournaledRun, MoveState
from vsphere_motion.run.workbook import Override, Truce, TruceState, Workbook, is_quieted, quieted, restored
from vsphere_motion.service.connection import VCenter

AUTOMATIC = "fullyAutomated"


def begin_truce(vcenter: VCenter, journal: Journal, journaled: JournaledRun) -> Iterator[RunNoted]:
    """Keep DRS away from the VMs of a run that it would move by itself.

    Raises:
        VCenterFault, PermissionMissing, VCenterUnavailable: it cannot be set; what was set is put back.
    """
    from vsphere_motion.vcenter.drs_override import read_overrides

    vms = {item.move.vm.ref: item.move.vm.name for item in journaled.moves if item.outcome is None}
    destinations = {
        item.move.vm.ref: item.move.destination.host.ref
        for item in journaled.moves
        if item.outcome is None and item.move.destination.host is not None
    }
    for cluster, members in clusters_to_quiet(vcenter.snapshot(), destinations).items():
        seen = read_overrides(vcenter.session, cluster.ref)
        if not seen.are_used:
            words = f"DRS of {cluster.name} heeds no overrides of single VMs, so it may move them"
            yield note(words, is_warning=True)
            continue
        quiet = [
            Truce(vm=vm, vm_name=vms[vm], cluster=cluster.ref, before=seen.by_vm.get(vm))
            for vm in members
            if _is_moved_by_drs(seen.by_vm.get(vm), cluster.drs_automation)
        ]
        if quiet:
            _set(vcenter, journal, journaled.info.run, quiet, seen.by_vm)
            yield note(f"DRS of {cluster.name} leaves {_count(quiet)} alone until the run ends")


def _set(vcenter: VCenter, journal: Journal, run: str, quiet: list[Truce], present: Mapping[MoRef, Override]) -> None:
    """Write, then act; where vCenter refuses, nothing is left set."""
    from vsphere_motion.vcenter.drs_override import write_overrides

    Workbook(journal).write_truces(run, quiet)
    try:
        write_overrides(vcenter.session, quiet[0].cluster, {one.vm: quieted(one.before) for one in quiet}, present)
    except MotionError:
        for told in end_truce(vcenter, journal, run):
            del told
        raise
    passing("after_truce_set")


def continue_truce(
    vcenter: VCenter, journal: Journal, journaled: JournaledRun, *, begins: bool = False
) -> Iterator[RunNoted]:
    """For a run that goes on: keep DRS away again, if the run was begun so, or `begins` says so."""
    has_open = any(item.outcome is None for item in journaled.moves)
    if has_open and (begins or Workbook(journal).truces(journaled.info.run)):
        yield from begin_truce(vcenter, journal, journaled)


def end_truce(vcenter: VCenter, journal: Journal, run: str) -> Iterator[RunNoted]:
    """Put back what was before, unless moves of the run go on in vCenter; what cannot be put back is told."""
    book = Workbook(journal)
    truces = [one for one in book.truces(run) if one.state is TruceState.SET]
    if not truces:
        return
    if any(item.state in {MoveState.INTENT, MoveState.SUBMITTED} for item in journal.load_run(run).moves):
        yield note(
            f"DRS still leaves {_count(truces)} alone, because moves go on; ended by: vsphere-motion resume {run}",
            is_warning=True,
        )
        return
    for cluster in dict.fromkeys(one.cluster for one in truces):
        members = [one for one in truces if one.cluster == cluster]
        try:
            yield from _put_back(vcenter, book, run, members)
        except (VCenterUnavailable, AccessRefused, OutcomeUnknown) as error:
            names = ", ".join(one.vm_name for one in members[:5])
            yield note(
                f"the DRS overrides of {_count(members)} ({names}) are not put back: {error.message}; "
                f"they are with: vsphere-motion resume {run}",
                is_warning=True,
            )


def _put_back(vcenter: VCenter, book: Workbook, run: str, truces: list[Truce]) -> Iterator[RunNoted]:
    from vsphere_motion.vcenter.drs_override import members_of, read_overrides, write_overrides

    cluster = truces[0].cluster
    present = read_overrides(vcenter.session, cluster).by_vm
    here = members_of(vcenter.session, cluster, [one.vm for one in truces])
    ours = [one for one in truces if is_quieted(present.get(one.vm), one.before) and one.vm in here]
    as_before = [one for one in truces if one not in ours and present.get(one.vm) == restored(one.before)]
    foreign = [one for one in truces if one not in ours and one not in as_before]
    write_overrides(vcenter.session, cluster, {one.vm: restored(one.before) for one in ours}, present)
    passing("after_truce_end")
    book.end_truces(run, [one.vm for one in (*ours, *as_before)], TruceState.ENDED)
    if ours:
        yield note(f"the DRS overrides of {_count(ours)} are as before")
    if foreign:
        book.end_truces(run, [one.vm for one in foreign], TruceState.LEFT)
        names = ", ".join(one.vm_name for one in foreign[:5])
        yield note(
            f"the DRS overrides of {_count(foreign)} ({names}) are left: somebody else has changed them, or the VMs "
            "are gone",
            is_warning=True,
        )


def _is_moved_by_drs(override: Override | None, automation: str | None) -> bool:
    """Whether DRS moves such a VM by itself; where that was not read, it may."""
    if override is not None and override.enabled is False:
        return False
    level = (override.behavior if override else None) or automation
    return level in {None, AUTOMATIC}


def _count(items: Iterable[object]) -> str:
    number = len(list(items))
    return f"{number} VM{'' if number == 1 else 's'}"


def note(text: str, *, is_warning: bool = False) -> RunNoted:
    """Something that the person should know of the run, now."""
    return RunNoted(at=datetime.now(UTC), text=text, is_warning=is_warning)
