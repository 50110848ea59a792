"""Migrations told from the lines of log files alone. Every line here is made up from the grammar."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest

from tests.unit.motionlog.log_files import DATA
from vsphere_motion.model.record import LoggedFailure, LoggedMotion
from vsphere_motion.motionlog.gather import Gatherer

ID, HEX = "8743996508480001077", "7958ea7f2d34d435"
REQUEST = (
    "2026-11-22T10:00:01.100Z In(05) vmx - Received migrate 'to' request for mid id "
    f"{ID}, src ip <192.0.2.12>, dst ip <192.0.2.15> (invalidate source config)."
)
STUN = "2026-11-22T10:00:31.000Z In(05) vmx - Migrate: VM starting stun, waiting 100 seconds for go/no-go message."
UNSTUN = "2026-11-22T10:00:31.500Z In(05) vcpu-0 - Checkpoint_Unstun: vm stopped for 188405 us"
FINISHED = "2026-11-22T10:00:31.400Z In(05) vmx - MigrateSetStateFinished: type=1 new state=MIGRATE_TO_VMX_FINISHED"
RESTORING = f"2026-11-22T10:00:02.000Z In(05) vmx - Migrate_Open: Restoring from <192.0.2.12> with migration id {ID}"
START = (
    "2026-11-22T10:00:00.250Z In(182) vmkernel: cpu3:2097871 opID=7be01d22)Migrate: 314: vmotion: Source"
    f" vmmLeaderID = 7, ts = {ID}, srcIP = <192.0.2.12> dstIP = <192.0.2.15> Dest wid = 9 using SHARED swap, encrypted"
)
STOP = (
    f"2026-11-22T10:00:31.000Z In(182) vmkernel: cpu3:7)VMotion: 5454: {ID} S: Stopping pre-copy: only 1296 pages left"
    " to send, which can be sent within the switchover time goal of 0.500 seconds"
    " (network bandwidth ~145.404 MB/s, 101088% t2d)"
)
SENT = f"2026-11-22T10:00:31.053Z In(182) vmkernel: cpu3:7)VMotionSend: 5031: {ID} S: Sent all modified pages to dest"
SENT_WHOLE = SENT + "ination (network bandwidth ~931.354 MB/s)"


def gather(*files: Iterable[str], vm_name: str | None = None) -> tuple[LoggedMotion, ...]:
    gatherer = Gatherer()
    for lines in files:
        gatherer.begin_file(vm_name=vm_name)
        for line in lines:
            gatherer.read(line)
    return gatherer.motions()


def only(*files: Iterable[str], vm_name: str | None = None) -> LoggedMotion:
    (motion,) = gather(*files, vm_name=vm_name)
    return motion


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22T{text}+00:00")


def test_the_vmkernel_lines_of_the_source_make_a_motion() -> None:
    assert only([START, STOP, SENT_WHOLE]) == LoggedMotion(
        migration_id=ID,
        sides=("source",),
        source_ip="192.0.2.12",
        destination_ip="192.0.2.15",
        encrypted=True,
        started_at=at("10:00:00.250"),
        precopy_stopped_at=at("10:00:31.000"),
        pages_left=1296,
        precopy_bandwidth_bytes_per_s=145_404_000,
        transmit_to_dirty_percent=101088.0,
        page_send_ended_at=at("10:00:31.053"),
        page_send_bandwidth_bytes_per_s=931_354_000,
        downtime_s=0.053,
        downtime_basis="precopy-stop-to-page-send-end",
        lines=3,
    )


def test_a_cut_page_send_line_still_ends_the_page_send() -> None:
    cut = SENT.removesuffix(" to dest")
    motion = only([STOP, cut])
    assert (motion.page_send_ended_at, motion.page_send_bandwidth_bytes_per_s) == (at("10:00:31.053"), None)


def test_without_a_start_line_neither_start_nor_encryption_is_known() -> None:
    motion = only([STOP])
    assert (motion.started_at, motion.encrypted, motion.source_ip) == (None, None, None)


def test_hexadecimal_and_decimal_are_one_motion() -> None:
    spec = (
        f"2026-11-22T10:00:01.000Z In(05) vmx - MigrateVMXdrToSpec: type: 1 srcIp=<192.0.2.12> dstIp=<192.0.2.15>"
        f" mid={HEX} uuid=1 priority=yes srcLogIp=<<unknown>>"
    )
    motion = only([spec, REQUEST])
    assert (motion.migration_id, motion.lines, motion.started_at) == (ID, 2, at("10:00:01.000"))
    assert motion.sides == ("source",)


def test_a_request_from_is_the_destination() -> None:
    assert only([REQUEST.replace("'to'", "'from'")]).sides == ("destination",)


def test_restoring_names_the_source_address_and_is_no_announcement() -> None:
    motion = only([RESTORING])
    assert (motion.source_ip, motion.started_at, motion.sides) == ("192.0.2.12", None, ("destination",))


@pytest.mark.parametrize("lines", [[REQUEST, STUN, UNSTUN], [RESTORING, UNSTUN], [REQUEST, STUN, FINISHED, UNSTUN]])
def test_the_unstun_inside_a_migration_is_its_downtime(lines: list[str]) -> None:
    motion = only(lines)
    assert (motion.downtime_s, motion.downtime_basis) == (0.188405, "vmware-log-unstun")


SNAPSHOT = "2026-11-22T10:00:20.000Z In(05) vmx - SnapshotVMXTakeSnapshotComplete: done"
LATE_STUN = STUN.replace("10:00:31", "10:05:31")
LATE_UNSTUN = UNSTUN.replace("10:00:31", "10:05:32")


@pytest.mark.parametrize(
    "lines",
    [
        [STUN, UNSTUN],
        [SNAPSHOT, UNSTUN],
        [REQUEST, UNSTUN],
        [REQUEST, SNAPSHOT, UNSTUN],
        [REQUEST, STUN, FINISHED, LATE_UNSTUN],
        [REQUEST, FINISHED, LATE_STUN, LATE_UNSTUN],
    ],
    ids=["hot-add", "snapshot", "before the stun", "snapshot in between", "long after the end", "hot-add afterwards"],
)
def test_other_standstills_are_nobodys_downtime(lines: list[str]) -> None:
    assert [motion.downtime_s for motion in gather(lines)] in ([], [None])


def test_a_hot_add_after_a_migration_does_not_replace_its_downtime() -> None:
    hot_add = UNSTUN.replace("10:00:31.5", "10:00:33.5").replace("188405", "18500")
    again = STUN.replace("10:00:31", "10:00:33")
    assert only([REQUEST, STUN, UNSTUN, FINISHED, again, hot_add]).downtime_s == 0.188405


def test_another_file_begins_outside_of_any_migration() -> None:
    assert only([REQUEST, STUN], [UNSTUN]).downtime_s is None


VPXA = f"2026-11-22T10:00:32.000Z verbose vpxa[2099] [Originator@6876 sub=Default] [MIGRATE] ({ID}) vmotion result has"


def test_vpxas_own_measure_comes_first() -> None:
    motion = only([REQUEST, STUN, UNSTUN], [START, STOP, SENT_WHOLE], [f"{VPXA} downtime value 284157"])
    assert (motion.downtime_s, motion.downtime_basis) == (0.284157, "vpxa-result")


def test_hostds_stun_of_the_precopy() -> None:
    line = (
        f"2026-11-22T10:00:32.000Z verbose hostd[2100] [Originator@6876 sub=Vcsvc.VMotionSrc ({ID})]"
        " Set source task result precopyStunTime to 68427"
    )
    motion = only([line])
    assert (motion.precopy_stun_s, motion.sides, motion.downtime_s) == (0.068427, ("source",), None)


FAULT = (
    f"2026-11-22T10:00:32.000Z warning hostd[2100] [Originator@6876 sub=Vcsvc.VMotionSrc ({ID})] ResolveCb: Failed with"
    " fault: (vim.fault.GenericVmConfigFault) {"
)


def test_the_fault_that_hostd_goes_on_to_describe_belongs_to_the_line_before() -> None:
    unrelated = "2026-11-22T10:00:33.000Z info hostd[2100] [Originator@6876 sub=Vimsvc] something else"
    dump = ["-->    faultCause = (vmodl.MethodFault) null,", '-->    key = "msg.migrate.fail.dst",']
    motion = only([FAULT, *dump, unrelated, '-->    key = "msg.checkpoint.other"'])
    assert [(failure.side, failure.text) for failure in motion.failures] == [
        ("source", "ResolveCb: Failed with fault: (vim.fault.GenericVmConfigFault)"),
        ("source", "msg.migrate.fail.dst"),
    ]


def test_every_failure_line_is_an_entry_with_its_code_as_printed() -> None:
    text = (DATA / "esx70-failed-source.log").read_text(encoding="utf-8").splitlines()
    failures = only(text).failures
    assert [failure.code for failure in failures] == [None, "0xbad00e0", None, None]
    assert failures[1] == LoggedFailure(at=at("21:00:20.601"), side="source", text="IO was aborted", code="0xbad00e0")


def test_a_failure_of_vmware_log_belongs_to_its_migration() -> None:
    failure = "2026-11-22T10:00:09.000Z Wa(03) vmx - Migrate_SetFailure: Failed waiting for data. Error bad0006. Limit."
    (found,) = only([REQUEST, failure]).failures
    assert (found.side, found.code, found.at) == ("source", None, at("10:00:09.000"))
    assert found.text.startswith("Failed waiting for data")
    assert gather([failure]) == ()


def test_low_memory_is_no_failure() -> None:
    lines = (DATA / "esx80-destination.log").read_text(encoding="utf-8").splitlines()
    assert only(lines).failures == ()


def test_uptime_stamps_give_no_times() -> None:
    motion = only((DATA / "esx41.log").read_text(encoding="utf-8").splitlines())
    assert [failure.at for failure in motion.failures] == [None, None]
    assert [failure.code for failure in motion.failures] == [None, "0xbad0109"]


def test_digits_of_a_path_are_no_id() -> None:
    path = f"2026-11-22T10:00:00.000Z In(182) vmkernel: cpu1:1)Vol3: 1: /vmfs/volumes/{ID}/web01/web01.vmdk"
    assert gather([path]) == ()
    assert only([START, path]).lines == 1


def test_a_line_counts_for_an_id_that_only_a_later_line_names() -> None:
    early = f"2026-11-22T09:59:59.000Z info vpxa[2] [Originator@6876 sub=x] prepare {ID} now"
    assert only([early, START]).lines == 2


def test_both_hosts_with_agreeing_clocks_give_the_resume() -> None:
    destination = START.replace("Source", "Dest").replace("ts = ", "ts =").replace("00.250", "00.300")
    resumed = (
        f"2026-11-22T10:00:31.210Z In(182) vmkernel: cpu9:4)VMotionRecv: 3301: {ID} D: Resume handshake successful"
    )
    motion = only([START, STOP, SENT_WHOLE], [destination, resumed])
    assert (motion.downtime_s, motion.downtime_basis) == (0.21, "precopy-stop-to-resume")
    assert motion.sides == ("source", "destination")


def test_a_vmware_log_is_named_after_its_directory() -> None:
    assert only([REQUEST], vm_name="web01").vm_names == ("web01",)


def test_motions_come_in_the_order_of_their_start() -> None:
    later = START.replace(ID, "5123456789012345678").replace("10:00:00", "09:00:00")
    assert [motion.migration_id for motion in gather([STOP.replace(ID, "600000000000000001"), START, later])] == [
        "5123456789012345678",
        ID,
        "600000000000000001",
    ]
