"""The vmkernel's messages about a migration."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.motionlog.prefix import LINE_CAP
from vsphere_motion.motionlog.vmkernel import (
    Affinity,
    Failure,
    LowMemory,
    MeasuredDowntime,
    Message,
    MotionStart,
    OperationMap,
    Other,
    PagesSent,
    PrecopyEnd,
    Resumed,
    Side,
    VmStopped,
    normal_address,
    read_message,
)

ID = "5123456789012345678"
SOURCE, DESTINATION = Side.SOURCE, Side.DESTINATION


def start(**changes: object) -> MotionStart:
    values: dict[str, object] = {
        "migration_id": ID,
        "side": SOURCE,
        "source_address": "192.0.2.12",
        "destination_address": "192.0.2.15",
        "world": 2101877,
        "destination_world": 2204410,
        "swap": "SHARED",
        "encrypted": False,
    }
    return MotionStart(**{**values, **changes})  # type: ignore[arg-type]


def precopy_end(**changes: object) -> PrecopyEnd:
    values: dict[str, object] = {
        "migration_id": ID,
        "side": SOURCE,
        "pages_left": 1840,
        "switchover_goal_s": 0.5,
        "bandwidth_bps": 9_042_000_000,
        "transmit_to_dirty_percent": 12500.0,
    }
    return PrecopyEnd(**{**values, **changes})  # type: ignore[arg-type]


def failure(text: str, code: str | None = None, side: Side | None = SOURCE) -> Failure:
    return Failure(migration_id=ID, side=side, text=text, code=code)


NEW_START = f"Migrate: 331: vmotion: Source vmmLeaderID = 2101877, ts = {ID}, srcIP = <192.0.2.12> dstIP = <192.0.2.15>"
PRECOPY_END = f"VMotion: 5454: {ID} S: Stopping pre-copy: only 1840 pages left to send"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(f"{NEW_START} Dest wid = 2204410 using SHARED swap", start(), id="start 8.x"),
        pytest.param(
            f"{NEW_START} Dest wid = 2204410 using UNSHARED swap, encrypted",
            start(encrypted=True, swap="UNSHARED"),
            id="start 8.x encrypted",
        ),
        pytest.param(
            f"Migrate: 331: vmotion: Dest vmmLeaderID = 7, ts ={ID}, srcIP = <192.0.2.12> dstIP = <192.0.2.15> "
            "Dest wid = 0 using SHARED swap",
            start(side=DESTINATION, world=7, destination_world=0),
            id="start 8.x on the destination has no blank after ts =",
        ),
        pytest.param(
            NEW_START, start(destination_world=None, swap=None, encrypted=None), id="a cut start cannot tell encryption"
        ),
        pytest.param(
            f"Migrate: vm 66131: 3885: Setting VMOTION info: Source ts = {ID}, src ip = <192.0.2.12> dest ip = "
            "<192.0.2.15> Dest wid = 2204410 using SHARED swap",
            start(world=66131),
            id="start 5.x to 7.x",
        ),
        pytest.param(
            f"Migrate: 3885: Setting VMOTION info: Dest ts = {ID}, src ip = <FE80::1%vmk1> dest ip = <fe80::2>",
            start(
                side=DESTINATION,
                source_address="fe80::1",
                destination_address="fe80::2",
                world=None,
                destination_world=None,
                swap=None,
                encrypted=None,
            ),
            id="start with IPv6 addresses",
        ),
        pytest.param(
            f"{PRECOPY_END}, which can be sent within the switchover time goal of 0.500 seconds "
            "(network bandwidth ~1130.250 MB/s, 12500% t2d)",
            precopy_end(),
            id="pre-copy end",
        ),
        pytest.param(
            PRECOPY_END,
            precopy_end(switchover_goal_s=None, bandwidth_bps=None, transmit_to_dirty_percent=None),
            id="pre-copy end, cut",
        ),
        pytest.param(
            f"VMotionSend: 5031: {ID} S: Sent all modified pages to destination (network bandwidth ~145.404 MB/s)",
            PagesSent(migration_id=ID, side=SOURCE, bandwidth_bps=1_163_232_000),
            id="page send end",
        ),
        pytest.param(
            f"VMotionSend: 5031: {ID} S: Sent all modified pages to destination",
            PagesSent(migration_id=ID, side=SOURCE, bandwidth_bps=None),
            id="page send end, cut",
        ),
        pytest.param(
            f"VMotion: 3391: {ID} S: Set ip address '192.0.2.12' worldlet affinity to send World ID 2101905",
            Affinity(migration_id=ID, side=SOURCE, address="192.0.2.12", direction="send", world=2101905),
            id="affinity",
        ),
        pytest.param(
            f"WARNING: VMotionRecv: 2011: {ID} D: World 2204433 waited 23.610 seconds to leave low memory state on "
            "dest host during pre-copy. May cause unexpected VMotion failures!",
            LowMemory(migration_id=ID, side=DESTINATION, waited_s=23.61),
            id="low memory is no failure, whatever it warns of",
        ),
        pytest.param(
            f"WARNING: VMotion: 4790: {ID} S: failed to end preCopy stream: IO was aborted",
            failure("failed to end preCopy stream: IO was aborted"),
            id="stream failure",
        ),
        pytest.param(
            f"WARNING: Migrate: 282: {ID} S: Failed: IO was aborted (0xbad00e0) @0x41801e280b11",
            failure("IO was aborted", "0xbad00e0"),
            id="failure with code and address",
        ),
        pytest.param(
            f"WARNING: Migrate: 282: {ID} S: Failed: Maximum switchover time for migration exceeded(0xbad0109)",
            failure("Maximum switchover time for migration exceeded", "0xbad0109"),
            id="failure with code and no blank",
        ),
        pytest.param(
            f"WARNING: Migrate: 282: {ID} D: Failed: waiting for data. Error bad0006. Limit exceeded.",
            failure("waiting for data. Error bad0006. Limit exceeded.", "bad0006", DESTINATION),
            id="failure with the code in the text",
        ),
        pytest.param(
            f"WARNING: Migrate: 6267: {ID} S: Migration considered a failure by the VMX. It is most likely a timeout",
            failure("Migration considered a failure by the VMX. It is most likely a timeout"),
            id="failure by the VMX",
        ),
        pytest.param(
            f"WARNING: FSR: 690: {ID} S: Maximum switchover time (100 seconds) reached. Failing migration",
            failure("Maximum switchover time (100 seconds) reached. Failing migration"),
            id="switch-over limit on the source",
        ),
        pytest.param(
            f"FSR: 690: {ID} D: The migration exceeded the maximum switchover time of 100 second(s).",
            failure("The migration exceeded the maximum switchover time of 100 second(s).", side=DESTINATION),
            id="switch-over limit on the destination",
        ),
        pytest.param(
            f"WARNING: VMotionSend: 1: {ID} S: keepalive read failed: Connection reset by peer",
            failure("keepalive read failed: Connection reset by peer"),
            id="a warning that speaks of failing",
        ),
        pytest.param(
            f"VMotionSend: 1: {ID} S: stream 1 failed over to vmk2",
            Other(migration_id=ID, side=SOURCE, text="stream 1 failed over to vmk2"),
            id="no failure without a warning",
        ),
        pytest.param(
            f"VMotion: 1: vMotion migration [168099940:{ID}] failed: no space",
            failure(f"vMotion migration [168099940:{ID}] failed: no space", side=None),
            id="the ID in its text form",
        ),
        pytest.param(
            f"[MIGRATE] ({ID}) vMotion failed: vmodl.fault.SystemError",
            failure("vMotion failed: vmodl.fault.SystemError", side=None),
            id="vpxa names a failure",
        ),
        pytest.param(
            f"VMotionRecv: 3301: {ID} D: Resume handshake successful",
            Resumed(migration_id=ID, side=DESTINATION, text="Resume handshake successful"),
            id="resumed",
        ),
        pytest.param(
            f"VMotion: 3301: {ID} S: VM resumed",
            Other(migration_id=ID, side=SOURCE, text="VM resumed"),
            id="resumed on the source is no arrival",
        ),
        pytest.param(
            "World: 14312: VC opID CE15C2BE-00000340-6-1e-4 maps to vmkernel opID DC2104C4",
            OperationMap(operation_id="CE15C2BE-00000340-6-1e-4", op_id="dc2104c4"),
            id="opID map",
        ),
        pytest.param(
            f"[MIGRATE] ({ID}) vmotion result has downtime value 284157",
            MeasuredDowntime(migration_id=ID, downtime_s=0.284157),
            id="vpxa's downtime",
        ),
        pytest.param("Checkpoint_Unstun: vm stopped for 188405 us", VmStopped(stopped_s=0.188405), id="vmware.log"),
        pytest.param(
            f"NewModule: 9: {ID} D: something new",
            Other(migration_id=ID, side=DESTINATION, text="something new"),
            id="any line with an ID",
        ),
        pytest.param("Migrate: 9: 123456789012 S: an ID too short", None, id="12 digits are no ID"),
        pytest.param("Migrate: 9: 12345678901234567890 S: too long", None, id="20 digits are no ID"),
        pytest.param("ScsiDeviceIO: 4163: Cmd failed", None, id="not about a migration"),
    ],
)
def test_each_form_is_read(message: str, expected: Message | None) -> None:
    assert read_message(f"2026-11-22T19:56:12.118Z cpu3:2097871){message}") == expected


def test_the_letters_of_8x_make_a_warning_too() -> None:
    line = f"2026-11-22T19:56:12.118Z Wa(180) vmkwarning: cpu1:1)VMotionSend: 1: {ID} S: keepalive read failed"
    assert isinstance(read_message(line), Failure)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2001:DB8:0:0::15", "2001:db8::15"), (" 192.0.2.1 ", "192.0.2.1"), ("Host.Example", "host.example")],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    assert normal_address(text) == expected


@settings(deadline=None)
@given(st.text())
def test_no_text_raises(text: str) -> None:
    for before in ("", f"VMotion: 1: {ID} S: ", "Source ts = "):
        read_message(before + text)


@pytest.mark.parametrize(
    "unit", ["Source ", "(1234567890123", "1" * 19 + " S: ", "a: ", "vMotion migration [1:", "(0xbad"]
)
def test_time_is_linear_in_the_length_of_a_hostile_line(unit: str) -> None:
    begin = time.process_time()
    read_message(unit * (LINE_CAP // len(unit)))
    assert time.process_time() - begin < 0.5
