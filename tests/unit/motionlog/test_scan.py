"""Lines out of bytes that come in pieces of any size; the searches give the same with and without the C library."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsphere_motion.motionlog.find import finder
from vsphere_motion.motionlog.prefix import LINE_CAP
from vsphere_motion.motionlog.scan import BLOCK_BYTES, Fill, lines_of


def in_pieces(data: bytes, seed: int = 1) -> Fill:
    """Gives the bytes in pieces of chance sizes, as a pipe does."""
    chance, at = random.Random(seed), 0

    def fill(memory: memoryview) -> int:
        nonlocal at
        piece = data[at : at + min(len(memory), chance.choice((1, 7, 1000, BLOCK_BYTES)))]
        memory[: len(piece)] = piece
        at += len(piece)
        return len(piece)

    return fill


def lines(data: bytes, *needles: bytes, seed: int = 1) -> list[str]:
    return list(lines_of(in_pieces(data, seed), needles or None))


def test_lines_come_without_their_ends() -> None:
    assert lines(b"one\r\ntwo\n\nlast") == ["one", "two", "", "last"]


@pytest.mark.parametrize("seed", range(5))
def test_a_line_is_cut_at_the_cap_and_the_next_one_is_whole(seed: int) -> None:
    data = b"first\n" + b"x" * (3 * LINE_CAP + BLOCK_BYTES) + b"\nlast\n" + b"y" * 2 * LINE_CAP
    assert [text[:9] for text in lines(data, seed=seed)] == ["first", "xxxxxxxxx", "last", "yyyyyyyyy"]
    assert max(map(len, lines(data, seed=seed))) == LINE_CAP


@pytest.mark.parametrize("seed", range(5))
def test_only_lines_with_a_needle_come_and_a_gap_is_an_empty_line(seed: int) -> None:
    data = b"".join(b"line %d of %s\n" % (n, b"noise" if n % 50_000 else b"worth") for n in range(120_000))
    found = lines(data, b"worth", b"absent", seed=seed)
    assert [text for text in found if text] == ["line 0 of worth", "line 50000 of worth", "line 100000 of worth"]
    assert "" in found[1 : found.index("line 50000 of worth")]


def test_a_line_with_two_needles_comes_once() -> None:
    assert lines(b"a worth of words\n", b"worth", b"words") == ["a worth of words"]


def test_the_first_bytes_may_be_given_whole() -> None:
    data = b"nothing\n" * 100_000
    assert list(lines_of(in_pieces(data), (b"absent",), whole_bytes=20)).count("nothing") < 100_000


@given(data=st.binary(max_size=300), word=st.binary(min_size=1, max_size=4), start=st.integers(0, 300))
def test_both_searches_find_the_same(data: bytes, word: bytes, start: int) -> None:
    buffer = bytearray(data)
    expected = data.find(word, start, len(data))
    assert finder(buffer, use_memmem=False)(word, start, len(data)) == expected
    assert finder(buffer)(word, start, len(data)) == expected
