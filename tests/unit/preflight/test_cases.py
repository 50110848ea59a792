"""Every row of `cases.py`: each check says the right thing on both sides of its boundary, and unknown where it is."""

from __future__ import annotations

import pytest

from tests.unit.preflight.cases import CASES, USUAL, Case, Look
from vsphere_motion.model.finding import Severity
from vsphere_motion.preflight.check import Check, in_order
from vsphere_motion.preflight.naming import asked
from vsphere_motion.preflight.registry import CHECKS

ALL = [pytest.param(check_id, case, id=check_id) for check_id, case in CASES.items()]
UNKNOWN = [
    pytest.param(check_id, look, id=f"{check_id}-{number}")
    for check_id, case in CASES.items()
    for number, look in enumerate(case.unknown)
]


def test_every_check_of_ours_has_its_cases() -> None:
    assert {check.id for check in CHECKS if check.function} == CASES.keys()
    assert len(CASES) >= 60


def test_every_check_but_one_has_a_case_of_what_it_cannot_know() -> None:
    """`vm.same-host` compares two references that the move itself has."""
    assert {check_id for check_id, case in CASES.items() if not case.unknown} == {"vm.same-host"}


@pytest.mark.parametrize(("check_id", "case"), ALL)
def test_on_the_right_side_of_its_boundary_a_check_says_nothing(check_id: str, case: Case) -> None:
    assert case.right.findings(check_id) == []


@pytest.mark.parametrize(("check_id", "case"), ALL)
def test_on_the_wrong_side_of_its_boundary_a_check_fires(check_id: str, case: Case) -> None:
    found = case.wrong.findings(check_id)
    assert {finding.severity.value for finding in found} == {case.severity}
    assert all(finding.message and finding.remedy for finding in found)


@pytest.mark.parametrize(("check_id", "look"), UNKNOWN)
def test_what_cannot_be_read_is_unknown_and_named(check_id: str, look: Look) -> None:
    found = look.findings(check_id)
    assert {finding.severity for finding in found} == {Severity.UNKNOWN}
    assert all(dict(finding.evidence)["property"] for finding in found)


@pytest.mark.parametrize("check_id", list(CASES))
def test_of_the_usual_site_no_check_says_anything(check_id: str) -> None:
    assert USUAL.findings(check_id) == []


SPARED = [check for check in CHECKS if check.concerns or check.moves_files]


@pytest.mark.parametrize("check", SPARED, ids=[check.id for check in SPARED])
def test_a_check_that_is_spared_would_have_said_nothing(check: Check) -> None:
    """In every case of every check: the answer is the same whether the check is asked or not."""
    every = [look for case in CASES.values() for look in (case.right, case.wrong, *case.unknown)]
    moving = [look for look in every if not look.subject().is_noop]
    assert [list(in_order(asked(check, look.subject()))) for look in moving] == [
        look.findings(check.id) for look in moving
    ]
