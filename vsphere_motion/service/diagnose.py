"""The story of a diagnosis: the symptoms of a failure, from a run, log files or words, and what they point to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vsphere_motion.errors import NotFound
from vsphere_motion.model.diagnosis import Diagnosis, Symptoms
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import LoggedMotion
from vsphere_motion.motionlog.diagnosis import CAUSES, diagnose
from vsphere_motion.run.journal import Journal
from vsphere_motion.service.logfiles import read_log_files

_KEY = re.compile(r"\b(?:msg|vob)\.[A-Za-z0-9_]{1,64}(?:\.[A-Za-z0-9_]{1,64}){1,6}", re.ASCII)
_CODE = re.compile(r"\b(?:0x)?0?bad[0-9a-f]{4}\b|\b195887\d{3}\b", re.ASCII | re.IGNORECASE)
_KIND = re.compile(r"\b(?:vmodl?|vim)\.fault\.(\w{1,64})|\b([A-Z][a-zA-Z0-9]{3,63})\b", re.ASCII)
_KNOWN_KINDS = frozenset(kind for cause in CAUSES for kind in cause.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """What failed, in words, with what it may be; no diagnosis where nothing is known of it."""

    subject: str
    diagnoses: tuple[Diagnosis, ...]


def diagnose_words(text: str) -> Diagnosed:
    """What a fault class, a message, a message key or a VMkernel code points to."""
    return Diagnosed(subject=text, diagnoses=diagnose(symptoms_in((text,))))


def diagnose_outcome(outcome: Outcome) -> tuple[Diagnosis, ...]:
    """What the end of a move points to: its fault, and the failures that the hosts' logs name."""
    if outcome.state not in {OutcomeState.FAILED, OutcomeState.UNKNOWN, OutcomeState.CANCELLED}:
        return ()
    fault, motion = outcome.fault, outcome.motion
    texts = [fault.kind, fault.message, *fault.details] if fault else []
    failures = motion.failures if motion else ()
    said = [text for failure in failures for text in (failure.text, failure.code) if text]
    return diagnose(symptoms_in((*texts, *said)))


def diagnose_run(journal: Journal, run: str) -> tuple[Diagnosed, ...]:
    """What the failed moves of a run point to.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
    """
    outcomes = [item.outcome for item in journal.load_run(run).moves if item.outcome is not None]
    failed = [one for one in outcomes if one.state in {OutcomeState.FAILED, OutcomeState.UNKNOWN}]
    return tuple(Diagnosed(subject=one.move.vm.name, diagnoses=diagnose_outcome(one)) for one in failed)


def diagnose_files(paths: Sequence[Path], *, stdin: IO[bytes] | None = None) -> tuple[Diagnosed, ...]:
    """What the failed migrations in log files point to.

    Raises:
        BadInput: a file cannot be read.
        NotFound: the logs name no migration.
    """
    found = read_log_files(paths, stdin=stdin)
    if not found.motions:
        raise NotFound(f"the {found.files} logs that were read name no migration")
    return tuple(_of_motion(motion) for motion in found.motions if motion.failures)


def symptoms_in(texts: Sequence[str]) -> Symptoms:
    """The symptoms that words hold: fault classes, message keys, VMkernel codes, and the words themselves."""
    kinds = [match[1] or match[2] for text in texts for match in _KIND.finditer(text)]
    return Symptoms(
        kinds=tuple(dict.fromkeys(kind for kind in kinds if kind in _KNOWN_KINDS)),
        keys=tuple(dict.fromkeys(match[0] for text in texts for match in _KEY.finditer(text))),
        texts=tuple(texts),
        codes=tuple(dict.fromkeys(match[0] for text in texts for match in _CODE.finditer(text))),
    )


def _of_motion(motion: LoggedMotion) -> Diagnosed:
    texts = [text for failure in motion.failures for text in (failure.text, failure.code) if text]
    return Diagnosed(subject=f"migration {motion.migration_id}", diagnoses=diagnose(symptoms_in(texts)))
