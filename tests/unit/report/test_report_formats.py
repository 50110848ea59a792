"""The report as a table, as a build server's tests, and without names."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import pytest

from tests.hostile import NAMES, obeyed
from tests.promises import record
from tests.unit.report.samples import full_report, make_line, make_motion, make_move, make_outcome, make_report, moved
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.report.redact import redact_report
from vsphere_motion.report.run_junit import report_junit
from vsphere_motion.report.table import COLUMNS, cell, report_csv
from vsphere_motion.report.text import report_text
from vsphere_motion.report.write import report_json

FORMULA = "=+-@\t\r"


def rows_of(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(report_csv(report), newline="")))


def named(name: str) -> Report:
    return make_report(ReportedMove(outcome=make_outcome(move=make_move(name, source=name), note=name)))


def test_a_row_for_each_move_with_trouble_first() -> None:
    rows = rows_of(full_report())
    assert [row["vm"] for row in rows] == ["db02", "gpu01", "mail01", "web01", "app03", "dns01"]
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["fault"], rows[0]["downtime_s"], rows[3]["downtime_s"]) == ("GenericVmConfigFault", "", "0.21")
    assert (rows[3]["memory_bytes"], rows[3]["migration_id"]) == (str(32 * 2**30), "5123456789012345678")


def test_row_35_no_name_is_a_formula_or_a_cell_of_its_own() -> None:
    for name in NAMES:
        (row,) = rows_of(named(name))
        assert None not in row, f"{name!r} makes a cell"
        for value in row.values():
            assert not value.lstrip(" ").startswith(tuple(FORMULA)), f"{name!r} computes"
            assert obeyed(value) == []
    record(35, f"CSV, {len(NAMES)} names: 0 formulas, 0 new cells")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", " =1", "\uff1d1"])
def test_text_that_computes_gets_a_quote(text: str) -> None:
    assert cell(text).startswith("'")


@pytest.mark.parametrize(
    ("value", "shown"), [(-3, "-3"), (1.5, "1.5"), (None, ""), ("web-01", "web-01"), ("a=b", "a=b")]
)
def test_what_does_not_compute_is_left_alone(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_a_case_for_each_move() -> None:
    root = ET.fromstring(report_junit(full_report()))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "2",
        "errors": "0",
        "skipped": "1",
    }
    failure = root.find(".//testcase[@classname='db02']/failure")
    assert failure is not None
    assert failure.get("type") == "GenericVmConfigFault"
    assert "IO was aborted" in (failure.text or "")


def test_what_nobody_knows_is_an_error() -> None:
    outcome = make_outcome(state=OutcomeState.UNKNOWN, note="vCenter's answer was lost")
    root = ET.fromstring(report_junit(make_report(ReportedMove(outcome=outcome))))
    assert root.get("errors") == "1"


def test_row_35_no_name_makes_an_element_of_a_build_servers_tests() -> None:
    for name in NAMES:
        root = ET.fromstring(report_junit(named(name)))
        assert [element.tag for element in root.iter()] == ["testsuites", "testsuite", "testcase", "system-out"]


SECRETS = ("web01", "db02", "esx02", "esx05", "san01", "vc01.example.com", "administrator@vsphere.local", "192.0.2.1")


def test_a_redacted_report_holds_no_name() -> None:
    line = make_line(
        "esx02", 3, "2026-11-22T19:56:13.100Z Source srcIP = <192.0.2.12> of /vmfs/volumes/san01/web01.vmx fe80::1"
    )
    item = ReportedMove(outcome=make_outcome(motion=make_motion(lines=(line,)), note="esx02.example.com said so"))
    report = make_report(item, *full_report().moves)
    for text in (
        report_text(redact_report(report)),
        report_json(redact_report(report)),
        report_csv(redact_report(report)),
    ):
        named_by_id = text.replace("host-esx", "host-")
        assert [secret for secret in (*SECRETS, "fe80::1") if secret in named_by_id] == []
        assert "5123456789012345678" in text


def test_the_same_name_is_the_same_word_in_every_report_of_a_vcenter() -> None:
    one, two = (redact_report(make_report(moved(), run=run)).moves[0].outcome.move for run in ("r-1", "r-2"))
    assert one == two
    assert one.vm.name.startswith("vm-")
    assert one.source.host is not None
    assert one.source.host.name.startswith("host-")


def test_times_sizes_and_kinds_stay() -> None:
    report = full_report()
    before, after = rows_of(report), rows_of(redact_report(report))
    for name in ("state", "duration_s", "memory_bytes", "migration_id", "downtime_s", "fault", "started_at"):
        assert [row[name] for row in before] == [row[name] for row in after]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_redacted(name: str) -> None:
    text = report_json(redact_report(named(name)))
    assert len(name) < 4 or report_json(named(name)).count(text) == 0
