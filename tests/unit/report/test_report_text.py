"""The report in plain text."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta, timezone

from tests.unit.report.samples import (
    HOSTILE_NAME,
    blocked,
    failed,
    full_report,
    make_finding,
    make_info,
    make_line,
    make_motion,
    make_move,
    make_outcome,
    make_report,
    moved,
    moved_with_lower_bound,
    not_started,
)
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.model.task import Fault
from vsphere_motion.report.text import report_text


def block_of(report: Report, name: str) -> list[str]:
    """The lines of one VM's block."""
    blocks = report_text(report).split("\n\n")
    return next(block for block in blocks if f"  {name} (" in block.splitlines()[0]).splitlines()


def test_the_headline_says_what_happened_and_where() -> None:
    lines = report_text(full_report()).splitlines()
    assert lines[:10] == [
        "Run r-7f3a9c: 1 failed, 1 blocked, 1 not started, 2 moved, 1 unchanged",
        "  vCenter                  vc01.example.com (VMware vCenter Server 8.0.3)",
        "  account                  administrator@vsphere.local, TLS verified",
        "  started                  2026-11-22 19:56:12Z",
        "  ended                    2026-11-22 19:58:00Z",
        "  elapsed                  1m48s",
        "  memory of the moved VMs  40.0 GiB",
        "  duration                 median 49s, longest 1m05s",
        "  downtime                 median 0.21s, longest 0.21s (1 of 2 moves measured)",
        "  made by                  vsphere-motion 0.1.0",
    ]


def test_a_run_without_moves_or_end_says_so() -> None:
    text = report_text(make_report(ended_at=None))
    assert text.startswith("Run r-7f3a9c: no moves\n")
    assert "  ended                    not yet\n" in text
    assert "  downtime                 -\n" in text


def test_a_product_that_names_its_version_is_not_given_it_twice() -> None:
    vcenter = make_info().vcenter._replace(product="VMware vCenter Server 8.0.3 build-24022515")
    text = report_text(make_report(vcenter=vcenter))
    assert "  vCenter                  vc01.example.com (VMware vCenter Server 8.0.3 build-24022515)\n" in text


def test_failures_come_first() -> None:
    heads = [block.splitlines()[0] for block in report_text(full_report()).split("\n\n")[1:]]
    assert heads == [
        "FAILED  db02 (vm-43)  esx02 -> esx05",
        "BLOCKED  gpu01 (vm-45)  - -> esx05",
        "NOT STARTED  mail01 (vm-46)  esx02 -> esx05",
        "MOVED  web01 (vm-42)  esx02 -> esx05",
        "MOVED  app03 (vm-44)  esx03 -> esx05",
        "UNCHANGED  dns01 (vm-47)  esx05 -> esx05",
    ]


def test_a_moved_vm_has_its_numbers_its_timeline_and_both_hosts_lines() -> None:
    assert block_of(make_report(moved()), "web01")[1:] == [
        "  task                 task-1181",
        "  operation ID         r-7f3a9c-1",
        "  queued               2026-11-22 19:56:12Z",
        "  started              2026-11-22 19:56:12Z",
        "  completed            2026-11-22 19:56:44Z",
        "  duration             32s",
        "  memory               32.0 GiB",
        "  migration ID         5123456789012345678",
        "  vMotion network      192.0.2.12 -> 192.0.2.15, encrypted",
        "  pre-copy             28s",
        "  pre-copy bandwidth   9.0 Gbit/s",
        "  guest's write rate   72 Mbit/s",
        "  left to send         7 MiB",
        "  last send bandwidth  8.8 Gbit/s",
        "  downtime             0.21s",
        "  downtime measure     vpxa's own measure",
        "  timeline",
        "    queued       0.5s (measured: vCenter's task)",
        "    pre-copy     28s (measured: vmkernel log of the source)",
        "    switch-over  0.21s (measured: vpxa's own measure)",
        "    other        3.7s (measured: vCenter's task less the phases in the log)",
        "    pre-copy     30s (estimated: model: all memory at the logged bandwidth)",
        "  findings",
        "    warning: web01 has 2 snapshots [vm.snapshots]",
        "  log lines of esx02 and esx05",
        *(
            f"    {line.at:%H:%M:%S}.{line.at:%f}"[:16] + f"  {line.host}  {line.text.partition('Z ')[2] or line.text}"
            for line in make_motion().lines
            if line.at
        ),
    ]


def test_a_failed_vm_begins_with_its_fault_what_to_do_and_the_log_s_own_words() -> None:
    block = block_of(make_report(failed()), "db02")
    assert block[1:3] == [
        "  fault        GenericVmConfigFault: Timed out waiting for data.",
        "               msg.migrate.x",
    ]
    labels = [line[2:15].strip() for line in block[3:12]]
    assert labels[:2] == ["cause", "next"]
    assert [line for line in block if line.startswith("  log failure")] == [
        "  log failure  esx02: IO was aborted (0xbad00e0, VMK_ABORTED)",
        "  log failure  esx02: failed to end preCopy stream",
        "  log failure  esx05: something new (0xbadffff)",
    ]


def test_a_line_without_a_time_has_a_dash() -> None:
    assert block_of(make_report(failed()), "db02")[-1] == "               -  esx02  cut line"


def test_a_fault_without_words_says_so() -> None:
    item = ReportedMove(outcome=make_outcome(fault=Fault(kind="SystemError", message="")))
    assert "  fault  SystemError: no message" in block_of(make_report(item), "web01")


def test_findings_that_stop_come_first_with_their_remedy() -> None:
    assert block_of(make_report(blocked()), "gpu01")[1:] == [
        "  findings",
        "    blocker: db02 needs 65536 MiB, esx05 has 40960 MiB free [devices.passthrough]",
        "      choose another host, or --skip-check memory.admission",
        "    info: gpu01 is off [vm.power]",
    ]


def test_an_overridden_finding_is_marked() -> None:
    lines = block_of(make_report(failed()), "db02")
    assert "  overridden checks    memory.admission" in lines
    assert "    blocker, overridden: db02 needs 65536 MiB, esx05 has 40960 MiB free [memory.admission]" in lines


def test_a_lower_bound_is_no_number() -> None:
    lines = block_of(make_report(moved_with_lower_bound()), "app03")
    assert "  downtime             at least 0.06s" in lines
    assert "  log note             the log of esx05 has no line of this migration" in lines
    assert "  vMotion network      192.0.2.12 -> 192.0.2.15, not encrypted" in lines


def test_what_is_not_known_is_left_out_of_a_block() -> None:
    assert block_of(make_report(not_started()), "mail01")[1:] == ["  note  the run was interrupted before it"]


def test_a_destination_without_a_host_is_a_dash() -> None:
    move = make_move()
    move = replace(move, destination=replace(move.destination, host=None))
    motion = make_motion(source_address=None, encrypted=None, pages_left=None, lines=())
    text = report_text(make_report(ReportedMove(outcome=make_outcome(move=move, motion=motion))))
    assert "MOVED  web01 (vm-42)  esx02 -> -\n" in text
    assert "vMotion network" not in text
    assert "log lines" not in text


def test_times_are_in_the_zone_that_is_asked_for() -> None:
    text = report_text(make_report(moved()), zone=timezone(timedelta(hours=1)))
    assert "  started                  2026-11-22 20:56:12+01:00\n" in text
    assert "\n    20:56:13.000  esx05  " in text


def test_nothing_that_a_terminal_would_obey_comes_through() -> None:
    line = make_line(HOSTILE_NAME, 1, HOSTILE_NAME)
    item = ReportedMove(
        outcome=make_outcome(
            move=make_move(HOSTILE_NAME, HOSTILE_NAME, source=HOSTILE_NAME),
            fault=Fault(kind=HOSTILE_NAME, message=HOSTILE_NAME, details=(HOSTILE_NAME,)),
            note=HOSTILE_NAME,
            task=HOSTILE_NAME,
            motion=make_motion(lines=(line,), notes=(HOSTILE_NAME,), source_host=HOSTILE_NAME),
        ),
        findings=(make_finding(message=HOSTILE_NAME, remedy=HOSTILE_NAME, id=HOSTILE_NAME),),
        skipped=(HOSTILE_NAME,),
    )
    text = report_text(make_report(item, run=HOSTILE_NAME, user=HOSTILE_NAME))
    assert [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs"}] == []
    assert text.count("\\u202etxt\\n\\x1b[31m\\x9b\\ud800") > 10


def test_a_failure_says_what_it_may_come_from_and_what_to_do() -> None:
    fault = Fault(kind="GenericVmConfigFault", message="The migration exceeded the maximum switchover time.")
    text = report_text(make_report(ReportedMove(outcome=make_outcome(state=OutcomeState.FAILED, fault=fault))))
    assert "[switchover.too-long;" in text
    assert "raise vmotion.maxSwitchoverSeconds" in text


def test_a_failure_that_nobody_knows_has_no_cause() -> None:
    fault = Fault(kind="SystemError", message="something odd")
    assert "cause" not in report_text(make_report(ReportedMove(outcome=make_outcome(fault=fault))))
