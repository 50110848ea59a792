"""Plans, runs and errors as JSON, held against the published schemas."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.report.samples import (
    GIB,
    ID,
    blocked,
    failed,
    full_report,
    make_finding,
    make_motion,
    make_move,
    make_outcome,
    make_report,
    moved,
    named,
)
from tests.unit.report.schema import load, problems
from tests.unit.report.test_comparison import FORECAST
from tests.unit.report.test_comparison import load as load_of
from tests.unit.report.test_passes import make_pass
from vsphere_motion.errors import Ambiguous, MotionError
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.matrix import Matrix, MatrixRow
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.report.json_form import (
    check_document,
    error_document,
    matrix_document,
    outcome_document,
    run_document,
)

PLAN = Plan(
    moves=(
        PlannedMove(move=make_move(), findings=()),
        PlannedMove(move=make_move("db02"), findings=(make_finding(), make_finding(), make_finding(id="vm.power"))),
        PlannedMove(move=make_move("app03"), findings=(make_finding(severity=Severity.UNKNOWN),)),
        PlannedMove(move=make_move("dns01", source="esx05"), findings=(make_finding(),)),
        PlannedMove(move=make_move("gpu01"), findings=(make_finding(),), skipped=("memory.admission",)),
    ),
    skip_checks=("memory.admission",),
    partial=True,
)


HOST = named("HostSystem", "host-esx05", "esx05")
MATRIX = Matrix(
    hosts=(HOST, HOST),
    rows=(
        MatrixRow(
            vm=make_move().vm,
            source=HOST,
            cells=(
                PlannedMove(move=make_move(source="esx05"), findings=(make_finding(),)),
                PlannedMove(move=make_move(), findings=()),
            ),
        ),
        MatrixRow(
            vm=make_move("db02").vm,
            source=None,
            cells=(
                PlannedMove(move=make_move(source=None), findings=(make_finding(),)),
                PlannedMove(move=make_move(), findings=(make_finding(),)),
            ),
        ),
    ),
    notes=("this vCenter has no CheckMigrate_Task",),
)


def test_a_check_is_what_its_schema_says() -> None:
    assert problems(load("check-v1.json"), check_document(PLAN)) == []


def test_a_matrix_is_what_its_schema_says() -> None:
    document = matrix_document(MATRIX)
    assert problems(load("matrix-v1.json"), document) == []
    assert [row["stuck"] for row in document["vms"]] == [False, True]
    (first, second), (third, _) = (row["cells"] for row in document["vms"])
    assert (first["verdict"], first["unchanged"], first["reason"]) == ("ok", True, None)
    assert second["reason"] is None
    assert third["reason"] == {"id": "memory.admission", "message": make_finding().message}
    assert third["blockers"] == ["memory.admission"]


def test_a_run_is_what_its_schema_says() -> None:
    assert problems(load("run-v1.json"), run_document(full_report())) == []


def test_a_run_that_goes_on_is_what_its_schema_says() -> None:
    document = run_document(make_report(ended_at=None))
    assert problems(load("run-v1.json"), document) == []
    assert document["ended_at"] is None


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (Ambiguous("web matches 2 VMs", hint="use moid:", details=("a", "b")), "use moid:"),
        (MotionError("it broke"), None),
    ],
)
def test_an_error_is_what_its_schema_says(error: MotionError, hint: str | None) -> None:
    document = error_document(error)
    assert problems(load("error-v1.json"), document) == []
    assert document["error"] == {
        "code": error.code,
        "message": error.message,
        "hint": hint,
        "details": list(error.details),
    }


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("outcomes", 0, "state"), "done"),
        (("outcomes", 0, "motion", "downtime_s"), "0.2"),
        (("outcomes", 0, "started_at"), "2026-11-22 19:56"),
        (("outcomes", 0, "vm", "uuid"), "a key that is not documented"),
        (("outcomes", 0, "source", "host"), {"name": "esx02"}),
        (("outcomes", 0, "migration_id"), "run-7"),
        (("outcomes", 0, "duration_s"), -1),
        (("schema",), "vsphere-motion/run/v2"),
    ],
)
def test_the_schema_refuses_what_is_not_so(place: tuple[Any, ...], value: object) -> None:
    document: Any = run_document(make_report(moved()))
    target = document
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    assert problems(load("run-v1.json"), document)


OF_NO_FILES = {"encrypted_vmotion": None, "config_datastore": None, "disks": [], "network_adapters": []}


def test_an_outcome_has_the_documented_shape() -> None:
    document = outcome_document(make_outcome(motion=None))
    assert document == {
        "vm": {"name": "web01", "moid": "vm-42", "instance_uuid": "5029ab10-aaaa"},
        "source": {
            "host": {"name": "esx02", "moid": "host-esx02"},
            "pool": {"name": "Resources", "moid": "resgroup-8"},
            "folder": {"name": "vm", "moid": "group-v3"},
            "datastores": [{"name": "san01", "moid": "datastore-11"}],
            **OF_NO_FILES,
        },
        "destination": {
            "host": {"name": "esx05", "moid": "host-esx05"},
            "pool": None,
            "folder": None,
            "datastores": [],
            **OF_NO_FILES,
        },
        "state": "moved",
        "task": "task-1181",
        "operation_id": "r-7f3a9c-1",
        "queued_at": "2026-11-22T19:56:12Z",
        "started_at": "2026-11-22T19:56:12.500000Z",
        "completed_at": "2026-11-22T19:56:44.500400Z",
        "duration_s": 32.0,
        "migration_id": None,
        "motion": None,
        "fault": None,
        "expected": None,
        "note": None,
        "diagnoses": [],
    }


def test_what_is_unknown_is_null() -> None:
    document = outcome_document(Outcome(move=make_move(source=None), state=OutcomeState.NOT_STARTED))
    keys = (
        "task",
        "operation_id",
        "queued_at",
        "started_at",
        "completed_at",
        "duration_s",
        "migration_id",
        "motion",
        "fault",
        "note",
    )
    assert [document[key] for key in keys] == [None] * len(keys)
    assert document["source"]["host"] is None


def test_a_motion_keeps_its_numbers_and_lines() -> None:
    document = outcome_document(make_outcome())
    motion = document["motion"]
    assert (document["migration_id"], motion["migration_id"]) == (ID, ID)
    assert (motion["precopy_s"], motion["downtime_s"], motion["precopy_bandwidth_bps"]) == (28.1, 0.21, 9_042_000_000)
    assert motion["lines"][0] == {
        "host": "esx05",
        "log": "vmkernel",
        "at": "2026-11-22T19:56:13Z",
        "text": make_motion().lines[0].text,
    }


def test_failures_of_the_log_have_the_name_of_their_code() -> None:
    failures = outcome_document(failed().outcome)["motion"]["failures"]
    assert [(failure["code"], failure["code_name"]) for failure in failures] == [
        ("0xbad00e0", "VMK_ABORTED"),
        (None, None),
        ("0xbadffff", None),
    ]


def test_a_fault_has_its_details() -> None:
    assert outcome_document(failed().outcome)["fault"] == {
        "kind": "GenericVmConfigFault",
        "message": "Timed out waiting for data.",
        "details": ["msg.migrate.x"],
    }


def test_a_run_counts_every_state_and_keeps_findings() -> None:
    document = run_document(make_report(moved(), failed(), blocked()))
    assert document["counts"] == {
        "moved": 1,
        "unchanged": 0,
        "blocked": 1,
        "not_started": 0,
        "failed": 1,
        "cancelled": 0,
        "unknown": 0,
    }
    assert [item["findings"][0]["id"] for item in document["outcomes"]] == [
        "vm.snapshots",
        "memory.admission",
        "vm.power",
    ]
    assert document["outcomes"][1]["skipped"] == ["memory.admission"]


def test_verdicts_and_blockers_of_a_check() -> None:
    moves = check_document(PLAN)["moves"]
    assert [(move["verdict"], move["blockers"], move["unchanged"]) for move in moves] == [
        ("ok", [], False),
        ("blocked", ["memory.admission", "vm.power"], False),
        ("unknown", [], False),
        ("ok", [], True),
        ("ok", [], False),
    ]


def test_a_finding_names_its_subject_and_its_evidence() -> None:
    finding = make_finding(subject=named("Network", "network-7", "vlan12"))
    document = check_document(Plan(moves=(PlannedMove(move=make_move(), findings=(finding,)),)))
    assert document["moves"][0]["findings"] == [
        {
            "id": "memory.admission",
            "severity": "blocker",
            "subject": {"name": "vlan12", "moid": "network-7", "kind": "Network"},
            "message": finding.message,
            "remedy": finding.remedy,
            "evidence": {"needed_bytes": 64 * 2**30, "networks": ["a", "b"]},
            "origin": "client",
        }
    ]


def test_documents_are_plain_json() -> None:
    for document in (check_document(PLAN), run_document(full_report())):
        assert json.loads(json.dumps(document)) == document


def test_what_was_expected_the_passes_and_the_hosts_are_told() -> None:
    item = replace(
        moved(), outcome=replace(moved().outcome, forecast=FORECAST, motion=make_motion(passes=(make_pass(),)))
    )
    document = run_document(
        make_report(item, loads_before=(load_of("esx01"),), loads_after=(load_of("esx01", vms=None),))
    )
    (outcome,) = document["outcomes"]
    assert outcome["expected"]["duration_s"] == {"low": 20, "likely": 30, "high": 40}
    (only,) = outcome["motion"]["passes"]
    assert (only["duration_s"], only["sent_bytes"], only["left_bytes"]) == (8.0, 8 * GIB, GIB)
    assert [one["vms"] for one in (*document["hosts"]["before"], *document["hosts"]["after"])] == [7, None]
    assert problems(load("run-v1.json"), document) == []
