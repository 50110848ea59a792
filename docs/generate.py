"""Write the reference pages that are made from the code: `python docs/generate.py`; a test compares them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.figures import read_figures
from docs.promises import PROMISES, Promise
from docs.schemas import schema_files
from tests.unit.preflight.cases import CASES
from vsphere_motion.cli.commands import COMMANDS
from vsphere_motion.cli.exit import MEANINGS
from vsphere_motion.cli.main import PROGRAM, cli
from vsphere_motion.cli.options import CONTEXT_SETTINGS
from vsphere_motion.errors import MotionError
from vsphere_motion.planning.privileges import PURPOSES
from vsphere_motion.preflight.check import Check, Scope
from vsphere_motion.preflight.faults import FAULTS
from vsphere_motion.preflight.registry import CHECKS
from vsphere_motion.service.privileges import role_document

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SCOPES = {Scope.VM: "VM", Scope.HOST: "host", Scope.ROUTE: "route", Scope.PAIR: "pair"}
NOTE = "<!-- made by docs/generate.py; do not edit -->"


def pages() -> dict[str, str]:
    """Each generated page by its file name."""
    return {
        "commands.md": commands_page(),
        "checks.md": checks_page(),
        "checks-tested.md": checks_tested_page(),
        "exit-codes.md": exit_codes_page(),
        "reliability.md": reliability_page(),
        "roles.json": roles_file(),
        **schema_files(),
    }


def commands_page() -> str:
    """Every command with its help as the program prints it."""
    root = click.Context(cli, info_name=PROGRAM, terminal_width=100, **CONTEXT_SETTINGS)
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
    ours = sum(check.function is not None for check in CHECKS)
    parts = [
        "# Checks",
        NOTE,
        "Every check runs on every move. *Severity* is the gravest thing a check says when it fires; what could not be "
        "read is `unknown`, never ok. `--skip-check ID` overrides the blockers of one check, and the journal and the "
        "report say so; a setting of vCenter or of the VM that lifts the rule itself is named with the check.",
        f"{ours} checks are made by this program from one snapshot, each once a VM, once a host, once a route (two "
        "hosts) or once a pair (a VM and a destination). The others are made by vCenter's own checker and shown under "
        "these ids. What is tested of each: [checks-tested.md](checks-tested.md).",
    ]
    for subject in dict.fromkeys(check.id.partition(".")[0] for check in CHECKS):
        rows = [check for check in CHECKS if check.id.partition(".")[0] == subject]
        parts += [f"## {subject}", *(_check_section(check) for check in rows)]
    return "\n\n".join(parts) + "\n"


def _check_section(check: Check) -> str:
    reads = ", ".join(f"`{path}`" for path in check.reads)
    made_by = f"made once a {SCOPES[check.scope]}" if check.function else "made by vCenter's checker"
    lines = [
        f"### {check.id}",
        "",
        f"{check.severity.value}, about the {check.about.value}, {made_by}: looks for {check.title}.",
        "",
        f"- What to do: {check.remedy}.",
        *([f"- Reads: {reads}."] if reads else []),
        *([f"- Override: `--skip-check {check.id}`; {check.override}."] if check.override else []),
        f"- Source: {check.source}.",
    ]
    return "\n".join(lines)


def checks_tested_page() -> str:
    """For every check how it is tested."""
    table = ["| id | fires | silent | unknown | boundary | on the simulator |", "|---|---|---|---|---|---|"]
    table += [_tested_row(check) for check in CHECKS]
    parts = [
        "# How each check is tested",
        NOTE,
        "*fires* and *silent* are the two sides of the check's boundary in `tests/unit/preflight/cases.py`, which "
        "`test_cases.py` runs; *unknown* is the number of things there that could not be read. *On the simulator* are "
        "the files of `tests/sim` and `tests/contract` that name the check. A check that vCenter alone can make has "
        "the faults that belong to it.",
        "\n".join(table),
    ]
    return "\n\n".join(parts) + "\n"


def _tested_row(check: Check) -> str:
    named = ", ".join(_files_that_name(check.id)) or "-"
    case = CASES.get(check.id)
    if case is None:
        kinds = ", ".join(f"`{kind}`" for kind, row in FAULTS.items() if row.id == check.id) or "`tests/unit/preflight`"
        return f"| `{check.id}` | by vCenter: {kinds} | | | | {named} |"
    return f"| `{check.id}` | {case.severity} | yes | {len(case.unknown) or '-'} | pair | {named} |"


def _files_that_name(check_id: str) -> Iterator[str]:
    for folder in ("sim", "contract"):
        for file in sorted((ROOT / "tests" / folder).rglob("test_*.py")):
            if f'"{check_id}"' in file.read_text(encoding="utf-8"):
                yield f"`{file.name}`"


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


def roles_file() -> str:
    """The smallest role of each purpose, as `doctor --role --for PURPOSE -o json` prints it."""
    return json.dumps([role_document((purpose,)) for purpose in PURPOSES], ensure_ascii=False, indent=2) + "\n"


def reliability_page() -> str:
    """Every promise under faults, its tests, and what they measured last."""
    tests, figures = tests_of_rows(), read_figures()
    table = ["| row | what happens | what is promised | tests | last figure |", "|---|---|---|---|---|"]
    table += [_promise_row(promise, tests.get(promise.row, []), figures) for promise in PROMISES]
    parts = [
        "# Reliability",
        NOTE,
        "What may happen while virtual machines move, and what this program promises then. The tests of a row carry "
        "its number in their names: `pytest -k test_row_07`. `make test` tries each a few times, `make test-nightly` "
        "as often as it takes to believe it; `make figures` writes down what was measured. A figure in *italics* comes "
        "from the smaller number of tries. [How a run survives](../explanation/how-a-run-survives.md) says how, the "
        "[threat model](../explanation/threat-model.md) against whom.",
        "\n".join(table),
    ]
    return "\n\n".join(parts) + "\n"


def _promise_row(promise: Promise, tests: list[str], figures: dict[str, dict[str, str]]) -> str:
    measured = figures.get(f"{promise.row:02}", {})
    figure = measured.get("whole") or (f"*{measured['reduced']}*" if "reduced" in measured else "-")
    named = [*(f"`{test}`" for test in tests), *([f"to come: {promise.later}"] if promise.later else [])]
    cells = (str(promise.row), promise.fault, promise.promise, "<br>".join(named) or "-", figure.replace("|", "\\|"))
    return f"| {' | '.join(cells)} |"


def tests_of_rows() -> dict[int, list[str]]:
    """The tests of each promise, found by their names: `file.py::test_row_NN_...`."""
    found: dict[int, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, row in re.findall(r"^ *def (test_row_(\d\d)_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(int(row), []).append(f"{file.name}::{name}")
    return found


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
