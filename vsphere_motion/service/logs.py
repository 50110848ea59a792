"""The story of the logs: what both hosts wrote about a migration, from the journal or from the hosts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vsphere_motion.errors import MotionError, NotFound
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.model.refs import MoRef
from vsphere_motion.motionlog.timeline import read_motion
from vsphere_motion.planning.resolve import resolve_host, resolve_vms
from vsphere_motion.run.journal import Journal, JournaledMove
from vsphere_motion.service.check import with_facts
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.explain import fetch_motion


def read_logs(vcenter: VCenter, journal: Journal, what: str) -> tuple[Outcome, ...]:
    """The outcomes of a run, or the newest outcome of a VM, each with what the hosts' logs say.

    What the journal already has is not fetched again; what it lacks is fetched, if the hosts still have it.

    Args:
        what: a run id, or a selector of one VM.

    Raises:
        NotFound: neither a run nor a VM with a journaled move is called so.
    """
    items = _items_of(vcenter, journal, what)
    return tuple(_with_motion(vcenter, item) for item in items)


def read_migration(
    vcenter: VCenter, migration_id: str, *, source_host: str, destination_host: str
) -> MotionRecord | None:
    """What two hosts' logs say of a migration ID; None if neither has a line of it.

    Raises:
        NotFound, Ambiguous: a host's name matches nothing, or several hosts.
    """
    from vsphere_motion.vcenter.hostlogs import read_log_tail

    inventory = vcenter.snapshot()
    source, destination = resolve_host(inventory, source_host), resolve_host(inventory, destination_host)
    tails = [read_log_tail(vcenter.session, host.named, since=None) for host in (source, destination)]
    return read_motion(
        source_host=source.name,
        destination_host=destination.name,
        source_lines=tails[0].lines,
        destination_lines=tails[1].lines,
        source_addresses=(),
        destination_addresses=(),
        since=None,
        until=None,
        migration_id=migration_id,
    )


def read_motions(vcenter: VCenter, journal: Journal, run: str, *, keep_lines: bool) -> dict[MoRef, MotionRecord]:
    """What the hosts' logs say of each move of a run, by its VM; as `read_logs`.

    Args:
        keep_lines: whether the lines themselves come with what was read from them.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
    """
    found = {outcome.move.vm.ref: outcome.motion for outcome in read_logs(vcenter, journal, run) if outcome.motion}
    return found if keep_lines else {vm: replace(motion, lines=()) for vm, motion in found.items()}


def _items_of(vcenter: VCenter, journal: Journal, what: str) -> Sequence[JournaledMove]:
    try:
        return journal.load_run(what).moves
    except NotFound as no_run:
        return [_newest_of_vm(vcenter, journal, what, no_run)]


def _newest_of_vm(vcenter: VCenter, journal: Journal, selector: str, no_run: NotFound) -> JournaledMove:
    try:
        vms = resolve_vms(vcenter.snapshot(), (selector,))
    except NotFound as no_vm:
        raise NotFound(f"{selector} is neither a run nor a VM", details=(no_run.message, no_vm.message)) from no_vm
    item = journal.find_newest_move(vcenter_uuid=vcenter.identity.instance_uuid, vm=vms[0].ref)
    if item is None:
        raise NotFound(
            f"the journal {journal.path} has no move of {vms[0].name}",
            hint="name the migration: vsphere-motion logs --migration-id ID --host SOURCE --host DESTINATION",
        )
    return item


def _with_motion(vcenter: VCenter, item: JournaledMove) -> Outcome:
    outcome = item.outcome
    if outcome is None:
        raise MotionError(f"the move of {item.move.vm.name} has not ended", hint="see: vsphere-motion status")
    if outcome.motion is not None or outcome.started_at is None:
        return outcome
    record, notes = fetch_motion(vcenter, with_facts(vcenter.snapshot(), item.planned), outcome)
    if record is None:
        return replace(outcome, note="; ".join(filter(None, (outcome.note, *notes))) or None)
    return replace(outcome, motion=replace(record, notes=(*record.notes, *notes)))
