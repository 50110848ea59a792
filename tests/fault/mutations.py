"""Damage done to a SOAP answer, by chance and the same way for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_TAG = re.compile(rb"<[^>]+>")
_ELEMENT = re.compile(rb"<(\w+)(?: [^>]*)?>[^<]*</\1>")
_TEXT = re.compile(rb">([^<]+)<")
_ODD_WORDS = (
    b"",
    b"-1",
    b"99999999999999999999",
    b"true",
    b"NaN",
    b"\x00",
    b"\xff\xfe",
    b"&x;",
    b"]]>",
    b"<!--",
    b"vm-0",
)

Mutation = Callable[[random.Random, bytes], bytes]


def mutated(body: bytes, seed: int) -> bytes:
    """The body with one to three pieces of damage."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        body = chance.choice(MUTATIONS)(chance, body)
    return body


def _flip_byte(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(max(1, len(body)))
    return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def _cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(max(1, len(body)))]


def _drop_piece(chance: random.Random, body: bytes) -> bytes:
    start, size = chance.randrange(max(1, len(body))), chance.randint(1, 200)
    return body[:start] + body[start + size :]


def _repeat_piece(chance: random.Random, body: bytes) -> bytes:
    start, size = chance.randrange(max(1, len(body))), chance.randint(1, 200)
    return body[: start + size] + body[start : start + size] + body[start + size :]


def _change_tag(chance: random.Random, body: bytes) -> bytes:
    return _replaced(chance, body, _TAG, lambda tag: tag.replace(b"e", b"x", 1))


def _drop_tag(chance: random.Random, body: bytes) -> bytes:
    return _replaced(chance, body, _TAG, lambda _: b"")


def _drop_element(chance: random.Random, body: bytes) -> bytes:
    return _replaced(chance, body, _ELEMENT, lambda _: b"")


def _swap_elements(chance: random.Random, body: bytes) -> bytes:
    elements = [match[0] for match in _ELEMENT.finditer(body)]
    return _replaced(chance, body, _ELEMENT, lambda _: chance.choice(elements)) if elements else body


def _swap_tags(chance: random.Random, body: bytes) -> bytes:
    tags = _TAG.findall(body)
    return _replaced(chance, body, _TAG, lambda _: chance.choice(tags)) if tags else body


def _change_text(chance: random.Random, body: bytes) -> bytes:
    return _replaced(chance, body, _TEXT, lambda _: b">" + chance.choice(_ODD_WORDS) + b"<")


def _change_type(chance: random.Random, body: bytes) -> bytes:
    kinds = (b"VirtualMachine", b"TaskInfo", b"xsd:string", b"xsd:int", b"NewThing", b"ArrayOfString", b"")
    types = re.compile(rb'type="[^"]*"')
    return _replaced(chance, body, types, lambda _: b'type="' + chance.choice(kinds) + b'"')


def _replaced(
    chance: random.Random, body: bytes, pattern: re.Pattern[bytes], change: Callable[[bytes], bytes]
) -> bytes:
    found = list(pattern.finditer(body))
    if not found:
        return body
    one = chance.choice(found)
    return body[: one.start()] + change(one[0]) + body[one.end() :]


def _no_answer(chance: random.Random, body: bytes) -> bytes:
    return chance.choice((b"", b"{}", b"<html><br></html>", b"\x1f\x8b\x08", b"<a/>"))


MUTATIONS: tuple[Mutation, ...] = (
    _flip_byte,
    _cut,
    _drop_piece,
    _repeat_piece,
    _change_tag,
    _drop_tag,
    _drop_element,
    _swap_elements,
    _swap_tags,
    _change_text,
    _change_type,
    _no_answer,
)
