"""Writes a report to a file, in the format its suffix names, whole or not at all, readable by its owner only."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from vsphere_motion.errors import BadInput
from vsphere_motion.model.report import Report
from vsphere_motion.report.html import report_html
from vsphere_motion.report.json_form import run_document
from vsphere_motion.report.run_junit import report_junit
from vsphere_motion.report.table import report_csv
from vsphere_motion.report.text import report_text

_FENCE = 4


def write_report(path: Path, report: Report) -> None:
    """Write the report to `path`, replacing what is there.

    Raises:
        BadInput: the suffix names no format, or the file cannot be written.
    """
    write_text(path, _format_of(path)(report))


def write_text(path: Path, content: str) -> None:
    """Write a text to a file, whole or not at all, readable by its owner only.

    Raises:
        BadInput: the file cannot be written.
    """
    try:
        _write_whole(path, content)
    except OSError as problem:
        raise BadInput(f"cannot write {path}: {problem.strerror or problem}") from problem


def report_json(report: Report) -> str:
    """The run document as indented JSON text, in ASCII."""
    return json.dumps(run_document(report), indent=2) + "\n"


def report_markdown(report: Report) -> str:
    """The report's text as a block of Markdown, which leaves its columns alone; no fence in it is as long."""
    text = report_text(report)
    fence = "`" * max(_FENCE, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}{fence}\n"


FORMATS: dict[str, Callable[[Report], str]] = {
    ".html": report_html,
    ".json": report_json,
    ".txt": report_text,
    ".md": report_markdown,
    ".csv": report_csv,
    ".xml": report_junit,
}


def check_suffix(path: Path) -> None:
    """Refuse a file name whose suffix names no format, before a run starts.

    Raises:
        BadInput: the suffix names no format.
    """
    _format_of(path)


def _format_of(path: Path) -> Callable[[Report], str]:
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise BadInput(f"{path} has no suffix that names a report format", hint=f"Use one of: {known}")
    return found


def _write_whole(path: Path, content: str) -> None:
    """Write beside the target, then rename over it; `mkstemp` makes the file with mode 0600."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
