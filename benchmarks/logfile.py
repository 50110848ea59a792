"""A vmkernel log of any size, made up: what storage, network and scheduling write all day, and one line in a hundred
of migrations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST_ID = 5_123_456_789_012_345_678
BLOCK_LINES = 20_000
SEED = 7

_NOISE = (
    "In(182) vmkernel: cpu{cpu}:{world})ScsiDeviceIO: 4163: Cmd(0x45b9{n:08x}) 0x1a, CmdSN 0x{n:x} of world {world} to"
    ' dev "naa.600508b1001c{n:016x}" failed H:0x0 D:0x2 P:0x0 Valid sense data: 0x5 0x24 0x0.',
    "In(182) vmkernel: cpu{cpu}:{world} opID={n:08x})World: 12077: VC opID {n:08X}-{world:08X}-a7-01-e1 maps to"
    " vmkernel opID {n:08x}",
    "Wa(180) vmkwarning: cpu{cpu}:{world})WARNING: NFS: 4412: Lost connection to the server 192.0.2.9 mount point"
    " /vol/{n:08x}, mounted as {n:08x}-{world:08x}-0000-000000000000 (nfs-{cpu})",
    "In(182) vmkernel: cpu{cpu}:{world})NetqueueBal: 5038: vmnic{cpu}: new netq module, reset logical space needed",
    "In(182) vmkernel: cpu{cpu}:{world})DVFilter: 6342: Bringing down DVFilter with handle 0x{n:x} of world {world}",
    "In(182) vmkernel: cpu{cpu}:{world})HBX: 3063: 'datastore-{cpu}': HB at offset {n} - Waiting for timed out HB:",
    "In(182) vmkernel: cpu{cpu}:{world})Swap: vm {world}: 5135: Finish swapping in migration swap file. (faulted {cpu}"
    " pages). Success.",
)
_MOTION = (
    "In(182) vmkernel: cpu{cpu}:{world} opID={n:08x})Migrate: 314: vmotion: Source vmmLeaderID = {world}, ts = {id},"
    " srcIP = <192.0.2.12> dstIP = <192.0.2.15> Dest wid = {cpu}9 using SHARED swap, encrypted",
    "In(182) vmkernel: cpu{cpu}:{world})VMotion: 5263: {id} S: Set ip address '192.0.2.12' worldlet affinity to send"
    " World ID {world}",
    "In(182) vmkernel: cpu{cpu}:{world})VMotionUtil: 7341: {id} S: Stream connection {cpu} added.",
    "In(182) vmkernel: cpu{cpu}:{world})VMotion: 5454: {id} S: Stopping pre-copy: only {cpu}77 pages left to send,"
    " which can be sent within the switchover time goal of 0.500 seconds"
    " (network bandwidth ~145.404 MB/s, 101088% t2d)",
    "In(182) vmkernel: cpu{cpu}:{world})VMotionSend: 5031: {id} S: Sent all modified pages to destination (network"
    " bandwidth ~931.354 MB/s)",
)


def write_log(path: Path, size_bytes: int) -> tuple[str, int]:
    """Write the log; returns the ID of one of its migrations, and how many migrations it has."""
    motions = 0
    with path.open("wb") as stream:
        for block in _blocks():
            stream.write(block)
            motions += BLOCK_LINES // 100 // len(_MOTION)
            if stream.tell() >= size_bytes:
                break
    return str(FIRST_ID + motions // 2), motions


def _blocks() -> Iterator[bytes]:
    chance, number, motion = random.Random(SEED), 0, 0
    while True:
        lines = []
        for _ in range(BLOCK_LINES):
            number += 1
            if number % 100:
                lines.append(_line(chance.choice(_NOISE), chance, number, 0))
            else:
                step, motion = motion % len(_MOTION), motion + 1
                lines.append(_line(_MOTION[step], chance, number, FIRST_ID + (motion - 1) // len(_MOTION)))
        yield "".join(lines).encode()


def _line(form: str, chance: random.Random, number: int, migration_id: int) -> str:
    at = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(milliseconds=7 * number)
    values = {"cpu": chance.randrange(64), "world": 2_097_152 + chance.randrange(9000), "n": chance.getrandbits(31)}
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{stamp} {form.format(id=migration_id, **values)}\n"
