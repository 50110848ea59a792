"""Reading answers to a read of properties several times as fast as pyVmomi, and to the same values.

`page_decoder.py` decodes what it knows for certain. Of every other answer (a fault, a newer type, anything that is not
well-formed) pyVmomi reads the same bytes from their beginning, and what pyVmomi makes of them stands. The tests in
`tests/contract` hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from vsphere_motion.vcenter.page_decoder import PageDecoder
from vsphere_motion.vcenter.page_grammar import Grammar
from vsphere_motion.vcenter.soap import NOT_UNDERSTOOD, Answer, NotAnAnswer, read_answer
from vsphere_motion.vcenter.value_forms import NotKnown

PIECE_BYTES = 64 * 1024
KEPT_BYTES = 64 * 1024 * 1024
"""A page of 1,000 virtual machines in a snapshot is 14 MB; what is longer, and not known, is asked for in parts."""


class TimedBody(Protocol):
    """The bytes of an answer that has to be read within some time."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""

    def require_time(self) -> None:
        """Go on where there is time left."""


class BulkReader:
    """Reads the answers of one session; what it learned from one it knows in the next.

    Args:
        stub: the session's, which references that are read belong to.
        kept_bytes: how much of an answer is kept for pyVmomi.
        notice: is shown the first piece of every answer before that is decoded.
    """

    def __init__(
        self, stub: Any, *, kept_bytes: int = KEPT_BYTES, notice: Callable[[bytes], None] | None = None
    ) -> None:
        self._grammar = Grammar(stub)
        self._kept_bytes = kept_bytes
        self._notice = notice

    def __call__(self, stub: Any, method: Any, body: TimedBody) -> Answer:
        """The answer to `method`: a `Page` where it is known, else what pyVmomi makes of it.

        Raises:
            UnknownFault, NotAnAnswer, OSError, http.client.HTTPException, or one of `NOT_UNDERSTOOD`.
        """
        kept = _KeptBody(body, self._kept_bytes)
        decoder = PageDecoder(self._grammar, method.wsdlName)
        piece = kept.read(PIECE_BYTES)
        if self._notice is not None:
            self._notice(piece)
        try:
            while piece:
                decoder.feed(piece)
                piece = kept.read(PIECE_BYTES)
            return Answer(value=decoder.finish(), is_fault=False)
        except (NotKnown, *NOT_UNDERSTOOD) as reason:
            kept.rewind(reason)
        return read_answer(stub, method, kept)


class _KeptBody:
    """A body that can be read twice: its pieces are kept until it is read for the second time."""

    def __init__(self, body: TimedBody, limit_bytes: int) -> None:
        self._body = body
        self._limit_bytes = limit_bytes
        self._pieces: list[bytes] = []
        self._read_bytes = 0
        self._again: memoryview | None = None

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as `BodyReader.read`."""
        if self._again is not None:
            self._body.require_time()
            piece, self._again = bytes(self._again[:size]), self._again[size:]
            return piece or self._body.read(size)
        piece = self._body.read(size)
        self._read_bytes += len(piece)
        if self._read_bytes <= self._limit_bytes:
            self._pieces.append(piece)
        else:
            self._pieces.clear()
        return piece

    def rewind(self, reason: Exception) -> None:
        """Begin anew, once.

        Raises:
            NotAnAnswer: it was too long to be kept.
        """
        if self._read_bytes > self._limit_bytes:
            raise NotAnAnswer(f"it is too long, and not known: {reason}") from reason
        self._again = memoryview(b"".join(self._pieces))
        self._pieces.clear()
