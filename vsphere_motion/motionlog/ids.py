"""Which migration IDs a line of any log carries.

Rules of this file: a migration ID is a decimal of 13 to 19 digits, or the same number in hexadecimal after `mid=`. A
number *is* an ID where a known form says so; elsewhere it *may* be one that another line says is one. Digits of a path,
of a longer word or of a device name are none. Expressions have bounded repeats and cost time linear in the line.

Source: KB 441977, KB 436882 (vmkernel), KB 320352 (vmware.log); up to 6.5 the ID is vCenter's clock in microseconds.
"""

from __future__ import annotations

import re

MAX_ID = 2**64 - 1
_DECIMAL = r"(\d{13,19})(?!\d)"

_NUMBERED = re.compile(r"(?<![\w./-])" + _DECIMAL + r" [SD]:", re.ASCII)
_STAMPED = re.compile(r"\bts ?= ?<?(?:ex\. )?" + _DECIMAL + r"(?!\Z)", re.ASCII)
"""One that ends with its line may be cut."""

_IN_PARENTHESES = re.compile(r"(?:VMotion[A-Za-z]{1,40}|\[MIGRATE\]) \(" + _DECIMAL + r"\)", re.ASCII)
_SPELLED_OUT = re.compile(r"\b(?:mid id|migration ?id)\"? ?[:=]? ?\"?" + _DECIMAL, re.ASCII | re.IGNORECASE)

_NAMED = (
    # `<mid> S:` of every vmkernel module, and the two start lines
    (" S:", _NUMBERED),
    (" D:", _NUMBERED),
    ("ts =", _STAMPED),
    ("ts=", _STAMPED),
    # hostd and vpxa
    ("VMotion", _IN_PARENTHESES),
    ("[MIGRATE]", _IN_PARENTHESES),
    ("MigID:", re.compile(r"\bMigID: ?" + _DECIMAL, re.ASCII)),
    # vmware.log and events
    ("mid id", _SPELLED_OUT),
    ("igration id", _SPELLED_OUT),
    ("igration ID", _SPELLED_OUT),
    ("igrationId", _SPELLED_OUT),
    ("vMotion migration [", re.compile(r"vMotion migration \[-?[0-9A-Fa-f]{1,11}:" + _DECIMAL + r"\]", re.ASCII)),
)
"""Each form after a word that its lines have: looking for that is far cheaper, and most lines have none."""

_MID = re.compile(r"\bmid=([0-9a-fA-F]{8,19})(?![0-9A-Za-z])", re.ASCII)
_LOOSE = re.compile(r"(?<![\w./\\:@-])" + _DECIMAL + r"(?![\w/\\-])(?!\.\w)", re.ASCII)
_LONG_RUN = re.compile(r"[0-9A-Fa-f]{11,}", re.ASCII)
_LOOSE_HEX = re.compile(r"(?<![\w./\\-])(?:0x)?([0-9a-f]{11,16})(?![\w/\\-])(?!\.\w)", re.ASCII | re.IGNORECASE)


def named_ids(text: str) -> tuple[str, ...]:
    """The IDs that this line says are migration IDs, as decimals, in the order of the forms above."""
    found: dict[str, None] = {}
    for word, pattern in _NAMED:
        if word in text:
            for match in pattern.finditer(text):
                found[str(int(match[1]))] = None
    for match in _MID.finditer(text) if "mid=" in text else ():
        migration_id = from_mid(match[1], hexadecimal="MigrateVMXdrToSpec" in text)
        if migration_id:
            found[migration_id] = None
    return tuple(found)


def loose_ids(text: str, named: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The numbers of this line that are migration IDs if another line says so, as decimals.

    Args:
        named: those that are known already, which may be left out.
    """
    if all(run in named for run in _LONG_RUN.findall(text)):
        return ()
    found = {str(int(match[1])): None for match in _LOOSE.finditer(text)}
    for match in _LOOSE_HEX.finditer(text):
        if not match[1].isdecimal():
            found[str(int(match[1], 16))] = None
    return tuple(found)


def from_mid(printed: str, *, hexadecimal: bool) -> str | None:
    """The ID of a `mid=` field as a decimal; None if it cannot be one.

    Args:
        hexadecimal: whether this line prints it so; a number with a letter is hexadecimal anywhere.
    """
    if printed.isdecimal() and (len(printed) > 16 or (not hexadecimal and len(printed) >= 13)):
        return str(int(printed))
    number = int(printed, 16)
    return str(number) if 10**12 <= number <= MAX_ID else None


def normal_id(text: str) -> str | None:
    """The ID a person gives, decimal or hexadecimal with or without `0x`, as a decimal; None if it is none."""
    bare = text.strip().lower()
    if re.fullmatch(r"\d{13,19}", bare, re.ASCII):
        return str(int(bare))
    if re.fullmatch(r"0x[0-9a-f]{8,16}|[0-9a-f]{8,16}", bare, re.ASCII):
        return from_mid(bare.removeprefix("0x"), hexadecimal=True)
    return None
