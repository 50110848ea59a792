"""A run through a person's own jinja2 template, which is trusted with nothing.

Rules of this file: a template comes from somewhere and may be anybody's. It runs in jinja2's sandbox, in a process of
its own with a limit on time, memory and output, without this program's environment, and sees one value: `run`, the
document `vsphere-motion/run/v1`. What is written `.html` or `.xml` is escaped by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vsphere_motion.errors import BadInput
from vsphere_motion.model.report import Report
from vsphere_motion.report.json_form import run_document

TIME_LIMIT_S = 5.0
MEMORY_LIMIT_BYTES = 256 * 1024**2
OUTPUT_LIMIT_BYTES = 16 * 1024**2
TEMPLATE_LIMIT_BYTES = 1024**2

CHILD = "vsphere_motion.report.template_child"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a template may use: seconds from its start to its end, and bytes of memory and of output."""

    time_s: float = TIME_LIMIT_S
    memory_bytes: int = MEMORY_LIMIT_BYTES
    output_bytes: int = OUTPUT_LIMIT_BYTES


def report_by_template(report: Report, template: Path, *, limits: Limits | None = None) -> str:
    """What the template makes of the run.

    Raises:
        BadInput: the template cannot be read, breaks a rule, or takes more than it may.
    """
    limits = limits or Limits()
    source = _source_of(template)
    asked = {
        "template": source,
        "run": run_document(report),
        "escapes": {".html", ".htm", ".xml"} & set(template.suffixes) != set(),
        "memory_bytes": limits.memory_bytes,
        "output_bytes": limits.output_bytes,
        "time_s": limits.time_s,
    }
    return _rendered(template, json.dumps(asked).encode(), limits)


def _source_of(template: Path) -> str:
    try:
        with template.open("rb") as stream:
            source = stream.read(TEMPLATE_LIMIT_BYTES + 1)
    except OSError as problem:
        raise BadInput(f"cannot read the template {template}: {problem.strerror or problem}") from problem
    if len(source) > TEMPLATE_LIMIT_BYTES:
        raise BadInput(f"the template {template} is larger than {TEMPLATE_LIMIT_BYTES >> 20} MiB")
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadInput(f"the template {template} is not UTF-8 text: {problem.reason}") from problem


def _rendered(template: Path, asked: bytes, limits: Limits) -> str:
    # -I: no variable and no directory of the person's decides what is imported; the program's own path is given
    command = [sys.executable, "-I", "-c", _START, json.dumps([entry for entry in sys.path if entry]), CHILD]
    child = subprocess.Popen(  # noqa: S603 - this Python with fixed words, no shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, close_fds=True
    )
    try:
        written, _ = child.communicate(asked, timeout=limits.time_s)
    except subprocess.TimeoutExpired:
        raise _stopped(template, f"it took longer than {limits.time_s:g} s") from None
    finally:
        child.kill()
        child.communicate()
    return _answer_of(template, written)


_START = (
    "import sys, json, runpy; sys.path[:] = json.loads(sys.argv[1]); runpy.run_module(sys.argv[2], run_name='child')"
)


def _answer_of(template: Path, written: bytes) -> str:
    """The child says in its first byte how it went; a child that was ended says nothing."""
    if written[:1] == b"+":
        return written[1:].decode("utf-8", errors="replace")
    words = (
        written[1:].decode("utf-8", errors="replace")
        if written[:1] == b"-"
        else "it took more memory or time than allowed"
    )
    raise _stopped(template, words)


def _stopped(template: Path, words: str) -> BadInput:
    return BadInput(
        f"the template {template} was stopped: {words}",
        hint="a template sees `run` alone (docs/reference/schemas); see docs/how-to/write-your-own-report.md",
    )
