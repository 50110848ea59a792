"""Lines of the diagnosis that need no vCenter."""

from __future__ import annotations

import pytest

from vsphere_motion.service.doctor import DoctorState, parser_line


@pytest.mark.parametrize(
    ("version", "state"),
    [
        pytest.param((2, 4, 0), DoctorState.OK, id="the first that limits entities"),
        pytest.param((2, 6, 3), DoctorState.OK, id="newer"),
        pytest.param((2, 3, 9), DoctorState.FAIL, id="the last that does not"),
        pytest.param((1, 95, 8), DoctorState.FAIL, id="old"),
    ],
)
def test_a_parser_without_a_limit_on_entities_is_refused(version: tuple[int, int, int], state: DoctorState) -> None:
    line = parser_line("expat_2.x", version)
    assert line.state is state
    assert line.text == "expat 2.x"
    assert (line.exit_code == 0) is (state is DoctorState.OK)
    assert ("2.4.0" in line.remedy) is (state is DoctorState.FAIL)
