"""Whether the account may do what the move needs, everything that is missing in one finding."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.refs import MoRef
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import Subject
from vsphere_motion.preflight.surroundings import Lacking

ASKED = "AuthorizationManager.HasPrivilegeOnEntities"

EVERYBODY = frozenset({"Folder", "Datacenter"})
"""Objects whose privileges every move needs: they are asked about only where they matter."""


def check_missing(subject: Subject) -> Iterator[Finding]:
    """The privileges that are missing on the objects of the move."""
    lacking = subject.site.surroundings.lacking
    if lacking is None:
        yield MISSING.unknown(subject.named_vm, ASKED)
    if not lacking:
        return
    concerned = _objects(subject)
    mine = [one for one in lacking if one.object.ref in concerned or one.object.ref.kind in EVERYBODY]
    yield from _missing(subject, [one for one in mine if one.privileges])
    for one in mine:
        if one.privileges is None:
            yield MISSING.unknown(one.object, ASKED)


def _objects(subject: Subject) -> frozenset[MoRef]:
    vm, pool = subject.vm, subject.pool
    refs = {vm.ref, vm.pool, subject.destination.ref, subject.destination.compute_resource, *(vm.datastores or ())}
    refs |= {named.ref for named in subject.datastores} | {nic.network for nic in subject.of_vm.nics}
    refs |= {pool.ref} if pool else set()
    refs |= {subject.source.ref} if subject.source else set()
    return frozenset(ref for ref in refs if ref is not None)


def _missing(subject: Subject, lacking: list[Lacking]) -> Iterator[Finding]:
    if not lacking:
        return
    lines = tuple(f"{privilege} on {one.object.name}" for one in lacking for privilege in one.privileges or ())
    yield MISSING.found(
        subject.named_vm,
        f"the account lacks {len(lines)} {'privilege' if len(lines) == 1 else 'privileges'} to move "
        f"{subject.vm.name} to {subject.destination.name}: {', '.join(lines)}",
        missing=lines,
    )


MISSING = Check(
    id="permissions.missing",
    severity=Severity.BLOCKER,
    title="the privileges that the move needs",
    about=About.ACCOUNT,
    on_pair=check_missing,
    on_stay=True,
    reads=(ASKED,),
    source="vSphere API 8.0: NoPermission, RelocateVM_Task; vSphere Security 8.0, Required Privileges for Common Tasks",
    remedy="give the account a role with the privileges, on the objects that are named; `doctor --role` prints one",
)

CHECKS = (MISSING,)
