"""What a virtual machine has that does not go with it to another vCenter: its tags, and its custom attributes.

Rules of this file: tags and attributes are known by their names, because identifiers are of one vCenter; an attribute
without a value is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TagName:
    """A tag, by the name of its category and its own."""

    category: str
    name: str

    def __str__(self) -> str:
        return f"{self.category}/{self.name}"

    @property
    def words(self) -> str:
        """What it is, for people and for `Loss`."""
        return f"tag {self}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Attribute:
    """A custom attribute with its value."""

    name: str
    value: str

    @property
    def words(self) -> str:
        """What it is, for people and for `Loss`; never its value."""
        return f"attribute {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepsakes:
    """What a VM is to have again once it is at the other vCenter. None: that was not asked for; empty: it has none."""

    tags: tuple[TagName, ...] | None = None
    attributes: tuple[Attribute, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be done."""
        return not self.tags and not self.attributes


NO_KEEPSAKES = Keepsakes()


class KeepState(Enum):
    """How far it is with a VM's keepsakes.

    `OPEN`: they are to be given back. `KEPT`: the VM was seen to have all of them. `LOST`: it was seen to lack some.
    `NOWHERE`: the VM is not at the other vCenter, so there was nothing to give back.
    """

    OPEN = "open"
    KEPT = "kept"
    LOST = "lost"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A keepsake that the VM does not have at the other vCenter.

    Args:
        what: such as `tag env/prod` or `attribute cost centre`.
        why: vCenter's words, or what is missing there.
    """

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How far it is with the keepsakes of one VM, and which of them it does not have."""

    state: KeepState
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCategory:
    """A category of tags at the other vCenter.

    Args:
        is_single: whether an object may have one of its tags only.
        takes_vms: whether its tags can be attached to virtual machines.
        tags: the names of its tags.
    """

    name: str
    is_single: bool
    takes_vms: bool
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What another vCenter knows of tags and custom attributes. None: it could not be read; empty: nobody asked.

    Args:
        categories: the categories that were asked for, as far as they are there.
        attributes: the names of the custom attributes that a virtual machine can have.
    """

    categories: tuple[KnownCategory, ...] | None = ()
    attributes: frozenset[str] | None = frozenset()

    def find_category(self, name: str) -> KnownCategory | None:
        """The category of this name, or None."""
        return next((one for one in self.categories or () if one.name == name), None)


NOTHING_KNOWN = Vocabulary()
