"""Words held against names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsphere_motion.planning.names import is_glob, is_same, is_same_path, matches, matches_path, plain, suggest

ACUTE, COMBINING = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        pytest.param("a%2fb", "a/b", id="slash"),
        pytest.param("a%2Fb", "a/b", id="slash in capitals"),
        pytest.param("a%5cb", "a\\b", id="backslash"),
        pytest.param("100%25", "100%", id="percent"),
        pytest.param("a%252fb", "a%2fb", id="an escaped escape is undone once"),
        pytest.param("a%1bb", "a%1bb", id="nothing else is decoded"),
    ],
)
def test_plain(escaped: str, expected: str) -> None:
    assert plain(escaped) == expected


@pytest.mark.parametrize(
    ("word", "name", "expected"),
    [
        pytest.param("web01", "web01", True, id="equal"),
        pytest.param("web01", "Web01", False, id="case differs"),
        pytest.param("web01", "web011", False, id="a prefix"),
        pytest.param("a/b", "a/b", True, id="as people see it"),
        pytest.param("a%2fb", "a/b", True, id="as vCenter escapes it"),
        pytest.param("a/b", "a%2fb", False, id="a name that looks like an escape is itself"),
        pytest.param("a%252fb", "a%2fb", True, id="and has an escape of its own"),
        pytest.param(ACUTE, COMBINING, True, id="Unicode forms"),
        pytest.param(COMBINING, ACUTE, True, id="Unicode forms, the other way"),
    ],
)
def test_is_same(word: str, name: str, expected: bool) -> None:
    assert is_same(word, name) is expected


@pytest.mark.parametrize(
    ("word", "path", "expected"),
    [
        pytest.param("/DC0/vm/web01", "/DC0/vm/web01", True, id="equal"),
        pytest.param("/DC0/vm/a%2fb", "/DC0/vm/a%2fb", True, id="escaped"),
        pytest.param("/DC0/vm/a/b", "/DC0/vm/a%2fb", True, id="plain"),
        pytest.param("/DC0/vm/a%2fb", "/DC0/vm/a/b", False, id="a step is no slash"),
    ],
)
def test_is_same_path(word: str, path: str, expected: bool) -> None:
    assert is_same_path(word, path) is expected


@pytest.mark.parametrize(
    ("word", "expected"), [("web*", True), ("web?", True), ("web[12]", True), ("web01", False), ("web]", False)]
)
def test_is_glob(word: str, expected: bool) -> None:
    assert is_glob(word) is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("web*", "web01", True),
        ("web*", "db01", False),
        ("web?", "web1", True),
        ("web?", "web10", False),
        ("web[12]", "web2", True),
        ("web[!12]", "web2", False),
        ("WEB*", "web1", False),
        ("a/*", "a/b", True),
        (f"{ACUTE}*", f"{COMBINING}1", True),
    ],
)
def test_matches(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/DC0/vm/web/*", "/DC0/vm/web/web01", True),
        ("/*/vm/web/*", "/DC0/vm/web/web01", True),
        ("/DC0/vm/*", "/DC0/vm/web/web01", False),
        ("/DC0/vm/db/*", "/DC0/vm/web/web01", False),
        ("/DC0/vm/a*", "/DC0/vm/a%2fb", True),
    ],
)
def test_a_star_does_not_reach_across_a_step(pattern: str, path: str, expected: bool) -> None:
    assert matches_path(pattern, path) is expected


@pytest.mark.parametrize(
    ("word", "names", "expected"),
    [
        pytest.param("web1", ["web01", "web02", "db9"], "did you mean web01 or web02?", id="two close ones"),
        pytest.param("WEB01", ["web01"], "did you mean web01?", id="case"),
        pytest.param("web01", ["payroll"], None, id="nothing close"),
        pytest.param("web01", [], None, id="nothing"),
    ],
)
def test_suggest(word: str, names: list[str], expected: str | None) -> None:
    assert suggest(word, names) == expected


@given(st.text(alphabet="ab/\\e\u0301\u00e9"), st.text(alphabet="ab/\\e\u0301\u00e9"))
def test_without_escapes_only_equal_letters_are_the_same(word: str, name: str) -> None:
    assert is_same(word, name) is (unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", name))
