"""The lines of a log that may speak of a migration, out of its bytes, block by block.

Rules of this file: memory does not grow with the log, whatever is in it. A line is cut at `LINE_CAP` bytes and its rest
skipped. Bytes that are no UTF-8 become replacement characters. In a big log only lines with a known word are looked at,
found by plain searches over the whole block; so a line of a shape nobody has seen may be missed there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from vsphere_motion.motionlog.prefix import LINE_CAP

NEEDLES: tuple[bytes, ...] = (
    b" S: ",
    b" D: ",
    b"igrat",
    b"IGRAT",
    b"otion",
    b"OTION",
    b"MigID",
    b"Checkpoint_",
    b"precopyStun",
    b"SnapshotVMX",
    b"-->",
)
"""Words of which every known line about a migration has one."""


KERNEL_NEEDLES: tuple[bytes, ...] = (b" S: ", b" D: ", b"otion", b"OTION")
"""The same for a log that only the vmkernel writes."""

_KERNEL_LINE = re.compile(rb"\bcpu[\d#]{1,6}(?::[\d#]{1,12})?[ )]", re.ASCII)


def is_kernel_log(head: bytes) -> bool:
    """Whether a log that begins so is written by the vmkernel alone: most of its first lines name a CPU."""
    lines = [line for line in head.split(b"\n") if line.strip()]
    return bool(lines) and sum(bool(_KERNEL_LINE.search(line[:256])) for line in lines) * 2 > len(lines)


def needles_of(migration_id: str) -> tuple[bytes, ...]:
    """What the lines of one migration carry: its ID, decimal and hexadecimal."""
    return (migration_id.encode(), f"{int(migration_id):x}".encode())


def lines_of(blocks: Iterable[bytes], needles: Sequence[bytes] | None = None) -> Iterator[str]:
    """The lines of a log, without their ends; only those with one of the needles, where there are needles.

    An empty line stands where lines were left out.
    """
    for part in whole_lines(blocks):
        for raw in part.split(b"\n") if needles is None else _with_needle(part, needles):
            yield raw[:LINE_CAP].rstrip(b"\r").decode("utf-8", errors="replace")


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, in parts that end where a line ends; what a line has beyond the cap is dropped."""
    rest, is_skipping = b"", False
    for block in blocks:
        start = 0
        if is_skipping:
            start = block.find(b"\n") + 1
            if start == 0:
                continue
            is_skipping = False
        cut = block.rfind(b"\n", start) + 1
        if cut > start:
            yield rest + block[start:cut] if rest else block[start:cut]
            rest, start = b"", cut
        rest += block[start:]
        if len(rest) > LINE_CAP:
            yield rest[:LINE_CAP]
            rest, is_skipping = b"", True
    if rest:
        yield rest


def _with_needle(part: bytes, needles: Sequence[bytes]) -> Iterator[bytes]:
    """The lines of a part that have a needle, in their order."""
    spans: dict[int, int] = {}
    for needle in needles:
        position = part.find(needle)
        while position >= 0:
            start, end = part.rfind(b"\n", 0, position) + 1, part.find(b"\n", position)
            end = len(part) if end < 0 else end
            spans[start] = end
            position = part.find(needle, end)
    end = -1
    for start in sorted(spans):
        if start > end + 1:
            yield b""
        end = spans[start]
        yield part[start:end]
