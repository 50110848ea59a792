"""VMkernel codes by number."""

from __future__ import annotations

import pytest

from vsphere_motion.motionlog.codes import CODES, find_code


@pytest.mark.parametrize("printed", ["0xbad00e0", "0x0bad00e0", "bad00e0", "BAD00E0", "195887328"])
def test_a_code_is_found_in_every_spelling(printed: str) -> None:
    code = find_code(printed)
    assert code is not None
    assert (code.number, code.name, code.message) == (195887328, "VMK_ABORTED", "IO was aborted")


@pytest.mark.parametrize("printed", [None, "", "0xbadffff", "12", "1" * 5000, "abort", "٣"])
def test_what_is_no_known_code_is_none(printed: str | None) -> None:
    assert find_code(printed) is None


def test_numbers_and_names_are_unique() -> None:
    assert len({code.number for code in CODES}) == len({code.name for code in CODES}) == len(CODES) == 29
