"""The options that every command shares, before and after the command's name, and how a command is declared.

Rule of this file: it is imported for `--help` and `--version`, so it imports click and nothing else of weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def connection_options() -> list[click.Parameter]:
    """The options that say which vCenter to use and how to trust it."""
    return [
        click.Option(["--context"], metavar="NAME", help="Context of config.toml to use."),
        click.Option(["--server"], metavar="HOST[:PORT]", help="The vCenter."),
        click.Option(["--user"], metavar="USER", help="The account, such as administrator@vsphere.local."),
        click.Option(["--password-stdin"], is_flag=True, help="Read the password from standard input."),
        click.Option(["--ca-file"], metavar="FILE", help="Trust the authorities in this PEM file."),
        click.Option(["--thumbprint"], metavar="SHA256", help="Accept this certificate and no other."),
        click.Option(["--insecure"], is_flag=True, help="Do not verify the certificate."),
        click.Option(["--call-timeout"], metavar="DURATION", help="Deadline of every call to vCenter [60s]."),
    ]


def message_options() -> list[click.Parameter]:
    """The options that say how much is told, and where."""
    return [
        click.Option(["-q", "--quiet"], is_flag=True, help="Results and errors only."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Say more on standard error."),
        click.Option(["--debug"], is_flag=True, help="Say everything; show tracebacks."),
        click.Option(["--no-color"], is_flag=True, help="No colour and no moving bars."),
        click.Option(["--log-file"], metavar="FILE", help="Append a log to this file."),
        click.Option(["--no-input"], is_flag=True, help="Never ask."),
    ]


def output_option(formats: Sequence[str]) -> click.Parameter:
    """`-o/--output` with the formats a command has."""
    return click.Option(["-o", "--output"], type=click.Choice(formats), help="Format of the result [table].")


SHARED = (
    "context",
    "server",
    "user",
    "password_stdin",
    "ca_file",
    "thumbprint",
    "insecure",
    "call_timeout",
    "quiet",
    "verbose",
    "debug",
    "no_color",
    "log_file",
    "no_input",
    "output",
)


def command(
    name: str, *, formats: Sequence[str] = (), connects: bool = True
) -> Callable[[Callable[..., int]], click.Command]:
    """Declare a command; its function gets an `Invocation` and its own options, and returns the exit code.

    Args:
        formats: what `-o` offers; empty for a command without `-o`.
        connects: whether it has the connection options.
    """

    def declare(function: Callable[..., int]) -> click.Command:
        @click.pass_context
        def call(context: click.Context, /, **values: Any) -> int:
            from vsphere_motion.cli.invocation import open_invocation

            own = {key: value for key, value in values.items() if key not in SHARED}
            with open_invocation(context, formats) as invocation:
                return function(invocation, **own)

        own_parameters = list(reversed(getattr(function, "__click_params__", [])))
        shared = [*(connection_options() if connects else []), *message_options()]
        output = [output_option(formats)] if formats else []
        return click.Command(
            name, callback=call, params=[*own_parameters, *output, *shared], help=function.__doc__, epilog=_EPILOG
        )

    return declare


_EPILOG = "Connection and message options may also stand before the command's name."
