"""One call of one command: the shared options merged, the environment, the console, and the log that was asked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click

from vsphere_motion.cli.console import Console
from vsphere_motion.cli.options import SHARED
from vsphere_motion.cli.signals import termination_raises

CONNECTION_FLAGS = ("context", "server", "user", "ca_file", "thumbprint", "insecure", "call_timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the program is called in; `demo` calls commands in surroundings of its own.

    Args:
        environment: the environment variables the command sees.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a command gets besides its own options.

    Args:
        flags: the connection flags that were given, by name with underscores.
        password_stdin: the password comes from standard input.
        output: the format that was asked for; None if the command shall choose.
        is_debug: tracebacks and every detail are wanted.
    """

    environment: Mapping[str, str]
    console: Console
    flags: Mapping[str, object]
    password_stdin: bool = False
    output: str | None = None
    is_debug: bool = False

    def wants(self, form: str) -> bool:
        """Whether this format was asked for."""
        return self.output == form

    def read_password(self) -> str:
        """The first line of standard input, without its line break."""
        return sys.stdin.readline().rstrip("\r\n")


@contextlib.contextmanager
def open_invocation(context: click.Context, formats: Sequence[str]) -> Iterator[Invocation]:
    """The invocation of the command of this context; its log handlers and signal handler live as long as the block."""
    from vsphere_motion.cli.logfile import logging_to

    values = merge_shared(context)
    surroundings = context.find_object(Surroundings) or Surroundings()
    output = values["output"]
    if output is not None and output not in formats:
        choices = f"it has: {', '.join(formats)}" if formats else "it has none to choose from"
        raise click.UsageError(f"{context.info_name} has no format {output!r}; {choices}", ctx=context)
    invocation = Invocation(
        environment=surroundings.environment,
        console=_console(values, surroundings.environment),
        flags={name: values[name] for name in CONNECTION_FLAGS if values[name]},
        password_stdin=bool(values["password_stdin"]),
        output=str(output) if output else None,
        is_debug=bool(values["debug"]),
    )
    _arm_failpoint(surroundings.environment)
    leave_no_core()
    with logging_to(values, surroundings.environment), termination_raises():
        yield invocation


def _arm_failpoint(environment: Mapping[str, str]) -> None:
    """Tests of crashes kill the program at a chosen point; the module is imported for them alone."""
    if environment.get("VSPHERE_MOTION_FAILPOINT"):
        from vsphere_motion.run import failpoints

        failpoints.arm(environment[failpoints.VARIABLE])


def leave_no_core() -> None:
    """A crash writes no memory to disk: there is a password in it."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def merge_shared(context: click.Context) -> dict[str, object]:
    """The shared options; one behind the command's name wins over the same one before it."""
    merged: dict[str, object] = dict.fromkeys(SHARED)
    chain = [context]
    while chain[-1].parent is not None:
        chain.append(chain[-1].parent)
    for level in reversed(chain):
        merged.update({name: level.params[name] for name in SHARED if level.params.get(name)})
    return merged


def _console(values: Mapping[str, object], environment: Mapping[str, str]) -> Console:
    return Console(
        environment,
        quiet=bool(values["quiet"]),
        no_color=bool(values["no_color"]),
        no_input=bool(values["no_input"]),
    )
