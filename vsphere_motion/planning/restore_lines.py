"""What runs have moved, and how it is now: thing by thing, a pure difference of outcomes and an inventory.

Rules of this file: only what was seen to be moved goes back, from where it was put; whatever else has changed a thing
since has had a reason, and that thing is left. Each thing is judged for itself, but for the pool and the folder, which
have to be the host's. What the outcomes do not say is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import StoragePolicy
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.request import NO_WISHES
from vsphere_motion.planning.changed import (
    NO_POLICIES,
    Aspect,
    Changed,
    PoliciesNow,
    Present,
    Thing,
    Value,
    changes_of,
    is_same,
    name_of,
    value_of,
)
from vsphere_motion.planning.whereabouts import Whereabouts

HOST = Thing(aspect=Aspect.HOST)
BACK_ALREADY = "it is back already"
NOT_WRITTEN = "the journal does not say how it was before"
UNREAD = "how it is now could not be read"


class Back(Enum):
    """What becomes of a VM or a thing: it goes back, it is there already, it is left as it is, or it cannot go back."""

    GOES = "goes"
    THERE = "there"
    LEFT = "left"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A VM that a run has moved.

    Args:
        origin: the host it was on before.
        put: the host it was moved to last.
        changed: everything that was changed of it, from how it was at first to how it was made last.
    """

    vm: VmIdentity
    origin: NamedRef
    put: NamedRef
    changed: tuple[Changed, ...]

    def has_left(self, host: MoRef) -> bool:
        """Whether it was taken off this host."""
        return self.origin.ref == host and any(one.thing == HOST for one in self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackThing:
    """What becomes of one thing.

    Args:
        now: how it is; None: it is gone, or was not read.
        why: why it does not go back; empty where it does.
    """

    changed: Changed
    back: Back
    now: Value | None
    why: str = ""

    @property
    def words(self) -> str:
        """What it is: `host`, `Hard disk 2`, `Network adapter 1`."""
        return self.changed.thing.words


@dataclass(frozen=True, slots=True, kw_only=True)
class BackLine:
    """What becomes of one VM.

    Args:
        back: `GOES` if anything of it does.
        now: the host it is on; None: it is gone, or on no host.
        things: what the run has changed of it.
        why: why it does not go back; empty where something of it does.
        findings: what the checks say of the way back.
    """

    taken: Taken
    back: Back
    now: NamedRef | None
    things: tuple[BackThing, ...] = ()
    why: str = ""
    findings: tuple[Finding, ...] = ()

    def of(self, back: Back) -> tuple[BackThing, ...]:
        """The things that become so."""
        return tuple(one for one in self.things if one.back is back)

    @property
    def changes_host(self) -> bool:
        """Whether the VM goes back to its host."""
        return any(one.changed.thing == HOST for one in self.of(Back.GOES))

    def stopped(self, why: str) -> BackLine:
        """The same, where something stops all that would go."""
        things = (replace(one, back=Back.CANNOT, why=why) if one.back is Back.GOES else one for one in self.things)
        return replace(self, back=Back.CANNOT, why=why, things=tuple(things))


def taken_of(outcomes: Iterable[Outcome]) -> tuple[Taken, ...]:
    """The VMs that these outcomes moved, from the first source to the last destination of each.

    Args:
        outcomes: in the order in which the moves ended.
    """
    found: dict[MoRef, Taken] = {}
    for outcome in outcomes:
        source, put = outcome.move.source.host, outcome.move.destination.host
        if outcome.state is not OutcomeState.MOVED or source is None or put is None:
            continue
        vm = outcome.move.vm
        before = found.get(vm.ref)
        changed = {one.thing: one for one in before.changed} if before else {}
        for one in changes_of(outcome.move):
            first = changed.get(one.thing)
            changed[one.thing] = replace(one, before=first.before) if first else one
        origin = before.origin if before else source
        found[vm.ref] = Taken(vm=vm, origin=origin, put=put, changed=tuple(changed.values()))
    return tuple(found.values())


def compare_places(
    inventory: Inventory, taken: Sequence[Taken], only_from: MoRef | None = None, policies: PoliciesNow = NO_POLICIES
) -> tuple[BackLine, ...]:
    """Which VMs, and what of them, are still as they were put, before anything is checked.

    Args:
        only_from: look at VMs alone that were taken off this host.
    """
    comparing = _Comparing(inventory, policies)
    return tuple(comparing.line(one) for one in taken if only_from is None or one.has_left(only_from))


class _Comparing:
    """Compares one VM after the other with one inventory."""

    def __init__(self, inventory: Inventory, policies: PoliciesNow) -> None:
        self._inventory = inventory
        self._policies = policies
        self._present = Present(inventory, policies)
        self._where = Whereabouts(inventory, "", NO_WISHES)

    def line(self, taken: Taken) -> BackLine:
        """What becomes of one VM."""
        vm = self._inventory.find_vm(taken.vm.ref)
        if vm is None:
            return _left(taken, "it no longer exists")
        now = self._inventory.name_of(vm.host)
        if not _is_same_vm(vm, taken.vm):
            return replace(_left(taken, f"{vm.ref.moid} is another VM now: {vm.name}"), now=now)
        place = self._present.of(vm)
        things = [self._thing(vm, one, value_of(place, one.thing)) for one in taken.changed]
        things = [self._with_host(vm, one, things) for one in things]
        back = _overall(things)
        why = "" if back is Back.GOES else _why(things)
        return BackLine(taken=taken, back=back, now=now, things=tuple(things), why=why)

    def _thing(self, vm: Vm, changed: Changed, now: Value | None) -> BackThing:
        back, why = self._judge(vm, changed, now)
        return BackThing(changed=changed, back=back, now=now, why=why)

    def _judge(self, vm: Vm, changed: Changed, now: Value | None) -> tuple[Back, str]:
        if changed.before is None:
            return Back.CANNOT, NOT_WRITTEN
        if is_same(now, changed.before):
            return Back.THERE, BACK_ALREADY
        if now is None:
            return self._missing(vm, changed)
        if not is_same(now, changed.put):
            return Back.LEFT, foreign_words(changed)
        if not self._exists(changed.before):
            return Back.CANNOT, f"{name_of(changed.before)} no longer exists"
        return Back.GOES, ""

    def _missing(self, vm: Vm, changed: Changed) -> tuple[Back, str]:
        """A thing of which nothing was read now; a VM on no host was taken off it by somebody."""
        thing = changed.thing
        if thing == HOST or thing.aspect is Aspect.POLICY:
            return Back.LEFT, foreign_words(changed)
        if thing.key is not None and vm.devices is not None and not any(one.key == thing.key for one in vm.devices):
            return Back.LEFT, f"the VM has no {thing.label} any more"
        return Back.CANNOT, UNREAD

    def _exists(self, value: Value) -> bool:
        if isinstance(value, StoragePolicy):
            return value.id in self._policies.known
        return not isinstance(value, NamedRef) or self._inventory.knows(value.ref)

    def _with_host(self, vm: Vm, one: BackThing, things: Sequence[BackThing]) -> BackThing:
        """Pool and folder have to be of the host where the VM will be: with it they go, and without it they stay."""
        if one.changed.thing.aspect not in {Aspect.POOL, Aspect.FOLDER} or one.back not in {Back.GOES, Back.LEFT}:
            return one
        goes_on = next((other for other in things if other.changed.thing == HOST and other.back is Back.GOES), None)
        origin = goes_on.changed.before if goes_on else None
        host = self._inventory.find_host(origin.ref if isinstance(origin, NamedRef) else vm.host)
        if host is None:
            return one
        if one.back is Back.LEFT:
            has_to = goes_on and not self._is_of(one.now, host) and self._is_of(one.changed.before, host)
            return replace(one, back=Back.GOES, why="") if has_to else one
        if self._is_of(one.changed.before, host):
            return one
        return replace(one, back=Back.LEFT, why=f"{name_of(one.changed.before)} is not where {host.name} is")

    def _is_of(self, value: Value | None, host: Host) -> bool:
        """Whether a pool belongs to the host's cluster, or a folder to its datacenter."""
        if not isinstance(value, NamedRef):
            return False
        pool, folder = self._inventory.find_pool(value.ref), self._inventory.find_container(value.ref)
        if pool is not None:
            return pool.owner == host.compute_resource
        return folder is not None and (folder.path is None or self._where.is_in(folder.path, host))


def _left(taken: Taken, why: str) -> BackLine:
    things = tuple(BackThing(changed=one, back=Back.LEFT, now=None, why=why) for one in taken.changed)
    return BackLine(taken=taken, back=Back.LEFT, now=None, things=things, why=why)


def foreign_words(changed: Changed) -> str:
    """That a thing was put somewhere, and is not there any more."""
    put, thing = name_of(changed.put), changed.thing
    if thing.aspect in {Aspect.FORMAT, Aspect.POLICY, Aspect.ENCRYPTION}:
        return f"it was set to {put} and somebody else has changed it since"
    if thing.aspect is Aspect.NETWORK:
        return f"it was attached to {put} and somebody else has changed that since"
    place = "in" if thing.aspect in {Aspect.POOL, Aspect.FOLDER} else "on"
    return f"it was put {place} {put} and somebody else has moved it since"


def _overall(things: Sequence[BackThing]) -> Back:
    """What becomes of a VM by what becomes of its things."""
    found = {one.back for one in things}
    return next((back for back in (Back.GOES, Back.CANNOT, Back.LEFT) if back in found), Back.THERE)


def _why(things: Sequence[BackThing]) -> str:
    rest = [one for one in things if one.back is not Back.THERE]
    if not rest:
        return BACK_ALREADY
    if [one.changed.thing for one in rest] == [HOST]:
        return rest[0].why
    return why_of(rest)


def why_of(things: Iterable[BackThing]) -> str:
    """`Hard disk 1, Hard disk 2: old no longer exists; folder: ...`: each reason once, with what it is about."""
    reasons: dict[str, list[str]] = {}
    for one in things:
        reasons.setdefault(one.why, []).append(one.words)
    return "; ".join(f"{', '.join(words)}: {why}" for why, words in reasons.items())


def _is_same_vm(vm: Vm, identity: VmIdentity) -> bool:
    return None in {vm.instance_uuid, identity.instance_uuid} or vm.instance_uuid == identity.instance_uuid
