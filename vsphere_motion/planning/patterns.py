"""Regular expressions whose time grows with the text alone, whatever somebody writes.

Rules of this file: a pattern names a set of whole texts; there is no search, no group to refer to, no look-around. It
is read as Python's `re` reads it, and what only a backtracking matcher can do is refused by name. A text is read once,
one character at a time, in the set of all places of the pattern where it may be; a set once met is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from vsphere_motion.errors import BadInput

MAX_LENGTH = 200
"""Characters of a pattern; the longest name in vSphere has 80."""

MAX_PLACES = 4000
"""Places of a pattern after `{m,n}` is written out."""

_REMEMBERED = 20_000
_END = -1
_ONE_CHARACTER = frozenset("dDsSwWtnrfv")
_COUNTED = re.compile(r"\{(\d*)(,?)(\d*)\}")

_Test = Callable[[str], bool]


class Pattern:
    """One pattern, ready to be held against texts.

    Raises:
        BadInput: it is no regular expression, too long, or needs more than one reading of the text.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise _refused(text, f"it has {len(text)} characters, and {MAX_LENGTH} are allowed")
        ignores_case = text.startswith("(?i)")
        self._machine = _Parser(text, start=4 if ignores_case else 0, ignores_case=ignores_case).machine()
        self._first = self._machine.closure({self._machine.start})
        self._next: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text."""
        places = self._first
        for character in text:
            places = self._step(places, character)
            if not places:
                return False
        return _END in places

    def _step(self, places: frozenset[int], character: str) -> frozenset[int]:
        known = self._next.get((places, character))
        if known is None:
            if len(self._next) >= _REMEMBERED:
                self._next.clear()
            known = self._machine.after(places, character)
            self._next[places, character] = known
        return known


@dataclass(slots=True)
class _Machine:
    """Places, each with what it reads or where it leads without reading."""

    start: int = _END
    reads: dict[int, tuple[_Test, int]] = field(default_factory=dict)
    leads: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def closure(self, places: set[int]) -> frozenset[int]:
        """The places, and all that they lead to without reading."""
        waiting, seen = list(places), set(places)
        while waiting:
            for place in self.leads.get(waiting.pop(), ()):
                if place not in seen:
                    seen.add(place)
                    waiting.append(place)
        return frozenset(place for place in seen if place == _END or place in self.reads)

    def after(self, places: frozenset[int], character: str) -> frozenset[int]:
        """Where the text may be after one more character."""
        found = (self.reads[place] for place in places if place != _END)
        return self.closure({to for test, to in found if test(character)})


@dataclass(frozen=True, slots=True)
class _Branch:
    """One of these."""

    parts: tuple[_Tree, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """These, one after the other."""

    parts: tuple[_Tree, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A part so many times; `most` is None for any number."""

    part: _Tree
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class _One:
    """One character."""

    test: _Test


_Tree = _Branch | _Row | _Repeat | _One


class _Parser:
    """Reads a pattern into a tree, and the tree into places."""

    def __init__(self, text: str, *, start: int, ignores_case: bool) -> None:
        self._text = text
        self._at = start
        self._flags = re.IGNORECASE if ignores_case else re.NOFLAG
        self._machine = _Machine()
        self._places = 0
        self._steps = 0
        self._open = 0

    def machine(self) -> _Machine:
        tree = self._branch()
        if self._at < len(self._text):
            raise self._problem("a ) has no (")
        self._machine.start = self._built(tree, _END)
        return self._machine

    def _branch(self) -> _Tree:
        parts = [self._row()]
        while self._take("|"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else _Branch(tuple(parts))

    def _row(self) -> _Tree:
        parts: list[_Tree] = []
        first = self._at
        while self._at < len(self._text) and self._peek() not in "|)":
            if self._take("^"):
                self._require_edge(at_edge=self._at - 1 == first, sign="^")
            elif self._take("$"):
                self._require_edge(at_edge=self._at >= len(self._text) or self._peek() in "|)", sign="$")
            else:
                parts.append(self._repeated(self._atom()))
        return _Row(tuple(parts))

    def _require_edge(self, *, at_edge: bool, sign: str) -> None:
        """The whole text is matched anyway, so an anchor at the edge of all says nothing; anywhere else it is odd."""
        if not at_edge or self._open:
            raise self._problem(f"{sign} can only stand at the {'beginning' if sign == '^' else 'end'}")

    def _repeated(self, part: _Tree) -> _Tree:
        least, most = self._count()
        if (least, most) == (1, 1):
            return part
        if not self._take("?") and self._at < len(self._text) and self._peek() == "+":
            raise self._problem("a + behind a repetition needs more than one reading of the text")
        if self._at < len(self._text) and self._is_count():
            raise self._problem("a repetition is repeated; put the first into ( )")
        return _Repeat(part, least, most)

    def _is_count(self) -> bool:
        return self._peek() in "*+?" or bool(self._counted())

    def _counted(self) -> re.Match[str] | None:
        found = _COUNTED.match(self._text, self._at)
        return found if found and (found[1] or found[3] or found[2]) else None

    def _count(self) -> tuple[int, int | None]:
        if self._at >= len(self._text):
            return 1, 1
        for sign, count in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return count
        found = self._counted()
        if found is None:
            return 1, 1
        self._at = found.end()
        least = int(found[1] or 0)
        most = (int(found[3]) if found[3] else None) if found[2] else least
        if most is not None and most < least:
            raise self._problem("the second number of { } is less than the first")
        return least, most

    def _atom(self) -> _Tree:
        if self._take("("):
            return self._group()
        if self._take("["):
            return self._class()
        if self._take("\\"):
            return self._escape()
        if self._take("."):
            return _One(self._tester("."))
        if self._peek() in "*+?":
            raise self._problem("nothing stands before it that could be repeated")
        if self._counted():
            raise self._problem("nothing stands before { } that could be repeated")
        self._at += 1
        return _One(self._tester(re.escape(self._text[self._at - 1])))

    def _group(self) -> _Tree:
        if self._take("?") and not self._take(":"):
            raise self._problem("(?...) other than (?:...), and (?i) at the beginning, is not understood")
        self._open += 1
        part = self._branch()
        self._open -= 1
        if not self._take(")"):
            raise self._problem("a ( has no )")
        return part

    def _class(self) -> _Tree:
        start = self._at - 1
        self._take("^")
        self._take("]")
        while self._at < len(self._text) and self._peek() != "]":
            self._at += 2 if self._peek() == "\\" else 1
        if not self._take("]"):
            raise self._problem("a [ has no ]")
        return _One(self._tester(self._text[start : self._at]))

    def _escape(self) -> _Tree:
        if self._at >= len(self._text):
            raise self._problem("it ends in a backslash")
        letter = self._peek()
        if letter.isascii() and letter.isalnum() and letter not in _ONE_CHARACTER:
            raise self._problem(f"\\{letter} is not understood")
        self._at += 1
        return _One(self._tester(f"\\{letter}"))

    def _tester(self, source: str) -> _Test:
        """Whether one character fits; Python's own matcher reads the class, which stands for one character only."""
        try:
            found = re.compile(source, self._flags)
        except (re.error, FutureWarning) as problem:
            raise self._problem(str(problem)) from problem
        return lambda character: found.fullmatch(character) is not None

    def _built(self, tree: _Tree, to: int) -> int:
        """The place from which the tree leads on to another place; each step counts, also one that adds no place."""
        self._steps += 1
        if self._steps > MAX_PLACES:
            raise self._problem(f"written out, its repetitions have more than {MAX_PLACES} parts")
        match tree:
            case _One(test):
                place = self._place()
                self._machine.reads[place] = (test, to)
                return place
            case _Row(parts):
                for part in reversed(parts):
                    to = self._built(part, to)
                return to
            case _Branch(parts):
                place = self._place()
                self._machine.leads[place] = tuple(self._built(part, to) for part in parts)
                return place
            case _Repeat():
                return self._built_repeat(tree, to)

    def _built_repeat(self, tree: _Repeat, to: int) -> int:
        if tree.most is None:
            loop = self._place()
            self._machine.leads[loop] = (self._built(tree.part, loop), to)
            to = loop
        else:
            end = to
            for _ in range(tree.most - tree.least):  # ended by the count of steps
                place = self._place()
                self._machine.leads[place] = (self._built(tree.part, to), end)
                to = place
        for _ in range(tree.least):
            to = self._built(tree.part, to)
        return to

    def _place(self) -> int:
        self._places += 1
        return self._places

    def _peek(self) -> str:
        return self._text[self._at]

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False

    def _problem(self, reason: str) -> BadInput:
        return _refused(self._text, f"{reason} (at character {self._at + 1})")


def _refused(text: str, reason: str) -> BadInput:
    return BadInput(
        f"the regular expression {_short(text)} cannot be used: {reason}",
        hint="it matches the whole name, and takes . [ ] ( ) | * + ? { } \\d \\w \\s and (?i) in front",
    )


def _short(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:40]}..."
