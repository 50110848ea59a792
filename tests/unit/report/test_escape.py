"""Characters a terminal would obey are written out."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.report.samples import HOSTILE_NAME
from vsphere_motion.report.escape import escape_text, json_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web01", "web01"),
        ("Büro-日本-🙂 [x] \\", "Büro-日本-🙂 [x] \\"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b]8;;http://x\x07", "\\x1b]8;;http://x\\x07"),
        ("\x7f\x85\x9b31m", "\\x7f\\x85\\x9b31m"),
        ("\u202etxt\u2066\u200f\ufeff", "\\u202etxt\\u2066\\u200f\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, expected: str) -> None:
    assert escape_text(text) == expected


@settings(deadline=None)
@given(st.text(alphabet=st.characters()))
def test_nothing_unseen_is_left(text: str) -> None:
    shown = escape_text(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} or unicodedata.bidirectional(c) in
                {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}]  # fmt: skip
    assert escape_text(shown) == shown


def test_a_hostile_name_can_be_encoded_and_stays_on_one_line() -> None:
    assert escape_text(HOSTILE_NAME).encode("utf-8").count(b"\n") == 0


@pytest.mark.parametrize("indent", [None, 2])
def test_json_holds_nothing_a_terminal_would_obey_and_gives_it_back(indent: int | None) -> None:
    value = {"a\u202e\x9b": ["\x1b[2J", "Büro-日本", "\U000e0041", "\ud800", "\x7f\u2028"]}

    text = json_text(value, indent=indent)

    assert "Büro-日本" in text
    assert escape_text(text.replace("\n", "")) == text.replace("\n", "")
    assert json.loads(text) == value
