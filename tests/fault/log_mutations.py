"""Damage done to log files, by chance and the same way for the same seed."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

_ODD = (
    b"",
    b"\x00" * 40,
    b"\x1b[2J",
    b"\xff\xfe\xfd",
    b"(" * 500,
    b"<" * 500,
    b"<<unknown>>" * 40,
    b"9" * 400,
    b"a" * 70_000,
    b"-->" * 200,
    b" S: " * 200,
    b"mid=" * 100,
    b"MigrateVMXdrToSpec: mid=ffffffffffffffff ",
    b"9999999999999999999 S: Failed: ",
    b"9999-99-99T99:99:99.999Z ",
    b"2026-02-30T25:61:61Z cpu1:1)",
    b"0001-01-01T00:00:00+23:59 ",
    b"Stopping pre-copy: only " + b"9" * 15 + b" pages left to send",
    b"vm stopped for 999999999999999 us",
    "\u202e\u0660\u0661\u0662".encode(),
    b"\r\r\r\n",
)

Mutation = Callable[[random.Random, bytes], bytes]


def mutated(log: bytes, seed: int) -> bytes:
    """The log with one to four pieces of damage; one in eight comes packed, and damaged after that as well."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        log = chance.choice(MUTATIONS)(chance, log)
    if seed % 8 == 0:
        log = chance.choice((_flip_byte, _cut, _keep))(chance, gzip.compress(log, mtime=0))
    return log


def _keep(chance: random.Random, log: bytes) -> bytes:
    return log


def _flip_byte(chance: random.Random, log: bytes) -> bytes:
    at = chance.randrange(max(1, len(log)))
    return log[:at] + bytes([chance.randrange(256)]) + log[at + 1 :]


def _cut(chance: random.Random, log: bytes) -> bytes:
    return log[: chance.randrange(max(1, len(log)))]


def _drop_piece(chance: random.Random, log: bytes) -> bytes:
    start, size = chance.randrange(max(1, len(log))), chance.randint(1, 200)
    return log[:start] + log[start + size :]


def _insert_odd(chance: random.Random, log: bytes) -> bytes:
    at = chance.randrange(len(log) + 1)
    return log[:at] + chance.choice(_ODD) + log[at:]


def _join_lines(chance: random.Random, log: bytes) -> bytes:
    return log.replace(b"\n", chance.choice((b"", b" ", b"\r")), chance.randint(1, 20))


def _mix_lines(chance: random.Random, log: bytes) -> bytes:
    lines = log.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _repeat_line(chance: random.Random, log: bytes) -> bytes:
    lines = log.split(b"\n")
    return b"\n".join([*lines, *[chance.choice(lines)] * chance.randint(1, 100)])


def _stretch_number(chance: random.Random, log: bytes) -> bytes:
    digit = bytes([chance.choice(b"0123456789")])
    return log.replace(digit, digit * chance.choice((2, 30, 300)), chance.randint(1, 5))


MUTATIONS: tuple[Mutation, ...] = (
    _flip_byte,
    _cut,
    _drop_piece,
    _insert_odd,
    _insert_odd,
    _join_lines,
    _mix_lines,
    _repeat_line,
    _stretch_number,
)
