"""A command for a host: no name injects anything, what it writes is kept, and it never runs beside itself."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from vsphere_motion.errors import BadInput, RunLocked
from vsphere_motion.run.host_command import HostCommand, words_for

WRITES = "import sys; print('out', *sys.argv[1:]); print('err', file=sys.stderr); sys.exit(3)"


def started(tmp_path: Path, *words: str) -> HostCommand:
    return HostCommand(words, tmp_path / "rolling" / "000.log", {"PATH": os.environ["PATH"]})


def never() -> bool:
    return False


@pytest.mark.parametrize("name", ["esx01", "esx01.example.com", "10.0.0.7", "fe80::1%eth0", "[fe80::1]", "a"])
def test_the_name_is_a_part_of_a_word_wherever_it_stands(name: str) -> None:
    assert words_for(["patch", "--host={host}", "{host}", "x"], name) == ("patch", f"--host={name}", name, "x")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-rf",
        "--all",
        "a b",
        "a;b",
        "$(id)",
        "`id`",
        "a|b",
        "a\nb",
        "a'b",
        'a"b',
        "../x",
        "a/b",
        "esx&",
        "é",
        "a\x00",
    ],
)
def test_a_name_that_could_be_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="has no name that is safe in a command"):
        words_for(["sh", "-c", "patch {host}"], name)


def test_what_it_writes_is_kept_for_the_owner_alone_and_its_exit_code_is_told(tmp_path: Path) -> None:
    for _ in range(2):
        command = started(tmp_path, sys.executable, "-c", WRITES, "esx01")
        ended = command.wait(limit_s=60, monotonic_s=time.monotonic, is_leaving=never)
        assert (ended.exit_code, ended.is_late) == (3, False)
    output = tmp_path / "rolling" / "000.log"
    assert sorted(output.read_text().split("\n")) == ["", "err", "err", "out esx01", "out esx01"]
    assert output.stat().st_mode & 0o777 == 0o600


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = started(tmp_path, "sh", "-c", f"cat {gate}")
    ended = command.wait(limit_s=1.0, monotonic_s=time.monotonic, is_leaving=never)
    assert ended.is_late
    assert ended.exit_code is not None
    assert ended.exit_code < 0


def test_one_that_is_left_goes_on_and_cannot_be_started_again_beside_itself(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = started(tmp_path, "sh", "-c", f"cat {gate}")
    assert command.wait(limit_s=60, monotonic_s=time.monotonic, is_leaving=lambda: True).exit_code is None
    with pytest.raises(RunLocked, match="the command still runs"):
        started(tmp_path, "true")
    gate.write_text("go on")
    assert command.wait(limit_s=60, monotonic_s=time.monotonic, is_leaving=never).exit_code == 0
    assert started(tmp_path, "true").wait(limit_s=60, monotonic_s=time.monotonic, is_leaving=never).exit_code == 0


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot run no-such-program"):
        started(tmp_path, "no-such-program")
