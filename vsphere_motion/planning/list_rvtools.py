"""The vInfo sheet of an RVTools export as a list file: which of its many columns count.

Rules of this file: the sheet describes how things are. A column whose name begins with `to`, such as `To host` or
`To datastore`, says where a VM shall go; where there is none, the column Host does, as somebody has changed it. A VM is
known by its VM UUID where the sheet has it, because names repeat. Names of columns are UNVERIFIED (RVTools 4).
"""

from __future__ import annotations

from vsphere_motion.model.list_file import COLUMNS

_MARKS = frozenset({"vm", "powerstate", "template"})
_UUIDS = ("vm uuid", "smbios uuid")
_START = "to "


def folded(word: str) -> str:
    """The name of a column in one spelling: small letters, one blank between words."""
    return " ".join(word.replace("_", " ").replace("-", " ").split()).casefold()


def is_rvtools(header: list[str]) -> bool:
    """Whether these are the columns of the vInfo sheet."""
    return {folded(word) for word in header} >= _MARKS


def misspelt(header: list[str]) -> list[str]:
    """The columns that say where a VM shall go, in a word that is no destination."""
    names = (folded(word) for word in header)
    return [name for name in names if name.startswith(_START) and name.removeprefix(_START) not in COLUMNS]


def rvtools_row(header: list[str], line: int, values: list[str]) -> tuple[int, dict[str, str]]:
    """One row of the sheet in our columns."""
    names = [folded(word) for word in header]
    cells = {name: value.strip() for name, value in zip(names, values, strict=False)}
    uuid = next((cells[name] for name in _UUIDS if cells.get(name)), "")
    wanted = {name.removeprefix(_START): cells.get(name, "") for name in names if name.startswith(_START)}
    asked = {name: value for name, value in wanted.items() if name in COLUMNS}
    if not wanted:
        asked = {"host": cells.get("host", "")}
    return line, {"vm": f"uuid:{uuid}" if uuid else cells.get("vm", ""), **asked}
