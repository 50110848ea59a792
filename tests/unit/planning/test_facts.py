"""What a plan relies on: done, unchanged, or different, each difference in a line of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.build import GIB, cluster, host, host_ref, inventory, rule, vm, vm_ref
from vsphere_motion.model.inventory import ConnectionState, Inventory, PowerState, RuleKind
from vsphere_motion.model.plan_file import PlanEstimate, PlanFile, PlanHost, PlanKind, PlanMove, PlanVm
from vsphere_motion.planning.facts import Standing, compare, facts_of, fingerprint_of
from vsphere_motion.planning.plan_checks import problems_of_plan
from vsphere_motion.planning.plan_diff import PlanChange, changes_between

APART = rule(RuleKind.ANTI_AFFINITY, name="apart", vms=(vm_ref(1), vm_ref(2)))


def hosts(**second: Any) -> Any:
    return (host(1), host(2, **second), host(3))


def seen(*vms: Any, second: dict[str, Any] | None = None, rules: Any = (APART,)) -> Inventory:
    return inventory(vms=vms or (vm(1),), hosts=hosts(**(second or {})), clusters=(cluster(1, rules=rules),))


def move(number: int = 1, source: int = 1, destination: int = 2, **changes: Any) -> PlanMove:
    given: dict[str, Any] = {
        "vm": PlanVm(name=f"vm{number}", moid=f"vm-{number}", instance_uuid=vm(number).instance_uuid),
        "source": PlanHost(name=f"host{source}", moid=f"host-{source}"),
        "destination": PlanHost(name=f"host{destination}", moid=f"host-{destination}"),
        "wave": 0,
        "reason": "empties host1",
        "findings": (),
        "costs": (),
        "estimate": PlanEstimate(start_s=0.0, duration_s=1.0, sends_bytes=GIB),
        "relies_on": (),
    }
    return PlanMove(**given | changes)


def plan(*moves: PlanMove, made_of: Inventory | None = None) -> PlanFile:
    moves = moves or (move(),)
    facts = facts_of(made_of or seen(), moves)
    return PlanFile(kind=PlanKind.EVACUATE, server="u", fingerprint=fingerprint_of(facts), moves=moves, facts=facts)


def differences(now: Inventory, one: PlanFile | None = None) -> tuple[str, ...]:
    return compare(one or plan(), now).differences


def test_nothing_has_changed() -> None:
    assert compare(plan(), seen()) == Standing()


@pytest.mark.parametrize(
    ("now", "line"),
    [
        pytest.param(seen(vm(1, host=host_ref(3))), "vm1 is on host3 and was on host1", id="elsewhere"),
        pytest.param(seen(vm(1, host=None)), "vm1 is on no host and was on host1", id="on no host"),
        pytest.param(seen(vm(1, power_state=PowerState.OFF)), "vm1 is poweredOff and was poweredOn", id="powered off"),
        pytest.param(seen(vm(1, power_state=None)), "vm1 is not known and was poweredOn", id="power unread"),
        pytest.param(
            seen(vm(1, memory_bytes=16 * GIB)),
            f"vm1 has {16 * GIB} bytes of memory and had {8 * GIB}",
            id="more memory",
        ),
        pytest.param(seen(vm(2)), "vm1 (vm-1) no longer exists", id="gone"),
        pytest.param(
            seen(vm(1, instance_uuid="another", name="new")),
            "vm-1 is another VM now: new, with the instance UUID another",
            id="another VM",
        ),
        pytest.param(
            seen(second={"in_maintenance_mode": True}),
            "maintenance mode of the destination host2 is True and was False",
            id="maintenance",
        ),
        pytest.param(
            seen(second={"connection_state": ConnectionState.DISCONNECTED}),
            "connection state of the destination host2 is disconnected and was connected",
            id="disconnected",
        ),
        pytest.param(seen(rules=()), "rule apart of cluster1 is gone or disabled", id="rule gone"),
        pytest.param(
            seen(rules=(replace(APART, mandatory=True),)), "rule apart of cluster1 has changed", id="rule changed"
        ),
        pytest.param(
            seen(rules=(APART, rule(RuleKind.VM_HOST_MUST, name="licence", hosts=(host_ref(1),)))),
            "rule licence of cluster1 is new or enabled",
            id="new rule",
        ),
    ],
)
def test_each_difference_has_its_words(now: Inventory, line: str) -> None:
    assert differences(now) == (line,)


def test_a_destination_that_is_gone_is_a_difference() -> None:
    now = inventory(vms=(vm(1),), hosts=(host(1),), clusters=(cluster(1, rules=(APART,)),))

    assert differences(now) == ("the destination host2 (host-2) no longer exists",)


def test_a_rule_about_other_vms_and_another_host_do_not_matter() -> None:
    other = rule(RuleKind.ANTI_AFFINITY, name="others", vms=(vm_ref(8), vm_ref(9)))

    assert differences(seen(rules=(APART, other))) == ()
    assert differences(seen(vm(1), vm(2, host=host_ref(3)))) == ()


def test_a_vm_that_is_there_already_is_done_whatever_else_is_different() -> None:
    now = seen(vm(1, host=host_ref(2), power_state=PowerState.OFF), second={"in_maintenance_mode": True}, rules=())

    assert compare(plan(), now) == Standing(done=frozenset({0}))


def test_another_vm_of_the_same_reference_is_never_done() -> None:
    now = seen(vm(1, host=host_ref(2), instance_uuid="another"))

    assert not compare(plan(), now).done


def test_a_parked_vm_is_done_with_the_first_of_its_moves() -> None:
    both = plan(move(destination=3, parking=True), move(source=3, destination=2, relies_on=(0,)))

    assert compare(both, seen(vm(1, host=host_ref(3)))) == Standing(done=frozenset({0}))
    assert compare(both, seen(vm(1, host=host_ref(2)))) == Standing(done=frozenset({0, 1}))
    assert compare(both, seen()) == Standing()
    assert problems_of_plan(both) == ()


def test_equal_facts_have_equal_fingerprints_and_others_have_others() -> None:
    assert plan().fingerprint == plan().fingerprint
    assert plan().fingerprint != plan(made_of=seen(vm(1, memory_bytes=GIB))).fingerprint


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        pytest.param(plan(move(destination=1)), "would move from host1 to itself", id="to itself"),
        pytest.param(plan(move(relies_on=(0,))), "names the move 0, which does not come before move 0", id="itself"),
        pytest.param(plan(move(), move(destination=3)), "is moved already by move 0", id="twice"),
        pytest.param(
            plan(move(destination=3, parking=True), move(source=3)), "relies_on lacks the move 0", id="does not wait"
        ),
        pytest.param(replace(plan(), fingerprint="sha256:0"), "changed by hand", id="fingerprint"),
        pytest.param(replace(plan(), moves=(move(2),)), "$.facts.vms lacks vm2 (vm-2) of move 0", id="no fact of it"),
        pytest.param(
            replace(plan(), moves=(move(destination=3),)), "$.facts.hosts lacks host3 (host-3)", id="no fact of host"
        ),
        pytest.param(replace(plan(), moves=(move(source=3),)), "source is not the host of vm1 (vm-1)", id="source"),
    ],
)
def test_a_plan_that_cannot_be_run_says_why(one: PlanFile, problem: str) -> None:
    assert any(problem in line for line in problems_of_plan(one)), problems_of_plan(one)


def test_plans_differ_by_where_vms_go_in_the_end_and_on_the_way() -> None:
    made_of = seen(vm(1), vm(2))
    first = plan(move(1), move(2), made_of=made_of)
    second = plan(move(1, destination=3), made_of=made_of)

    assert changes_between(first, first) == ()
    assert changes_between(first, second) == (
        PlanChange(name="vm1", moid="vm-1", before=("host2",), after=("host3",)),
        PlanChange(name="vm2", moid="vm-2", before=("host2",), after=()),
    )
