"""`diagnose`: likely causes of a failed migration, and what to do, from words, log files or a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.cli.connection import open_state_journal
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.errors import NotFound

if TYPE_CHECKING:
    from vsphere_motion.model.diagnosis import Diagnosis
    from vsphere_motion.service.diagnose import Diagnosed

SCHEMA = "vsphere-motion/diagnosis/v1"


@declare("diagnose", formats=("table", "json"), connects=False)
@click.argument("what", metavar="FAULT|FILE|RUN")
def command(invocation: Invocation, /, *, what: str) -> int:
    """Say what a failure may come from, and what to do. vCenter is not asked.

    FAULT is a fault class, a message, a message key or a VMkernel code; FILE is a log, a bundle, a directory or -;
    RUN is a run of the journal.
    """
    found = _look(invocation, what)
    if invocation.wants("json"):
        document = {"schema": SCHEMA, "failures": [_document(one) for one in found]}
        invocation.console.result(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for line in _lines(found):
            invocation.console.result(line)
    return ExitCode.OK


def diagnosis_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as plain data."""
    return {
        "id": diagnosis.id,
        "stage": diagnosis.stage.value,
        "cause": diagnosis.cause,
        "next_steps": list(diagnosis.next_steps),
        "reference": diagnosis.reference,
        "certainty": diagnosis.certainty.value,
        "matched_by": diagnosis.matched_by,
        "is_consequence": diagnosis.is_consequence,
    }


def _look(invocation: Invocation, what: str) -> Sequence[Diagnosed]:
    from vsphere_motion.service.diagnose import diagnose_files, diagnose_run, diagnose_words

    if what == "-" or Path(what).exists():
        return diagnose_files([Path(what)], stdin=sys.stdin.buffer)
    words = diagnose_words(what)
    if words.diagnoses:
        return (words,)
    with open_state_journal(invocation) as journal:
        try:
            return diagnose_run(journal, what)
        except NotFound as no_run:
            raise NotFound(
                f"{what} is neither a file nor a run, and nothing is known of such a failure",
                hint="give vCenter's words or the fault's class, or the log: vsphere-motion diagnose vmkernel.log",
            ) from no_run


def _document(found: Diagnosed) -> dict[str, Any]:
    return {"subject": found.subject, "diagnoses": [diagnosis_document(one) for one in found.diagnoses]}


def _lines(found: Sequence[Diagnosed]) -> Iterator[str]:
    if not found:
        yield "No failed migration was found."
    for one in found:
        yield safe(one.subject)
        if not one.diagnoses:
            yield "  nothing is known of such a failure"
        for diagnosis in one.diagnoses:
            sure = "" if diagnosis.certainty.value == "known" else "likely: "
            yield f"  {diagnosis.id}  {sure}{diagnosis.cause}"
            yield from (f"    next: {step}" for step in diagnosis.next_steps)
            yield f"    seen by {safe(diagnosis.matched_by)}; stage: {diagnosis.stage.value}; {diagnosis.reference}"
