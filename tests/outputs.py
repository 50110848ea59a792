"""Everything this program writes about a run in which every text from outside is one hostile name, by output."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.build import GIB, TAKEN_AT, finding, move
from tests.unit.cli.calls import outcome, plan, planned
from tests.unit.report.samples import full_report
from vsphere_motion.cli.console import Console
from vsphere_motion.cli.failure import write_error
from vsphere_motion.cli.logfile import logging_to
from vsphere_motion.cli.matrix_table import matrix_lines
from vsphere_motion.cli.plan_table import plan_lines
from vsphere_motion.cli.progress import JsonLines, PlainLines, drawing
from vsphere_motion.errors import NotFound
from vsphere_motion.model.current import Question
from vsphere_motion.model.event import (
    Event,
    MoveAsks,
    MoveEnded,
    MoveFollowed,
    MoveProgressed,
    MoveStarted,
    RunHalted,
    ServerLost,
)
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.matrix import Matrix, MatrixRow
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.report import Report
from vsphere_motion.model.task import Fault
from vsphere_motion.report.event_words import outcome_line
from vsphere_motion.report.html import report_html
from vsphere_motion.report.junit import junit_text
from vsphere_motion.report.text import report_text
from vsphere_motion.report.write import report_json, report_markdown

T = TypeVar("T")
WORDS = [("memory.admission", "memory that the host cannot give")]


def poisoned(value: T, name: str) -> T:
    """The value with every text in it replaced by the name, however deep; enums, numbers and times stay."""
    return _poisoned(value, name)  # type: ignore[no-any-return]


def _poisoned(value: Any, name: str) -> Any:
    if type(value) is str:
        return name
    if isinstance(value, tuple):
        items = [_poisoned(item, name) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        return dataclasses.replace(value, **{field: _poisoned(getattr(value, field), name) for field in fields})
    return value


def hostile_report(name: str) -> Report:
    """Six moves with every kind of end."""
    return poisoned(full_report(), name)


def hostile_plan(name: str) -> Plan:
    """A blocked move, one that is warned of, one that could not be looked at."""
    severities = (Severity.BLOCKER, Severity.WARNING, Severity.UNKNOWN)
    return poisoned(plan(*(planned(finding(severity=severity)) for severity in severities)), name)


def hostile_matrix(name: str) -> Matrix:
    """One VM on one host, where it may not go."""
    cell = hostile_plan(name).moves[0]
    host = cell.move.destination.host
    assert host is not None
    row = MatrixRow(vm=cell.move.vm, source=cell.move.source.host, cells=(cell,))
    return Matrix(hosts=(host,), rows=(row,), notes=(name,))


def story(name: str) -> list[Event]:
    """A move that is started, followed, asks, fails; and a vCenter that goes away."""
    it, at = poisoned(move(), name), TAKEN_AT + timedelta(seconds=1)
    fault = Fault(kind=name, message=name, details=(name,))
    question = Question(id=name, text=name, choices=((name, name),))
    return [
        MoveStarted(at=at, move=it, task=name, memory_bytes=GIB),
        MoveProgressed(at=at, move=it, task=name, progress_percent=62),
        MoveFollowed(at=at, move=it, task=name, started_by=name),
        MoveAsks(at=at, move=it, task=name, question=question),
        ServerLost(at=at, reason=name, running=1, waiting=0),
        RunHalted(at=at, reason=name, detached=False),
        MoveEnded(at=at, outcome=outcome(OutcomeState.FAILED, move=it, fault=fault)),
        MoveEnded(at=at, outcome=outcome(OutcomeState.UNKNOWN, move=it, note=name)),
    ]


def outputs(name: str, directory: Path) -> dict[str, str]:
    """Each output but the bars, which need a terminal: `bars`."""
    result, paint = hostile_report(name), lambda text, _: text
    return {
        "table": "\n".join(plan_lines(hostile_plan(name), paint)),
        "matrix": "\n".join(matrix_lines(hostile_matrix(name), paint, width=80)),
        "outcomes": "\n".join(outcome_line(item.outcome) for item in result.moves),
        "progress": _said(lambda: _draw(PlainLines(Console({}), hostile_plan(name)), name)),
        "jsonl": _said(lambda: _draw(JsonLines(Console({})), name)),
        "error": _said(lambda: write_error(Console({}), NotFound(name, hint=name, details=(name,)), as_json=True)),
        "log": _logged(name, directory),
        "json": report_json(result),
        "html": report_html(result),
        "text": report_text(result),
        "markdown": report_markdown(result),
        "junit": junit_text(hostile_plan(name).moves, WORDS),
    }


def bars(names: tuple[str, ...]) -> str:
    """What a terminal is sent when these names are drawn as bars, by a process of its own."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "4000", "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("NO_COLOR", None)
    words = [sys.executable, "-m", "tests.outputs", json.dumps(names)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=environment) as child:
        os.close(theirs)
        shown = b"".join(_read_to_end(ours))
        os.close(ours)
        assert child.wait(timeout=60) == 0, shown
    return shown.decode()


def _read_to_end(descriptor: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # the other side is closed
        while part := os.read(descriptor, 65536):
            yield part


def _draw(drawer: PlainLines | JsonLines, name: str) -> None:
    for event in story(name):
        drawer.draw(event)


def _said(say: Callable[[], None]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        say()
    return out.getvalue() + err.getvalue()


def _logged(name: str, directory: Path) -> str:
    path = directory / "log"
    path.unlink(missing_ok=True)
    with logging_to({"debug": False, "verbose": False, "log_file": str(path)}, {}):
        _fail_into(logging.getLogger("vsphere_motion.tests"), name)
    return path.read_bytes().decode()


def _fail_into(logger: logging.Logger, name: str) -> None:
    try:
        raise ValueError(name)  # noqa: TRY301 - for its traceback
    except ValueError:
        logger.exception("cannot move %s", name)
    logger.info("VM %s is on %s", name, name)


def _draw_bars(names: list[str]) -> None:
    for name in names:
        with drawing(Console({"TERM": "xterm"})) as drawer:
            for event in story(name):
                drawer.draw(event)


if __name__ == "__main__":
    _draw_bars(json.loads(sys.argv[1]))
