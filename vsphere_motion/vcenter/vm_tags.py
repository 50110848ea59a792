"""The tags of virtual machines: read in bulk, looked for in another vCenter by name, and attached there.

Rules of this file: identifiers do not leave it, because they are of one vCenter; a tag that is attached is never
attached again, and no tag is taken off; what was attached is read back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import PermissionMissing, VCenterFault
from vsphere_motion.model.keepsakes import KnownCategory, Loss, TagName
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.automation import Tagging, tagging, understood
from vsphere_motion.vcenter.tags import TagBook, reading_words, same

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

AT_ONCE = 500
"""Objects a call. UNVERIFIED: the API names no limit."""

_VM = "VirtualMachine"
_SINGLE = "SINGLE"
_MOST_MESSAGES = 3

Losses = dict[MoRef, tuple[Loss, ...]]
TagIds = dict[TagName, str]


def read_tags_of(session: Session, vms: Sequence[MoRef]) -> dict[MoRef, tuple[TagName, ...]]:
    """The tags that each of these VMs carries and that the account may see, in the order of their names.

    Calls: com.vmware.cis.tagging TagAssociation.list_attached_tags_on_objects; Tag.get and Category.get once for each
        that is found.
    Needs: System.Read on the VMs, their tags and categories.

    Raises:
        PermissionMissing, SessionEnded, VCenterUnavailable, VCenterFault: they cannot be read.
    """
    with tagging(session, what=reading_words(session)) as services:
        return tags_of(services, vms)


def read_categories(session: Session, tags: Iterable[TagName]) -> tuple[KnownCategory, ...]:
    """Those of the categories of these tags that this vCenter has, with those of the tags that it has.

    Calls: as `TagBook`.
    Needs: System.Read on the categories and tags.

    Raises:
        PermissionMissing, SessionEnded, VCenterUnavailable, VCenterFault: they cannot be read.
    """
    with tagging(session, what=reading_words(session)) as services:
        return known_categories(services, tags)


def attach_tags(session: Session, wanted: Mapping[MoRef, Sequence[TagName]], found: TagIds | None = None) -> Losses:
    """Attach tags to VMs, as far as they do not carry them yet; what they do not carry in the end, with the reason.

    Args:
        found: the identifiers that earlier calls have found here; those that are found now are added.

    Calls: com.vmware.cis.tagging TagAssociation.list_attached_tags_on_objects before and after,
        attach_tag_to_multiple_objects once for each tag; those of `TagBook`.
    Needs: InventoryService.Tagging.AttachTag and System.Read on the VMs.

    Raises:
        PermissionMissing, SessionEnded, VCenterUnavailable, VCenterFault: nothing could be looked up.
    """
    if not any(wanted.values()):
        return {}
    with tagging(session, what=f"attach tags to virtual machines of {session.endpoint.address}") as services:
        return attach_all(services, wanted, found)


def tags_of(services: Tagging, vms: Sequence[MoRef]) -> dict[MoRef, tuple[TagName, ...]]:
    """`read_tags_of`, with the services."""
    attached = _attached(services, vms)
    names = _names(services, {tag for tags in attached.values() for tag in tags})
    return {vm: tuple(sorted(names[tag] for tag in attached.get(vm, ()))) for vm in vms}


def known_categories(services: Tagging, tags: Iterable[TagName]) -> tuple[KnownCategory, ...]:
    """`read_categories`, with the services."""
    book = TagBook(services)
    wanted = _by_category(tags)
    return tuple(_known(book, category, names) for category, names in wanted.items() if book.find_category(category))


def attach_all(services: Tagging, wanted: Mapping[MoRef, Sequence[TagName]], found: TagIds | None = None) -> Losses:
    """`attach_tags`, with the services."""
    identifiers: TagIds = {} if found is None else found
    tags = dict.fromkeys(tag for tags in wanted.values() for tag in tags)
    reasons = _look_up(services, [tag for tag in tags if tag not in identifiers], identifiers)
    before = after = _attached(services, tuple(wanted))
    bare = {
        tag: [vm for vm, names in wanted.items() if tag in names and identifier not in before.get(vm, ())]
        for tag, identifier in identifiers.items()
        if tag in tags
    }
    for tag, vms in bare.items():
        reasons |= _attach(services, tag, identifiers[tag], vms)
    if any(bare.values()):
        after = _attached(services, tuple(wanted))
    lost: Losses = {}
    for vm, names in wanted.items():
        missing = [tag for tag in names if identifiers.get(tag) not in after.get(vm, ())]
        lost[vm] = tuple(Loss(what=tag.words, why=_why(reasons, vm, tag)) for tag in missing)
    return lost


def _attached(services: Tagging, vms: Sequence[MoRef]) -> dict[MoRef, frozenset[str]]:
    """The identifiers of the tags of each VM that is there."""
    found: dict[MoRef, frozenset[str]] = {}
    for start in range(0, len(vms), AT_ONCE):
        chunk = [services.object_id(vm) for vm in vms[start : start + AT_ONCE]]
        for one in services.associations.list_attached_tags_on_objects(chunk):
            ref = MoRef(kind=str(one.object_id.type), moid=str(one.object_id.id))
            found[ref] = frozenset(map(str, one.tag_ids or ()))
    return found


def _names(services: Tagging, identifiers: Iterable[str]) -> dict[str, TagName]:
    """The name of each of these tags, with that of its category."""
    tags = {identifier: services.tag.get(identifier) for identifier in sorted(identifiers)}
    categories = {str(one.category_id) for one in tags.values()}
    named = {identifier: str(services.category.get(identifier).name) for identifier in sorted(categories)}
    return {
        identifier: TagName(category=named[str(one.category_id)], name=str(one.name))
        for identifier, one in tags.items()
    }


def _by_category(tags: Iterable[TagName]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in dict.fromkeys(tags):
        found.setdefault(tag.category, []).append(tag.name)
    return found


def _known(book: TagBook, category: str, names: Collection[str]) -> KnownCategory:
    found = book.find_category(category)
    there = book.tags_of(category, names)
    types = [str(one).rpartition(":")[2] for one in found.associable_types or ()]
    return KnownCategory(
        name=category,
        is_single=str(found.cardinality) == _SINGLE,
        takes_vms=not types or _VM in types,
        tags=frozenset(name for name in names if same(name) in there),
    )


_Reasons = dict[tuple[MoRef | None, TagName], str]
"""Why a tag is not attached to a VM; with None: to any."""


def _look_up(services: Tagging, tags: Sequence[TagName], identifiers: TagIds) -> _Reasons:
    """Add the identifier of each tag that is there; why the others have none."""
    reasons: _Reasons = {}
    book = TagBook(services) if tags else None
    for category, names in _by_category(tags).items() if book else ():
        there = book.tags_of(category, names) if book and book.find_category(category) else None
        for tag in (TagName(category=category, name=name) for name in names):
            if there is not None and same(tag.name) in there:
                identifiers[tag] = there[same(tag.name)]
            elif there is None:
                reasons[None, tag] = f"no category is called {category} there"
            else:
                reasons[None, tag] = f"the category {category} has no such tag there"
    return reasons


def _attach(services: Tagging, tag: TagName, identifier: str, vms: Sequence[MoRef]) -> _Reasons:
    """Attach one tag, and say why that was refused where it was."""
    reasons: _Reasons = {}
    for start in range(0, len(vms), AT_ONCE):
        chunk = vms[start : start + AT_ONCE]
        try:
            with understood(f"attach the tag {tag}"):
                answer = services.associations.attach_tag_to_multiple_objects(identifier, _ids(services, chunk))
        except (PermissionMissing, VCenterFault) as refused:
            reasons |= {(vm, tag): refused.message for vm in chunk}
        else:
            words = _words_of(answer)
            reasons |= {(vm, tag): words for vm in chunk if words}
    return reasons


def _ids(services: Tagging, vms: Sequence[MoRef]) -> list[Any]:
    return [services.object_id(vm) for vm in vms]


def _words_of(answer: Any) -> str:
    """vCenter's words for what it did not attach, which do not say for which VM; of many the first ones."""
    messages = tuple(dict.fromkeys(str(one.default_message) for one in answer.error_messages or ()))
    more = len(messages) - _MOST_MESSAGES
    return "; ".join(messages[:_MOST_MESSAGES]) + (f"; and {more} more" if more > 0 else "")


def _why(reasons: _Reasons, vm: MoRef, tag: TagName) -> str:
    return reasons.get((vm, tag)) or reasons.get((None, tag)) or "it was attached, and is not there"
