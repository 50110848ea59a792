"""Regular expressions without backtracking, held against Python's own."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.errors import BadInput
from vsphere_motion.planning.patterns import MAX_LENGTH, Pattern

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", r"\W", "1", "-", "é"])
COUNTS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}", "*?", "{1,2}?"])


def _joined(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = st.lists(children, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
    return st.lists(st.builds(lambda part, count: part + count, grouped | ATOMS, COUNTS), max_size=4).map("".join)


REPEATED_GROUPS = 2
"""More of them in one another, and Python's matcher, which backtracks, needs minutes for seven letters."""

PATTERNS = st.recursive(st.builds(lambda part, count: part + count, ATOMS, COUNTS), _joined, max_leaves=8).filter(
    lambda pattern: len(re.findall(r"\)[*+?{]", pattern)) <= REPEATED_GROUPS
)


@given(pattern=PATTERNS, texts=st.lists(st.text(alphabet="ab1.-é\n", max_size=7), max_size=6), folded=st.booleans())
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_it_matches_what_pythons_own_matcher_matches(pattern: str, texts: list[str], folded: bool) -> None:
    text = ("(?i)" if folded else "") + pattern
    if len(text) > MAX_LENGTH:
        return
    ours, theirs = Pattern(text), re.compile(text)
    assert [ours.matches(one) for one in texts] == [theirs.fullmatch(one) is not None for one in texts]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        pytest.param("web\\d+", "web01", True, id="a class"),
        pytest.param("web", "web01", False, id="the whole name"),
        pytest.param("^web.*$", "web01", True, id="anchors say nothing new"),
        pytest.param("^a|b$", "b", True, id="anchors of a branch"),
        pytest.param("(?i)WEB.*", "web01", True, id="no case"),
        pytest.param("[]a]+", "]a", True, id="a bracket in a class"),
        pytest.param("[^]]", "]", False, id="a bracket in a negated class"),
        pytest.param("a{2}{", "aa{", True, id="a brace that is none"),
        pytest.param("x{a}", "x{a}", True, id="braces that are none"),
        pytest.param("", "", True, id="nothing"),
        pytest.param("(?:a|)b", "b", True, id="an empty branch"),
    ],
)
def test_whole_names(pattern: str, text: str, expected: bool) -> None:
    assert Pattern(pattern).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        pytest.param("(a)\\1", "\\1 is not understood", id="back-reference"),
        pytest.param("(?=a)a", "(?...)", id="look-ahead"),
        pytest.param("(?P<x>a)", "(?...)", id="named group"),
        pytest.param("a\\b", "\\b is not understood", id="word boundary"),
        pytest.param("a++", "more than one reading", id="possessive"),
        pytest.param("a**", "repeated", id="repetition of a repetition"),
        pytest.param("*a", "nothing stands before", id="nothing to repeat"),
        pytest.param("{2}", "nothing stands before", id="nothing to count"),
        pytest.param("(a", "has no )", id="open group"),
        pytest.param("a)", "has no (", id="closed group"),
        pytest.param("[a", "has no ]", id="open class"),
        pytest.param("[b-a]", "bad character range", id="range"),
        pytest.param("a\\", "backslash", id="lone backslash"),
        pytest.param("a^b", "^ can only stand", id="anchor in the middle"),
        pytest.param("(a$)b", "$ can only stand", id="anchor in a group"),
        pytest.param("a{3,2}", "less than the first", id="counts"),
        pytest.param("(a{99}){99}", "more than 4000", id="too many parts"),
        pytest.param("(((((){99}){99}){99}){99}){99}b", "more than 4000", id="too many parts of nothing"),
        pytest.param("(){0,999999999}b", "more than 4000", id="too many choices of nothing"),
        pytest.param("(" * 90 + "){0}" * 20, "has no )", id="deep"),
        pytest.param("a" * 201, "201 characters", id="too long"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        Pattern(pattern)
    assert reason in caught.value.message
    assert "whole name" in (caught.value.hint or "")


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a*)*b", "(a|aa)+b", "a*a*a*a*a*a*a*a*b", "(.*a){20}", "(()*)*b"])
def test_what_keeps_a_backtracking_matcher_busy_for_ever_takes_a_moment(pattern: str) -> None:
    held = Pattern(pattern)
    before_s = time.process_time()
    assert not held.matches("a" * 5000 + "!")
    assert time.process_time() - before_s < 10
