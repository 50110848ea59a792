"""Line prefixes of ESXi 4 to 8."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.motionlog.prefix import LINE_CAP, LineSeverity, ParsedLine, parse_line, time_of

AT = datetime(2026, 11, 22, 19, 56, 12, 118000, UTC)


def parsed(**changes: object) -> ParsedLine:
    values: dict[str, object] = {
        "at": AT,
        "program": "vmkernel",
        "world": 2097871,
        "op_id": None,
        "severity": LineSeverity.INFO,
        "module": "Migrate",
        "vm_world": None,
        "message": "text",
    }
    return ParsedLine(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-22T19:56:12.118Z cpu3:2097871)Migrate: 331: text", parsed(), id="5.0 to 7.0"),
        pytest.param(
            "2026-11-22T19:56:12.118Z cpu3:2097871 opID=7BE01D22)WARNING: Migrate: 331: text",
            parsed(op_id="7be01d22", severity=LineSeverity.WARNING),
            id="opID and severity word",
        ),
        pytest.param(
            "2026-11-22T19:56:12.118Z Wa(180) vmkwarning: cpu3:2097871 opID=a1)Migrate: 331: text",
            parsed(program="vmkwarning", op_id="a1", severity=LineSeverity.WARNING),
            id="8.x letters",
        ),
        pytest.param(
            "2026-11-22T19:56:12.118Z Wa(180) vmkernel: cpu3:2097871)ALERT: Migrate: 331: text",
            parsed(severity=LineSeverity.ALERT),
            id="a word is stronger than the letters",
        ),
        pytest.param(
            "<181>2026-11-22T19:56:12.118Z esx05.example.com vmkernel: cpu3:2097871)Migrate: 331: text",
            parsed(),
            id="through syslog",
        ),
        pytest.param(
            "vmkernel: 114:03:25:51.489 cpu0:4100)SYSALERT: Migrate: 296: text",
            parsed(at=None, world=4100, severity=LineSeverity.ALERT),
            id="4.x prints the uptime",
        ),
        pytest.param(
            "2026-11-22T19:56:12.118Z In() vmkernel: cpu## opID=d5991c6f)Migrate: ###: text",
            parsed(world=None, op_id="d5991c6f"),
            id="masked in an article",
        ),
        pytest.param(
            "2026-11-22T20:56:12.118+01:00 cpu3:########)Migrate: 1: text", parsed(world=None), id="zone with a colon"
        ),
        pytest.param(
            "2026-11-22T17:26:12.118-0230 cpu3:2097871)Migrate: vm 66131: 3885: text",
            parsed(vm_world=66131),
            id="module names the VM, zone without a colon",
        ),
        pytest.param(
            "2026-11-22T19:56:12.118Z In(182) vmkernel: Migrate: 65: text", parsed(world=None), id="boot line"
        ),
        pytest.param(
            "<166>2026-11-22T19:56:12.118Z esx05 Vpxa: [1F verbose 'x'] text",
            parsed(program="Vpxa", world=None, module=None, message="[1F verbose 'x'] text"),
            id="vpxa through syslog",
        ),
        pytest.param(
            "[2026-11-22 19:56:12.118 1F0C info 'x'] text",
            parsed(program=None, world=None, module=None, message="1F0C info 'x'] text"),
            id="hostd 4.x",
        ),
        pytest.param(
            "2026-11-22T19:56:12.118Z| vmx| I125: text",
            parsed(program=None, world=None, module=None, message="| vmx| I125: text"),
            id="vmware.log",
        ),
        pytest.param(
            "no prefix at all\r\n",
            parsed(at=None, program=None, world=None, module=None, message="no prefix at all"),
            id="nothing known",
        ),
        pytest.param("", parsed(at=None, program=None, world=None, module=None, message=""), id="empty"),
    ],
)
def test_each_form_is_taken_apart(text: str, expected: ParsedLine) -> None:
    assert parse_line(text) == expected


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "2026-01-01T00:00:00+99:00",
        "2026-11-22T19:56",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_a_time_that_does_not_exist_is_no_time(stamp: str) -> None:
    assert time_of(f"{stamp} cpu0:1)x") is None


def test_a_line_is_cut_at_the_cap() -> None:
    assert len(parse_line("a" * (LINE_CAP + 1)).message) == LINE_CAP


@settings(deadline=None)
@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert text[:LINE_CAP].strip(" \t\r\n").endswith(parse_line(text).message)


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    prefix = "<1>2026-11-22T19:56:12.118Z In(182) vmkernel: cpu1:1)WARNING: Migrate: "
    assert parse_line(prefix + data.decode("utf-8", errors="surrogateescape")).at == AT
