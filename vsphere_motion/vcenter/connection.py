"""One HTTPS connection to vCenter: deadlines on every wait, the identity check before anything is sent.

It never prints what it sends, follows no redirect and uses no proxy.
"""

from __future__ import annotations

import http.client
import select
import time
import zlib
from collections.abc import Mapping

from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.run.failpoints import passing
from vsphere_motion.vcenter.deadline import Deadline, DeadlineSocket
from vsphere_motion.vcenter.tcp import bare_host, open_tcp
from vsphere_motion.vcenter.tls import TrustRules, wrap

BODY_LIMIT_BYTES = 256 * 1024 * 1024
_ZLIB_BITS = {"gzip": zlib.MAX_WBITS + 16, "deflate": zlib.MAX_WBITS}
_COMPRESSED_CHUNK_BYTES = 64 * 1024


class AnswerTooLong(http.client.HTTPException):
    """The body of an answer is over `BODY_LIMIT_BYTES`."""


class AnswerCutOff(ConnectionError):
    """The connection ended in the middle of an answer."""


class VCenterConnection(http.client.HTTPConnection):
    """A connection that is open and checked once it is made."""

    debuglevel = 0

    def __init__(self, endpoint: Endpoint, rules: TrustRules, deadline: Deadline) -> None:
        super().__init__(bare_host(endpoint.host), endpoint.port)
        raw = open_tcp(self.host, self.port, deadline)
        self._tls: DeadlineSocket = wrap(raw, rules, host=self.host, server=endpoint.address, deadline=deadline)
        self.sock = self._tls
        self.auto_open = 0  # a closed connection is never opened again behind the stub's back
        self._used_at = time.monotonic()

    def set_debuglevel(self, level: int) -> None:
        """Do nothing: the standard library's debug output shows the password of a login."""

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], deadline: Deadline, *, is_changing: bool = False
    ) -> http.client.HTTPResponse:
        """Send one request and return its answer, the body of which is still unread."""
        self._tls.deadline = deadline
        self.request("POST", path, body, headers)
        if is_changing:
            passing("after_send")
        answer = self.getresponse()
        self._used_at = time.monotonic()
        return answer

    def get(self, path: str, headers: Mapping[str, str], deadline: Deadline) -> http.client.HTTPResponse:
        """Ask for one file of this server; a redirect is an answer like any other, and is not followed."""
        self._tls.deadline = deadline
        self.request("GET", path, headers=dict(headers))
        answer = self.getresponse()
        self._used_at = time.monotonic()
        return answer

    @property
    def idle_s(self) -> float:
        """Seconds since the last answer began."""
        return time.monotonic() - self._used_at

    @property
    def is_usable(self) -> bool:
        """Whether it is open: the peer has not closed, nor sent something nobody asked for."""
        if self.sock is None or self._tls.pending():
            return False
        poll = select.poll()
        poll.register(self._tls, select.POLLIN)
        return not poll.poll(0)


class BodyReader:
    """The body of an answer as a stream, unpacked, and never more than the limit.

    Args:
        answer: as `VCenterConnection.post` returned it.
        deadline: when reading has to be over: what is unpacked here costs time without a byte from the peer.
        limit_bytes: how much is read at most, counted after unpacking.
    """

    def __init__(
        self,
        answer: http.client.HTTPResponse,
        deadline: Deadline | None = None,
        *,
        limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        self._answer = answer
        self._deadline = deadline
        self._left_bytes = limit_bytes
        encoding = (answer.getheader("Content-Encoding") or "identity").lower()
        if encoding != "identity" and encoding not in _ZLIB_BITS:
            raise http.client.HTTPException(f"the answer is packed as {encoding!r}, which was not asked for")
        self._unpacker = zlib.decompressobj(_ZLIB_BITS[encoding]) if encoding in _ZLIB_BITS else None

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end.

        Raises:
            AnswerTooLong: there is more than the limit.
            AnswerCutOff: the connection ended before the body did.
            TimeoutError: the deadline is over.
        """
        self.require_time()
        piece = self._read_plain(size) if self._unpacker is None else self._read_packed(self._unpacker, size)
        self._left_bytes -= len(piece)
        if self._left_bytes < 0:
            raise AnswerTooLong("the answer is larger than the limit")
        return piece

    def require_time(self) -> None:
        """Go on where there is time left.

        Raises:
            TimeoutError: the deadline is over.
        """
        if self._deadline is not None:
            self._deadline.require_time()

    def drain(self) -> None:
        """Read to the end, so that the connection can be used again."""
        while self.read(_COMPRESSED_CHUNK_BYTES):
            pass

    def _read_plain(self, size: int) -> bytes:
        try:
            piece = self._answer.read(size)
        except http.client.IncompleteRead as error:
            raise AnswerCutOff("the connection ended in the middle of the answer") from error
        if not piece and self._answer.length:
            raise AnswerCutOff("the connection ended in the middle of the answer")
        return piece

    def _read_packed(self, unpacker: zlib._Decompress, size: int) -> bytes:
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or self._read_plain(_COMPRESSED_CHUNK_BYTES)
            piece = unpacker.decompress(packed, size)
            if piece:
                return piece
            if not packed:
                raise AnswerCutOff("the connection ended in the middle of the packed answer")
        while self._read_plain(_COMPRESSED_CHUNK_BYTES):
            pass
        return b""
