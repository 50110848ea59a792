"""From the symptoms of a failed migration to its likely causes.

Rules of this file: the fault's class speaks first, then message keys, texts, VMkernel codes and last the percentage,
which is a weak hint. Texts come before codes because the codes' numbering moved once. A cause that is the consequence
of another comes last. Within one rank the rows' own order decides: the more special text stands before the general.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.diagnosis import Diagnosis, Symptoms
from vsphere_motion.motionlog.causes import ON_THE_WAY, Cause
from vsphere_motion.motionlog.causes_refused import REFUSED
from vsphere_motion.motionlog.codes import find_code

CAUSES: tuple[Cause, ...] = (*ON_THE_WAY, *REFUSED)

GENERAL_KINDS = frozenset({"GenericVmConfigFault", "SystemError", "MigrationFault", "VmConfigFault", "RuntimeFault"})
"""Classes that say only that something failed."""

_TEXT_CAP = 4096


def diagnose(symptoms: Symptoms) -> tuple[Diagnosis, ...]:
    """The causes that the symptoms point to, the likeliest first; empty if none is known."""
    found: dict[str, Diagnosis] = {}
    for cause, matched_by in _matches(symptoms):
        found.setdefault(cause.id, _diagnosis(cause, matched_by))
    return tuple(sorted(found.values(), key=lambda one: one.is_consequence))


def _matches(symptoms: Symptoms) -> Iterator[tuple[Cause, str]]:
    kinds = [kind for kind in symptoms.kinds if kind not in GENERAL_KINDS]
    yield from ((cause, f"fault: {kind}") for kind in kinds for cause in CAUSES if kind in cause.kinds)
    yield from ((cause, f"key: {key}") for key in symptoms.keys for cause in CAUSES if key in cause.keys)
    for cause in CAUSES:
        yield from ((cause, f"text: {words}") for words in _found_in(cause, symptoms.texts))
    names = [code.name for code in map(find_code, symptoms.codes) if code]
    yield from ((cause, f"code: {name}") for name in names for cause in CAUSES if name in cause.codes)
    if symptoms.percent is not None:
        yield from ((one, f"stopped at {symptoms.percent} %") for one in CAUSES if symptoms.percent in one.percents)


def _found_in(cause: Cause, texts: tuple[str, ...]) -> Iterator[str]:
    """The words of the texts that mean this cause; a message key inside a text counts as well."""
    for text in texts:
        found = cause.text.search(text[:_TEXT_CAP]) if cause.text else None
        if found:
            yield found[0]
        else:
            yield from (key for key in cause.keys if key in text)


def _diagnosis(cause: Cause, matched_by: str) -> Diagnosis:
    return Diagnosis(
        id=cause.id,
        stage=cause.stage,
        cause=cause.cause,
        next_steps=cause.next_steps,
        reference=cause.reference,
        certainty=cause.certainty,
        matched_by=matched_by,
        is_consequence=cause.is_consequence,
    )
