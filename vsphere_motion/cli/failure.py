"""How a failure is told: `error: ...` and `  hint: ...` on standard error, with `-o json` also one object on stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from vsphere_motion.cli.console import Console, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.signals import Terminated
from vsphere_motion.errors import MotionError
from vsphere_motion.report.escape import json_text


def tell(problem: Exception, words: Sequence[str]) -> int:
    """Tell what stopped the command and return its exit code.

    Args:
        words: the command line; it is read again because it may be the very thing that could not be parsed.
    """
    console = Console({})
    if isinstance(problem, click.Abort):
        console.warn("interrupted")
        return ExitCode.INTERRUPTED
    if isinstance(problem, click.exceptions.Exit):
        return problem.exit_code
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        problem.show()
        return ExitCode.USAGE
    error = _as_error(problem)
    if "--debug" in words:
        _show_traceback(problem)
    write_error(console, error, as_json=wants_json(words))
    return error.exit_code


def tell_stopped(problem: BaseException) -> int | None:
    """The exit code of a program that a signal ended; None for anything else."""
    if isinstance(problem, Terminated):
        Console({}).warn("ended by SIGTERM")
        return ExitCode.TERMINATED
    return ExitCode.INTERRUPTED if isinstance(problem, KeyboardInterrupt) else None


def write_error(console: Console, error: MotionError, *, as_json: bool, with_details: bool = True) -> None:
    """The message, its details (unless they have been shown) and its hint."""
    details = error.details if with_details else ()
    lines = [f"error: {safe(error.message)}", *(f"  {safe(line)}" for line in details)]
    if error.hint:
        lines.append(f"  hint: {safe(error.hint)}")
    sys.stdout.flush()
    for line in lines:
        print(line, file=sys.stderr)
    if as_json:
        from vsphere_motion.report.json_form import error_document

        console.result(json_text(error_document(error), indent=2))


def wants_json(words: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, even where it cannot be parsed."""
    spelled = {"-ojson", "-o=json", "--output=json", "--json"}
    apart = {("-o", "json"), ("--output", "json")}
    return any(word in spelled for word in words) or any(pair in apart for pair in pairwise(words))


class _UsageError(MotionError):
    exit_code = ExitCode.USAGE
    code = "usage"


class _Defect(MotionError):
    exit_code = ExitCode.UNEXPECTED
    code = "unexpected"


def _as_error(problem: Exception) -> MotionError:
    if isinstance(problem, MotionError):
        return problem
    if isinstance(problem, click.ClickException):
        return _UsageError(problem.format_message().rstrip("."), hint=_help_line(problem))
    kind = type(problem).__name__
    return _Defect(
        f"unexpected {kind}: {problem}",
        hint="this is a defect; run the command again with --debug to see the traceback, and report it",
    )


def _help_line(problem: click.ClickException) -> str | None:
    context = getattr(problem, "ctx", None)
    return f"see: {context.command_path} --help" if context is not None else None


def _show_traceback(problem: Exception) -> None:
    import traceback

    for line in traceback.format_exception(problem):
        print("\n".join(safe(part) for part in line.splitlines()), file=sys.stderr)
