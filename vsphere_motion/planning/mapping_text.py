"""The text of a mapping file, YAML, to what it says.

Rules of this file: every name is text, as the person wrote it; a word that means nothing is an error, never passed
over; nothing in a file is run, expanded or referred to.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.mapping import SECTIONS, VCenterMapping


def read_mapping(text: str, name: str) -> VCenterMapping:
    """The mapping in a YAML file: sections such as `networks:`, each with `OLD: NEW`.

    Raises:
        BadInput: it is no such file; the details have every problem.
    """
    import yaml

    try:
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes text, lists and mappings alone
    except yaml.YAMLError as problem:
        raise BadInput(f"{name} is no YAML: {problem}", hint=_FORM) from problem
    return mapping_from(document, name)


def mapping_from(document: Any, name: str) -> VCenterMapping:
    """The mapping in sections that are read already.

    Raises:
        BadInput: they are none; the details have every problem.
    """
    if not isinstance(document, Mapping):
        raise BadInput(f"{name} is no mapping file", hint=_FORM)
    problems = [problem for section, pairs in document.items() for problem in _problems(str(section), pairs)]
    if problems:
        raise BadInput(f"{name}: {problems[0]}", hint=_FORM, details=tuple(problems))
    return VCenterMapping(name=name, **{str(section): dict(pairs or {}) for section, pairs in document.items()})


_FORM = f"it has the sections {', '.join(SECTIONS)}, each with lines OLD: NEW"


def _problems(section: str, pairs: Any) -> list[str]:
    if section not in SECTIONS:
        close = get_close_matches(section, SECTIONS, n=1)
        return [f"{section} is no section" + (f"; is {close[0]} meant?" if close else "")]
    if pairs in ("", None):
        return []
    if not isinstance(pairs, Mapping):
        return [f"{section} is no list of OLD: NEW"]
    return [
        f"{section}: {old} has no name to go to"
        for old, new in pairs.items()
        if not isinstance(old, str) or not isinstance(new, str) or not old.strip() or not new.strip()
    ]
