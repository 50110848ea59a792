"""Makes characters visible that a terminal would obey or a reader could not see.

Rules of this file: control characters (C0, DEL, C1 with U+009B), bidirectional and other invisible format characters
and lone surrogates become `\\x1b` or `\\u202e`. Names of a vCenter may hold any of them.
"""

from __future__ import annotations

import json
import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def escape_text(text: str) -> str:
    """The text with every such character written out; a line break becomes `\\n`."""
    return _UNSAFE.sub(_written_out, text)


def json_text(value: object, *, indent: int | None = None) -> str:
    """The value as JSON in which such characters are JSON's own escapes: whoever parses it gets them back."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text)


def _written_out(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
