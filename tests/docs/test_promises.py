"""Every promise under faults has its tests, and the page of promises has their figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs.figures import FIGURES, main, merged, read_figures
from docs.generate import tests_of_rows as rows_with_tests
from docs.promises import PROMISES, TESTED_LATER

ROWS = 46


def test_the_rows_are_numbered_without_a_gap() -> None:
    assert [promise.row for promise in PROMISES] == list(range(1, ROWS + 1))
    assert all(promise.fault and promise.promise for promise in PROMISES)


@pytest.mark.parametrize("row", [promise.row for promise in PROMISES if promise.row not in TESTED_LATER])
def test_a_promise_has_a_test_of_its_name(row: int) -> None:
    assert rows_with_tests().get(row), f"no test is named test_row_{row:02}_..."


def test_no_test_is_named_after_a_row_that_there_is_not() -> None:
    assert set(rows_with_tests()) <= {promise.row for promise in PROMISES}


def test_the_figures_are_of_rows_that_there_are() -> None:
    assert {int(row) for row in read_figures()} <= {promise.row for promise in PROMISES}
    assert {size for sizes in read_figures().values() for size in sizes} <= {"whole", "reduced"}


def test_figures_of_one_run_join_those_before() -> None:
    known = {"02": {"whole": "old", "reduced": "old"}, "07": {"whole": "kept"}}
    measured = [
        {"row": 2, "figure": "5 of 5", "whole": True},
        {"row": 2, "figure": "0 hangs", "whole": True},
        {"row": 1, "figure": "4 of 4", "whole": False},
    ]

    assert merged(known, measured) == {
        "01": {"reduced": "4 of 4"},
        "02": {"whole": "5 of 5; 0 hangs", "reduced": "old"},
        "07": {"whole": "kept"},
    }


def test_a_run_that_measured_nothing_changes_nothing(tmp_path: Path) -> None:
    before = FIGURES.read_bytes()

    assert main(str(tmp_path)) == 1
    assert FIGURES.read_bytes() == before
    assert isinstance(json.loads(before), dict)
