"""What VMs have that does not go along to another vCenter, and what is known of it there: both before anything starts.

Rules of this file: nothing is asked of either vCenter where nobody wants anything kept; what cannot be read at the
source could not be given back, so it is an error; what cannot be read at the destination is left to the checks to say.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from vsphere_motion.errors import PermissionMissing, ProtocolError, VCenterFault
from vsphere_motion.model.keepsakes import NO_KEEPSAKES, Attribute, Keepsakes, KeepState, TagName, Vocabulary
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.request import Wishes
from vsphere_motion.run.records import JournaledMove
from vsphere_motion.service.connection import VCenter

T = TypeVar("T")

REFUSALS = (PermissionMissing, VCenterFault, ProtocolError)
"""What a vCenter that is there answers to something that it does not do, or not for this account."""

_log = logging.getLogger(__name__)


def with_keepsakes(vcenter: VCenter, moves: Sequence[Move], wishes: Wishes) -> tuple[Move, ...]:
    """The same moves with what their VMs are to have again, as far as that is asked for; else nothing is read.

    Raises:
        PermissionMissing, VCenterUnavailable: it cannot be read, so it could not be given back.
    """
    going = [move.vm.ref for move in moves if not move.is_noop]
    if not wishes.keeps or not going:
        return tuple(moves)
    from vsphere_motion.vcenter.attributes import read_attributes_of
    from vsphere_motion.vcenter.vm_tags import read_tags_of

    tags = read_tags_of(vcenter.session, going) if wishes.keep_tags else None
    attributes = read_attributes_of(vcenter.session, going) if wishes.keep_attributes else None
    return tuple(move if move.is_noop else _having(move, tags, attributes) for move in moves)


def _having(
    move: Move,
    tags: Mapping[MoRef, tuple[TagName, ...]] | None,
    attributes: Mapping[MoRef, tuple[Attribute, ...]] | None,
) -> Move:
    keepsakes = Keepsakes(
        tags=None if tags is None else tags.get(move.vm.ref, ()),
        attributes=None if attributes is None else attributes.get(move.vm.ref, ()),
    )
    return replace(move, manner=replace(move.manner, keepsakes=keepsakes))


def keeping_notes(moves: Iterable[Move], there: str) -> tuple[str, ...]:
    """What will be given to VMs again at the other vCenter, for the person to see."""
    wanted = [move.manner.keepsakes for move in moves if move.manner.keepsakes is not None]
    if not wanted:
        return ()
    tags = sum(len(one.tags or ()) for one in wanted)
    attributes = sum(len(one.attributes or ()) for one in wanted)
    counted = (_counted(tags, "tag"), _counted(attributes, "custom attribute"), _counted(len(wanted), "VM"))
    return ("to be given back at {}: {} and {} of {}".format(there, *counted),)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def what_was_lost(item: JournaledMove) -> Keepsakes:
    """What a VM was to have again after a move and does not have, so that it cannot be read from it any more."""
    wanted, keeping = item.move.manner.keepsakes, item.keeping
    if wanted is None:
        return NO_KEEPSAKES
    is_open = keeping is None or keeping.state is KeepState.OPEN
    words = frozenset(loss.what for loss in keeping.losses) if keeping else frozenset()

    def is_lost(one: TagName | Attribute) -> bool:
        return is_open or one.words in words

    return replace(
        wanted,
        tags=wanted.tags and tuple(one for one in wanted.tags if is_lost(one)),
        attributes=wanted.attributes and tuple(one for one in wanted.attributes if is_lost(one)),
    )


def returning_with(
    vcenter: VCenter, moves: Sequence[Move], lost: Mapping[MoRef, Keepsakes], wishes: Wishes
) -> tuple[Move, ...]:
    """The moves of VMs that go back, with what they have now and what they have lost on their way to where they are.

    Args:
        vcenter: the one that they leave.
        lost: by VM; None in it: the run that took them there was not to keep that.
    """
    tags = wishes.keep_tags or any(one.tags is not None for one in lost.values())
    attributes = wishes.keep_attributes or any(one.attributes is not None for one in lost.values())
    wishes = replace(wishes, keep_tags=tags, keep_attributes=attributes)
    bare = (replace(move, manner=replace(move.manner, keepsakes=None)) for move in moves)
    return tuple(_with_lost(move, lost.get(move.vm.ref)) for move in with_keepsakes(vcenter, tuple(bare), wishes))


def _with_lost(move: Move, lost: Keepsakes | None) -> Move:
    now = move.manner.keepsakes
    if now is None or lost is None:
        return move
    named = {one.name for one in now.attributes or ()}
    more = tuple(one for one in lost.attributes or () if one.name not in named)
    keepsakes = Keepsakes(
        tags=None if now.tags is None else tuple(dict.fromkeys((*now.tags, *(lost.tags or ())))),
        attributes=None if now.attributes is None else (*now.attributes, *more),
    )
    return replace(move, manner=replace(move.manner, keepsakes=keepsakes))


def read_vocabulary(there: VCenter, moves: Iterable[Move]) -> Vocabulary:
    """What the other vCenter knows of the keepsakes of these moves; nothing is asked where there are none."""
    wanted = [move.manner.keepsakes for move in moves if move.manner.keepsakes is not None]
    tags = tuple(dict.fromkeys(tag for one in wanted for tag in one.tags or ()))
    known = Vocabulary()
    if tags:
        from vsphere_motion.vcenter.vm_tags import read_categories

        known = replace(known, categories=_or_unread(lambda: read_categories(there.session, tags)))
    if any(one.attributes for one in wanted):
        from vsphere_motion.vcenter.attributes import read_attribute_names

        known = replace(known, attributes=_or_unread(lambda: read_attribute_names(there.session)))
    return known


def _or_unread(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except REFUSALS as refused:
        _log.info("%s", refused)
        return None
