"""The pages of one read: while one is decoded here, the server already makes the next.

The token of the next page is the first thing in an answer, so server and client need not wait for each other. One
thread asks for the next page and keeps its bytes; only the caller's thread decodes.

Rules of this file: at most one page is asked for ahead; the thread makes no call that could begin a session, which
would outlive it; what it asked for and nobody wants any more it takes back on the server.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from vsphere_motion.vcenter.bulk_answer import KEPT_BYTES, PIECE_BYTES, BulkReader
from vsphere_motion.vcenter.connection import BodyReader
from vsphere_motion.vcenter.soap import Answer, read_answer
from vsphere_motion.vcenter.stub import Stub

_TOKEN = re.compile(rb"<token>([^<>&]{1,1000})</token>")
_OBJECTS = b"<objects"
_RESULT = b"<returnval"

Ask = Callable[[str, Callable[[Any, Any, BodyReader], Answer]], Any]
"""Asks for the page of a token, with a reader of its answer."""


class PageReader:
    """Reads the pages of one read after each other; a context manager, at the end of which nothing is under way.

    Args:
        stub: the session's.
        ask: asks for the page of a token; called in another thread.
        take_back: tells the server that the page of a token is not wanted; never raises.
        kept_bytes: how long a page may be that is decoded behind another one; a longer one is read as it comes.
    """

    def __init__(self, stub: Stub, ask: Ask, take_back: Callable[[str], None], *, kept_bytes: int = KEPT_BYTES) -> None:
        self._stub = stub
        self._keep = functools.partial(_keep, kept_bytes)
        self._ask = ask
        self._take_back = take_back
        self._ahead: _PageAhead | None = None
        self.read = BulkReader(stub, notice=self._look_ahead)

    def __enter__(self) -> PageReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ahead = self._give_up()
        if ahead is not None and (kind is None or issubclass(kind, Exception)):  # a Ctrl-C waits for nothing
            ahead.join()

    def next(self, method: Any, token: str) -> Any:
        """The page of a token, as the reader makes it of its answer.

        Args:
            method: pyVmomi's description of the call that asks for it.

        Raises:
            vmodl.MethodFault: vCenter refused the call.
            MotionError: there is no answer, or none that is understood.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.token != token:
            return self._ask(token, self.read)
        kept = ahead.result()
        if not isinstance(kept, KeptAnswer):
            return kept
        return self._stub.understand(method, kept, read=self.read)

    def _look_ahead(self, beginning: bytes) -> None:
        """Begin with the page after the one whose answer begins so."""
        self._give_up()
        token = _token_in(beginning)
        if token is not None:
            self._ahead = _PageAhead(
                token, self._stub.patience(), functools.partial(self._ask, token, self._keep), self._take_back
            )

    def _give_up(self) -> _PageAhead | None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.give_up()
        return ahead


class KeptAnswer:
    """An answer whose bytes have all come; it can be read once."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.beginning = pieces[0]
        self._pieces = list(reversed(pieces))

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end."""
        if not self._pieces:
            return b""
        piece = self._pieces.pop()
        if len(piece) > size:
            self._pieces.append(piece[size:])
        return piece[:size]

    def require_time(self) -> None:
        """Go on: there is nothing left to wait for, and its length is bounded."""


class _PageAhead:
    """One page that is being asked for in a thread of its own."""

    def __init__(
        self,
        token: str,
        patience: Callable[[], AbstractContextManager[None]],
        ask: Callable[[], Any],
        take_back: Callable[[str], None],
    ) -> None:
        self.token = token
        self._patience = patience
        self._ask = ask
        self._take_back = take_back
        self._lock = threading.Lock()
        self._is_wanted = True
        self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="next page", daemon=True)
        self._thread.start()

    def result(self) -> Any:
        """What the call returned, when it has; raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    def give_up(self) -> None:
        """Say that nobody waits for it."""
        with self._lock:
            self._is_wanted = False
            is_done = self._is_done
        if is_done:
            self._forget()

    def join(self) -> None:
        """Wait for the end of the call."""
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._patience():
                self._result = self._ask()
                with self._lock:
                    self._is_done = True
                    is_wanted = self._is_wanted
                if not is_wanted:
                    self._forget()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to who waits for the page
            self._error = error

    def _forget(self) -> None:
        """Take back the page behind this one, which nobody will ask for."""
        token = _token_in(self._result.beginning) if isinstance(self._result, KeptAnswer) else None
        if token is not None:
            self._take_back(token)


def _keep(most_bytes: int, stub: Stub, method: Any, body: BodyReader) -> Answer:
    """Keep an answer with a page; anything else, and what is too long, is read at once."""
    pieces: list[bytes] = []
    kept_bytes = 0
    while piece := body.read(PIECE_BYTES):
        pieces.append(piece)
        kept_bytes += len(piece)
        if _RESULT not in pieces[0] or kept_bytes > most_bytes:
            return read_answer(stub, method, _Joined(pieces, body))
    if not pieces:
        return read_answer(stub, method, body)
    return Answer(value=KeptAnswer(pieces), is_fault=False)


class _Joined:
    """Pieces that have come, and the rest of the body."""

    def __init__(self, pieces: list[bytes], rest: BodyReader) -> None:
        self._come = b"".join(pieces)
        self._rest = rest

    def read(self, size: int) -> bytes:
        piece, self._come = self._come[:size], self._come[size:]
        return piece or self._rest.read(size)


def _token_in(beginning: bytes) -> str | None:
    """The token of the next page, if it stands before the objects as the API has it."""
    found = _TOKEN.search(beginning.partition(_OBJECTS)[0])
    return found[1].decode("ascii", "replace") if found else None
