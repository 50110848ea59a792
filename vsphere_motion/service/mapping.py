"""Mapping files: what the objects of one vCenter are called in another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vsphere_motion.errors import BadInput
from vsphere_motion.model.mapping import NO_MAPPING, VCenterMapping
from vsphere_motion.planning.mapping_text import mapping_from, read_mapping


def mapping_of(given: str | Path | Mapping[str, object] | None) -> VCenterMapping:
    """The mapping in a file, or in sections that are read already; the empty one where there is neither.

    Raises:
        BadInput: the file cannot be read, or it is no mapping; the details have every problem.
    """
    if not given:
        return NO_MAPPING
    if isinstance(given, Mapping):
        return mapping_from(given, "mapping")
    try:
        text = Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise BadInput(f"cannot read {given}: {reason}", hint="name a mapping file with --map") from problem
    return read_mapping(text, str(given))
