"""The lines of a list for another vCenter: which VM each of them names, and what is wrong, told by line.

Rules of this file: a list is refused with everything that is wrong with it at once, as within one vCenter.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vsphere_motion.errors import UsageProblem
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.list_file import LineProblem, ListFile, ListLine
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.selection import NO_TAGS, Tagged
from vsphere_motion.planning.list_file import told, unusable_lines
from vsphere_motion.planning.lookup import VmIndex
from vsphere_motion.planning.resolve import raise_all
from vsphere_motion.planning.selectors import find_match


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVms:
    """What the lines of a list name.

    Args:
        lines: the line of each VM of the source.
        arrived: the line of each word that names a VM which has arrived.
        unknown: words that name nothing.
        problems: these, and VMs that are named twice.
    """

    lines: dict[MoRef, ListLine] = field(default_factory=dict)
    arrived: dict[str, ListLine] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    problems: tuple[LineProblem, ...] = ()


def named_vms(
    source: Inventory, listed: ListFile | None, tagged: Tagged = NO_TAGS, arrived: Container[str] = ()
) -> NamedVms:
    """What the lines of a list name; nothing without one.

    Args:
        arrived: words that name a VM which is at the destination by now.
    """
    index = VmIndex(source)
    lines: dict[MoRef, ListLine] = {}
    unknown: set[str] = set()
    problems: list[LineProblem] = []
    for line in listed.lines if listed else ():
        if line.vm in arrived:
            continue
        try:
            found = find_match(source, line.vm, tagged, index)
        except UsageProblem as problem:
            unknown.add(line.vm)
            problems.append(LineProblem(line=line.line, message=told(problem)))
            continue
        for vm in found.vms:
            before = lines.setdefault(vm.ref, line).line
            if before != line.line:
                words = f"{vm.name} ({vm.ref.moid}) is named on line {before} already"
                problems.append(LineProblem(line=line.line, message=words))
    there = {line.vm: line for line in (listed.lines if listed else ()) if line.vm in arrived}
    return NamedVms(lines=lines, arrived=there, unknown=frozenset(unknown), problems=tuple(problems))


class Problems:
    """Everything that is wrong with a request; with a list, each by its line.

    Args:
        listed: the list; None: the request has words of its own.
    """

    def __init__(self, listed: ListFile | None, named: NamedVms) -> None:
        self._listed = listed
        self._named = named
        self._found: dict[tuple[int, str], UsageProblem] = {}

    def add(self, problems: Iterable[UsageProblem | None], line: int = 0) -> None:
        """Add what is wrong on a line, or with the request as a whole; None is nothing."""
        for problem in problems:
            if problem is not None:
                self._found.setdefault((line if self._listed else 0, problem.message), problem)

    def add_of(self, vm: Vm, problems: Iterable[UsageProblem | None]) -> None:
        """Add what is wrong with the move of one VM of the source."""
        line = self._named.lines.get(vm.ref)
        self.add(problems, line.line if line else 0)

    def add_group(self, alone: Mapping[Vm, Sequence[UsageProblem]], together: Sequence[UsageProblem]) -> None:
        """Add what is wrong with VMs of which the same is asked.

        Args:
            alone: what is wrong with each by itself.
            together: what is wrong with all of them; where none is wrong by itself, it is told of the first.
        """
        if self._listed is None:
            self.add(together)
            return
        for vm, problems in alone.items():
            self.add_of(vm, problems)
        if not any(alone.values()):
            self.add_of(next(iter(alone)), together)

    def raise_any(self) -> None:
        """Go on where nothing is wrong.

        Raises:
            NotFound, Ambiguous, BadInput, UsageProblem: as `raise_all`; of a list: as `unusable_lines`.
        """
        if self._listed is None:
            raise_all(list(self._found.values()))
            return
        lines = [LineProblem(line=line, message=told(problem)) for (line, _), problem in self._found.items()]
        if lines or self._named.problems:
            raise unusable_lines(self._listed.name, [*lines, *self._named.problems])
