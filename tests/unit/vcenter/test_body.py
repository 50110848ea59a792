"""The body of an answer: unpacked, whole, and never more than the limit."""

from __future__ import annotations

import gzip
import http.client
import io
import zlib

import pytest

from vsphere_motion.vcenter.connection import AnswerCutOff, AnswerTooLong, BodyReader
from vsphere_motion.vcenter.deadline import Deadline

TEXT = b"0123456789" * 5000


class Wire:
    """What HTTPResponse asks of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def response(body: bytes, *headers: str) -> http.client.HTTPResponse:
    head = "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode()
    answer = http.client.HTTPResponse(Wire(head + body))  # type: ignore[arg-type]
    answer.begin()
    return answer


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 777] for start in range(0, len(body), 777)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def read_all(reader: BodyReader, size: int = 1000) -> bytes:
    pieces = []
    while piece := reader.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(TEXT, [length(TEXT)], id="plain"),
        pytest.param(chunked(TEXT), ["Transfer-Encoding: chunked"], id="chunked"),
        pytest.param(TEXT, ["Connection: close"], id="until the end of the connection"),
        pytest.param(gzip.compress(TEXT), ["Content-Encoding: gzip", length(gzip.compress(TEXT))], id="gzip"),
        pytest.param(
            chunked(gzip.compress(TEXT)), ["Content-Encoding: GZIP", "Transfer-Encoding: chunked"], id="chunked gzip"
        ),
        pytest.param(zlib.compress(TEXT), ["Content-Encoding: deflate", length(zlib.compress(TEXT))], id="deflate"),
    ],
)
def test_the_whole_body(body: bytes, headers: list[str]) -> None:
    answer = response(body, *headers)
    assert read_all(BodyReader(answer)) == TEXT
    assert answer.isclosed()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(TEXT, [length(TEXT)], id="plain"),
        pytest.param(gzip.compress(TEXT), ["Content-Encoding: gzip", length(gzip.compress(TEXT))], id="gzip"),
    ],
)
def test_the_limit_counts_after_unpacking(body: bytes, headers: list[str]) -> None:
    assert read_all(BodyReader(response(body, *headers), limit_bytes=len(TEXT))) == TEXT
    with pytest.raises(AnswerTooLong):
        read_all(BodyReader(response(body, *headers), limit_bytes=len(TEXT) - 1))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(TEXT[:-1], [length(TEXT)], id="plain"),
        pytest.param(chunked(TEXT)[:-8], ["Transfer-Encoding: chunked"], id="chunked"),
        pytest.param(b"", [length(TEXT)], id="nothing"),
        pytest.param(gzip.compress(TEXT)[:-9], ["Content-Encoding: gzip", "Connection: close"], id="gzip"),
        pytest.param(b"", ["Content-Encoding: gzip", "Content-Length: 0"], id="no gzip"),
    ],
)
def test_a_body_that_is_cut_off(body: bytes, headers: list[str]) -> None:
    with pytest.raises(AnswerCutOff):
        read_all(BodyReader(response(body, *headers)))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_body_that_has_arrived_is_not_read_past_the_deadline(packed: bool) -> None:
    body, headers = (gzip.compress(TEXT), ["Content-Encoding: gzip"]) if packed else (TEXT, [])
    answer = response(body, length(body), *headers)
    assert BodyReader(answer, Deadline(60)).read(10) == TEXT[:10]
    with pytest.raises(TimeoutError, match="within 0 s"):
        BodyReader(answer, Deadline(0)).read(10)


def test_an_encoding_nobody_asked_for() -> None:
    with pytest.raises(http.client.HTTPException, match="br"):
        BodyReader(response(b"", "Content-Encoding: br"))


def test_draining_reads_what_the_parser_left() -> None:
    answer = response(TEXT, length(TEXT))
    reader = BodyReader(answer)
    reader.read(10)
    reader.drain()
    assert answer.isclosed()
