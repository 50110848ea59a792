"""The story of moves to another vCenter: whom the source may talk to, what both sides say of a move, how it is run.

Rules of this file: the certificate of the other vCenter is trusted because an authority vouches for it or a person has
pinned it, and never because it was presented; what the source is told is the certificate that our own session with the
other vCenter trusts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.elsewhere import elsewhere, here, is_elsewhere
from vsphere_motion.model.inventory import Host
from vsphere_motion.model.mapping import NO_MAPPING, VCenterMapping
from vsphere_motion.model.move import Move, OtherVCenter
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import MoveRequest
from vsphere_motion.planning.across import Journey, lines_of_vms, resolve_across
from vsphere_motion.planning.joined import JoinedInventory, joined
from vsphere_motion.planning.plan import make_plan
from vsphere_motion.planning.privileges import privileges_of_moves
from vsphere_motion.preflight.registry import Preflight
from vsphere_motion.preflight.surroundings import Surroundings, VmLimits
from vsphere_motion.preflight.vcenter import findings_from_verdict, merge
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.forecasts import read_past, with_forecasts
from vsphere_motion.service.keepsakes import keeping_notes, read_vocabulary, with_keepsakes
from vsphere_motion.service.selection import read_tagged
from vsphere_motion.service.storage import find_policy
from vsphere_motion.service.surroundings import (
    CLOCKS,
    HISTORY,
    LIMITS,
    NOWHERE,
    Places,
    answering,
    lacking,
    read_recent_moves,
)

if TYPE_CHECKING:
    from vsphere_motion.model.account import Credentials
    from vsphere_motion.model.compat import CompatAnswers
    from vsphere_motion.run.ports import Ports
    from vsphere_motion.vcenter.across import OtherEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSide:
    """Another vCenter that VMs may go to, connected.

    Args:
        named: how it is written into moves and the journal.
        vcenter: our own session there.
        credentials: what the source logs in with there.
        sha1: thumbprint of its certificate, as service locators have it.
        mapping: what the source's objects are called there.
    """

    named: OtherVCenter
    vcenter: VCenter
    credentials: Credentials
    sha1: str
    mapping: VCenterMapping = NO_MAPPING

    @property
    def end(self) -> OtherEnd:
        """The same, for calls."""
        from vsphere_motion.vcenter.across import OtherEnd

        return OtherEnd(session=self.vcenter.session, credentials=self.credentials, sha1=self.sha1)


def meet(
    vcenter: VCenter, other: VCenter, credentials: Credentials, *, context: str, mapping: VCenterMapping = NO_MAPPING
) -> OtherSide:
    """The other side of moves that begin in `vcenter`, once it is clear that the source may be sent there.

    Raises:
        BadInput: it is the same vCenter, or nobody has said that its certificate is the right one.
        PinMismatch, CertificateUntrusted: the certificate has changed since our own session began.
    """
    from vsphere_motion.vcenter.across import read_certificate

    endpoint = other.session.endpoint
    if other.identity.instance_uuid == vcenter.identity.instance_uuid:
        raise BadInput(
            f"{endpoint.address} is the vCenter that the virtual machines are in", hint="leave --to-vcenter out"
        )
    if other.tls == "insecure":
        raise BadInput(
            f"nobody has said that {endpoint.address} presents the right certificate, and the source is to send it "
            "a password",
            hint="compare its SHA-256 with whoever runs it and give it with --to-thumbprint, or trust its authority",
            details=(f"presented SHA-256: {read_certificate(endpoint)[0]}",),
        )
    sha256, sha1 = read_certificate(endpoint)
    named = OtherVCenter(
        context=context,
        host=endpoint.address,
        instance_uuid=other.identity.instance_uuid,
        thumbprint=sha256,
        user=credentials.user,
    )
    return OtherSide(named=named, vcenter=other, credentials=credentials, sha1=sha1, mapping=mapping)


def check_across(
    vcenter: VCenter,
    other: OtherSide,
    request: MoveRequest,
    places: Places = NOWHERE,
    *,
    inventory: JoinedInventory | None = None,
) -> Plan:
    """The plan of a request for another vCenter, with every finding about every move. Nothing is changed.

    Args:
        inventory: both snapshots, where they were taken already.

    Raises:
        NotFound, Ambiguous, BadInput: what the request names cannot be resolved; all its problems are in the details.
    """
    inventory = inventory or joined(vcenter.snapshot(), other.vcenter.snapshot())
    listed = request.listed
    words = request.selectors if listed is None else tuple(line.vm for line in listed.lines)
    journey = Journey(
        request=request,
        other=other.named,
        mapping=other.mapping,
        tagged=read_tagged(vcenter, (*words, *request.exclude)),
        policy=find_policy(other.vcenter, request.wishes),
    )
    moves, selected = resolve_across(inventory, journey)
    moves = with_keepsakes(vcenter, moves, request.wishes)
    plan = check_moves_across(vcenter, other, inventory, moves, request, places)
    lines = lines_of_vms(inventory.source, listed, journey.tagged) if listed is not None else {}
    timed = (
        replace(one, window=line.window or "") if (line := lines.get(one.move.vm.ref)) else one for one in plan.moves
    )
    return replace(plan, moves=tuple(timed), notes=(*selected.notes, *plan.notes))


def check_moves_across(
    vcenter: VCenter,
    other: OtherSide,
    inventory: JoinedInventory,
    moves: Sequence[Move],
    request: MoveRequest,
    places: Places = NOWHERE,
) -> Plan:
    """The plan of moves to another vCenter that are already resolved."""
    from vsphere_motion.service.check import notes_of, with_facts

    answers = _ask(vcenter, other, moves, request)
    preflight = None
    if request.opinions.has_client:
        preflight = Preflight(inventory, look_around_both(vcenter, other, inventory, moves, places))
    findings = {}
    for move in moves:
        ours = preflight.findings(move) if preflight else ()
        host = move.destination.host
        verdict = answers.verdicts.get((move.vm.ref, host.ref)) if host else None
        said = () if verdict is None else findings_from_verdict(inventory, move, verdict)
        findings[move.vm.ref] = merge(ours, said) if verdict is not None else ours
    plan = make_plan(moves, findings, request)
    past = read_past(places.state_dir, vcenter.identity.instance_uuid)
    known = (with_facts(inventory, one, counts=True) for one in plan.moves)
    planned = with_forecasts(inventory, known, past)
    return replace(
        plan,
        moves=planned,
        notes=(*notes_of(inventory, answers), *trust_note(other), *keeping_notes(moves, other.named.host)),
    )


def _ask(vcenter: VCenter, other: OtherSide, moves: Sequence[Move], request: MoveRequest) -> CompatAnswers:
    from vsphere_motion.model.compat import CompatAnswers
    from vsphere_motion.vcenter.across import ask_across

    if not request.opinions.has_vcenter:
        return CompatAnswers(verdicts={})
    return ask_across(vcenter.session, other.end, [move for move in moves if not move.is_noop])


def trust_note(other: OtherSide) -> tuple[str, ...]:
    """How the source is told whom to trust, for the person to see."""
    why = {"verified": "vouched for by its authority", "pinned": "pinned"}.get(other.vcenter.tls, other.vcenter.tls)
    return (f"the VMs go to {other.named.host}, whose certificate is {why}: {other.named.thumbprint}",)


def look_around_both(
    vcenter: VCenter, other: OtherSide, inventory: JoinedInventory, moves: Sequence[Move], places: Places = NOWHERE
) -> Surroundings:
    """The surroundings of these moves: privileges, clocks and limits, each asked of the vCenter that has the object."""
    from vsphere_motion.vcenter.clocks import read_clocks
    from vsphere_motion.vcenter.config_options import read_vm_limits

    uuid = other.named.instance_uuid
    moves = [move for move in moves if not move.is_noop]
    sources = answering(inventory, (move.source.host for move in moves))[:CLOCKS]
    targets = answering(inventory, (move.destination.host for move in moves))
    there = [_as_there(host) for host in targets]
    clocks = (
        *read_clocks(vcenter.session, [host.ref for host in sources]),
        *elsewhere(read_clocks(other.vcenter.session, [host.ref for host in there[:CLOCKS]]), uuid),
    )
    asked = elsewhere(tuple(read_vm_limits(other.vcenter.session, there[:LIMITS])), uuid)
    unasked = tuple(VmLimits(host=one.ref, max_video_bytes=None, max_cores_per_socket=None) for one in targets[LIMITS:])
    return Surroundings(
        lacking=lacking(inventory, _missing(vcenter, other, privileges_of_moves(inventory, moves))),
        recent_moves=read_recent_moves(places.state_dir, vcenter.identity.instance_uuid, inventory.taken_at - HISTORY),
        clocks=clocks,
        vm_limits=(*asked, *unasked),
        vocabulary=read_vocabulary(other.vcenter, moves),
    )


def _as_there(host: Host) -> Host:
    compute_resource = None if host.compute_resource is None else here(host.compute_resource)
    return replace(host, ref=here(host.ref), compute_resource=compute_resource)


def _missing(
    vcenter: VCenter, other: OtherSide, wanted: Mapping[MoRef, Sequence[str]]
) -> dict[MoRef, tuple[str, ...] | None]:
    """What each account lacks on its own side."""
    from vsphere_motion.vcenter.privileges import read_missing

    near = {ref: privileges for ref, privileges in wanted.items() if not is_elsewhere(ref)}
    far = {here(ref): privileges for ref, privileges in wanted.items() if is_elsewhere(ref)}
    missing = read_missing(vcenter.session, near)
    there = read_missing(other.vcenter.session, far)
    return missing | {elsewhere(ref, other.named.instance_uuid): lacks for ref, lacks in there.items()}


def across_ports(ports: Ports, vcenter: VCenter, other: OtherSide, planned: Sequence[PlannedMove]) -> Ports:
    """The loop's ports, for moves that may go to the other vCenter."""
    from vsphere_motion.vcenter.across import AcrossFinder, AcrossRelocator, BothSides

    uuids = {one.move.vm.ref: one.move.vm.instance_uuid for one in planned if one.move.vm.instance_uuid}
    sides = BothSides(vcenter.session, other.end, uuids)
    return replace(
        ports,
        relocator=AcrossRelocator(vcenter.session, other.end),
        finder=AcrossFinder(vcenter.session),
        placements=sides,
        states=sides,
    )


def requires_other(moves: Sequence[Move]) -> OtherVCenter | None:
    """The other vCenter that these moves go to; None if they stay.

    Raises:
        BadInput: they go to several.
    """
    named = dict.fromkeys(move.destination.vcenter for move in moves if move.destination.vcenter is not None)
    uuids = {one.instance_uuid: one for one in named}
    if len(uuids) > 1:
        raise BadInput("the moves of this run go to several other vCenters", hint="move them in one run for each")
    return next(iter(uuids.values()), None)


def require_other(vcenter: VCenter, context: str) -> OtherSide:
    """The other vCenter that a request names.

    Raises:
        UsageProblem: it is not connected.
    """
    if vcenter.other is None:
        raise UsageProblem(f"the other vCenter, {context}, is not connected", hint="connect it first: service.across")
    return vcenter.other


def require_side(vcenter: VCenter, moves: Sequence[Move]) -> OtherSide | None:
    """The other side of these moves, which has to be connected if they need one.

    Raises:
        UsageProblem: they go to a vCenter that is not connected, or another one is.
    """
    wanted = requires_other(moves)
    if wanted is None:
        return None
    side = vcenter.other
    if side is None:
        raise UsageProblem(
            f"these moves go to another vCenter, {wanted.host}, and it is not connected",
            hint=f"give --to-vcenter {wanted.context} with its account and thumbprint",
        )
    if side.named.instance_uuid != wanted.instance_uuid:
        raise UsageProblem(
            f"these moves go to {wanted.host}, and {side.named.host} is another vCenter",
            hint=f"give --to-vcenter {wanted.context}",
        )
    return side
