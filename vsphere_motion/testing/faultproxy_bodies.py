"""Answers made to exhaust or confuse who reads them, as rules for the fault proxy."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat

from vsphere_motion.testing.faultproxy_rules import Body, Rule
from vsphere_motion.testing.faultproxy_soap import soap_answer

MIB = 1024 * 1024
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
_XML = ("Content-Type", "text/xml; charset=utf-8")
_MARK = "@@"
_LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))


def hostile_rules(method: str) -> Mapping[str, Rule]:
    """A rule for each kind of hostile answer to `method`, by the name of the kind; each hits once."""
    start, _, end = soap_answer(method, f"<returnval>{_MARK}</returnval>").partition(_MARK.encode())
    bodies: dict[str, tuple[Body, tuple[tuple[str, str], ...]]] = {
        "gzip bomb": (_bomb(start, b" ", zlib.MAX_WBITS + 16), (("Content-Encoding", "gzip"),)),
        "deflate bomb": (_bomb(start, b"x", zlib.MAX_WBITS), (("Content-Encoding", "deflate"),)),
        "billion laughs": (_with_doctype(f'<!ENTITY l0 "ha">{_LAUGHS}', start, b"&l9;", end), ()),
        "external entity": (_with_doctype('<!ENTITY x SYSTEM "file:///etc/hostname">', start, b"&x;", end), ()),
        "deep": (start + b"<a>" * MIB + b"</a>" * MIB + end, ()),
        "wide": (_endless(start, b"<a>1</a>" * 8192), ()),
        "endless text": (_endless(start, b"x" * MIB), ()),
        "endless attribute": (_endless(start + b'<a b="', b"x" * MIB), ()),
        "bytes of no encoding": (start + bytes(range(128, 256)) + end, ()),
    }
    raws: dict[str, Body] = {
        "300 headers": _OK + b"".join(b"X-%d: y\r\n" % number for number in range(300)) + b"\r\n",
        "header of 64 KiB": _OK + b"X: " + b"y" * 65536 + b"\r\n\r\n",
        "endless headers": _endless(_OK, b"X: y\r\n" * 1000),
        "endless interim answers": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    }
    rules = {
        name: Rule(kind="answer", method=method, status=200, headers=(_XML, *headers), body=body)
        for name, (body, headers) in bodies.items()
    }
    return rules | {name: Rule(kind="raw", method=method, body=body) for name, body in raws.items()}


def _with_doctype(entities: str, start: bytes, text: bytes, end: bytes) -> bytes:
    declaration, _, envelope = start.partition(b"\n")
    return declaration + f"<!DOCTYPE x [{entities}]>".encode() + envelope + text + end


def _bomb(start: bytes, byte: bytes, window_bits: int) -> Callable[[], Iterator[bytes]]:
    """A stream that is a thousand times larger unpacked, without an end."""

    def pieces() -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=window_bits)
        yield packer.compress(start)
        while True:
            yield packer.compress(byte * MIB)

    return pieces


def _endless(start: bytes, piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield start
        yield from repeat(piece)

    return pieces
