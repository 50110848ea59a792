"""Whether the other vCenter knows the tags and custom attributes that a virtual machine is to have again there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.keepsakes import KnownCategory, TagName
from vsphere_motion.preflight.check import Check
from vsphere_motion.preflight.subject import Subject


def check_tags(subject: Subject) -> Iterator[Finding]:
    """Each tag has to be there, in a category that takes virtual machines, and as many of one as an object may have."""
    tags = subject.keepsakes.tags if subject.keepsakes else None
    if not tags:
        return
    if subject.site.surroundings.vocabulary.categories is None:
        yield TAGS.unknown(subject.named_vm, "the tags of the other vCenter")
        return
    for category in dict.fromkeys(tag.category for tag in tags):
        yield from _of_category(subject, category, [tag for tag in tags if tag.category == category])


def _of_category(subject: Subject, name: str, tags: Sequence[TagName]) -> Iterator[Finding]:
    category = subject.site.surroundings.vocabulary.find_category(name)
    if category is None:
        yield _found(subject, tags, f"the other vCenter has no category {name}")
        return
    missing = [tag for tag in tags if tag.name not in category.tags]
    if missing:
        yield _found(subject, missing, f"the category {name} of the other vCenter has no tag of that name")
    yield from _of_rules(subject, category, [tag for tag in tags if tag not in missing])


def _of_rules(subject: Subject, category: KnownCategory, tags: Sequence[TagName]) -> Iterator[Finding]:
    if tags and not category.takes_vms:
        yield _found(subject, tags, f"tags of the category {category.name} are not for virtual machines there")
    elif len(tags) > 1 and category.is_single:
        yield _found(subject, tags, f"the category {category.name} allows one tag an object there")


def _found(subject: Subject, tags: Sequence[TagName], why: str) -> Finding:
    names = tuple(map(str, tags))
    return TAGS.found(
        subject.named_vm,
        f"{subject.vm.name} cannot have {'the tag' if len(tags) == 1 else 'the tags'} {', '.join(names)} again: {why}",
        tags=names,
    )


def check_attributes(subject: Subject) -> Iterator[Finding]:
    """Each custom attribute has to be there, for virtual machines or for everything."""
    attributes = subject.keepsakes.attributes if subject.keepsakes else None
    if not attributes:
        return
    known = subject.site.surroundings.vocabulary.attributes
    if known is None:
        yield ATTRIBUTES.unknown(subject.named_vm, "CustomFieldsManager.field of the other vCenter")
        return
    missing = tuple(one.name for one in attributes if one.name not in known)
    if missing:
        words = f"{'the custom attribute' if len(missing) == 1 else 'the custom attributes'} {', '.join(missing)}"
        yield ATTRIBUTES.found(
            subject.named_vm,
            f"{subject.vm.name} cannot have {words} again: the other vCenter has none of that name for VMs",
            attributes=missing,
        )


TAGS = Check(
    id="keepsakes.tags",
    severity=Severity.BLOCKER,
    title="tags that --keep-tags is to attach again and that the other vCenter does not have, or not for this VM",
    source="vSphere Automation API reference, com.vmware.cis.tagging; tags are of one vCenter",
    remedy="make the category and the tag there, leave --keep-tags out, or --skip-check keepsakes.tags to go without",
    reads=("com.vmware.cis.tagging of both vCenters",),
    on_pair=check_tags,
    moves_files=True,
)

ATTRIBUTES = Check(
    id="keepsakes.attributes",
    severity=Severity.BLOCKER,
    title="custom attributes that --keep-attributes is to set again and that the other vCenter does not have",
    source="vSphere API reference, CustomFieldsManager; custom attributes are of one vCenter",
    remedy="make the attribute there, leave --keep-attributes out, or --skip-check keepsakes.attributes to go without",
    reads=("customValue", "CustomFieldsManager.field of both vCenters"),
    on_pair=check_attributes,
    moves_files=True,
)

CHECKS = (TAGS, ATTRIBUTES)
