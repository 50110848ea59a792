"""What the program writes on this machine: for its owner alone, under names that no VM has a say in."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.program import TIMEOUT_S, Done, Program
from tests.promises import record
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

HOSTILE = (
    "../../x",
    "/etc/cron.d/x",
    "CON",
    "x" * 300,
    "a\nb",
    "\x1b]0;x\x07",
    "..%2f..%2fx",
    "$(touch x)",
)
NO_ONE_ELSE = stat.S_IRWXG | stat.S_IRWXO


def run_openly(program: Program, *words: str, **variables: str) -> Done:
    """Run it under umask 000."""
    done = subprocess.run(
        program.command(*words),
        env=program.variables(**variables),
        cwd=program.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        umask=0,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def everything_in(directory: Path) -> Iterator[Path]:
    for place, directories, files in os.walk(directory):
        yield from (Path(place, name) for name in (*directories, *files))


def open_to_others(directory: Path) -> list[str]:
    """What somebody else could read or write, with its mode."""
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in everything_in(directory)}
    return [f"{path} {mode:o}" for path, mode in modes.items() if mode & NO_ONE_ELSE]


def test_row_42_every_file_is_for_its_owner_alone_under_any_umask(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    state = str(run.home / "deep" / "down" / "state")
    move = ("migrate", "vm-001", "--to-host", "esx-002", "--yes", "--log-file", "log.txt", "--debug")
    reports = tuple(word for suffix in ("html", "json", "txt", "md") for word in ("--report", f"report.{suffix}"))
    seen = 0
    for words in (
        ("check", "vm-001", "--to-host", "esx-002"),
        (*move, *reports),
        ("status",),
        ("history",),
        ("unlock",),
        ("resume",),
        ("cancel", "--yes"),
        ("report", "-O", "again.html"),
        ("logs", "vm-001"),
        ("doctor",),
        ("sim", "start", "--hosts", "1", "--vms", "1"),
        ("sim", "stop", "--all"),
    ):
        done = run_openly(run, *words, VSPHERE_MOTION_STATE_DIR=state)
        assert done.exit_code == 0, (words, done.text)
        assert open_to_others(run.home) == [], words
        seen += len(list(everything_in(run.home)))
    assert {"journal.sqlite3", "journal.pad", "locks"} <= {path.name for path in Path(state).iterdir()}
    record(42, f"{seen}/{seen} files and directories after 12 commands under umask 000")


def test_while_a_run_is_on_its_way_its_files_are_private_too(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    done = run_openly(
        run, "migrate", "vm-001", "--to-host", "esx-002", "--yes", VSPHERE_MOTION_FAILPOINT="after_task_row"
    )
    assert done.exit_code < 0
    names = {path.name for path in everything_in(run.home / "state")}
    assert {"journal.sqlite3-wal", "journal.sqlite3-shm", "locks"} <= names
    assert any(name.endswith(".lock") for name in names)
    assert open_to_others(run.home) == []


def test_row_36_no_vm_names_a_file(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    run = program(vcenter)
    inside = run.home / "reports"
    inside.mkdir()
    moids = [vcenter.control.moid("VirtualMachine", f"vm-{number:03}") for number in range(1, len(HOSTILE) + 1)]
    for moid, name in zip(moids, HOSTILE, strict=True):
        vcenter.control.patch(moid, {"name": name})
    before = {path for path in everything_in(tmp_path) if inside not in path.parents}
    selectors = [f"moid:{moid}" for moid in moids]

    moved = run(
        "migrate",
        *selectors,
        "--to-host",
        "esx-002",
        "--yes",
        "--partial",
        "--report",
        "reports/all.html",
        "-o",
        "json",
    )
    assert moved.exit_code in {0, 3}, moved.text
    name = moved.json["run"]
    for suffix in ("html", "json", "txt", "md"):
        assert run("report", name, "-O", f"reports/{name}.{suffix}").exit_code == 0
    assert run("logs", name).exit_code == 0
    assert run("history", "--vm", f"moid:{moids[0]}").exit_code == 0

    after = {path for path in everything_in(tmp_path) if inside not in path.parents}
    state = run.home / "state"
    assert {path for path in after - before if state != path and state not in path.parents} == set()
    assert {path.name for path in state.iterdir()} == {"journal.sqlite3", "journal.pad", "locks"}
    assert {path.name for path in inside.iterdir()} == {
        "all.html",
        *(f"{name}.{suffix}" for suffix in ("html", "json", "txt", "md")),
    }
    record(36, f"{len(HOSTILE)} hostile names: 0 files outside the directory")
