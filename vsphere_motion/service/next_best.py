"""The story of a host that takes a VM for no good reason of ours: vCenter refused it, and the next best is tried.

Rules of this file: only a VM that is still where it was is sent elsewhere; a host that has refused one takes no other
where that leaves nobody behind; it is tried a few times, and told each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.event import RunNoted
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.outcome import Outcome, OutcomeState, made_good
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.plan_file import PlanFile, PlanKind
from vsphere_motion.model.plan_request import TRIES, PlanRequest
from vsphere_motion.planning.refusals import Refusal, told_of
from vsphere_motion.preflight.vcenter import findings_from_verdict
from vsphere_motion.run.journal import JournaledRun
from vsphere_motion.run.workbook import Asked
from vsphere_motion.service.apply import runnable_plan
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.once_more import Again
from vsphere_motion.service.placing import Made, make_plan
from vsphere_motion.service.surroundings import Places

CHOOSES_HOSTS = frozenset({PlanKind.EVACUATE, PlanKind.MIGRATE})
"""Kinds of plans for which any of several hosts will do."""

_NOT_THE_HOST = frozenset({"NoPermission", "RequestCanceled", "TaskInProgress", "MethodDisabled", "NotAuthenticated"})
"""Faults that have nothing to do with where a VM was to go."""


class NextBest:
    """A `Replan` for plans that choose hosts.

    Args:
        request: what the plan was made of.
        tries: how often it is planned again.
    """

    def __init__(self, vcenter: VCenter, request: PlanRequest, places: Places, *, tries: int = TRIES) -> None:
        self._vcenter = vcenter
        self._request = request
        self._places = places
        self._tries = tries
        self._refusals: dict[tuple[str, str], Refusal] = {}

    @property
    def asked(self) -> Asked:
        """What the plan was made of, and how often it may be made again."""
        return Asked(kind=self._request.kind, choices=self._request.choices, tries=self._tries)

    def __call__(self, journaled: JournaledRun) -> Again | None:
        """The moves to other hosts; None where nothing was refused, or it was tried often enough."""
        outcomes = [item.outcome for item in journaled.moves if item.outcome is not None]
        good = made_good(outcomes)
        open_ends = [one for number, one in enumerate(outcomes) if number not in good]
        failed = [one for one in open_ends if _is_refusal(one)]
        if not failed or self._tries <= 0:
            return None
        self._tries -= 1
        inventory = self._vcenter.snapshot()
        failed = [one for one in failed if _is_where_it_was(inventory, one)]
        before = len(self._refusals)
        for outcome in failed:
            self._learn(inventory, outcome)
        if len(self._refusals) == before:
            return None
        waited = [one for one in open_ends if one.state is OutcomeState.NOT_STARTED]
        return self._planned(inventory, failed, [*failed, *waited])

    def _learn(self, inventory: Inventory, outcome: Outcome) -> None:
        host = outcome.move.destination.host
        assert host is not None, "a plan names hosts"
        assert outcome.fault is not None, "it was refused with a fault"
        verdict = CompatVerdict(vm=outcome.move.vm.ref, host=host.ref, errors=(outcome.fault,))
        findings = findings_from_verdict(inventory, outcome.move, verdict)
        key = (outcome.move.vm.ref.moid, host.ref.moid)
        self._refusals[key] = Refusal(vm=outcome.move.vm.ref, host=host, findings=findings)

    def _planned(self, inventory: Inventory, failed: Sequence[Outcome], wanted: Sequence[Outcome]) -> Again:
        made = self._made(inventory, wanted)
        plan = runnable_plan(
            self._vcenter, inventory, made.file, partial=True, places=self._places, findings=made.findings
        )
        moves = tuple(self._told(planned) for planned in plan.moves)
        return Again(moves=moves, notes=tuple(self._notes(failed, made.file)))

    def _made(self, inventory: Inventory, wanted: Sequence[Outcome]) -> Made:
        """The plan that shuns hosts that have refused a VM; where that leaves more behind, the one that does not."""
        refused = tuple(self._refusals.values())
        shunned = tuple(dict.fromkeys(f"moid:{one.host.ref.moid}" for one in refused))
        request = _only(inventory, self._request, wanted)
        made = [
            make_plan(inventory, one, vcenter=self._vcenter, places=self._places, refused=refused)
            for one in (replace(request, cordoned=(*request.cordoned, *shunned)), request)
        ]
        return min(made, key=lambda one: len(one.file.stuck))

    def _told(self, planned: PlannedMove) -> PlannedMove:
        return replace(planned, findings=(*planned.findings, *told_of(self._refusals.values(), planned.move.vm.ref)))

    def _notes(self, failed: Sequence[Outcome], file: PlanFile) -> Iterator[RunNoted]:
        """Who was refused, and where it goes instead."""
        ends = {move.vm.moid: move.destination.name for move in file.moves}
        for outcome in failed:
            vm, host, fault = outcome.move.vm, outcome.move.destination.host, outcome.fault
            words = (fault.message or fault.kind) if fault else ""
            instead = ends.get(vm.ref.moid)
            end = f"it goes to {instead} instead" if instead else "no other host takes it"
            text = f"vCenter refused {vm.name} on {host.name if host else '-'} ({words}); {end}"
            yield RunNoted(at=datetime.now(UTC), text=text, is_warning=True)


def _is_refusal(outcome: Outcome) -> bool:
    fault = outcome.fault
    return outcome.state is OutcomeState.FAILED and fault is not None and fault.kind not in _NOT_THE_HOST


def _is_where_it_was(inventory: Inventory, outcome: Outcome) -> bool:
    vm, source = inventory.find_vm(outcome.move.vm.ref), outcome.move.source.host
    return vm is not None and source is not None and vm.host == source.ref


def _only(inventory: Inventory, request: PlanRequest, wanted: Sequence[Outcome]) -> PlanRequest:
    """The request for these VMs alone: whatever else is on their hosts stays as the run has left it."""
    chosen = {outcome.move.vm.ref for outcome in wanted}
    sources = {outcome.move.source.host.ref for outcome in wanted if outcome.move.source.host}
    others = tuple(f"moid:{vm.ref.moid}" for vm in inventory.vms if vm.host in sources and vm.ref not in chosen)
    if request.kind is PlanKind.EVACUATE:
        return replace(request, exclude=others)
    if request.listed is not None:
        return replace(request, exclude=(*request.exclude, *others))
    return replace(request, words=tuple(f"moid:{ref.moid}" for ref in sorted(chosen)), exclude=())
