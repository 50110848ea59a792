"""Why a migration failed, as far as its symptoms tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """How far a migration had come."""

    ADMISSION = "admission"
    PREPARE = "prepare"
    PRECOPY = "pre-copy"
    SWITCHOVER = "switch-over"
    RESUME = "resume"
    DISK_COPY = "disk copy"
    ANY = "any"


class Certainty(Enum):
    """How sure a diagnosis is: the vendor describes cause and remedy, or the cause is concluded from the symptom."""

    KNOWN = "known"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptoms:
    """What is known of a failure; empty where nothing is.

    Args:
        kinds: fault classes, the outermost first, nested ones after it.
        keys: message keys, such as `msg.migrate.fail.dst`.
        texts: messages of vCenter and of the hosts' logs.
        codes: VMkernel codes as printed.
        percent: the task's progress when it failed.
    """

    kinds: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One likely cause of a failure.

    Args:
        id: stable name of the cause, such as `network.switchover-timeout`.
        cause: what happened, in a sentence.
        next_steps: what to do or to look at, each with the command where there is one.
        reference: where the cause is described, such as `KB 320352`.
        matched_by: the symptom that led here, such as `text: exceeded the maximum switchover time`.
        is_consequence: it follows from another failure, which is what to look for.
    """

    id: str
    stage: Stage
    cause: str
    next_steps: tuple[str, ...]
    reference: str
    certainty: Certainty
    matched_by: str
    is_consequence: bool = False
