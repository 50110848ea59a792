"""The story of a diagnosis: the symptoms of a failure, from a run, log files or words, and what they point to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vsphere_motion.errors import NotFound
from vsphere_motion.model.diagnosis import Diagnosis
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.record import LoggedMotion
from vsphere_motion.motionlog.diagnosis import diagnose
from vsphere_motion.motionlog.symptoms import diagnose_outcome, first_to_fail, symptoms_in
from vsphere_motion.run.journal import Journal
from vsphere_motion.service.logfiles import read_log_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """What failed, in words, with what it may be; no diagnosis where nothing is known of it."""

    subject: str
    diagnoses: tuple[Diagnosis, ...]


def diagnose_words(text: str) -> Diagnosed:
    """What a fault class, a message, a message key or a VMkernel code points to."""
    return Diagnosed(subject=text, diagnoses=diagnose(symptoms_in((text,))))


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


def _of_motion(motion: LoggedMotion) -> Diagnosed:
    texts = first_to_fail([(failure.side, failure.text, failure.code) for failure in motion.failures])
    return Diagnosed(subject=f"migration {motion.migration_id}", diagnoses=diagnose(symptoms_in(texts)))
