"""One word of a person to the one object of a sort that it names: by name, inventory path or moid.

Rules of this file: no first match. A word that names one thing finds one thing, or the error lists the candidates and
how to say which. Where a name repeats, what lies where the virtual machine goes counts before what lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from vsphere_motion.errors import Ambiguous, NotFound, UsageProblem
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.lookup import MOID
from vsphere_motion.planning.names import is_same, is_same_path, suggest

SHOWN = 10


class Named(Protocol):
    """What can be named."""

    @property
    def ref(self) -> MoRef: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str | None: ...


One = TypeVar("One", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort(Generic[One]):
    """The objects that a word may name.

    Args:
        noun: what people call one of them.
        plural: what they call several, where that is not the noun with an s.
        unreadable: what the account may not see, for the error that finds nothing.
    """

    noun: str
    members: Sequence[One]
    unreadable: tuple[str, ...] = ()
    plural: str = ""

    @property
    def nouns(self) -> str:
        """What people call several of them."""
        return self.plural or f"{self.noun}s"

    def all_of(self, word: str) -> tuple[One, ...]:
        """Every object that the word names; a part of a path, such as `Web/Prod`, counts where no name does."""
        if word.startswith(MOID):
            return tuple(one for one in self.members if one.ref.moid == word.removeprefix(MOID))
        if word.startswith("/"):
            return tuple(one for one in self.members if one.path is not None and is_same_path(word, one.path))
        found = tuple(one for one in self.members if is_same(word, one.name))
        return found if found or "/" not in word else tuple(one for one in self.members if _ends_in(one, word))

    def one_of(self, word: str, nearer: Iterable[Callable[[One], bool]] = ()) -> One:
        """The one object that the word names.

        Args:
            nearer: of several, those count for which the first of these holds for any.

        Raises:
            NotFound, Ambiguous: it names none, or several.
        """
        found = self.all_of(word)
        for is_near in nearer if len(found) > 1 else ():
            found = tuple(one for one in found if is_near(one)) or found
        if len(found) == 1:
            return found[0]
        raise self.ambiguous(word, found) if found else self.missing(word)

    def ambiguous(self, word: str, found: Sequence[One]) -> UsageProblem:
        """The error for a word that names several."""
        return Ambiguous(
            f"{len(found)} {self.nouns} are called {word}",
            hint=f"say which one, such as {MOID}{found[0].ref.moid}",
            details=tuple(f"{one.path or one.name} ({MOID}{one.ref.moid})" for one in found),
        )

    def missing(self, word: str) -> UsageProblem:
        """The error for a word that names none."""
        known = [one.name for one in self.members]
        if word.startswith(MOID):
            known = [f"{MOID}{one.ref.moid}" for one in self.members]
        elif word.startswith("/"):
            known = [one.path for one in self.members if one.path]
        listed = ", ".join(sorted({one.name for one in self.members})[:SHOWN]) or "none that can be read"
        hint = suggest(word, known) or f"the {self.nouns} are: {listed}"
        return NotFound(f"no {self.noun} is called {word}", hint=hint, details=self.unreadable)


def _ends_in(one: Named, word: str) -> bool:
    if one.path is None:
        return False
    steps, wanted = one.path.split("/"), word.strip("/").split("/")
    return len(steps) > len(wanted) and all(map(is_same, wanted, steps[-len(wanted) :]))
