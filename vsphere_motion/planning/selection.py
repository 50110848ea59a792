"""Words of a person to the virtual machines that they name together.

Rules of this file: all words are looked up before any is complained about; what is excluded stays out, whoever names
it; an exclusion that names nothing is a mistake and never passed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.selection import NO_TAGS, Match, Selected, Tagged
from vsphere_motion.planning.lookup import VmIndex
from vsphere_motion.planning.selectors import find_match, find_members

SUGGESTIONS = 20
"""Words of one call that are held against all names for what they resemble; more would take too long."""


def select(
    inventory: Inventory, selectors: Sequence[str], exclude: Sequence[str] = (), tagged: Tagged = NO_TAGS
) -> tuple[Selected, list[UsageProblem]]:
    """The VMs that the words name, and everything that is wrong with the words.

    Args:
        tagged: what carries the tags that are named.
    """
    if not any(selectors):
        missing = BadInput("no virtual machine is named", hint="name at least one, such as web01 or 'web*'")
        return Selected(vms=()), [missing]
    matches, problems = _matches(inventory, selectors, tagged)
    out, more = excluded(inventory, exclude, tagged)
    problems += more
    refs = {vm.ref for vm in out}
    found: dict[MoRef, Vm] = {}
    for match in matches:
        found |= {vm.ref: vm for vm in match.vms if vm.ref not in found}
    kept = tuple(vm for ref, vm in found.items() if ref not in refs)
    if found and not kept and not problems:
        problems.append(BadInput("every virtual machine that is named is excluded", hint="take an --exclude away"))
    return Selected(vms=kept, matches=tuple(matches), excluded=len(found) - len(kept)), problems


def _matches(inventory: Inventory, selectors: Sequence[str], tagged: Tagged) -> tuple[list[Match], list[UsageProblem]]:
    index = VmIndex(inventory)
    matches: list[Match] = []
    problems: list[UsageProblem] = []
    for selector in selectors:
        try:
            matches.append(find_match(inventory, selector, tagged, index, suggests=len(problems) < SUGGESTIONS))
        except UsageProblem as problem:
            problems.append(problem)
    return matches, problems


def excluded(
    inventory: Inventory, exclude: Sequence[str], tagged: Tagged = NO_TAGS
) -> tuple[tuple[Vm, ...], list[UsageProblem]]:
    """The VMs that `--exclude` takes out, each once, and everything that is wrong with its words."""
    found: dict[MoRef, Vm] = {}
    problems: list[UsageProblem] = []
    for selector in exclude:
        try:
            found |= {vm.ref: vm for vm in find_members(inventory, selector, tagged)}
        except UsageProblem as problem:
            problems.append(_of_exclude(selector, problem))
    return tuple(found.values()), problems


def _of_exclude(selector: str, problem: UsageProblem) -> UsageProblem:
    return type(problem)(f"--exclude {selector}: {problem.message}", hint=problem.hint, details=problem.details)
