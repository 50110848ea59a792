"""The same migration as other releases, relays, shippers and people write it down. Every line is made up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.motionlog.test_gather import at, gather, only

OLD, NEW = "1424430291970314", "8743996508480001077"
AT = at("10:00:00.250")
OLD_START = (
    f"Migrate: vm 36066: 3286: Setting VMOTION info: Source ts = {OLD}, src ip = <192.0.2.12> dest ip = <192.0.2.15>"
    " Dest wid = 56234 using SHARED swap"
)
NEW_START = (
    f"Migrate: 314: vmotion: Source vmmLeaderID = 7, ts = {NEW}, srcIP = <192.0.2.12> dstIP = <192.0.2.15>"
    " Dest wid = 9 using SHARED swap, encrypted"
)
STAMP = "2026-11-22T10:00:00.250Z"

PREFIXES = [
    pytest.param(f"{STAMP} cpu2:36064)", id="5.0 to 7.0"),
    pytest.param(f"{STAMP} cpu2:36064 opID=dc2104c4)", id="with an opID"),
    pytest.param(f"{STAMP} cpu2:36064 opID=7be01d2)", id="opID of 7 digits"),
    pytest.param(f"{STAMP} In(182) vmkernel: cpu2:36064)", id="8 and 9"),
    pytest.param(f"{STAMP} Wa(180) vmkwarning: cpu2:36064 opID=a03fc439)", id="8, vmkwarning"),
    pytest.param(f"{STAMP} In() vmkernel: cpu## opID=d5991c6f)", id="masked by an article"),
    pytest.param(f"{STAMP} In() vmkernel: cpu## )", id="masked, no opID"),
    pytest.param("2026-11-22T12:00:00.250+02:00 cpu2:36064)", id="zone"),
    pytest.param("2026-11-22T05:30:00.250-0430 cpu2:36064)", id="zone without a colon"),
    pytest.param("2026-11-22 10:00:00,250 cpu2:36064)", id="no zone, comma"),
    pytest.param(f"\t{STAMP} cpu2:36064)", id="indented"),
    pytest.param(f"  {STAMP}   cpu2:36064)", id="blanks"),
    pytest.param(f"> {STAMP} cpu2:36064)", id="quoted"),
    pytest.param(f"| {STAMP} cpu2:36064)", id="a cell of a table"),
    pytest.param(f"vmkernel.log:{STAMP} cpu2:36064)", id="grep with names"),
    pytest.param(f"esx1/var/run/log/vmkernel.0.gz:1234:{STAMP} cpu2:36064)", id="grep with names and numbers"),
    pytest.param(f"   57\t{STAMP} cpu2:36064)", id="cat with numbers"),
    pytest.param(f"<181>{STAMP} esx1.example.com vmkernel: cpu2:36064)", id="syslog of 5.x"),
    pytest.param(f"<181>{STAMP} esx1.example.com vmkernel[2097152]: cpu2:36064)", id="syslog with a process"),
    pytest.param(f"<181>1 {STAMP} esx1 vmkernel 2097152 - - cpu2:36064)", id="syslog of RFC 5424"),
    pytest.param(f"Nov 22 10:00:02 192.0.2.1 <181>{STAMP} esx1 vmkernel: cpu2:36064)", id="relayed, old stamp"),
    pytest.param(f"2026-11-22T10:00:02+00:00 192.0.2.1 {STAMP} esx1 vmkernel: cpu2:36064)", id="relayed, new stamp"),
    pytest.param(f"2026-11-22T10:00:02Z relay1 <181>{STAMP} esx1 vmkernel: cpu2:36064)", id="relayed with priority"),
    pytest.param(f'"{STAMP}","esx1","vmkernel","cpu2:36064)', id="a spreadsheet"),
    pytest.param(f"{STAMP}\tesx1\tvmkernel\tcpu2:36064)", id="tabs"),
    pytest.param(f"2026-11-22 10:00:05 local4.info esx1 {STAMP} vmkernel: cpu2:36064)", id="facility as a word"),
    pytest.param(f"\ufeff{STAMP} cpu2:36064)", id="byte order mark"),
    pytest.param(f"\x1b[35m\x1b[Kvmkernel.log\x1b[m\x1b[K:{STAMP} cpu2:36064)", id="grep in colours"),
]


@pytest.mark.parametrize("start", [OLD_START, NEW_START], ids=["old form", "new form"])
@pytest.mark.parametrize("end", ["", "\r", "  ", "\t\r"], ids=repr)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_start_line_is_told_whatever_is_in_front_of_it(prefix: str, end: str, start: str) -> None:
    motion = only([f"{prefix}{start}{end}"])
    assert motion.migration_id in (OLD, NEW)
    assert (motion.sides, motion.lines, motion.started_at) == (("source",), 1, AT)
    assert (motion.source_ip, motion.destination_ip) == ("192.0.2.12", "192.0.2.15")
    assert motion.encrypted is (start is NEW_START)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_failure_line_is_told_whatever_is_in_front_of_it(prefix: str) -> None:
    line = f"{prefix}WARNING: Migrate: 269: {OLD} S: Failed: IO was aborted (0xbad00e0) @0x41801e280b11"
    (failure,) = only([line]).failures
    assert (failure.at, failure.side, failure.text, failure.code) == (AT, "source", "IO was aborted", "0xbad00e0")


SHIPPED: list[tuple[str, dict[str, Any]]] = [
    ("logstash", {"@timestamp": "2026-11-22T10:00:07.000Z", "message": f"<181>{STAMP} esx1 vmkernel: cpu2:36064){{}}"}),
    ("the stamp taken off", {"@timestamp": STAMP, "message": "cpu2:36064){}", "host": {"name": "esx1"}}),
    ("docker", {"log": f"{STAMP} cpu2:36064){{}}\n", "stream": "stdout", "time": "2026-11-22T10:00:07.000Z"}),
    ("journald", {"MESSAGE": f"{STAMP} esx1 vmkernel: cpu2:36064){{}}", "PRIORITY": "6"}),
    ("splunk", {"preview": False, "result": {"_raw": f"{STAMP} cpu2:36064){{}}", "_time": "2026-11-22 12:00"}}),
    ("elastic", {"_source": {"event": {"original": f"{STAMP} cpu2:36064){{}}"}}}),
    ("text and stamp", {"timestamp": "2026-11-22T10:00:00.250+00:00", "text": "vmkernel: cpu2:36064){}"}),
]


@pytest.mark.parametrize(("record"), [pytest.param(record, id=name) for name, record in SHIPPED])
@pytest.mark.parametrize("around", ["{}", "{},", "[{}", "  {}"], ids=repr)
def test_a_line_in_json_is_taken_out(record: dict[str, Any], around: str) -> None:
    text = json.dumps(record).replace("{}", json.dumps(NEW_START)[1:-1]).replace("<", "\\u003c")
    motion = only([around.replace("{}", text)])
    assert (motion.started_at, motion.destination_ip, motion.encrypted, motion.lines) == (AT, "192.0.2.15", True, 1)


def test_json_that_is_none_is_read_as_it_is() -> None:
    deep = '{"a":' * 20_000
    assert gather([deep, '{"message": 5}', "{", '{"message":']) == ()
    assert only([f"{{ {STAMP} cpu2:36064){OLD_START}"]).started_at == AT


CUTS = [
    pytest.param(OLD_START[: OLD_START.index(OLD) + 15], None, None, None, id="in the ID"),
    pytest.param(OLD_START[: OLD_START.index(", src")] + ",", None, None, None, id="before the addresses"),
    pytest.param(OLD_START[: OLD_START.index("12> dest")], None, None, None, id="in the source's address"),
    pytest.param(OLD_START[: OLD_START.index(" dest ip")], "192.0.2.12", None, None, id="after the source's address"),
    pytest.param(OLD_START[: OLD_START.index("5> Dest")], "192.0.2.12", None, None, id="in the destination's address"),
    pytest.param(OLD_START[: OLD_START.index(" using")], "192.0.2.12", "192.0.2.15", None, id="before the swap"),
    pytest.param(OLD_START + ", encry", "192.0.2.12", "192.0.2.15", None, id="in the last word"),
    pytest.param(OLD_START + ", encrypted", "192.0.2.12", "192.0.2.15", True, id="not at all"),
]


@pytest.mark.parametrize(("text", "source", "destination", "encrypted"), CUTS)
def test_a_cut_start_line_tells_what_is_left_of_it(
    text: str, source: str | None, destination: str | None, encrypted: bool | None
) -> None:
    motions = gather([f"{STAMP} cpu2:36064){text}"])
    if OLD not in text:
        assert motions == (), "half an ID is another migration's"
        return
    (motion,) = motions
    assert (motion.source_ip, motion.destination_ip, motion.encrypted) == (source, destination, encrypted)
    assert motion.started_at == AT


@pytest.mark.parametrize(
    ("text", "pages", "rate", "percent"),
    [
        pytest.param("Stopping pre-copy", None, None, None, id="two words"),
        pytest.param("Stopping pre-copy: only 12", None, None, None, id="half a number"),
        pytest.param("Stopping pre-copy: only 1296 pages left to se", 1296, None, None, id="the pages"),
        pytest.param(
            "Stopping pre-copy: only 1296 pages left to send, which can be sent within the switchover time goal of"
            " 0.500 seconds (network bandwidth ~145.404 MB/s)",
            1296,
            145_404_000,
            None,
            id="5.0, without t2d",
        ),
        pytest.param(
            "Stopping pre-copy: only 0 pages left to send, which can be sent within the switchover time goal of 0.500"
            " seconds (network bandwidth ~1067.117 MB/s, 1049920% t2d)",
            0,
            1_067_117_000,
            1_049_920,
            id="nothing left",
        ),
    ],
)
def test_a_cut_line_still_stops_the_precopy(
    text: str, pages: int | None, rate: int | None, percent: float | None
) -> None:
    motion = only([f"{STAMP} cpu2:36064)VMotion: 3878: {OLD} S: {text}"])
    assert (motion.precopy_stopped_at, motion.pages_left) == (AT, pages)
    assert (motion.precopy_bandwidth_bytes_per_s, motion.transmit_to_dirty_percent) == (rate, percent)


def test_an_article_that_masks_what_it_shows_still_names_the_migration() -> None:
    line = (
        f"{STAMP} In() vmkernel: cpu## opID=d5991c6f)Migrate: 314: vmotion: Source vmmLeaderID = <ex. 2118927>,"
        f" ts = <ex. {NEW}>, srcIP = <xx.xx.xx.xx> dstIP = <yy.yy.yy.yy> Dest wid = <ex. 2109446> using SHARED swap,"
        " encrypted"
    )
    motion = only([line])
    assert (motion.migration_id, motion.source_ip, motion.encrypted, motion.started_at) == (NEW, None, True, AT)


def test_the_destinations_form_of_8_has_no_blank_and_no_world() -> None:
    line = NEW_START.replace("Source", "Dest").replace("ts = ", "ts =").replace("wid = 9", "wid = 0")
    motion = only([f"{STAMP} In(182) vmkernel: cpu2:36064){line}"])
    assert (motion.sides, motion.source_ip, motion.destination_ip) == (("destination",), "192.0.2.12", "192.0.2.15")


@pytest.mark.parametrize("turned", [False, True])
def test_an_address_that_is_not_known_yet_gives_way_to_one_that_is(turned: bool) -> None:
    source = f"{STAMP} cpu2:36064){OLD_START}"
    destination = source.replace("Source", "Dest").replace("<192.0.2.15>", "<0.0.0.0>").replace("= 56234", "= 0")
    files = [[source], [destination]]
    motion = only(*(files[::-1] if turned else files))
    assert (motion.source_ip, motion.destination_ip) == ("192.0.2.12", "192.0.2.15")


def test_ipv6_addresses_have_one_spelling() -> None:
    line = OLD_START.replace("192.0.2.12", "2001:DB8:0:0::12").replace("192.0.2.15", "fe80::15%vmk1")
    motion = only([f"{STAMP} cpu2:36064){line}"])
    assert (motion.source_ip, motion.destination_ip) == ("2001:db8::12", "fe80::15")


@pytest.mark.parametrize("turned", [False, True])
def test_the_earliest_announcement_counts_whatever_the_order_of_the_files(turned: bool) -> None:
    own_log = [f"2026-11-22T09:59:59.879Z In(05) vmx - Received migrate 'to' request for mid id {NEW}, src ip <a>."]
    files = [[f"{STAMP} cpu2:36064){NEW_START}"], own_log]
    assert only(*(files[::-1] if turned else files)).started_at == at("09:59:59.879")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("WARNING: VMotionUtil: 862: {} S: failed to read stream keepalive: Connection reset by peer", True),
        ("WARNING: VMotionSend: 3979: {} S: timed out waiting 20001 ms to transmit data.", True),
        ("WARNING: VMotionUtil: 7020: {} D: Connection closed by remote host, possibly due to timeout", True),
        ("WARNING: Migrate: 5289: {} S: Migration considered a failure by the VMX.  It is most likely a t", True),
        ("WARNING: FSR: 690: {} S: Maximum switchover time (100 seconds) reached. Failing migration; VM sh", True),
        ("FSR: 3281: {} D: The migration exceeded the maximum switchover time of 100 second(s). ESX has", True),
        ("WARNING: Migrate: 296: {} D: Failed: Maximum switchover time for migration exceeded(0xbad0109) @0x4", True),
        ("WARNING: VMotionRecv: 2618: {} D: World 7 waited 23.610 seconds to leave low memory state on dest", False),
        ("VMotionUtil: 3396: {} S: Stream connection 1 added.", False),
        ("WARNING: VMotion: 1: {} S: Something slow, and nothing worse", False),
    ],
)
def test_each_failure_line_is_an_entry_and_no_other(text: str, said: bool) -> None:
    motion = only([f"{STAMP} cpu2:36064)" + text.format(OLD)])
    assert (len(motion.failures), motion.lines) == (int(said), 1)


HOSTD = "2026-11-22T10:00:00.250Z {} hostd[2099] [Originator@6876 sub=Vcsvc.VMotion{} ({}) opID=1-2 user=vpxuser] {}"


@pytest.mark.parametrize(
    ("line", "side", "text"),
    [
        pytest.param(
            HOSTD.format("warning", "Dst", NEW, "Bind: Failed to initialize VMotionWorker"),
            "destination",
            "Failed to initialize VMotionWorker",
            id="6.x and later",
        ),
        pytest.param(
            f"{STAMP} [4FA40B70 warning 'Vcsvc.VMotionDst ({OLD})' opID=57-9 user=vpxuser] Bind: Failed to initialize"
            " VMotionWorker",
            "destination",
            "Failed to initialize VMotionWorker",
            id="5.x",
        ),
        pytest.param(
            f"[2026-11-22 10:00:00.250 F5A5AB90 error 'vm:/vmfs/volumes/4d/a/a.vmx' opID=F6-d] VMotionInitiateSrc"
            f" ({OLD}): Failed with error 4: gone",
            "source",
            "Failed with error 4: gone",
            id="4.x",
        ),
        pytest.param(
            f"hostd-11.log:[2026-11-22 10:00:00.250 F5A5AB90 error 'App'] [MIGRATE] ({OLD}) vMotion failed:"
            " vmodl.fault.SystemError",
            None,
            "vMotion failed: vmodl.fault.SystemError",
            id="4.x through grep",
        ),
    ],
)
def test_hostds_failures_are_entries(line: str, side: str | None, text: str) -> None:
    (failure,) = only([line]).failures
    assert (failure.at, failure.side, failure.text, failure.code) == (AT, side, text, None)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        (f"[MIGRATE] ({OLD}) immigrating VM at path /vmfs/volumes/4c/vm/vmx.vmx has vmid 677", "destination"),
        (f"[MIGRATE] ({OLD}) emigrating VM at path /vmfs/volumes/4c/vm/vmx.vmx has vmid 677", "source"),
    ],
)
def test_vpxa_says_whether_the_vm_comes_or_goes(text: str, side: str) -> None:
    motion = only([f"{STAMP} esx1.example.com Vpxa: [FFB4DB90 verbose 'Default' opID=WFU-781d38a8] {text}"])
    assert (motion.sides, motion.vm_names, motion.started_at) == ((side,), ("vmx",), None)


def test_vpxd_names_the_migration_in_a_specification() -> None:
    assert only([f"-->    migrationId = {NEW},"]).lines == 1
    assert only([f'{{"migrationId": "{NEW}"}}']).migration_id == NEW


@pytest.mark.parametrize(
    ("line", "source", "destination"),
    [
        (f"Received migrate 'from' request for mid id {OLD}, src ip <192.0.2.12>.", "192.0.2.12", None),
        (f"Received migrate 'to' request for mid id {OLD}, dst ip <192.0.2.15>.", None, "192.0.2.15"),
        (f"Received migrate 'to' request for mid id {OLD}, src ip <192.0.2.12>, dst ip <192.0", "192.0.2.12", None),
    ],
)
def test_a_request_may_name_one_address_only(line: str, source: str | None, destination: str | None) -> None:
    motion = only([f"2026-11-22T10:00:00.250Z| vmx| I120: {line}"])
    assert (motion.source_ip, motion.destination_ip, motion.started_at) == (source, destination, AT)


def test_a_placeholder_for_a_time_gives_none() -> None:
    lines = [f"[YYYY-MM-DDTHH:MM:SS] In(05) vmx - MigrateSetInfo: state=1 srcIp=<> dstIp=<> mid={NEW} uuid=1"]
    motion = only([*lines, "yyyy-mm-ddThh:mm:ssIn(05) vmx - [msg.checkpoint.precopyfailure] The copy failed."])
    assert (motion.started_at, motion.source_ip, motion.sides) == (None, None, ("source",))
    assert [(one.at, one.side) for one in motion.failures] == [(None, "source")]


def test_the_uptime_of_4_gives_no_time_through_a_relay_either() -> None:
    line = f"vmkernel: 0:00:12:34.567 cpu2:4240){OLD_START}"
    for text in (line, f"Apr 12 03:25:51 esx1 {line}", f"Apr  1 15:14:34 {line}"):
        motion = only([text])
        assert (motion.started_at, motion.source_ip, motion.lines) == (None, "192.0.2.12", 1)


@pytest.mark.parametrize("address", ["168099940", "-1062699005", "a05a8c0", "AC101F3D"])
@pytest.mark.parametrize(
    "words",
    [
        "failed to read stream keepalive: Connection closed by remote host, possibly due to timeout",
        "stream thread failed to connect to the remote host <192.0.2.15>: Timeout",
        "timed out waiting 20000 ms to transmit data.",
    ],
)
def test_an_observation_names_the_migration_after_an_address(address: str, words: str) -> None:
    line = (
        f"{STAMP}: [netCorrelator] 11us: [vob.vmotion.stream.keepalive.read.fail] vMotion migration [{address}:{OLD}] "
    )
    motion = only([line + words])
    assert [(one.at, one.code) for one in motion.failures] == [(AT, None)]
    assert motion.failures[0].text.endswith(words.rstrip(".")) or motion.failures[0].text.endswith(words)
    assert (motion.migration_id, motion.lines) == (OLD, 1)


@pytest.mark.parametrize(
    ("state", "sides"),
    [
        ("1", ("source",)),
        ("8", ("destination",)),
        ("0", ()),
        ("MIGRATE_TO_VMX_READY (1)", ("source",)),
        ("MIGRATE_FROM_VMX_INIT (7)", ("destination",)),
    ],
)
def test_a_state_by_number_or_name_tells_the_side(state: str, sides: tuple[str, ...]) -> None:
    line = f"{STAMP} In(05) vmx - MigrateSetInfo: state={state} srcIp=<192.0.2.12> dstIp=<192.0.2.15> mid={NEW} uuid=1"
    motion = only([line])
    assert (motion.sides, motion.started_at, motion.source_ip) == (sides, AT, "192.0.2.12")
