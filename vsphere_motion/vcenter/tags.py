"""Categories and tags by their names, and what carries a tag, through the vSphere Automation SDK."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import Ambiguous, NotFound, UsageProblem
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.automation import Tagging, tagging

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_SUGGESTIONS = 3


def read_tagged_objects(session: Session, names: Sequence[str]) -> dict[str, frozenset[MoRef]]:
    """The objects that carry each of these tags and that the account may see.

    Args:
        names: a category, a slash and a tag, such as `env/prod`; both may hold slashes themselves.

    Calls: com.vmware.cis.tagging Category.list, Category.get, Tag.list_tags_for_category, Tag.get,
        TagAssociation.list_attached_objects.
    Needs: System.Read on the tags and their categories.

    Raises:
        NotFound: a tag or category is not there; the details have every one.
        Ambiguous: a name with several slashes can be read in several ways.
        PermissionMissing, SessionEnded, VCenterUnavailable: the tags cannot be read.
    """
    with tagging(session, what=reading_words(session)) as services:
        book = TagBook(services)
        tags, problems = {}, []
        for name in names:
            try:
                tags[name] = book.find(name)
            except UsageProblem as problem:
                problems.append(problem)
        if problems:
            raise _together(problems)
        return {name: frozenset(book.objects(tag)) for name, tag in tags.items()}


def reading_words(session: Session) -> str:
    """What is done, for errors."""
    return f"read the tags of {session.endpoint.address}"


class TagBook:
    """Categories and tags by name, each read once, and of the tags no more than are needed: each is a call.

    Calls: com.vmware.cis.tagging Category.list, Category.get, Tag.list_tags_for_category, Tag.get.
    """

    def __init__(self, services: Tagging) -> None:
        self._services = services
        listed = map(services.category.get, services.category.list())
        self._categories = {str(one.name): one for one in listed}
        self._tags: dict[str, dict[str, str]] = {}
        self._unread: dict[str, list[str]] = {}

    def find_category(self, name: str) -> Any:
        """The category of this name as the SDK has it, or None."""
        return next((found for known, found in self._categories.items() if same(known) == same(name)), None)

    def tags_of(self, category: str, wanted: Collection[str] | None = None) -> dict[str, str]:
        """The identifiers of a category's tags by name; the category is one that is there.

        Args:
            wanted: the names to look for: it is read on until they are found; None: all are read.
        """
        found = self.find_category(category)
        assert found is not None, "only categories that are there are looked into"
        identifier = str(found.id)
        if identifier not in self._tags:
            self._tags[identifier] = {}
            self._unread[identifier] = [str(one) for one in self._services.tag.list_tags_for_category(identifier)]
        tags, unread = self._tags[identifier], self._unread[identifier]
        while unread and (wanted is None or not tags.keys() >= set(map(same, wanted))):
            one = self._services.tag.get(unread.pop(0))
            tags[same(str(one.name))] = str(one.id)
        return tags

    def find(self, name: str) -> str:
        """The identifier of the one tag of this name."""
        splits = [(name[:at], name[at + 1 :]) for at, sign in enumerate(name) if sign == "/"]
        ways = [(category, tag) for category, tag in splits if self.find_category(category)]
        found = {category: found for category, tag in ways if (found := self.tags_of(category).get(same(tag)))}
        if len(found) > 1:
            raise Ambiguous(
                f"the tag {name} can be read in {len(found)} ways",
                hint="rename one of them; the name of a category ends at a slash",
                details=tuple(f"category {category}" for category in found),
            )
        if not found:
            raise self._missing(name, ways)
        return next(iter(found.values()))

    def objects(self, tag: str) -> Iterator[MoRef]:
        """What carries the tag."""
        objects = self._services.associations.list_attached_objects(tag)
        return (MoRef(kind=str(one.type), moid=str(one.id)) for one in objects)

    def _missing(self, name: str, ways: Sequence[tuple[str, str]]) -> NotFound:
        if "/" not in name:
            return NotFound(f"tag:{name} names no tag", hint="it takes a category and a tag, such as tag:env/prod")
        if not ways:
            return NotFound(
                f"no tag category is called {name.split('/')[0]}", hint=_hint("categories", name, self._categories)
            )
        category, tag = ways[-1]
        return NotFound(
            f"the category {category} has no tag {tag}", hint=_hint("tags of it", tag, self.tags_of(category))
        )


def _hint(what: str, word: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(word.split("/")[0], known, n=_SUGGESTIONS)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"the {what} are: {', '.join(sorted(known)[:10]) or 'none that this account may see'}"


def same(name: str) -> str:
    """A name in the form in which equal names are equal, however their accents are written."""
    return unicodedata.normalize("NFC", name)


def _together(problems: Sequence[UsageProblem]) -> UsageProblem:
    if len(problems) == 1:
        return problems[0]
    return NotFound(
        f"{len(problems)} of the tags given cannot be used: {problems[0].message}",
        hint="; ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)),
        details=tuple(line for problem in problems for line in (problem.message, *problem.details)),
    )
