"""A plan of moves and findings."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from vsphere_motion.model.finding import Severity, Verdict
from vsphere_motion.model.plan import Plan
from vsphere_motion.planning.plan import make_plan

BLOCKER = build.finding()
WARNING = build.finding(id="vm.snapshots", severity=Severity.WARNING)
UNKNOWN = build.finding(id="cpu.load", severity=Severity.UNKNOWN)
INFO = build.finding(id="vm.power-state", severity=Severity.INFO)
SITE = build.site(others=(build.vm(2), build.vm(3, host=build.host_ref(2))))


def _plan(*findings: Any, **changes: Any) -> Plan:
    return make_plan([build.move(SITE)], {build.vm_ref(1): findings}, build.request(**changes))


def test_the_moves_stay_in_the_order_of_the_request() -> None:
    moves = [build.move(SITE, number=number) for number in (3, 1, 2)]
    assert [planned.move.vm.name for planned in make_plan(moves, {}, build.request()).moves] == ["vm3", "vm1", "vm2"]


def test_a_move_has_its_own_findings() -> None:
    moves = [build.move(SITE, number=1), build.move(SITE, number=2)]
    plan = make_plan(moves, {build.vm_ref(2): (BLOCKER,)}, build.request())
    assert [planned.findings for planned in plan.moves] == [(), (BLOCKER,)]
    assert [planned.move.vm.name for planned in plan.blocked()] == ["vm2"]


@pytest.mark.parametrize(
    ("findings", "changes", "verdict", "skipped"),
    [
        pytest.param((), {}, Verdict.OK, (), id="nothing found"),
        pytest.param((INFO, WARNING), {}, Verdict.OK, (), id="a warning warns"),
        pytest.param((UNKNOWN,), {}, Verdict.UNKNOWN, (), id="unknown is no ok"),
        pytest.param((BLOCKER,), {}, Verdict.BLOCKED, (), id="a blocker blocks"),
        pytest.param((WARNING,), {"strict": True}, Verdict.BLOCKED, (), id="a strict warning blocks"),
        pytest.param((UNKNOWN,), {"strict": True}, Verdict.BLOCKED, (), id="a strict unknown blocks"),
        pytest.param((INFO,), {"strict": True}, Verdict.OK, (), id="a strict info does not"),
        pytest.param(
            (BLOCKER,), {"skip_checks": ("memory.admission",)}, Verdict.OK, ("memory.admission",), id="overridden"
        ),
        pytest.param((BLOCKER,), {"skip_checks": ("vm.host",)}, Verdict.BLOCKED, (), id="another overridden"),
        pytest.param(
            (BLOCKER, UNKNOWN),
            {"skip_checks": ("memory.admission", "vm.host", "memory.admission")},
            Verdict.UNKNOWN,
            ("memory.admission",),
            id="only what was in the way counts, once",
        ),
        pytest.param((UNKNOWN,), {"skip_checks": ("cpu.load",)}, Verdict.UNKNOWN, (), id="unknown was not in the way"),
        pytest.param(
            (WARNING,),
            {"strict": True, "skip_checks": ("vm.snapshots",)},
            Verdict.OK,
            ("vm.snapshots",),
            id="a strict warning overridden",
        ),
    ],
)
def test_verdict(findings: Any, changes: dict[str, Any], verdict: Verdict, skipped: tuple[str, ...]) -> None:
    (planned,) = _plan(*findings, **changes).moves
    assert (planned.verdict, planned.skipped) == (verdict, skipped)


def test_the_plan_keeps_what_the_person_said() -> None:
    plan = _plan(partial=True, skip_checks=("memory.admission",))
    assert (plan.partial, plan.skip_checks) == (True, ("memory.admission",))


@pytest.mark.parametrize(("partial", "expected"), [(False, []), (True, ["vm2"])])
def test_one_blocked_vm_stops_all_unless_the_plan_is_partial(partial: bool, expected: list[str]) -> None:
    moves = [build.move(SITE, number=number) for number in (1, 2, 3)]
    plan = make_plan(moves, {build.vm_ref(1): (BLOCKER,)}, build.request(partial=partial))
    assert [planned.move.vm.name for planned in plan.runnable()] == expected
    assert [planned.move.vm.name for planned in plan.unchanged()] == ["vm3"]


def test_a_vm_that_is_already_there_is_never_blocked() -> None:
    plan = make_plan([build.move(SITE, number=3)], {build.vm_ref(3): (BLOCKER,)}, build.request())
    assert (plan.blocked(), plan.runnable()) == ((), ())
