"""The process in which a person's template runs: limits first, then the sandbox, then the answer.

Rules of this file: it reads one JSON object and writes `+` and the text, or `-` and why not. Nothing that a template
makes reaches any other file. It is started by `template.py` alone.
"""

from __future__ import annotations

import json
import sys
from typing import IO, Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vsphere_motion.report.escape import escape_text
from vsphere_motion.report.table import cell

_MOST_WORDS = 300


def main(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer one request."""
    asked = json.load(source)
    _limit(memory_bytes=asked["memory_bytes"], time_s=asked["time_s"])
    try:
        answer = b"+" + _text(asked)
    except MemoryError:
        answer = b"-it took more memory than allowed"
    except (
        TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
        AttributeError,
    ) as problem:
        kind = "forbidden" if isinstance(problem, SecurityError) else type(problem).__name__
        answer = b"-" + escape_text(f"{kind}: {problem}"[:_MOST_WORDS]).encode()
    target.write(answer)
    target.flush()


def _limit(*, memory_bytes: int, time_s: float) -> None:
    """Take away what a template has no use for: memory, time, files, processes."""
    import resource

    seconds = max(1, round(time_s))
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _text(asked: dict[str, Any]) -> bytes:
    environment = ImmutableSandboxedEnvironment(autoescape=bool(asked["escapes"]), undefined=StrictUndefined)
    environment.filters.update(csv_cell=cell, visible=lambda value: escape_text(str(value)))
    written, size = [], 0
    for piece in environment.from_string(asked["template"]).generate(run=asked["run"]):
        encoded = piece.encode("utf-8", errors="backslashreplace")
        size += len(encoded)
        if size > asked["output_bytes"]:
            raise ValueError(f"it writes more than {asked['output_bytes'] >> 20} MiB")
        written.append(encoded)
    return b"".join(written)


if __name__ in {"__main__", "child"}:
    main(sys.stdin.buffer, sys.stdout.buffer)
