"""`logs --from-file` and `diagnose`: the command line without any vCenter."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.program import Program

DATA = Path(__file__).parents[1] / "data" / "motionlog"
ID = "5123456789012345678"


@pytest.fixture
def offline(tmp_path: Path) -> Program:
    """The command line without any connection settings."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home=home)


def test_the_document_has_one_object_a_migration(offline: Program) -> None:
    done = offline(
        "logs",
        "--from-file",
        str(DATA / "esx80-source.log"),
        "--from-file",
        str(DATA / "esx80-destination.log"),
        "-o",
        "json",
    )
    assert done.exit_code == 0, done.text
    assert done.json["schema"] == "vsphere-motion/logs/v1"
    (motion,) = done.json["motions"]
    assert motion == {
        "migration_id": ID,
        "sides": ["source", "destination"],
        "source_ip": "192.0.2.12",
        "destination_ip": "192.0.2.15",
        "encrypted": True,
        "started_at": "2026-11-22T19:56:12.118Z",
        "precopy_stopped_at": "2026-11-22T19:56:43.260Z",
        "pages_left": 1840,
        "precopy_bandwidth_bytes_per_s": 1130250000,
        "transmit_to_dirty_percent": 12500.0,
        "page_send_ended_at": "2026-11-22T19:56:43.318Z",
        "page_send_bandwidth_bytes_per_s": 1098500000,
        "precopy_stun_s": None,
        "downtime_s": 0.21,
        "downtime_basis": "precopy-stop-to-resume",
        "failures": [],
        "lines": 8,
        "vm_names": [],
    }


@pytest.mark.parametrize("asked", [ID, f"0x{int(ID):x}", f"{int(ID):X}"])
def test_an_id_may_be_asked_for_in_decimal_or_hexadecimal(offline: Program, asked: str) -> None:
    done = offline("logs", "--from-file", str(DATA), "--migration-id", asked, "-o", "json")
    assert [motion["migration_id"] for motion in done.json["motions"]] == [ID]


def test_an_id_that_is_nowhere_is_not_found(offline: Program) -> None:
    done = offline("logs", "--from-file", str(DATA), "--migration-id", "1111111111111111")
    assert done.exit_code == 2
    assert "no line of migration 1111111111111111" in done.stderr


def test_a_word_is_no_id(offline: Program) -> None:
    done = offline("logs", "--from-file", str(DATA), "--migration-id", "web01")
    assert (done.exit_code, "web01 is no migration ID" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--since", "2026-11-22T20:30:00Z"), {"811223344556677889", "600000000000000000"}),
        (("--around", "2026-11-22T20:00:00Z"), {ID, "1795378200712345"}),
    ],
)
def test_times_choose_migrations(offline: Program, words: tuple[str, ...], expected: set[str]) -> None:
    done = offline("logs", "--from-file", str(DATA), *words, "-o", "json")
    found = {motion["migration_id"][:18] for motion in done.json["motions"]}
    assert found == {one[:18] for one in expected}


def test_standard_input_may_be_packed(offline: Program, tmp_path: Path) -> None:
    packed = tmp_path / "vmkernel.0.gz"
    packed.write_bytes(gzip.compress((DATA / "esx80-source.log").read_bytes()))
    done = offline("logs", "--from-file", str(packed))
    assert f"migration {ID}" in done.stdout
    assert "1 migrations in 1 logs." in done.stdout


def test_files_that_cannot_be_read_are_all_named(offline: Program, tmp_path: Path) -> None:
    done = offline("logs", "--from-file", str(tmp_path / "a.log"), "--from-file", str(tmp_path / "b.log"))
    assert done.exit_code == 2
    assert "a.log" in done.stderr
    assert "b.log" in done.stderr


def test_hostile_bytes_come_out_harmless(offline: Program, tmp_path: Path) -> None:
    log = tmp_path / "vmkernel.log"
    log.write_bytes(
        b"2026-11-22T10:00:00.000Z cpu1:1)WARNING: Migrate: 1: 5123456789012345678 S: Failed: \x1b]0;owned\x07"
        b"\xc2\x9b31m\xe2\x80\xae (0xbad00e0)\n"
    )
    done = offline("logs", "--from-file", str(log))
    assert done.exit_code == 0
    assert not any(
        ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char == "\u202e" for char in done.stdout if char != "\n"
    )


def test_a_fault_is_diagnosed_without_a_server(offline: Program) -> None:
    done = offline("diagnose", "The migration has exceeded the maximum switchover time of 100 second(s).", "-o", "json")
    (failure,) = done.json["failures"]
    assert failure["diagnoses"][0]["id"] == "switchover.too-long"
    assert failure["diagnoses"][0]["next_steps"]


def test_a_log_is_diagnosed(offline: Program) -> None:
    done = offline("diagnose", str(DATA / "esx70-failed-source.log"))
    assert "migration 811223344556677889" in done.stdout
    assert "vmx.see-its-log" in done.stdout


def test_what_nobody_knows_is_an_error_with_a_hint(offline: Program) -> None:
    done = offline("diagnose", "no such thing")
    assert done.exit_code == 2
    assert "hint:" in done.stderr
