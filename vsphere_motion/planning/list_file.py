"""The lines of a list file to moves, against one snapshot.

Rules of this file: every line is looked at before any is complained about; a line that asks for what cannot be done yet
is a problem, never half done; a VM goes to one place in one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TypeAlias, TypeVar

from vsphere_motion.errors import BadInput, NotFound, UsageProblem
from vsphere_motion.model.inventory import Cluster, Host, Inventory, Vm
from vsphere_motion.model.list_file import LineProblem, ListFile, ListLine
from vsphere_motion.model.move import Move, StoragePolicy
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import NO_WISHES, Wishes
from vsphere_motion.model.selection import NO_TAGS, Match, Selected, Tagged
from vsphere_motion.model.site import Shift
from vsphere_motion.planning.list_moves import MoveMaker
from vsphere_motion.planning.list_wishes import is_store, wishes_of
from vsphere_motion.planning.lookup import VmIndex
from vsphere_motion.planning.placement.of_inventory import SiteMap, SiteRules, Verdict, site_of
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.places import find_cluster, find_host, names_cluster, names_host
from vsphere_motion.planning.resolve import find_obstacle
from vsphere_motion.planning.room_left import RoomLeft
from vsphere_motion.planning.selection import SUGGESTIONS, excluded
from vsphere_motion.planning.selectors import find_match
from vsphere_motion.planning.time_window import parse_window

Found = TypeVar("Found", Host, Cluster)

MANY_MOVES = 5000
"""Moves of one file for which an order is looked for beforehand; with more, it would take longer than it helps, and the
checks of each move say on their own that its host is full."""

_Pick: TypeAlias = Callable[[Vm], tuple[Host | None, tuple[Host, ...]]]
"""Gives a VM its host, and the hosts that its line leaves open; no host where it follows from something else."""

_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMoves:
    """What a file asks for.

    Args:
        moves: in the order in which they are to start: by priority, then as the file has them.
        lines: of each move, the line that asks for it.
        targets: of each move, the hosts that its line leaves open: one, or those of a cluster.
    """

    moves: tuple[Move, ...]
    selected: Selected
    lines: tuple[ListLine, ...]
    targets: tuple[tuple[Host, ...], ...]

    @property
    def windows(self) -> tuple[str, ...]:
        """Of each move, when it may start, as the file has it; empty where it says nothing."""
        return tuple(line.window or "" for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForAll:
    """What the command line says of all lines, where a line says nothing itself.

    Args:
        to_host: the destination of lines that name none; empty: each has to name one.
        policy: the storage policy of the wishes, looked up.
    """

    to_host: str = ""
    wishes: Wishes = NO_WISHES
    policy: StoragePolicy | None = None


def resolve_list(
    inventory: Inventory,
    listed: ListFile,
    for_all: ForAll,
    *,
    exclude: Sequence[str] = (),
    tagged: Tagged = NO_TAGS,
) -> ListedMoves:
    """The moves that a file asks for.

    Raises:
        BadInput: the file cannot be used as it is; the details have every problem with its line.
    """
    out, wrong = excluded(inventory, exclude, tagged)
    reader = _Lines(inventory, listed, for_all, tagged)
    rows = reader.rows(frozenset(vm.ref for vm in out))
    problems = [*reader.problems, *(LineProblem(line=0, message=told(one)) for one in wrong)]
    if not problems:
        problems += _stuck(inventory, rows)
    if not problems and not rows:
        problems.append(LineProblem(line=0, message="every virtual machine that it names is excluded"))
    if problems:
        raise unusable_lines(listed.name, problems)
    rows.sort(key=lambda row: row.line.priority)
    return ListedMoves(
        moves=tuple(row.move for row in rows),
        selected=Selected(
            vms=tuple(row.vm for row in rows), matches=tuple(reader.matches), excluded=reader.excluded_count
        ),
        lines=tuple(row.line for row in rows),
        targets=tuple(row.targets for row in rows),
    )


def unusable_lines(name: str, problems: Sequence[LineProblem]) -> BadInput:
    """The error for a file with these problems, each with its line."""
    ordered = sorted(problems, key=lambda one: one.line)
    count = len(ordered)
    return BadInput(
        f"{name} cannot be used: {count} problem{'' if count == 1 else 's'}. Nothing was changed.",
        hint="correct the lines named, and run the command again",
        details=tuple(f"{name} line {one.line}: {one.message}" if one.line else one.message for one in ordered),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: ListLine
    vm: Vm
    host: Host
    targets: tuple[Host, ...]
    move: Move


class _Lines:
    """Reads line after line; what is wrong gathers in `problems`."""

    def __init__(self, inventory: Inventory, listed: ListFile, for_all: ForAll, tagged: Tagged) -> None:
        self.problems: list[LineProblem] = list(listed.problems)
        self.matches: list[Match] = []
        self.excluded_count = 0
        self._inventory = inventory
        self._lines = listed.lines
        self._for_all = for_all
        self._makers = MoveMaker(inventory, for_all.policy)
        self._tagged = tagged
        self._index = VmIndex(inventory)
        self._named_on: dict[MoRef, int] = {}
        self._hosts: dict[str, Host | str] = {}
        self._clusters: dict[str, Cluster | str] = {}
        self._windows: dict[str, str] = {}
        self._room = RoomLeft(inventory)

    def rows(self, out: frozenset[MoRef]) -> list[_Row]:
        """A row for each VM that may be moved."""
        found = []
        for line in self._lines:
            self._check_words(line)
            vms = [vm for vm in self._vms(line) if self._is_wanted(vm, out)]
            wishes = self._wishes(line)
            pick = None if wishes is None else self._destination(line, wishes)
            if pick is not None and wishes is not None:
                found += [row for vm in vms if (row := self._row(line, vm, pick(vm), wishes))]
        self.problems += self._makers.unfitted()
        return found

    def _row(self, line: ListLine, vm: Vm, pick: tuple[Host | None, tuple[Host, ...]], wishes: Wishes) -> _Row | None:
        picked, targets = pick
        attempt = self._makers.attempt(line, vm, picked, wishes)
        for problem in attempt.problems:
            self._complain(line, told(problem))
        move = attempt.move
        host = None if move is None or move.destination.host is None else move.destination.host.ref
        there = self._inventory.find_host(host)
        if move is None or there is None or attempt.problems:
            return None
        return _Row(line=line, vm=vm, host=there, targets=(there,) if there.ref == vm.host else targets, move=move)

    def _wishes(self, line: ListLine) -> Wishes | None:
        """What the line asks for beside the host; None where it is in error."""
        try:
            return wishes_of(line, self._for_all.wishes, place_is_store=is_store(self._inventory, line.place))
        except BadInput as problem:
            self._complain(line, problem.message)
            return None

    def _is_wanted(self, vm: Vm, out: frozenset[MoRef]) -> bool:
        self.excluded_count += vm.ref in out
        return vm.ref not in out

    def _check_words(self, line: ListLine) -> None:
        if line.host and line.cluster:
            self._complain(line, "it names a host and a cluster; one of them is the destination")
        if line.window and (problem := self._window_problem(line.window)):
            self._complain(line, problem)

    def _window_problem(self, window: str) -> str:
        if window not in self._windows:
            self._windows[window] = ""
            try:
                parse_window(window, UTC)
            except UsageProblem as problem:
                self._windows[window] = told(problem)
        return self._windows[window]

    def _vms(self, line: ListLine) -> Iterator[Vm]:
        suggests = len(self.problems) < SUGGESTIONS
        try:
            match = find_match(self._inventory, line.vm, self._tagged, self._index, suggests=suggests)
        except UsageProblem as problem:
            self._complain(line, told(problem))
            return
        self.matches.append(match)
        for vm in match.vms:
            before = self._named_on.setdefault(vm.ref, line.line)
            obstacle = find_obstacle(self._inventory, vm)
            if before != line.line:
                self._complain(line, f"{vm.name} ({vm.ref.moid}) is named on line {before} already")
            elif obstacle is not None:
                self._complain(line, told(obstacle))
            else:
                yield vm

    def _destination(self, line: ListLine, wishes: Wishes) -> _Pick | None:
        """What gives a VM of this line its host; None where the line is in error."""
        word = line.host or (line.place if line.place and names_host(self._inventory, line.place) else None)
        cluster = line.cluster or (line.place if line.place and names_cluster(self._inventory, line.place) else None)
        if cluster and not word:
            return self._in_cluster(line, cluster)
        word = word or self._for_all.to_host
        if not word and wishes.names_place:
            return lambda _: (None, ())
        if not word:
            self._complain(line, "it names no destination: give it a host or a cluster, or add --to-host")
            return None
        host = self._looked_up(self._hosts, self._find_host, word)
        if isinstance(host, str):
            self._complain(line, host)
            return None
        return lambda vm: (self._room.taken(vm, host), (host,))

    def _find_host(self, inventory: Inventory, word: str) -> Host:
        """The host; what a wrong word resembles is looked for a few times only, which takes a while in a large site."""
        if len(self.problems) >= SUGGESTIONS and not names_host(inventory, word):
            raise NotFound(f"no host is called {word}")
        return find_host(inventory, word)

    def _in_cluster(self, line: ListLine, word: str) -> _Pick | None:
        cluster = self._looked_up(self._clusters, find_cluster, word)
        if isinstance(cluster, str):
            self._complain(line, cluster)
            return None
        hosts = self._room.open_hosts(cluster)
        if not hosts:
            self._complain(line, f"no host of {cluster.name} takes virtual machines now")
            return None
        return lambda vm: (self._room.emptiest(vm, cluster, hosts), hosts)

    def _looked_up(
        self, known: dict[str, Found | str], find: Callable[[Inventory, str], Found], word: str
    ) -> Found | str:
        """What a word names, or what is wrong with it; each word is looked up once."""
        if word not in known:
            try:
                known[word] = find(self._inventory, word)
            except UsageProblem as problem:
                known[word] = told(problem)
        return known[word]

    def _complain(self, line: ListLine, message: str) -> None:
        self.problems.append(LineProblem(line=line.line, message=message))


def _stuck(inventory: Inventory, rows: Sequence[_Row]) -> Iterator[LineProblem]:
    """Moves that wait for each other: their hosts are too full for any order, also with a detour over a third host."""
    moving = [row for row in rows if row.vm.host != row.host.ref]
    ends = {row.host.ref for row in moving} & {row.vm.host for row in moving}
    if not ends or len(moving) > MANY_MOVES:
        return
    hosts = _around(inventory, moving)
    verdicts = {(row.vm.ref, host.ref): Verdict(why_not=None) for row in moving for host in hosts}
    known = site_of(inventory, hosts, verdicts, SiteRules(keeps_ha_reserve=False))
    shifts = dict(_shifts(known, moving))
    order = in_order(known.site, tuple(shifts))
    waiting = {shift.load for shift in order.impossible}
    stuck = [row for shift, row in shifts.items() if shift.load in waiting]
    leaving = {row.vm.host for row in stuck}
    for row in stuck:
        if row.host.ref in leaving:
            yield _deadlock(row, [one for one in stuck if one.vm.host == row.host.ref])


def _shifts(known: SiteMap, moving: Iterable[_Row]) -> Iterator[tuple[Shift, _Row]]:
    for row in moving:
        source = row.vm.host
        if source is not None and source in known.rooms and row.vm.ref in known.loads:
            load, destination = known.loads[row.vm.ref], known.rooms[row.host.ref]
            yield Shift(load=load, source=known.rooms[source], destination=destination), row


def _around(inventory: Inventory, moving: Iterable[_Row]) -> tuple[Host, ...]:
    """Every host that a move could touch: both ends, and what shares a cluster with one of them."""
    ends = {ref for row in moving for ref in (row.vm.host, row.host.ref)}
    clusters = {host.compute_resource for host in inventory.hosts if host.ref in ends} - {None}
    return tuple(host for host in inventory.hosts if host.ref in ends or host.compute_resource in clusters)


def _deadlock(row: _Row, leaving: Sequence[_Row]) -> LineProblem:
    lines = ", ".join(str(number) for number in sorted({one.line.line for one in leaving})[:_SHOWN])
    return LineProblem(
        line=row.line.line,
        message=f"{row.vm.name} fits on {row.host.name} only after others have left it (line {lines}), these wait in "
        "their turn, and no third host has room for a detour",
    )


def told(problem: UsageProblem) -> str:
    """A problem in one line."""
    words = [problem.message, *(problem.details if not isinstance(problem, NotFound) else ())]
    text = "; ".join(words[: _SHOWN + 1])
    return f"{text} ({problem.hint})" if problem.hint else text
