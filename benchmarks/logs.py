"""How fast log files are read, as ratios to what people do today, measured side by side in one warm process.

Promises, for a vmkernel log with one line in a hundred of migrations: one migration is found at least as fast as by
`grep -F` and 20 times as fast as by a regular expression line by line; all migrations are told at least 5 times as fast
as that; a packed log is read at least twice as fast as by `gzip.open` with the extra `fast`, and no slower without.
Memory (RssAnon) stays under 100 MB. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import gzip
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.logfile import write_log
from vsphere_motion.service import packed
from vsphere_motion.service.logfiles import read_log_files

MIB = 2**20
ROUNDS = 3
RSS_LIMIT_MB = 100
LINE = re.compile(r"\b(\d{13,19}) [SD]: |\bts ?= ?(\d{13,19})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Ours and a peer's way to the same, and how many times as fast ours has to be."""

    what: str
    ours: Callable[[], object]
    peer: str
    peers: Callable[[], object]
    least: float


def main() -> int:
    """Measure, print, and say whether all promises are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the log in MiB [1024]")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "vmkernel.log")
        migration_id, motions = write_log(log, asked.mib * MIB)
        zipped = _zip(log)
        print(f"{log.stat().st_size / MIB:.0f} MiB, {motions} migrations, {zipped.stat().st_size / MIB:.0f} MiB packed")
        assert len(read_log_files([log]).motions) == motions
        kept = [_keep(promise) for promise in _promises(log, zipped, migration_id)]
    rss = rss_anon_mb()
    print(f"{'kept' if rss < RSS_LIMIT_MB else 'BROKEN':7} memory {rss:.0f} MB of at most {RSS_LIMIT_MB}")
    return 0 if all(kept) and rss < RSS_LIMIT_MB else 1


def rss_anon_mb() -> float:
    """The memory of this process that is no file's, in MB; Linux alone tells."""
    status = Path("/proc/self/status")
    text = status.read_text(encoding="ascii", errors="replace") if status.exists() else ""
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    return int(found[1]) / 1000 if found else 0.0


def _promises(log: Path, zipped: Path, migration_id: str) -> list[Promise]:
    def one() -> object:
        return read_log_files([log], migration_id=migration_id)

    def zipped_one() -> object:
        return read_log_files([zipped], migration_id=migration_id)

    def grep() -> object:
        command = [str(shutil.which("grep")), "-cF", migration_id, str(log)]
        return subprocess.run(command, check=True, capture_output=True)

    is_fast = packed.fastest_module() is not zlib
    return [
        Promise(what="one migration", ours=one, peer="grep -F", peers=grep, least=1),
        Promise(what="one migration", ours=one, peer="regex by line", peers=lambda: _by_line(log), least=20),
        Promise(
            what="all migrations",
            ours=lambda: read_log_files([log]),
            peer="regex by line",
            peers=lambda: _by_line(log),
            least=5,
        ),
        Promise(
            what=f"packed, {'with' if is_fast else 'WITHOUT'} isal",
            ours=zipped_one,
            peer="gzip.open",
            peers=lambda: _through_gzip(zipped, migration_id),
            least=2 if is_fast else 1,
        ),
    ]


def _keep(promise: Promise) -> bool:
    """Measure both in turns, the best of some rounds each: what a busy machine adds is nobody's."""
    ours, peers = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds(promise.ours))
        peers.append(_seconds(promise.peers))
    ratio = min(peers) / min(ours)
    word = "kept" if ratio >= promise.least else "BROKEN"
    print(
        f"{word:7} {promise.what}: {min(ours):.2f} s, {promise.peer}: {min(peers):.2f} s,"
        f" {ratio:.1f} times as fast, promised {promise.least:g}",
        flush=True,
    )
    return ratio >= promise.least


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _by_line(log: Path) -> int:
    with log.open(encoding="utf-8", errors="replace") as lines:
        return sum(1 for line in lines if LINE.search(line))


def _through_gzip(zipped: Path, migration_id: str) -> int:
    with gzip.open(zipped) as lines:
        needle = migration_id.encode()
        return sum(1 for line in lines if needle in line)


def _zip(log: Path) -> Path:
    zipped = log.with_name("vmkernel.0.gz")
    with log.open("rb") as source, gzip.open(zipped, "wb", compresslevel=1) as target:
        shutil.copyfileobj(source, target, MIB)
    return zipped


if __name__ == "__main__":
    sys.exit(main())
