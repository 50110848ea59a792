"""A log that a shell of Windows has saved in UTF-16, read as UTF-8."""

from __future__ import annotations

import codecs
from typing import Any

BLOCK_BYTES = 64 * 1024
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What such a file begins with."""


class Recoded:
    """The bytes of a stream in UTF-16 as UTF-8; what cannot be decoded becomes replacement characters."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        self._kept = b""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many of the next bytes; b"" at the end."""
        wanted = BLOCK_BYTES if size < 0 else size
        while not self._kept:
            block = self._stream.read(BLOCK_BYTES)
            self._kept = self._decoder.decode(block, final=not block).encode("utf-8", errors="replace")
            if not block:
                break
        taken, self._kept = self._kept[:wanted], self._kept[wanted:]
        return taken

    def readinto(self, memory: memoryview) -> int:
        """As of a file."""
        block = self.read(len(memory))
        memory[: len(block)] = block
        return len(block)
