"""Log files of every packing, read without a vCenter; real files."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.unit.motionlog.log_files import DATA
from vsphere_motion.errors import BadInput
from vsphere_motion.service.logfiles import BIG_BYTES, STDIN, read_log_files

SOURCE, DESTINATION = "esx80-source.log", "esx80-destination.log"
ID = "5123456789012345678"
NOISE = (
    b"2026-11-22T19:56:11.913Z In(182) vmkernel: cpu11:2100442)ScsiDeviceIO: 4163: Cmd(0x45b9c2a0) 0x1a, CmdSN 0x3f\n"
)


def text_of(name: str) -> bytes:
    return (DATA / name).read_bytes()


def test_both_hosts_logs_are_one_motion() -> None:
    found = read_log_files([DATA / SOURCE, DATA / DESTINATION])
    (motion,) = found.motions
    assert (motion.migration_id, motion.sides, motion.lines) == (ID, ("source", "destination"), 8)
    assert found.files == 2


def test_a_packed_log_reads_as_the_log_itself(tmp_path: Path) -> None:
    packed = tmp_path / "vmkernel.0.gz"
    packed.write_bytes(gzip.compress(text_of(SOURCE)))
    assert read_log_files([packed]).motions == read_log_files([DATA / SOURCE]).motions


def test_packed_parts_one_after_another_are_all_read(tmp_path: Path) -> None:
    packed = tmp_path / "vmkernel.0.gz"
    packed.write_bytes(gzip.compress(text_of(SOURCE)) + gzip.compress(text_of(DESTINATION)))
    assert read_log_files([packed]).motions[0].sides == ("source", "destination")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_bundle_is_read_with_the_packed_logs_in_it(tmp_path: Path, mode: str) -> None:
    bundle = tmp_path / "esx02-vmsupport.tgz"
    members = {
        "esx02/var/run/log/vmkernel.log": text_of(SOURCE),
        "esx05/var/run/log/vmkernel.0.gz": gzip.compress(text_of(DESTINATION)),
        "esx02/etc/passwd": b"root",
    }
    with tarfile.open(bundle, mode) as tar:  # type: ignore[call-overload]  # the mode is one of two strings
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    found = read_log_files([bundle])
    assert (found.files, found.motions[0].lines, found.notes) == (2, 8, [])


def test_a_directory_is_read_with_what_is_below(tmp_path: Path) -> None:
    (tmp_path / "web01").mkdir()
    (tmp_path / "web01" / "vmware-3.log").write_text(
        f"2026-11-22T19:56:10.000Z In(05) vmx - Received migrate 'to' request for mid id {ID}, src ip <192.0.2.12>,"
        " dst ip <192.0.2.15>\n"
    )
    (tmp_path / "vmkernel.log").write_bytes(text_of(SOURCE))
    (tmp_path / "disk.vmdk").write_bytes(b"\0" * 1000)
    found = read_log_files([tmp_path])
    assert (found.files, found.motions[0].vm_names) == (2, ("web01",))


def test_standard_input_is_read() -> None:
    assert read_log_files([STDIN], stdin=io.BytesIO(gzip.compress(text_of(SOURCE)))).motions[0].migration_id == ID


def test_a_cut_packed_log_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = tmp_path / "vmkernel.1.gz"
    whole = gzip.compress(text_of(SOURCE) + NOISE * 20_000)
    packed.write_bytes(whole[: len(whole) // 2])
    found = read_log_files([packed])
    assert found.motions[0].migration_id == ID
    assert "damaged" in found.notes[0]


def test_a_bomb_ends_with_a_note(tmp_path: Path) -> None:
    packed = tmp_path / "vmkernel.1.gz"
    with gzip.open(packed, "wb") as stream:
        stream.write(text_of(SOURCE))
        for _ in range(200):
            stream.write(b"\0" * 1024 * 1024)
    found = read_log_files([packed])
    assert found.motions[0].migration_id == ID
    assert "unpacks to more" in found.notes[0]


def test_big_logs_give_the_same_as_small_ones(tmp_path: Path) -> None:
    big = tmp_path / "vmkernel.log"
    filler = NOISE * (BIG_BYTES // len(NOISE) // 2 + 1)
    big.write_bytes(filler + text_of(SOURCE) + filler + text_of(DESTINATION))
    expected = read_log_files([DATA / SOURCE, DATA / DESTINATION]).motions
    assert read_log_files([big]).motions == expected
    assert read_log_files([big], migration_id=ID).motions == expected


def test_a_line_of_any_length_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "vmkernel.log"
    log.write_bytes(b"x" * 5_000_000 + b"\n" + text_of(SOURCE) + b"y" * 5_000_000)
    assert read_log_files([log]).motions == read_log_files([DATA / SOURCE]).motions


def test_any_bytes_are_survived(tmp_path: Path) -> None:
    log = tmp_path / "vmkernel.log"
    log.write_bytes(bytes(range(256)) * 100 + b"\n" + text_of(SOURCE))
    assert read_log_files([log]).motions[0].migration_id == ID


def test_every_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_log_files([tmp_path / "a.log", DATA / SOURCE, tmp_path / "b.log"])
    assert "2 of 3" in caught.value.message
    assert "b.log" in caught.value.details[0]


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_a_log_saved_by_a_shell_of_windows_is_read(tmp_path: Path, coding: str) -> None:
    log = tmp_path / "vmkernel.log"
    mark = "\ufeff" if coding == "utf-16-be" else ""
    log.write_bytes((mark + text_of(SOURCE).decode().replace("\n", "\r\n")).encode(coding))
    assert read_log_files([log]).motions == read_log_files([DATA / SOURCE]).motions


def test_half_a_character_at_the_end_stops_nothing(tmp_path: Path) -> None:
    log = tmp_path / "vmkernel.log"
    log.write_bytes(text_of(SOURCE).decode().encode("utf-16") + b"\x00")
    assert read_log_files([log]).motions[0].lines == read_log_files([DATA / SOURCE]).motions[0].lines


def test_a_file_that_two_names_lead_to_is_read_once(tmp_path: Path) -> None:
    place = tmp_path / "var" / "run" / "log"
    place.mkdir(parents=True)
    (place / "vmkernel.log").write_bytes(text_of(SOURCE))
    (tmp_path / "vmkernel.log").symlink_to(place / "vmkernel.log")
    found = read_log_files([tmp_path, place / "vmkernel.log"])
    assert (found.files, found.motions) == (1, read_log_files([DATA / SOURCE]).motions)


def test_what_cannot_be_read_in_a_directory_is_left_out_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "hostd.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "vmkernel.log").write_bytes(text_of(SOURCE))
    (tmp_path / "vm-support.log").write_bytes(b"PK\x03\x04rest")
    os.mkfifo(tmp_path / "vpxa.log")
    found = read_log_files([tmp_path])
    assert (found.files, len(found.motions)) == (1, 1)
    assert [note.partition(" was left out: ")[2][:12] for note in found.notes] == ["No such file", "it is a zip "]


@pytest.mark.parametrize(
    "name", ["messages", "messages.0.gz", "vmkernel.all", "esx1.tgz", "export.json", "lines.ndjson", "app.log-20261122"]
)
def test_a_directory_is_read_for_every_name_a_log_may_have(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(text_of(SOURCE))
    assert read_log_files([tmp_path]).files == 1


def bundle_with(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_bundles_inside_of_bundles_come_to_an_end(tmp_path: Path) -> None:
    content = text_of(SOURCE)
    names = ["vmkernel.log", *("host.tgz" for _ in range(6))]
    told = []
    for depth, name in enumerate(names):
        content = bundle_with(name, content)
        (tmp_path / "all.tgz").write_bytes(content)
        found = read_log_files([tmp_path / "all.tgz"])
        told.append((len(found.motions), len(found.notes)))
        assert depth < 3 or "one inside the other" in found.notes[0]
    assert told == [(1, 0), (1, 0), (1, 0), (0, 1), (0, 1), (0, 1), (0, 1)]
