"""HTTP messages over TLS sockets, byte for byte, for the fault proxy: read whole, sent whole or in pieces, cut off.

A wire is used by one thread. Other threads only `hang_up`: then whatever the owner waits for ends with `Gone`, and the
owner closes.
"""

from __future__ import annotations

import contextlib
import gzip
import select
import socket
import ssl
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL | getattr(select, "POLLRDHUP", 0)
_PIECE_BYTES = 64 * 1024
_HEAD_END = b"\r\n\r\n"


class Gone(Exception):
    """The other end closed, or somebody hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request or answer.

    Args:
        head: the first line and the headers, as they came, with the empty line.
        framed: the body as it came, with the sizes of its chunks if it has any.
        payload: the body without these sizes, still packed.
    """

    head: bytes
    framed: bytes
    payload: bytes

    @property
    def data(self) -> bytes:
        """All of it, as it came."""
        return self.head + self.framed

    @property
    def first_line(self) -> list[str]:
        """The words of the first line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)

    def header(self, name: str) -> str:
        """The value of a header; empty if there is none."""
        return _header(self.head, name)

    @property
    def body(self) -> bytes:
        """The body, unpacked."""
        encoding = self.header("Content-Encoding").lower()
        if encoding == "gzip":
            return gzip.decompress(self.payload)
        return zlib.decompress(self.payload) if encoding == "deflate" else self.payload

    def framed_offset(self, at: int) -> int:
        """Where in `framed` the `at`-th byte of `payload` lies; counted from the end if negative."""
        left = max(len(self.payload) + at, 0) if at < 0 else at
        if self.framed == self.payload:
            return left
        offset = 0
        while offset < len(self.framed):
            line_end = self.framed.index(b"\r\n", offset) + 2
            size = int(self.framed[offset:line_end].partition(b";")[0], 16)
            if left <= size:
                return line_end + left
            left -= size
            offset = line_end + size + 2
        return offset

    def with_body(self, body: bytes) -> bytes:
        """This answer with another body, unpacked, and its length."""
        dropped = {"content-length", "content-encoding", "transfer-encoding"}
        lines = self.head.removesuffix(_HEAD_END).split(b"\r\n")
        kept = [line for line in lines if line.partition(b":")[0].decode("latin-1").lower() not in dropped]
        return b"\r\n".join([*kept, b"Content-Length: %d" % len(body)]) + _HEAD_END + body


class Wire:
    """One end of a TLS connection."""

    def __init__(
        self, raw: socket.socket, context: ssl.SSLContext, *, server_name: str | None, timeout_s: float
    ) -> None:
        self._handle = raw.dup()  # to hang up with from another thread, in which a TLS socket is not to be touched
        self._buffer = bytearray()
        self.was_cut = False
        try:
            raw.settimeout(timeout_s)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tls = context.wrap_socket(raw, server_side=server_name is None, server_hostname=server_name)
            self._tls.setblocking(False)
        except BaseException:
            raw.close()
            self._handle.close()
            raise

    def hang_up(self) -> None:
        """Make the owner's next or present wait end; from any thread."""
        self.was_cut = True
        with contextlib.suppress(OSError):
            self._handle.shutdown(socket.SHUT_RD)

    def close(self, *, reset: bool = False) -> None:
        """End the connection, with a reset instead of an end of the stream if asked."""
        if reset:
            with contextlib.suppress(OSError):
                self._handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handle.close()
        self._tls.close()

    @property
    def is_gone(self) -> bool:
        """Whether the other end has closed."""
        return bool(_polled({self._tls.fileno(): _GONE}, 0))

    def wait_for_byte(self, watched: Wire | None = None) -> None:
        """Wait until something comes; raises `Gone` if nothing will, or if the wire beside it goes."""
        if not self._buffer:
            self._fill(watched)

    def read_message(self, *, to_verb: str | None = None, watched: Wire | None = None) -> Message:
        """The next request, or the answer to a request of `to_verb`.

        Args:
            watched: the wait is over when this wire goes, too.

        Raises:
            Gone: the stream ended before the message did.
        """
        while _HEAD_END not in self._buffer:
            self._fill(watched)
        head = self._take(self._buffer.index(_HEAD_END) + len(_HEAD_END))
        framed, payload = self._read_body(head, to_verb, watched)
        return Message(head=head, framed=framed, payload=payload)

    def send(self, data: bytes) -> None:
        """Send all of it, however long the other end takes to read."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._tls.send(view) :]
            except ssl.SSLWantWriteError:
                _wait({self._tls.fileno(): select.POLLOUT | select.POLLHUP | select.POLLERR})
            except ssl.SSLWantReadError:
                _wait({self._tls.fileno(): select.POLLIN})
            except (OSError, ValueError) as error:
                raise Gone from error

    def wait_until_gone(self, *, timeout_s: float | None, woken_by: socket.socket | None = None) -> None:
        """Wait for that time, or until `woken_by` has something to read; raises `Gone` if the other end goes."""
        watched = {self._tls.fileno(): _GONE}
        if woken_by is not None:
            watched[woken_by.fileno()] = select.POLLIN
        events = _polled(watched, timeout_s)
        if self._tls.fileno() in events:
            raise Gone

    def _read_body(self, head: bytes, to_verb: str | None, watched: Wire | None) -> tuple[bytes, bytes]:
        status = head.split(b" ", 2)[1] if to_verb is not None else b""
        if to_verb == "HEAD" or status in {b"204", b"304"}:
            return b"", b""
        if _header(head, "Transfer-Encoding").lower() == "chunked":
            return self._read_chunks(watched)
        length = _header(head, "Content-Length")
        if length or to_verb is None:
            body = self._read_exactly(int(length or 0), watched)
        else:
            body = self._read_to_end(watched)
        return body, body

    def _read_chunks(self, watched: Wire | None) -> tuple[bytes, bytes]:
        framed, payload = bytearray(), bytearray()
        while True:
            line = self._read_line(watched)
            size = int(line.partition(b";")[0], 16)
            chunk = self._read_exactly(size + 2, watched) if size else b""
            framed += line + chunk
            payload += chunk[:size]
            if not size:
                break
        while (line := self._read_line(watched)) != b"\r\n":
            framed += line
        return bytes(framed + line), bytes(payload)

    def _read_line(self, watched: Wire | None) -> bytes:
        while b"\r\n" not in self._buffer:
            self._fill(watched)
        return self._take(self._buffer.index(b"\r\n") + 2)

    def _read_exactly(self, size: int, watched: Wire | None) -> bytes:
        while len(self._buffer) < size:
            self._fill(watched)
        return self._take(size)

    def _read_to_end(self, watched: Wire | None) -> bytes:
        with contextlib.suppress(Gone):
            while not (watched is not None and watched.is_gone):
                self._fill(watched)
        return self._take(len(self._buffer))

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self, watched: Wire | None) -> None:
        while True:
            try:
                piece = self._tls.recv(_PIECE_BYTES)
            except ssl.SSLWantReadError:
                self._wait_to_read(watched)
            except (OSError, ValueError) as error:
                raise Gone from error
            else:
                break
        if not piece:
            raise Gone
        self._buffer += piece

    def _wait_to_read(self, watched: Wire | None) -> None:
        polled = {self._tls.fileno(): select.POLLIN}
        if watched is not None:
            polled[watched._tls.fileno()] = _GONE
        events = _polled(polled, None)
        if watched is not None and watched._tls.fileno() in events:
            raise Gone


@contextlib.contextmanager
def waker() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends: what is sent on the second wakes who polls the first."""
    reader, writer = socket.socketpair()
    with reader, writer:
        yield reader, writer


def _header(head: bytes, name: str) -> str:
    wanted = name.lower()
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == wanted:
            return value.strip()
    return ""


def _wait(events: dict[int, int]) -> None:
    _polled(events, None)


def _polled(events: dict[int, int], timeout_s: float | None) -> set[int]:
    poll = select.poll()
    for handle, mask in events.items():
        poll.register(handle, mask)
    return {handle for handle, _ in poll.poll(None if timeout_s is None else timeout_s * 1000)}
