"""A run of six VMs with every kind of end, for the tests of the formats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vsphere_motion.model.finding import Finding, Origin, Severity
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import LogFailure, LogLine, MotionRecord
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.report import Report, ReportedMove, RunInfo
from vsphere_motion.model.task import Fault
from vsphere_motion.model.vcenter import VCenterIdentity
from vsphere_motion.motionlog.downtime import MEASURE_LOWER_BOUND, MEASURE_REPORTED

START = datetime(2026, 11, 22, 19, 56, 12, tzinfo=UTC)
GIB = 2**30
ID = "5123456789012345678"


def named(kind: str, moid: str, name: str) -> NamedRef:
    return NamedRef(ref=MoRef(kind=kind, moid=moid), name=name)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def make_move(name: str = "web01", moid: str = "vm-42", *, source: str | None = "esx02") -> Move:
    return Move(
        vm=VmIdentity(ref=MoRef(kind="VirtualMachine", moid=moid), name=name, instance_uuid="5029ab10-aaaa"),
        source=Placement(
            host=named("HostSystem", f"host-{source}", source) if source else None,
            pool=named("ResourcePool", "resgroup-8", "Resources"),
            folder=named("Folder", "group-v3", "vm"),
            datastores=(named("Datastore", "datastore-11", "san01"),),
        ),
        destination=Placement(host=named("HostSystem", "host-esx05", "esx05")),
    )


def make_line(host: str, seconds: float | None, text: str) -> LogLine:
    at = None if seconds is None else after(seconds)
    return LogLine(host=host, log="vmkernel", number=7, at=at, text=text)


def make_motion(**changes: object) -> MotionRecord:
    values: dict[str, object] = {
        "migration_id": ID,
        "source_host": "esx02",
        "destination_host": "esx05",
        "source_address": "192.0.2.12",
        "destination_address": "192.0.2.15",
        "started_at": after(1.1),
        "precopy_ended_at": after(29.2),
        "page_send_ended_at": after(29.258),
        "resumed_at": after(29.41),
        "precopy_s": 28.1000004,
        "pages_left": 1840,
        "switchover_goal_s": 0.5,
        "precopy_bandwidth_bps": 9_042_000_000,
        "send_bandwidth_bps": 8_788_000_000,
        "transmit_to_dirty_percent": 12500.0,
        "dirty_rate_bps": 72_336_000,
        "downtime_s": 0.2100000004,
        "downtime_measure": MEASURE_REPORTED,
        "encrypted": True,
        "lines": (
            make_line("esx05", 1.0, f"2026-11-22T19:56:13.000Z cpu5:1)Migrate: 331: vmotion: Dest ts ={ID}"),
            make_line("esx02", 1.1, f"2026-11-22T19:56:13.100Z cpu3:1)Migrate: 331: vmotion: Source ts = {ID}"),
            make_line("esx02", 29.2, f"2026-11-22T19:56:41.200Z cpu3:1)VMotion: 5454: {ID} S: Stopping pre-copy"),
        ),
    }
    return MotionRecord(**{**values, **changes})  # type: ignore[arg-type]


def make_finding(**changes: object) -> Finding:
    values: dict[str, object] = {
        "id": "memory.admission",
        "severity": Severity.BLOCKER,
        "subject": named("HostSystem", "host-esx05", "esx05"),
        "message": "db02 needs 65536 MiB, esx05 has 40960 MiB free",
        "remedy": "choose another host, or --skip-check memory.admission",
        "evidence": (("needed_bytes", 64 * GIB), ("networks", ("a", "b"))),
        "origin": Origin.CLIENT,
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


def make_outcome(**changes: object) -> Outcome:
    values: dict[str, object] = {
        "move": make_move(),
        "state": OutcomeState.MOVED,
        "task": "task-1181",
        "operation_id": "r-7f3a9c-1",
        "queued_at": after(0),
        "started_at": after(0.5),
        "completed_at": after(32.5004),
        "motion": make_motion(),
    }
    return Outcome(**{**values, **changes})  # type: ignore[arg-type]


def make_info(**changes: object) -> RunInfo:
    values: dict[str, object] = {
        "run": "r-7f3a9c",
        "vcenter": VCenterIdentity(
            host="vc01.example.com",
            instance_uuid="dbed6e0c-bd88",
            product="VMware vCenter Server",
            version="8.0.3",
            api_version="8.0.3.0",
        ),
        "user": "administrator@vsphere.local",
        "tool_version": "0.1.0",
        "tls": "verified",
        "started_at": START,
        "ended_at": after(108),
    }
    return RunInfo(**{**values, **changes})  # type: ignore[arg-type]


def moved() -> ReportedMove:
    warning = make_finding(id="vm.snapshots", severity=Severity.WARNING, message="web01 has 2 snapshots", remedy="")
    return ReportedMove(outcome=make_outcome(), findings=(warning,), memory_bytes=32 * GIB)


def moved_with_lower_bound() -> ReportedMove:
    motion = make_motion(
        migration_id="812345678901234567",
        precopy_s=61.0,
        precopy_bandwidth_bps=2_400_000_000,
        dirty_rate_bps=1_200_000_000,
        downtime_s=0.061,
        downtime_measure=MEASURE_LOWER_BOUND,
        encrypted=False,
        notes=("the log of esx05 has no line of this migration",),
    )
    outcome = make_outcome(
        move=make_move("app03", "vm-44", source="esx03"),
        task="task-1183",
        started_at=after(33),
        completed_at=after(98),
        motion=motion,
    )
    return ReportedMove(outcome=outcome, memory_bytes=8 * GIB)


def failed() -> ReportedMove:
    failures = (
        LogFailure(host="esx02", at=after(20), text="IO was aborted", code="0xbad00e0"),
        LogFailure(host="esx02", at=after(20), text="failed to end preCopy stream"),
        LogFailure(host="esx05", at=None, text="something new", code="0xbadffff"),
    )
    motion = make_motion(
        migration_id="700000000000000001",
        source_address=None,
        failures=failures,
        downtime_s=None,
        downtime_measure=None,
        precopy_s=None,
        precopy_bandwidth_bps=None,
        lines=(make_line("esx02", None, "cut line"),),
    )
    outcome = make_outcome(
        move=make_move("db02", "vm-43"),
        state=OutcomeState.FAILED,
        task="task-1182",
        completed_at=after(20.5),
        fault=Fault(kind="GenericVmConfigFault", message="Timed out waiting for data.", details=("msg.migrate.x",)),
        motion=motion,
    )
    return ReportedMove(
        outcome=outcome, findings=(make_finding(),), skipped=("memory.admission",), memory_bytes=64 * GIB
    )


def blocked() -> ReportedMove:
    outcome = Outcome(move=make_move("gpu01", "vm-45", source=None), state=OutcomeState.BLOCKED)
    info = make_finding(id="vm.power", severity=Severity.INFO, message="gpu01 is off", remedy="")
    return ReportedMove(outcome=outcome, findings=(info, make_finding(id="devices.passthrough")))


def not_started() -> ReportedMove:
    outcome = Outcome(
        move=make_move("mail01", "vm-46"), state=OutcomeState.NOT_STARTED, note="the run was interrupted before it"
    )
    return ReportedMove(outcome=outcome)


def unchanged() -> ReportedMove:
    return ReportedMove(outcome=Outcome(move=make_move("dns01", "vm-47", source="esx05"), state=OutcomeState.UNCHANGED))


def make_report(*moves: ReportedMove, **info: object) -> Report:
    return Report(info=make_info(**info), moves=moves)


def full_report() -> Report:
    return make_report(moved(), moved_with_lower_bound(), failed(), blocked(), not_started(), unchanged())


HOSTILE_NAME = '<script>alert("1")</script>\'&\u202etxt\n\x1b[31m\u009b\ud800'
"""Markup, quotes, a change of writing direction, a line break, terminal sequences and half a character."""
