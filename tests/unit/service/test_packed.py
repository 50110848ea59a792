"""Packed streams, with and without the extra module; what it unpacks is the same."""

from __future__ import annotations

import gzip
import io
import zlib
from types import ModuleType

import pytest

from vsphere_motion.service import packed
from vsphere_motion.service.packed import Damaged, Unpacked, fastest_module

TEXT = b"2026-11-22T10:00:00.000Z cpu1:1)a line of a log\n" * 20_000
MODULES = [zlib, fastest_module()]


def unpack(data: bytes, module: ModuleType, *, size: int = 100_000) -> bytes:
    stream, blocks = Unpacked(io.BytesIO(data), module=module), []
    while block := stream.read(size):
        assert len(block) <= size
        blocks.append(block)
    return b"".join(blocks)


@pytest.fixture(params=MODULES, ids=["zlib", "fastest"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    found = request.param
    assert isinstance(found, ModuleType)
    return found


@pytest.mark.parametrize("size", [1000, 100_000, 2_000_000])
def test_what_was_packed_comes_back(module: ModuleType, size: int) -> None:
    assert unpack(gzip.compress(TEXT), module, size=size) == TEXT


def test_parts_zeros_between_and_an_empty_part_are_one_stream(module: ModuleType) -> None:
    data = gzip.compress(b"a" * 70_000) + b"\0" * 70_000 + gzip.compress(b"") + gzip.compress(b"b")
    assert unpack(data, module) == b"a" * 70_000 + b"b"


def test_nothing_is_nothing(module: ModuleType) -> None:
    assert unpack(b"", module) == b""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(TEXT)[:-9], "ends early"),
        (gzip.compress(b"a") + b"something", "something else follows"),
        (gzip.compress(TEXT)[:-8] + b"12345678", "."),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 500, "."),
    ],
    ids=["cut", "rest", "checksum", "damaged"],
)
def test_damage_is_told(module: ModuleType, data: bytes, words: str) -> None:
    with pytest.raises(Damaged, match=words):
        unpack(data, module)


def test_a_bomb_ends_at_its_limit(module: ModuleType) -> None:
    with pytest.raises(Damaged, match="more than"):
        unpack(zeros(packed.LEAST_LIMIT_BYTES * 2), module)


def zeros(size: int) -> bytes:
    written = io.BytesIO()
    with gzip.GzipFile(fileobj=written, mode="wb", mtime=0) as stream:
        for _ in range(size >> 20):
            stream.write(b"\0" * 2**20)
    return written.getvalue()


def test_memory_is_filled_as_a_file_would() -> None:
    memory = memoryview(bytearray(1000))
    assert Unpacked(io.BytesIO(gzip.compress(TEXT))).readinto(memory) == 1000
    assert bytes(memory) == TEXT[:1000]
