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
_PEER_GONE = re.compile(
    r"connection closed by remote host|connection reset by peer|\b0?x?0?bad00(?:3f|4b)\b|powerOnFailed",
    re.ASCII | re.IGNORECASE,
)
"""What a host says whose peer gave up first."""
_AFTER_ALL = re.compile(r"IO was aborted|considered a failure by the VMX", re.ASCII | re.IGNORECASE)
"""What a host says of itself after any failure."""
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
    said = [(failure.host, failure.text, failure.code) for failure in motion.failures] if motion else []
    return diagnose(symptoms_in((*texts, *first_to_fail(said))))


def first_to_fail(failures: Sequence[tuple[str | None, str, str | None]]) -> tuple[str, ...]:
    """The texts and codes of failures without those that only tell that the other side had gone.

    Args:
        failures: the host or side of each, its text and its code.
    """
    own = [failure for failure in failures if not _is_peer_gone(failure)]
    kept = [failure for failure in failures if not _is_peer_gone(failure) or not _others(own, failure)]
    return tuple(text for _, words, code in kept for text in (words, code) if text)


def _others(failures: Sequence[tuple[str | None, str, str | None]], one: tuple[str | None, str, str | None]) -> bool:
    """Whether another side has a failure that came of something."""
    return any(side != one[0] and not _AFTER_ALL.search(words) for side, words, _ in failures)


def _is_peer_gone(failure: tuple[str | None, str, str | None]) -> bool:
    return _PEER_GONE.search(f"{failure[1]} {failure[2] or ''}") is not None
