"""Logs that are huge, or made to hurt: read to their end in little memory, with expressions that never explode."""

from __future__ import annotations

import gzip
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.logs import rss_anon_mb
from tests.hostile import obeyed
from tests.promises import record, tries
from tests.unit.motionlog.log_files import DATA
from vsphere_motion import motionlog
from vsphere_motion.report.escape import escape_text
from vsphere_motion.service.logfiles import read_log_files

MIB = 2**20
ID = "5123456789012345678"
SOURCE, DESTINATION = (DATA / name for name in ("esx80-source.log", "esx80-destination.log"))
SPARSE_BYTES = tries(reduced=256, whole=10_240) * MIB
RSS_LIMIT_MB = 100

IN_A_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from benchmarks.logs import rss_anon_mb
from vsphere_motion.service.logfiles import read_log_files
found = read_log_files([Path(name) for name in sys.argv[2:]])
print(len(found.motions), sum(motion.lines for motion in found.motions), len(found.notes), rss_anon_mb())
"""


def read_apart(*paths: Path) -> tuple[int, int, int, float]:
    """Migrations, lines and notes, and the memory of the process that read them, in MB."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", IN_A_PROCESS, str(root), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1500)
    motions, lines, notes, rss = done.stdout.split()
    return int(motions), int(lines), int(notes), float(rss)


@pytest.mark.timeout(1800)
def test_row_39_a_huge_log_with_holes_takes_little_memory(tmp_path: Path) -> None:
    log = tmp_path / "vmkernel.log"
    with log.open("wb") as stream:
        stream.write(SOURCE.read_bytes())
        stream.seek(SPARSE_BYTES)
        stream.write(b"\n" + DESTINATION.read_bytes())
    motions, lines, notes, rss = read_apart(log)
    assert (motions, lines, notes) == (1, 8, 0)
    assert rss < RSS_LIMIT_MB
    record(39, f"{SPARSE_BYTES // MIB} MiB with holes read in {rss:.0f} MB of memory")


@pytest.mark.parametrize("filler", [b"x", b"\x1b", b"9", b" S: ", b"<", b"-->", b"mid="], ids=repr)
def test_row_39_a_line_of_ten_megabytes_is_cut(tmp_path: Path, filler: bytes) -> None:
    log = tmp_path / "vmkernel.log"
    log.write_bytes(filler * (10 * MIB // len(filler)) + b"\n" + SOURCE.read_bytes() + filler * MIB)
    motions, lines, _, rss = read_apart(log)
    assert (motions, lines) == (1, read_log_files([SOURCE]).motions[0].lines)
    assert rss < RSS_LIMIT_MB


def test_row_39_what_a_terminal_would_obey_is_written_out() -> None:
    text = "2026-11-22T10:00:00.000Z cpu1:1)WARNING: Migrate: 1: " + ID + " S: Failed: \x1b[2J\x9b31m\u202e (0xbad00e0)"
    assert obeyed(escape_text(text)) == []


def test_row_39_a_bomb_is_read_to_its_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "vmkernel.0.gz"
    with gzip.open(bomb, "wb", compresslevel=9) as stream:
        stream.write(SOURCE.read_bytes() + b"\n")
        for _ in range(120):
            stream.write(b"\0" * MIB)
    inner = bomb.read_bytes()
    bomb.write_bytes(gzip.compress(gzip.compress(inner)))
    motions, _, _, rss = read_apart(bomb)
    assert (motions, rss < RSS_LIMIT_MB) == (0, True), "what is packed twice is no log"
    bomb.write_bytes(inner)
    motions, _, notes, rss = read_apart(bomb)
    assert (motions, notes, rss < RSS_LIMIT_MB) == (1, 1, True)


def test_row_39_a_migration_is_told_across_a_rotation(tmp_path: Path) -> None:
    lines = SOURCE.read_bytes().splitlines(keepends=True)
    whole = read_log_files([SOURCE, DESTINATION]).motions
    for cut in range(len(lines) + 1):
        (tmp_path / "vmkernel.0.gz").write_bytes(gzip.compress(b"".join(lines[:cut])))
        (tmp_path / "vmkernel.log").write_bytes(b"".join(lines[cut:]))
        assert read_log_files([tmp_path, DESTINATION]).motions == whole


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every expression of the room, by where it is."""
    for module in pkgutil.iter_modules(motionlog.__path__):
        found = importlib.import_module(f"{motionlog.__name__}.{module.name}")
        for name, value in vars(found).items():
            yield from ((f"{module.name}.{name}", one) for one in _patterns_in(value))


def _patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value if isinstance(value.pattern, str) else re.compile(value.pattern.decode(), value.flags)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _patterns_in(one)


def pumps(pattern: re.Pattern[str]) -> list[str]:
    """What may make an expression go back and forth: its own literal words, and what its repeats take."""
    words = re.findall(r"[A-Za-z_.:'\[\]( ]{3,}", re.sub(r"\\[a-zA-Z]|[?*+{}|^$]", "\n", pattern.pattern))
    return [*dict.fromkeys(words), "a", "9", " ", "<", "9 S: ", "a: ", "1 ", "a.", "2026-11-22T10:00:00", "[(<9", "9.9"]


def seconds(pattern: re.Pattern[str], text: str) -> float:
    """Of the processor, the best of three: another process's turn counts for nobody."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        pattern.search(text)
        taken.append(time.process_time() - begin)
    return min(taken)


SHORT, TIMES_AS_LONG = 16 * 1024, 4
SLOPE = 3.0
"""Linear time grows 4 times, quadratic 16 times; between them lies 12."""

FLOOR_S = 0.004
"""Below this a clock measures itself."""


@pytest.mark.timeout(600)
def test_row_39_no_expression_takes_more_than_linear_time() -> None:
    every = list(patterns())
    assert len(every) > 40, "the expressions were not found"
    slow = []
    for name, pattern in every:
        for pump in pumps(pattern):
            text = pump * (SHORT // len(pump))
            long_s = seconds(pattern, text * TIMES_AS_LONG)
            short_s = seconds(pattern, text) if long_s > FLOOR_S else 0.0
            if long_s > FLOOR_S and long_s > short_s * TIMES_AS_LONG * SLOPE:
                slow.append(f"{name} on {pump!r}: {short_s * 1000:.1f} ms, {long_s * 1000:.1f} ms")
            assert long_s < 1.5, f"{name} takes {long_s:.1f} s for {SHORT * TIMES_AS_LONG} characters of {pump!r}"
    assert slow == []
    record(39, f"{len(every)} expressions, none slower than its text is long")


def test_row_39_the_judge_of_expressions_finds_a_slow_one() -> None:
    naive = re.compile(r"(a+)+\Z")
    assert seconds(naive, "a" * 22 + "b") > seconds(naive, "a" * 17 + "b") * 4


STAMP = "2026-11-22T10:00:00.000Z"
CROWDS = {
    "each line another migration": lambda n: (
        f"{STAMP} cpu1:1)VMotion: 1: {10**18 + n} S: Stopping pre-copy: only 1 pages left"
    ),
    "each line a failure of one": lambda n: (
        f"{STAMP} cpu1:1)WARNING: Migrate: 1: {ID} S: Failed: because of {n} (0xbad0001)"
    ),
    "each line another number": lambda n: (
        f"{STAMP} cpu1:1)Other: 1: " + " ".join(str(10**15 + 50 * n + k) for k in range(9))
    ),
    "a fault that never ends": lambda n: f'--> {n} (vim.fault.GenericVmConfigFault) key = "msg.migrate.fail.dst"',
    "announced again and again": lambda n: (
        f"{STAMP}| vmx| I120: Received migrate 'to' request for mid id {10**18 + n % 7}, src"
    ),
    "stunned again and again": lambda n: f"{STAMP}| vmx| I120: Checkpoint_Unstun: vm stopped for {n} us",
    "objects of a shipper": lambda n: json.dumps(
        {"message": f"{STAMP} cpu1:1)VMotion: 1: {10**18 + n} S: x", "n": [n] * 20}
    ),
    "stamps one after another": lambda n: f"{STAMP} relay " * 40 + str(n),
}
"""Logs of which every line is of a kind that something is kept of."""

FEW_LINES, LOG_FLOOR_S = 1_000, 0.05


def seconds_for(log: Path) -> float:
    """Of the processor, the best of three."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        read_log_files([log])
        taken.append(time.process_time() - begin)
    return min(taken)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("crowd", CROWDS)
def test_row_39_reading_takes_no_more_than_linear_time(tmp_path: Path, crowd: str) -> None:
    few, many = tmp_path / "few.log", tmp_path / "many.log"
    for log, lines in ((few, FEW_LINES), (many, FEW_LINES * TIMES_AS_LONG)):
        log.write_text(
            "\n".join([f"{STAMP} hostd VMotionSrc ({ID})", *map(CROWDS[crowd], range(lines))]), encoding="utf-8"
        )
    long_s = seconds_for(many)
    assert long_s < LOG_FLOOR_S or long_s < seconds_for(few) * TIMES_AS_LONG * SLOPE


def test_memory_is_measured_where_the_system_tells() -> None:
    assert rss_anon_mb() > 1 or not Path("/proc/self/status").exists()
