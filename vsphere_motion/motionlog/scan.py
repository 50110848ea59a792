"""The lines of a log that may speak of a migration, out of its bytes, block by block.

Rules of this file: memory does not grow with the log, whatever is in it. A line is cut at `LINE_CAP` bytes and its rest
skipped. Bytes that are no UTF-8 become replacement characters. In a big log only lines with a known word are looked at,
found by plain searches over the whole block; so a line of a shape nobody has seen may be missed there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from vsphere_motion.motionlog.find import Find, finder
from vsphere_motion.motionlog.prefix import LINE_CAP

BLOCK_BYTES = 256 * 1024
"""How much is read at once; a block that stays in the processor's cache is searched fastest."""

Fill = Callable[[memoryview], int | None]
"""Writes the next bytes of a log into a piece of memory and says how many; 0 at its end. `readinto` of a file."""

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


def kernel_needles_of(migration_id: str) -> tuple[bytes, ...]:
    """What the vmkernel's lines of one migration carry: its ID in decimal; vmware.log alone prints it otherwise."""
    return (migration_id.encode(),)


def lines_of(fill: Fill, needles: Sequence[bytes] | None = None, *, whole_bytes: int = 0) -> Iterator[str]:
    """The lines of a log, without their ends; only those with one of the needles, where there are needles.

    An empty line stands where lines were left out.

    Args:
        whole_bytes: how much of the log is given line by line before the needles are searched for.
    """
    window = Window(fill)
    find = finder(window.data)
    for start, end in window.parts():
        if needles is None or window.passed_bytes <= whole_bytes:
            lines: Iterable[bytes] = bytes(window.data[start:end]).removesuffix(b"\n").split(b"\n")
        else:
            lines = _with_needle(window.data, find, needles, (start, end))
        for raw in lines:
            yield raw[:LINE_CAP].rstrip(b"\r").decode("utf-8", errors="replace")


class Window:
    """A piece of a log, which moves on over it; its memory is used again and again."""

    def __init__(self, fill: Fill) -> None:
        self._fill = fill
        self.data = bytearray(LINE_CAP + BLOCK_BYTES)
        self.passed_bytes = 0
        self._kept = 0
        self._is_skipping = False

    def parts(self) -> Iterator[tuple[int, int]]:
        """Where whole lines lie in `data`, again and again; what a line has beyond the cap is left out."""
        view = memoryview(self.data)
        while got := self._fill(view[self._kept : self._kept + BLOCK_BYTES]):
            self.passed_bytes += got
            end = self._kept + got
            start = self._skipped_to(end)
            cut = max(start, self.data.rfind(b"\n", start, end) + 1)
            if cut > start:
                yield start, cut
            if end - cut > LINE_CAP:
                yield cut, cut + LINE_CAP
                self._kept, self._is_skipping = 0, True
            else:
                view[: end - cut] = bytes(view[cut:end])
                self._kept = end - cut
        if self._kept:
            yield 0, self._kept

    def _skipped_to(self, end: int) -> int:
        """Where the rest of a line that was cut is over; `end` if it goes on."""
        if not self._is_skipping:
            return 0
        line_end = self.data.find(b"\n", 0, end)
        self._is_skipping = line_end < 0
        return end if line_end < 0 else line_end + 1


def _with_needle(data: bytearray, find: Find, needles: Sequence[bytes], part: tuple[int, int]) -> Iterator[bytes]:
    """The lines of a part that have a needle, in their order."""
    start, end = part
    spans: dict[int, int] = {}
    for needle in needles:
        position = find(needle, start, end)
        while position >= 0:
            line_end = data.find(b"\n", position, end)
            line_end = end if line_end < 0 else line_end
            spans[max(start, data.rfind(b"\n", start, position) + 1)] = line_end
            position = find(needle, line_end, end)
    last = start - 1
    for line_start in sorted(spans):
        if line_start > last + 1:
            yield b""
        last = spans[line_start]
        yield bytes(data[line_start:last])
    if last < end - 1:
        yield b""
