"""A disk that fills up: nothing starts that is not in the journal, and what runs is not lost."""

from __future__ import annotations

import functools
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.program import TIMEOUT_S, Program
from tests.promises import IS_NIGHTLY, record, tries
from vsphere_motion.run.journal import FILE_NAME
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 120)]

VMS = tuple(f"vm-{number:03}" for number in range(1, 9))
MIGRATE = ("migrate", *VMS, "--to-host", "esx-002", "--yes", "--partial", "--max-concurrent", "8")
BACK = ("migrate", *VMS, "--to-host", "esx-001", "--yes", "--partial", "--max-concurrent", "8")

IN_SMALL_MEMORY = """
mount -t tmpfs -o "size=$1,mode=700" none "$2" || exit 99
state=$2; out=$3; shift 3
"$@"; code=$?
cp -a "$state/." "$out/"
exit $code
"""
"""The state directory is a file system of that size in a mount namespace of its own; what is left is copied out."""


@functools.cache
def namespace() -> tuple[str, ...] | None:
    """The words before a command that may mount file systems of its own, as root or not; None if none work here."""
    trial = ("sh", "-c", "mount -t tmpfs none /tmp")
    if shutil.which("unshare") is None:
        return None
    for words in (("unshare", "-m"), ("unshare", "-r", "-m")):
        if subprocess.run([*words, *trial], capture_output=True, check=False, timeout=60).returncode == 0:
            return words
    return None


def run_in(program: Program, size: str, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program with its state directory on a disk of this size; what the journal holds then is in `out`."""
    state = program.home / "state"
    state.mkdir(exist_ok=True)
    out.mkdir(mode=0o700)
    apart = namespace()
    assert apart is not None
    shell = [*apart, "sh", "-c", IN_SMALL_MEMORY, "sh", size, str(state), str(out)]
    return subprocess.run(
        [*shell, *program.command(*words)],
        env=program.variables(),
        cwd=program.home,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def operation_ids(journal: Path) -> set[str]:
    """What the journal says it asked for; the file is whole."""
    if not journal.exists():
        return set()
    with closing(sqlite3.connect(journal)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if "move" not in tables:
            return set()
        return {row[0] for row in database.execute("SELECT op_id FROM move WHERE op_id IS NOT NULL")}


def test_row_25_on_a_full_disk_no_task_is_unrecorded_and_no_file_is_corrupt(
    vcenter_factory: Callable[..., SimulatedVCenter], program: Callable[[SimulatedVCenter], Program], tmp_path: Path
) -> None:
    if namespace() is None:
        pytest.skip("a small file system cannot be mounted here, neither as root nor in a user namespace")
    vcenter = vcenter_factory(hosts=4, vms=16, speed=50.0)
    run = program(vcenter)
    codes: dict[int, int] = {}
    sizes = range(216, 696, 480 // tries(reduced=6, whole=45))
    for number, size in enumerate(sizes):
        before = {truth["operation_id"] for truth in vcenter.control.motions()}
        out = tmp_path / f"out-{size}"
        done = run_in(run, f"{size}k", out, *(MIGRATE if number % 2 == 0 else BACK))
        started = {truth["operation_id"] for truth in vcenter.control.motions()} - before
        assert "Traceback" not in done.stderr, done.stderr
        assert started <= operation_ids(out / FILE_NAME), (size, done.stderr)
        codes[size] = done.returncode
        if done.returncode == 0:
            assert len(started) <= len(VMS)
            continue
        assert done.returncode == 1, (size, done.stderr)
        assert "error: cannot" in done.stderr
        resumed = run("resume", "-o", "json", VSPHERE_MOTION_STATE_DIR=str(out))
        assert resumed.exit_code == 0, (size, done.stderr, resumed.text)
        again = {truth["operation_id"] for truth in vcenter.control.motions()} - before
        assert len({op_id.rsplit("-", 1)[0] for op_id in again}) == len(again) <= len(VMS), (size, again)
    assert set(codes.values()) == {0, 1}, codes
    record(25, f"{len(codes)} disks from {min(codes)} to {max(codes)} KiB: 0 unrecorded tasks, 0 corrupt files")


def test_a_limit_on_the_size_of_files_is_a_full_disk_as_well(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    limit = 100 * 1024
    done = subprocess.run(
        run.command("migrate", "vm-001", "--to-host", "esx-002", "--yes"),
        env=run.variables(),
        cwd=run.home,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "error: cannot keep room for the journal in" in done.stderr
    assert vcenter.control.motions() == []
