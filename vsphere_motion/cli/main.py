"""The program: parse, call one command, turn whatever happens into a message and an exit code.

Rules of this file: it has the only `except Exception` of the package; it is imported for `--help` and `--version`, so
it imports click and nothing else of weight.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from vsphere_motion import __version__
from vsphere_motion.cli.commands import LazyGroup
from vsphere_motion.cli.options import CONTEXT_SETTINGS, connection_options, message_options
from vsphere_motion.errors import MotionError

PROGRAM = "vsphere-motion"
ALL_FORMATS = ("table", "json", "jsonl", "junit")


def _program(**_: Any) -> None:
    """Check, run, verify and explain VMware vMotion migrations."""


cli = LazyGroup(
    PROGRAM,
    callback=_program,
    help=_program.__doc__,
    context_settings=CONTEXT_SETTINGS,
    params=[
        *connection_options(),
        *message_options(),
        click.Option(["-o", "--output"], type=click.Choice(ALL_FORMATS), help="Format of the result [table]."),
    ],
)
cli = click.version_option(__version__, message="%(prog)s %(version)s")(cli)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `sys.argv` where no arguments are given."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(words, prog_name=PROGRAM, standalone_mode=False)
        return int(code or 0)
    except (click.ClickException, click.Abort, MotionError) as problem:
        return _failed(problem, words)
    except Exception as problem:  # noqa: BLE001 - the one place where a defect becomes a line and an exit code
        return _failed(problem, words)
    except BaseException as problem:
        code = _stopped(problem)
        if code is None:
            raise
        return code
    finally:
        _flush()


def _failed(problem: Exception, words: Sequence[str]) -> int:
    from vsphere_motion.cli.failure import tell

    return tell(problem, words)


def _stopped(problem: BaseException) -> int | None:
    """The exit code of a run that a signal ended; None for anything else."""
    from vsphere_motion.cli.failure import tell_stopped

    return tell_stopped(problem)


def _flush() -> None:
    """Write out what is left; a reader that has gone away is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            from vsphere_motion.cli.console import silence

            silence(stream)


if __name__ == "__main__":
    sys.exit(main())
