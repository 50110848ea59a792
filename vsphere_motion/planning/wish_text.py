"""What a person writes of one disk or one pair of networks, to a wish: `2=fast:thin`, `lan=dmz`."""

from __future__ import annotations

from vsphere_motion.model.move import DiskFormat
from vsphere_motion.model.request import DiskWish, NetworkWish

FORMATS = tuple(form.value for form in DiskFormat)


def disk_wish(text: str) -> DiskWish:
    """`2=fast:thin` as a wish: a datastore, a format, or both.

    Raises:
        ValueError: it is not of that form.
    """
    disk, equals, rest = text.partition("=")
    store, form = rest, None
    head, colon, tail = rest.rpartition(":")
    if colon and tail in FORMATS:
        store, form = head, DiskFormat(tail)
    if not disk.strip() or not equals or not (store or form):
        raise ValueError(f"{text} is not of the form N=[DATASTORE][:FORMAT], such as 2=fast:thin")
    return DiskWish(disk=disk.strip(), datastore=store or None, format=form)


def disk_wishes(texts: tuple[str, ...]) -> tuple[DiskWish, ...]:
    """Wishes of several disks, each named once.

    Raises:
        ValueError: one is not of that form, or a disk is named twice.
    """
    wishes = tuple(map(disk_wish, texts))
    named = [wish.disk for wish in wishes]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"disk {twice} is named twice")
    return wishes


def network_wish(text: str) -> NetworkWish:
    """`OLD=NEW` as a wish.

    Raises:
        ValueError: it is not of that form.
    """
    old, equals, new = text.partition("=")
    if not old or not equals or not new:
        raise ValueError(f"{text} is not of the form OLD=NEW")
    return NetworkWish(old=old, new=new)
