"""The tests of the promises under faults: how often each is tried, and what the last run measured.

A promise is a row of docs/reference/reliability.md; its test is named `test_row_NN_...` after it. `tries` is small in
every run and whole where VSPHERE_MOTION_NIGHTLY=1. What a test measured goes to the directory that
VSPHERE_MOTION_FIGURES names, one file a test; without it nothing is written.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from tests.conftest import REAL_ENVIRONMENT

IS_NIGHTLY = REAL_ENVIRONMENT.get("VSPHERE_MOTION_NIGHTLY") == "1"


def tries(*, reduced: int, whole: int) -> int:
    """How often to try: `reduced` in every run, `whole` in the nightly one."""
    return whole if IS_NIGHTLY else reduced


def record(row: int, figure: str) -> None:
    """Keep what a promise's test measured, in the words the table shows: `100/100: sent 1, tasks 1`."""
    directory = REAL_ENVIRONMENT.get("VSPHERE_MOTION_FIGURES")
    if directory:
        text = json.dumps({"row": row, "figure": figure, "whole": IS_NIGHTLY}, ensure_ascii=False)
        test = re.sub(r"\W+", "-", os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].partition(" ")[0])
        Path(directory, f"row-{row:02}-{test}.json").write_text(text + "\n", encoding="utf-8")
