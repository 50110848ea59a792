"""What a file packed by gzip unpacks to, block by block, with a limit.

Rules of this file: several packed parts one after another are one stream, as gzip says. `isal` unpacks where it is
installed (the extra `fast`); without it Python's own `zlib`, with the same outcome.
"""

from __future__ import annotations

import zlib
from types import ModuleType
from typing import Any, Protocol

MAGIC = b"\x1f\x8b"
MAX_UNPACKED_BYTES = 32 * 1024**3
MAX_RATIO = 1000
"""How many times its size a packed file may unpack to; logs come to some 20, zeros to 1030."""

LEAST_LIMIT_BYTES = 64 * 1024**2
PACKED_BLOCK_BYTES = 64 * 1024
_GZIP_WINDOW = 31
"""What zlib calls a stream with gzip's header and checksum."""


class Readable(Protocol):
    """Anything that gives its next bytes."""

    def read(self, size: int, /) -> bytes:
        """At most so many; b"" at the end."""


class Damaged(Exception):
    """A packed file that cannot be read on; the words say why."""


def fastest_module() -> ModuleType:
    """The module that unpacks: `isal`'s where it is installed."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib  # type: ignore[no-any-return, unused-ignore]  # it may be installed or not


class Unpacked:
    """The bytes of a packed stream.

    Args:
        module: unpacks as `zlib` does.
    """

    def __init__(self, packed: Readable, *, module: ModuleType | None = None) -> None:
        self._packed = packed
        self._module = module or fastest_module()
        self._part: Any = None
        self._ahead = b""
        self._packed_bytes = 0
        self._given_bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """At most so many of the next bytes; b"" at the end.

        Raises:
            Damaged: it ends early, is no packed file, or unpacks to more than a log would.
        """
        wanted = PACKED_BLOCK_BYTES if size < 0 else size
        while self._has_part():
            packed = self._part.unconsumed_tail or self._take()
            unpacked = self._unpack(packed, wanted)
            if unpacked:
                self._count(unpacked)
                return unpacked
            if not packed and not self._part.eof:
                raise Damaged("it ends early")
        return b""

    def readinto(self, memory: memoryview) -> int:
        """As of a file."""
        block = self.read(len(memory))
        memory[: len(block)] = block
        return len(block)

    def _has_part(self) -> bool:
        """Whether there is something to unpack; a new part begins where one has ended."""
        if self._part is not None and not self._part.eof:
            return True
        ahead = (self._part.unused_data if self._part is not None else b"") + self._ahead
        self._ahead = ahead.lstrip(b"\0")
        while len(self._ahead) < len(MAGIC) and (more := self._read()):
            self._ahead = (self._ahead + more).lstrip(b"\0")
        if not self._ahead:
            return False
        if not self._ahead.startswith(MAGIC):
            raise Damaged("something else follows what is packed")
        self._part = self._module.decompressobj(wbits=_GZIP_WINDOW)
        return True

    def _take(self) -> bytes:
        ahead, self._ahead = self._ahead, b""
        return ahead or self._read()

    def _read(self) -> bytes:
        block = self._packed.read(PACKED_BLOCK_BYTES)
        self._packed_bytes += len(block)
        return block

    def _unpack(self, packed: bytes, wanted: int) -> bytes:
        try:
            return bytes(self._part.decompress(packed, wanted))
        except (zlib.error, self._module.error) as problem:
            raise Damaged(str(problem)) from problem

    def _count(self, unpacked: bytes) -> None:
        self._given_bytes += len(unpacked)
        allowed = max(LEAST_LIMIT_BYTES, MAX_RATIO * self._packed_bytes)
        if self._given_bytes > min(allowed, MAX_UNPACKED_BYTES):
            raise Damaged(f"it unpacks to more than {self._given_bytes >> 20} MiB, which no log does")
