"""Which virtual machines a person's words name, and what each word matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from vsphere_motion.model.inventory import Vm
from vsphere_motion.model.refs import MoRef

TAG = "tag:"
"""What a selector by tag begins with; `CATEGORY/NAME` follows."""

Tagged: TypeAlias = Mapping[str, frozenset[MoRef]]
"""The objects that carry a tag, by the words after `tag:`, such as `env/prod`."""

NO_TAGS: Tagged = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What one word named.

    Args:
        is_group: whether the word may name any number: a glob, a regular expression, a host, a tag and so on.
        vms: the VMs that it chose.
        templates, system: how many it left out because they are templates, or vCenter's own VMs.
        unread: how many it left out because vCenter did not say whether they belong to it.
    """

    selector: str
    is_group: bool
    vms: tuple[Vm, ...]
    templates: int = 0
    system: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The VMs that all words name together, each once, in the order in which they are named first.

    Args:
        excluded: how many `--exclude` took out again.
    """

    vms: tuple[Vm, ...]
    matches: tuple[Match, ...] = ()
    excluded: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each word that may name any number, and one for what was taken out; for people."""
        lines = [_words_of(match) for match in self.matches if match.is_group]
        if self.excluded:
            lines.append(f"--exclude takes out {_counted(self.excluded, 'VM')}")
        return tuple(lines)


def _words_of(match: Match) -> str:
    left_out = [
        _counted(match.templates, "template") if match.templates else "",
        _counted(match.system, "system VM") if match.system else "",
        f"{_counted(match.unread, 'VM')} of which vCenter does not say whether it belongs there"
        if match.unread
        else "",
    ]
    rest = ", ".join(filter(None, left_out))
    return f"{match.selector} names {_counted(len(match.vms), 'VM')}" + (f"; left out: {rest}" if rest else "")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
