"""The symptoms that words and the end of a move hold: fault classes, message keys, VMkernel codes, and the words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vsphere_motion.model.diagnosis import Diagnosis, Symptoms
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import MotionRecord
from vsphere_motion.motionlog.diagnosis import CAUSES, diagnose

OTHER_ADDRESS = "OTHER_HOSTS_VMOTION_ADDRESS"
"""What a cause's next step writes for an address that the table cannot know."""

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
    found = diagnose(symptoms_in((*texts, *first_to_fail(said))))
    return tuple(_with_addresses(one, motion) for one in found) if motion else found


def _with_addresses(diagnosis: Diagnosis, motion: MotionRecord) -> Diagnosis:
    """The commands of its next steps with the addresses that the logs name, so that they can be run as they are."""
    if not motion.source_address or not motion.destination_address:
        return diagnosis
    steps = [filled for step in diagnosis.next_steps for filled in _filled(step, motion)]
    return replace(diagnosis, next_steps=tuple(steps))


def _filled(step: str, motion: MotionRecord) -> Iterator[str]:
    if OTHER_ADDRESS not in step:
        yield step
        return
    ends = {
        "on the source": ((motion.source_host, motion.destination_address),),
        "on the destination": ((motion.destination_host, motion.source_address),),
        "on both hosts": (
            (motion.source_host, motion.destination_address),
            (motion.destination_host, motion.source_address),
        ),
    }
    place, _, command = step.partition(": ")
    for host, address in ends.get(place, ()):
        yield f"on {host}: {command.replace(OTHER_ADDRESS, address or OTHER_ADDRESS)}"
    if place not in ends:
        yield step


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
