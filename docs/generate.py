"""Write the reference pages that are made from the code: `python docs/generate.py`; a test compares them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vsphere_motion.cli.commands import COMMANDS
from vsphere_motion.cli.exit import MEANINGS
from vsphere_motion.cli.main import PROGRAM, cli
from vsphere_motion.errors import MotionError
from vsphere_motion.preflight.registry import CHECKS

REFERENCE = Path(__file__).resolve().parent / "reference"
NOTE = "<!-- made by docs/generate.py; do not edit -->"


def pages() -> dict[str, str]:
    """Each generated page by its file name."""
    return {"commands.md": commands_page(), "checks.md": checks_page(), "exit-codes.md": exit_codes_page()}


def commands_page() -> str:
    """Every command with its help as the program prints it."""
    root = click.Context(cli, info_name=PROGRAM, terminal_width=100, max_content_width=100)
    parts = ["# Commands", NOTE, _block(cli.get_help(root))]
    for name in COMMANDS:
        parts += [f"## {name}", *_help_of(cli.get_command(root, name), root, name)]
    return "\n\n".join(parts) + "\n"


def _help_of(command: click.Command | None, parent: click.Context, name: str) -> Iterator[str]:
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield _block(command.get_help(context))
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            yield f"### {name} {word}"
            yield from _help_of(command.get_command(context, word), context, word)


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


def checks_page() -> str:
    """Every check, file by file."""
    parts = [
        "# Checks",
        NOTE,
        "Every check runs on every move. *Severity* is the gravest thing a check says when it fires; what could not be "
        "read is `unknown`, never ok. `--skip-check ID` overrides the blockers of one check, and the journal and the "
        "report say so. A check without property paths is made by vCenter's own `CheckRelocate_Task`.",
    ]
    for subject in dict.fromkeys(check.id.partition(".")[0] for check in CHECKS):
        rows = [check for check in CHECKS if check.id.partition(".")[0] == subject]
        table = ["| id | severity | looks for | reads | source |", "|---|---|---|---|---|"]
        for check in rows:
            reads = ", ".join(f"`{path}`" for path in check.reads) or "vCenter's checker"
            table.append(f"| `{check.id}` | {check.severity.value} | {check.title} | {reads} | {check.source} |")
        parts += [f"## {subject}", "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def exit_codes_page() -> str:
    """Every exit code, and the error class and word behind each."""
    table = ["| code | meaning |", "|---|---|", *(f"| {code.value} | {text} |" for code, text in MEANINGS.items())]
    errors = ["| error | code | word in JSON | when |", "|---|---|---|---|"]
    for kind in _tree(MotionError):
        errors.append(f"| `{kind.__name__}` | {kind.exit_code} | `{kind.code}` | {_first_sentence(kind.__doc__)} |")
    parts = [
        "# Exit codes",
        NOTE,
        "\n".join(table),
        "With `-o json` an error is also one JSON object on standard output: "
        '`{"error":{"code":...,"message":...,"hint":...,"details":[...]}}`.',
        "## Errors",
        "\n".join(errors),
    ]
    return "\n\n".join(parts) + "\n"


def _tree(kind: type[MotionError]) -> Iterator[type[MotionError]]:
    """An error class and those below it, as far as `errors.py` has them: other rooms may refine them."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == MotionError.__module__:
            yield from _tree(child)


def _first_sentence(text: str | None) -> str:
    assert text
    return re.sub(r"\s+", " ", text.split("\n\n")[0]).strip()


def main() -> int:
    """Write every page."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
