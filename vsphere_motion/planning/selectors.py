"""One word of a person to the virtual machines it names.

Rules of this file: no first match. A word that names one VM finds one, or the error lists the candidates and how to say
which; only a group may find several: a glob, or a word such as `host:`. An exact name wins over the same word read as a
glob. Groups leave out templates and vCenter's own VMs, which only their own names choose.
"""

from __future__ import annotations

from collections.abc import Sequence

from vsphere_motion.errors import Ambiguous, NotFound
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.selection import NO_TAGS, Match, Tagged
from vsphere_motion.planning.groups import Members, find_group, is_group_word
from vsphere_motion.planning.lookup import EXACT, MOID, NAME, VmIndex
from vsphere_motion.planning.names import is_glob, matches, matches_path, suggest
from vsphere_motion.planning.placement.of_inventory import is_system_vm
from vsphere_motion.planning.places import SWAPPED, find_cluster, find_host, names_host
from vsphere_motion.planning.visibility import invisible_vms, require_visible

__all__ = ["describe_vm", "find_cluster", "find_host", "find_match", "find_members", "find_vms"]


def find_vms(inventory: Inventory, selector: str, tagged: Tagged = NO_TAGS) -> tuple[Vm, ...]:
    """The VMs that a selector names: several for a group, one for anything else.

    Raises:
        NotFound, Ambiguous, BadInput: as `find_match`.
    """
    return find_match(inventory, selector, tagged).vms


def find_match(
    inventory: Inventory,
    selector: str,
    tagged: Tagged = NO_TAGS,
    index: VmIndex | None = None,
    *,
    suggests: bool = True,
) -> Match:
    """What a selector names.

    Args:
        selector: a name, a glob, an inventory path, `moid:vm-42`, `uuid:` with an instance or BIOS UUID (or
            `instance-uuid:`, `bios-uuid:` for one kind alone), `name:` with a name that is no glob, `re:` with a
            regular expression, or a group such as `host:esx01`.
        tagged: what carries the tags that are named.
        index: of this inventory, where many words are looked up.
        suggests: whether an error names what the word resembles, which takes a while in a large inventory.

    Raises:
        NotFound: it names none; the hint has what it resembles.
        Ambiguous: it is no group and names several; the details list them.
        BadInput: it cannot be read.
        PermissionMissing: it is a group, and there are VMs whose names this account may not read.
    """
    if is_group_word(selector):
        return _chosen(inventory, selector, find_group(inventory, selector, tagged))
    exact = (index or VmIndex(inventory)).find(selector)
    if len(exact) > 1:
        raise _ambiguous_vm(inventory, selector, exact)
    if exact:
        return Match(selector=selector, is_group=False, vms=exact)
    if not is_glob(selector) or selector.startswith(EXACT):
        raise _no_vm(inventory, selector, suggests=suggests)
    require_visible(invisible_vms(inventory), wanted=f"{selector} means them too")
    members = Members(vms=tuple(vm for vm in inventory.vms if _is_matched(vm, selector)))
    return _chosen(inventory, selector, members)


def find_members(inventory: Inventory, selector: str, tagged: Tagged = NO_TAGS) -> tuple[Vm, ...]:
    """Every VM that a selector names, templates and system VMs among them: what `--exclude` takes out.

    Raises:
        NotFound, Ambiguous, BadInput: as `find_match`; a group may be empty.
    """
    if is_group_word(selector):
        return find_group(inventory, selector, tagged).vms
    try:
        return find_match(inventory, selector, tagged).vms
    except NotFound:
        left_out = tuple(vm for vm in inventory.vms if is_glob(selector) and _is_matched(vm, selector))
        if not left_out:
            raise
        return left_out


def describe_vm(inventory: Inventory, vm: Vm) -> str:
    """A VM with what tells it from others of its name."""
    host = inventory.name_of(vm.host)
    return f"{vm.path or vm.name} on {host.name if host else 'no host'} ({MOID}{vm.ref.moid})"


def _chosen(inventory: Inventory, selector: str, members: Members) -> Match:
    """The VMs of a group that may be chosen by it."""
    machines = [vm for vm in members.vms if not vm.is_template]
    chosen = tuple(vm for vm in machines if not is_system_vm(vm))
    if not chosen:
        raise _none_in_group(inventory, selector, members)
    return Match(
        selector=selector,
        is_group=True,
        vms=chosen,
        templates=len(members.vms) - len(machines),
        system=len(machines) - len(chosen),
        unread=members.unread,
    )


def _is_matched(vm: Vm, pattern: str) -> bool:
    if pattern.startswith("/"):
        return vm.path is not None and matches_path(pattern, vm.path)
    return matches(pattern, vm.name)


def _ambiguous_vm(inventory: Inventory, selector: str, found: Sequence[Vm]) -> Ambiguous:
    return Ambiguous(
        f"{len(found)} virtual machines are called {selector.removeprefix(NAME)}",
        hint=f"say which one, such as {MOID}{found[0].ref.moid}",
        details=tuple(describe_vm(inventory, vm) for vm in found),
    )


def _no_vm(inventory: Inventory, selector: str, *, suggests: bool) -> NotFound:
    is_exact, selector = selector.startswith(NAME), selector.removeprefix(NAME)
    if suggests and names_host(inventory, selector):
        return NotFound(f"{selector} is a host, not a virtual machine", hint=SWAPPED)
    is_pattern = is_glob(selector) and not is_exact
    close = suggest(selector, _words(inventory.vms, selector)) if suggests and not is_pattern else None
    verb = "matches" if is_pattern else "is called"
    return NotFound(f"no virtual machine {verb} {selector}", hint=close or _LOOK, details=inventory.unreadable)


def _none_in_group(inventory: Inventory, selector: str, members: Members) -> NotFound:
    """Why a group has nobody to choose."""
    if not is_group_word(selector) and not members.vms:
        return _no_vm(inventory, selector, suggests=True)
    why = (
        f"its {len(members.vms)} are templates or vCenter's own, which only their own names choose"
        if members.vms
        else "there is none"
    )
    return NotFound(f"{selector} names no virtual machine to choose: {why}", hint=_LOOK, details=inventory.unreadable)


_LOOK = "check the spelling, and what this account may see"


def _words(vms: Sequence[Vm], selector: str) -> list[str]:
    """What the selector could have meant: words of its own sort."""
    if selector.startswith(MOID):
        return [f"{MOID}{vm.ref.moid}" for vm in vms]
    if selector.startswith("/"):
        return [vm.path for vm in vms if vm.path]
    return [vm.name for vm in vms]
