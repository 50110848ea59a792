"""Ten thousand damaged logs: whatever is in a file, it is read to its end, in time that grows with its length alone."""

from __future__ import annotations

import io
import time
from datetime import timedelta

import pytest

from tests.fault.log_mutations import mutated
from tests.promises import record, tries
from tests.unit.motionlog.log_files import DATA
from vsphere_motion.model.record import LoggedMotion
from vsphere_motion.service.logfiles import STDIN, LogFiles, read_log_files

TRIES = tries(reduced=600, whole=10_000)
PARTS = 4
LIMIT_S = 3.0
"""What one log of at most a few hundred KB may take; it takes milliseconds, and a machine may be busy."""

SOUND = tuple(path.read_bytes() for path in sorted(DATA.glob("*.log")))
VMWARE = (
    b"2026-11-22T10:00:01.000Z In(05) vmx - MigrateVMXdrToSpec: type: 1 srcIp=<192.0.2.12> dstIp=<192.0.2.15>"
    b" mid=7958ea7f2d34d435 uuid=1 priority=yes srcLogIp=<<unknown>>\n"
    b"2026-11-22T10:00:31.000Z In(05) vmx - Migrate: VM starting stun, waiting 100 seconds for go/no-go message.\n"
    b"2026-11-22T10:00:31.500Z In(05) vcpu-0 - Checkpoint_Unstun: vm stopped for 188405 us\n"
    b"2026-11-22T10:00:31.600Z Wa(03) vmx - Migrate_SetFailure: Failed waiting for data. Error bad0006. Limit.\n"
    b"2026-11-22T10:00:32.000Z verbose vpxa[2099] [Originator@6876 sub=Default] [MIGRATE] (8743996508480001077) vmotion"
    b" result has downtime value 284157\n"
    b"2026-11-22T10:00:32.000Z warning hostd[2100] [Originator@6876 sub=Vcsvc.VMotionSrc (8743996508480001077)]"
    b' ResolveCb: Failed with fault: (vim.fault.GenericVmConfigFault) {\n-->    key = "msg.migrate.fail.dst",\n'
)


def read(log: bytes) -> LogFiles:
    return read_log_files([STDIN], stdin=io.BytesIO(log))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_row_39_no_damaged_log_stops_the_reading(part: int) -> None:
    slowest_s, told = 0.0, 0
    for seed in range(part, TRIES, PARTS):
        log = mutated((*SOUND, VMWARE)[seed % (len(SOUND) + 1)], seed)
        begin = time.process_time()
        found = read(log)
        slowest_s = max(slowest_s, time.process_time() - begin)
        assert slowest_s < LIMIT_S, f"seed {seed}: {slowest_s:.1f} s for {len(log)} bytes"
        told += len(found.motions)
        for motion in found.motions:
            assert is_plausible(motion), f"seed {seed}: {motion}"
    assert told > TRIES // PARTS // 4, "the damage leaves nothing to read, so nothing was tried"
    record(39, f"{TRIES // PARTS} damaged logs read, slowest {slowest_s * 1000:.0f} ms")


def is_plausible(motion: LoggedMotion) -> bool:
    """Whether what is told can be so at all, whatever was read."""
    times = [motion.started_at, motion.precopy_stopped_at, motion.page_send_ended_at, *(f.at for f in motion.failures)]
    return (
        motion.migration_id.isdecimal()
        and motion.lines > 0
        and all(at is None or at.utcoffset() == timedelta(0) for at in times)
        and (motion.downtime_s is None) == (motion.downtime_basis is None)
        and (motion.downtime_s or 0) >= 0
    )
