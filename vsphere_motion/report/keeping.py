"""What became of the tags and custom attributes that a VM is to have again at another vCenter, in words. PURE.

Rule of this file: an attribute is named, and its value is never shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.keepsakes import KeepState
from vsphere_motion.model.report import ReportedMove

OPEN_WORDS = "the tags and attributes asked for: they are not given back yet"


def kept_words(item: ReportedMove) -> str:
    """`2 tags and 1 attribute`, as many as the VM has again; empty where nothing was asked for, or there is nothing."""
    keepsakes, keeping = item.outcome.move.manner.keepsakes, item.keeping
    if keepsakes is None or keeping is None or keeping.state not in {KeepState.KEPT, KeepState.LOST}:
        return ""
    lost = {loss.what for loss in keeping.losses}
    counted = (
        _count(sum(1 for one in ones if one.words not in lost), noun)
        for ones, noun in ((keepsakes.tags or (), "tag"), (keepsakes.attributes or (), "attribute"))
    )
    return " and ".join(words for words in counted if words)


def lost_words(item: ReportedMove) -> Iterator[str]:
    """`tag env/prod (the other vCenter has no category env)`, for each that the VM does not have."""
    if item.keeping is not None:
        yield from (f"{loss.what} ({loss.why})" for loss in item.keeping.losses)
    if item.is_still_open:
        yield OPEN_WORDS


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
