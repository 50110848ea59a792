"""The symptoms that words and the end of a move hold: fault classes, message keys, VMkernel codes, and the words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vsphere_motion.model.diagnosis import Diagnosis, Symptoms
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.motionlog.diagnosis import CAUSES, diagnose

_KEY = re.compile(r"\b(?:msg|vob)\.[A-Za-z0-9_]{1,64}(?:\.[A-Za-z0-9_]{1,64}){1,6}", re.ASCII)
_CODE = re.compile(r"\b(?:0x)?0?bad[0-9a-f]{4}\b|\b195887\d{3}\b", re.ASCII | re.IGNORECASE)
_KIND = re.compile(r"\b(?:vmodl?|vim)\.fault\.(\w{1,64})|\b([A-Z][a-zA-Z0-9]{3,63})\b", re.ASCII)
_KNOWN_KINDS = frozenset(kind for cause in CAUSES for kind in cause.kinds)


def symptoms_in(texts: Sequence[str]) -> Symptoms:
    """The symptoms that words hold: fault classes, message keys, VMkernel codes, and the words themselves."""
    kinds = [match[1] or match[2] for text in texts for match in _KIND.finditer(text)]
    return Symptoms(
        kinds=tuple(dict.fromkeys(kind for kind in kinds if kind in _KNOWN_KINDS)),
        keys=tuple(dict.fromkeys(match[0] for text in texts for match in _KEY.finditer(text))),
        texts=tuple(texts),
        codes=tuple(dict.fromkeys(match[0] for text in texts for match in _CODE.finditer(text))),
    )


def diagnose_outcome(outcome: Outcome) -> tuple[Diagnosis, ...]:
    """What the end of a move points to: its fault, and the failures that the hosts' logs name."""
    if outcome.state not in {OutcomeState.FAILED, OutcomeState.UNKNOWN, OutcomeState.CANCELLED}:
        return ()
    fault, motion = outcome.fault, outcome.motion
    texts = [fault.kind, fault.message, *fault.details] if fault else []
    failures = motion.failures if motion else ()
    said = [text for failure in failures for text in (failure.text, failure.code) if text]
    return diagnose(symptoms_in((*texts, *said)))
