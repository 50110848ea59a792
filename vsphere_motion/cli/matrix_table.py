"""A matrix as people read it: a row for each VM, a column for each host, and in each cell the shortest reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from vsphere_motion.cli.console import safe
from vsphere_motion.cli.plan_table import NOTHING_CHANGED
from vsphere_motion.model.finding import Severity, Verdict
from vsphere_motion.model.matrix import Matrix, reason_of
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import NamedRef

Paint = Callable[[str, str], str]

HERE = "here"
OK = "ok"
_GAP = "  "
_COLOURS = {Verdict.BLOCKED: "red", Verdict.UNKNOWN: "yellow", Verdict.OK: "green"}


def matrix_lines(matrix: Matrix, paint: Paint, *, width: int | None = None) -> Iterator[str]:
    """The table, in blocks of hosts that fit the width, and what the reasons in it mean.

    Args:
        paint: colours a text, or returns it as it is.
        width: columns of the terminal; None: one block, however wide.
    """
    columns = [_column(matrix, place) for place in range(len(matrix.hosts))]
    head = ["VM", *(safe(row.vm.name) for row in matrix.rows)]
    for n, places in enumerate(_blocks(columns, len(max(head, key=len)), width)):
        if n:
            yield ""
        yield from _block(matrix, head, [columns[place] for place in places], places, paint)
    yield from _legend(matrix)


def matrix_summary(matrix: Matrix) -> str:
    """How many VMs have somewhere to go."""
    stuck = sum(1 for row in matrix.rows if row.is_stuck)
    free = len(matrix.rows) - stuck
    return f"{free} of {len(matrix.rows)} VMs can go to another host, {stuck} stuck. {NOTHING_CHANGED}"


def cell_text(cell: PlannedMove) -> str:
    """`ok`, `here`, or an id: with `?` where it could not look, in brackets where it warns, +N for further blockers."""
    if cell.move.is_noop:
        return HERE
    reason = reason_of(cell)
    if reason is None:
        return OK
    if cell.verdict is Verdict.BLOCKED:
        more = len({finding.id for finding in cell.blockers}) - 1
        return f"{reason.id} +{more}" if more else reason.id
    return f"? {reason.id}" if reason.severity is Severity.UNKNOWN else f"{OK} ({reason.id})"


def _column(matrix: Matrix, place: int) -> list[str]:
    return [_name(matrix.hosts[place]), *(safe(cell_text(row.cells[place])) for row in matrix.rows)]


def _blocks(columns: Sequence[Sequence[str]], taken: int, width: int | None) -> Iterator[list[int]]:
    """The places of the columns that stand side by side; each block has one at least."""
    block: list[int] = []
    used = taken
    for place, column in enumerate(columns):
        needed = len(_GAP) + len(max(column, key=len))
        if block and width is not None and used + needed > width:
            yield block
            block, used = [], taken
        block.append(place)
        used += needed
    yield block


def _block(
    matrix: Matrix, head: Sequence[str], columns: Sequence[Sequence[str]], places: Sequence[int], paint: Paint
) -> Iterator[str]:
    widths = [len(max(column, key=len)) for column in (head, *columns)]
    for n in range(len(head)):
        cells = [f"{text[n]:<{width}}" for text, width in zip((head, *columns), widths, strict=True)]
        if n:
            row = matrix.rows[n - 1]
            cells[1:] = [paint(text, _colour(row.cells[place])) for text, place in zip(cells[1:], places, strict=True)]
        yield _GAP.join(cells).rstrip()


def _colour(cell: PlannedMove) -> str:
    return "green" if cell.move.is_noop else _COLOURS[cell.verdict]


def _legend(matrix: Matrix) -> Iterator[str]:
    """One line for each reason in the table, the most frequent first, with an example of its words."""
    reasons = [reason for row in matrix.rows for cell in row.cells if (reason := reason_of(cell))]
    if not reasons:
        return
    counts = Counter(reason.id for reason in reasons)
    examples = {reason.id: reason.message for reason in reversed(reasons)}
    width = len(max(counts, key=len))
    yield ""
    for check_id, count in counts.most_common():
        times = f"{count} time{'' if count == 1 else 's'}"
        yield f"{safe(check_id):<{width}}  {times}, such as: {safe(examples[check_id])}"
    yield "what to do: vsphere-motion check VM --to-host HOST, or vsphere-motion check --explain ID"


def _name(host: NamedRef) -> str:
    return safe(host.name)
