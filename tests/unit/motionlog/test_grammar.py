"""Every form that a published log shows has a line in the table, and is told as the table says."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from tests.unit.motionlog.log_files import DATA
from vsphere_motion.model.jsonform import format_time
from vsphere_motion.motionlog.ids import named_ids
from vsphere_motion.motionlog.prefix import time_of
from vsphere_motion.motionlog.remarks import read_remark
from vsphere_motion.motionlog.vmkernel import read_message
from vsphere_motion.motionlog.vmwarelog import read_said

ROWS = [json.loads(line) for line in (DATA / "grammar.jsonl").read_text(encoding="utf-8").splitlines()]


def told(line: str) -> dict[str, Any]:
    """What a line says, in the table's words."""
    message, said, remark, at = read_message(line), read_said(line), read_remark(line), time_of(line)
    return {
        "ids": list(named_ids(line)),
        "at": format_time(at) if at else None,
        "message": type(message).__name__ if message else None,
        "said": type(said).__name__ if said else None,
        "fields": {**(asdict(said) if said else {}), **(asdict(message) if message else {})},
        "remark": remark.key if remark else None,
        "values": dict(remark.values) if remark else {},
    }


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}: {row['row']}" for number, row in enumerate(ROWS, start=1)])
def test_a_line_says_what_its_row_says(row: dict[str, Any]) -> None:
    found = told(row["line"])
    for name, expected in row["says"].items():
        if name == "fields":
            assert {field: found["fields"][field] for field in expected} == expected
        elif name == "at" and expected:
            assert found["at"].startswith(expected.rstrip("Z"))
        else:
            assert found[name] == expected


def test_every_line_says_something() -> None:
    silent = [
        row["row"] for row in ROWS if not any(told(row["line"])[name] for name in ("ids", "message", "said", "remark"))
    ]
    assert silent == ["5.1 no ID, a path"]
