"""How a word that a person typed is held against the names of an inventory.

Rules of this file: vCenter writes `/`, `\\` and `%` in names as `%2f`, `%5c` and `%25`. An inventory has names as
people see them and paths as vCenter writes them; a word may have either spelling. Nothing else is decoded. Equal
letters in different Unicode forms are equal. Close is never equal: a name that resembles the word is a suggestion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

ESCAPED = re.compile("%(2f|5c|25)", re.IGNORECASE)
SUGGESTIONS = 3


def plain(name: str) -> str:
    """A name without vCenter's escapes."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def composed(text: str) -> str:
    """The text in one Unicode form, so that equal letters are equal."""
    return unicodedata.normalize("NFC", text)


def is_same(word: str, name: str) -> bool:
    """Whether the word is this name, as people see it or as vCenter escapes it."""
    wanted = composed(word)
    return composed(name) in {wanted, plain(wanted)}


def is_same_path(word: str, path: str) -> bool:
    """Whether the word is this inventory path, with or without escapes."""
    wanted, found = composed(word), composed(path)
    return wanted in {found, plain(found)}


def is_glob(word: str) -> bool:
    """Whether the word has `*`, `?` or a `[...]` in it."""
    return any(character in word for character in "*?[")


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a glob; upper and lower case differ."""
    return fnmatchcase(composed(name), composed(pattern))


def matches_path(pattern: str, path: str) -> bool:
    """Whether an inventory path matches a glob step by step: `*` does not reach across a `/`."""
    wanted, steps = pattern.split("/"), path.split("/")
    return len(wanted) == len(steps) and all(matches(w, plain(s)) for w, s in zip(wanted, steps, strict=True))


def suggest(word: str, names: Iterable[str]) -> str | None:
    """A question that names what the word resembles, or None."""
    by_folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    close = get_close_matches(word.casefold(), by_folded, n=SUGGESTIONS)
    return f"did you mean {' or '.join(by_folded[name] for name in close)}?" if close else None
