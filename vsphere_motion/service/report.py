"""The story of a report: what the journal has of a run, in one piece."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.report.build import build_report
from vsphere_motion.report.write import check_suffix, write_report
from vsphere_motion.run.journal import Journal, JournaledMove, JournaledRun, MoveState


def load_report(journal: Journal, run: str | None = None) -> Report:
    """The report of a run; of the newest one where none is named.

    Raises:
        NotFound, Ambiguous: no run, or several runs, begin with this id.
    """
    found = run or journal.find_newest()
    if found is None:
        raise NotFound(
            f"the journal {journal.path} has no runs yet",
            hint="start one with: vsphere-motion migrate VM --to-host HOST",
        )
    return report_of(journal.load_run(found))


def report_of(run: JournaledRun) -> Report:
    """The report of a run as the journal has it; moves that are still open say so."""
    return build_report(run.info, [_reported(item) for item in run.moves])


def require_files(files: Iterable[Path]) -> None:
    """Refuse report files before a run starts where they cannot be written.

    Raises:
        BadInput: a suffix names no format, or a directory does not exist.
    """
    for file in files:
        check_suffix(file)
        if not file.absolute().parent.is_dir():
            raise BadInput(
                f"there is no directory {file.parent} to write {file.name} to", hint="make it, or name another"
            )


def write_files(report: Report, files: Iterable[Path]) -> None:
    """Write a report to each file, in the format that its suffix names.

    Raises:
        BadInput: a file cannot be written.
    """
    for file in files:
        write_report(file, report)


def _reported(item: JournaledMove) -> ReportedMove:
    return ReportedMove(
        outcome=item.outcome or _open_outcome(item),
        findings=item.planned.findings,
        skipped=item.planned.skipped,
        memory_bytes=item.memory_bytes,
        keeping=item.keeping,
    )


def _open_outcome(item: JournaledMove) -> Outcome:
    if item.state is MoveState.PLANNED:
        return Outcome(move=item.move, state=OutcomeState.NOT_STARTED)
    if item.task is None:
        note = f"it was asked for with operationID {item.op_id}, and vCenter's answer was lost"
        return Outcome(move=item.move, state=OutcomeState.UNKNOWN, note=note)
    note = f"{item.task.moid} was still running when it was last seen"
    return Outcome(move=item.move, state=OutcomeState.UNKNOWN, task=item.task.moid, note=note)
