"""What `--help` and `--version` import, and that the table of commands and the modules agree."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.unit.cli.calls import call
from vsphere_motion import __version__
from vsphere_motion.cli.commands import COMMANDS
from vsphere_motion.cli.main import cli
from vsphere_motion.cli.options import SHARED

HEAVY = (
    "pyVmomi",
    "vmware",
    "keyring",
    "rich",
    "jinja2",
    "platformdirs",
    "sqlite3",
    "ssl",
    "logging",
    "json",
    "vsphere_motion.model",
    "vsphere_motion.settings",
    "vsphere_motion.credentials",
)

LIST_MODULES = """
import sys
from vsphere_motion.cli.main import main
code = main(sys.argv[1:])
print("\\n".join(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def imported_by(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *words], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--version",)], ids=" ".join)
def test_help_and_version_import_nothing_heavy(words: tuple[str, ...]) -> None:
    modules = imported_by(*words)

    assert "click" in modules
    assert {name for name in HEAVY if name in modules} == set()
    assert {name for name in modules if name.startswith("vsphere_motion.cli.")} == {
        "vsphere_motion.cli.main",
        "vsphere_motion.cli.commands",
        "vsphere_motion.cli.options",
    }


@pytest.mark.parametrize("words", [(), ("sim",)], ids=["nothing", "sim alone"])
def test_without_a_command_the_help_goes_to_standard_error(words: tuple[str, ...], tmp_path: Path) -> None:
    done = call(tmp_path, *words)

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: vsphere-motion")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_imports_nothing_heavy_either(name: str) -> None:
    modules = imported_by(name, "--help")

    assert {heavy for heavy in ("pyVmomi", "vmware", "keyring", "rich", "jinja2") if heavy in modules} == set()


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    assert call(tmp_path, "--version").stdout == f"vsphere-motion {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_has_a_module_and_help(name: str) -> None:
    module = importlib.import_module(f"vsphere_motion.cli.{COMMANDS[name][0]}")

    assert isinstance(module.command, click.Command)
    assert module.command.name == name
    assert module.command.help


def test_every_module_with_a_command_is_in_the_table() -> None:
    directory = Path(importlib.import_module("vsphere_motion.cli").__path__[0])
    declaring = {path.stem for path in directory.glob("*.py") if "\ncommand = " in path.read_text()}
    declaring |= {path.stem for path in directory.glob("*.py") if "\ndef command(" in path.read_text()}

    assert declaring - {"options"} == {module for module, _ in COMMANDS.values()}


def test_the_help_lists_every_command_with_its_description(tmp_path: Path) -> None:
    shown = call(tmp_path, "--help").stdout

    for name, (_, description) in COMMANDS.items():
        assert any(line.split() == [name, *description.split()] for line in shown.splitlines()), name


def leaves() -> list[click.Command]:
    commands = [importlib.import_module(f"vsphere_motion.cli.{module}").command for module, _ in COMMANDS.values()]
    groups = [command for command in commands if isinstance(command, click.Group)]
    return [item for item in commands if item not in groups] + [
        item for group in groups for item in group.commands.values()
    ]


@pytest.mark.parametrize("command", leaves(), ids=lambda command: command.name)
def test_no_parameter_of_a_command_collides_with_another(command: click.Command) -> None:
    names = [parameter.name for parameter in command.params]

    assert len(names) == len(set(names))


def test_the_program_takes_every_shared_option_before_the_command() -> None:
    assert {parameter.name for parameter in cli.params} - {"version"} == set(SHARED)
