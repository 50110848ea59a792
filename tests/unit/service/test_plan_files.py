"""Plans as files: what is written is read back, offline plans are made of a snapshot, tables are safe to open."""

from __future__ import annotations

import csv
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.build import GIB, cluster, host, host_ref, inventory, rule, vm, vm_ref
from tests.unit.report.schema import load, problems
from vsphere_motion.errors import BadInput, NotFound
from vsphere_motion.model.inventory import Inventory, PowerState, RuleKind
from vsphere_motion.model.plan_file import PlanFile, PlanKind
from vsphere_motion.model.plan_request import PlanRequest, request_of
from vsphere_motion.planning.list_text import read_csv
from vsphere_motion.planning.scope import ALREADY_THERE, POWERED_OFF, SYSTEM, TEMPLATE
from vsphere_motion.service.placing import make_plan_file
from vsphere_motion.service.plan_files import (
    csv_text,
    plan_document,
    read_plan,
    read_snapshot,
    write_plan,
    write_snapshot,
)


def site(*vms: Any, rules: Any = (), **second: Any) -> Inventory:
    """Two hosts of one cluster; the VMs are on host1 unless they say otherwise."""
    return inventory(vms=vms or (vm(1), vm(2)), hosts=(host(1), host(2, **second)), clusters=(cluster(1, rules=rules),))


def evacuation(seen: Inventory | None = None, **changes: Any) -> PlanFile:
    request = PlanRequest(kind=PlanKind.EVACUATE, words=("host1",))
    return make_plan_file(seen or site(), replace(request, **changes))


def ways(plan: PlanFile) -> dict[str, str]:
    return {move.vm.name: move.destination.name for move in plan.moves}


def test_a_plan_is_read_as_it_was_written_and_follows_its_schema(tmp_path: Path) -> None:
    plan, file = evacuation(), tmp_path / "plan.json"

    write_plan(file, plan)

    assert read_plan(file) == plan
    assert problems(load("plan-v1.json"), json.loads(file.read_text())) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ways(plan) == {"vm1": "host2", "vm2": "host2"}


def test_a_plan_with_everything_in_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan, file = evacuation(site(vm(1), vm(2, memory_bytes=600 * GIB), vm(3, name="vCLS-1"))), tmp_path / "plan.json"
    assert plan.stuck
    assert plan.left

    write_plan(file, plan)

    assert read_plan(file) == plan
    assert problems(load("plan-v1.json"), plan_document(plan)) == []


def test_equal_input_gives_an_equal_plan() -> None:
    assert plan_document(evacuation()) == plan_document(evacuation())


def test_the_request_of_a_plan_makes_it_again() -> None:
    plan = evacuation(cordoned=("host2",), skip_checks=("vm.snapshots",), moves_powered_off=False)

    assert make_plan_file(site(), request_of(plan.kind, plan.choices)) == plan


def test_system_vms_templates_and_those_that_are_off_are_left_and_named() -> None:
    seen = site(
        vm(1), vm(2, name="vCLS-7"), vm(3, is_template=True), vm(4, power_state=PowerState.OFF), vm(5, managed_by="x")
    )

    plan = evacuation(seen, moves_powered_off=False)

    assert {one.vm.name: one.why for one in plan.left} == {"vCLS-7": SYSTEM, "vm3": TEMPLATE, "vm4": POWERED_OFF}
    assert set(ways(plan)) == {"vm1", "vm5"}
    assert set(ways(evacuation(seen))) == {"vm1", "vm4", "vm5"}


def test_a_vm_that_cannot_leave_has_a_reason_for_each_host() -> None:
    plan = evacuation(site(vm(1), vm(2, memory_bytes=600 * GIB)))

    (stuck,) = plan.stuck
    assert stuck.vm.name == "vm2"
    assert [(one.host.name, one.reason) for one in stuck.reasons] == [
        ("host2", "not enough memory for the 614400 MiB of vm2")
    ]
    assert ways(plan) == {"vm1": "host2"}


def test_a_closed_host_says_why_it_is_closed() -> None:
    (stuck, *_) = evacuation(site(vm(1), in_quarantine_mode=True)).stuck

    assert [one.reason for one in stuck.reasons] == ["it is in quarantine mode"]


def test_a_wish_is_kept_where_there_is_another_host_and_given_up_where_there_is_none() -> None:
    wish = rule(RuleKind.VM_HOST_SHOULD_NOT, name="wish", hosts=(host_ref(2),))
    third = host(3)
    two = site(vm(1), rules=(wish,))
    three = inventory(vms=(vm(1),), hosts=(host(1), host(2), third), clusters=(cluster(1, rules=(wish,)),))

    assert ways(evacuation(two)) == {"vm1": "host2"}
    assert ways(evacuation(three)) == {"vm1": "host3"}


def test_a_vm_that_must_be_with_others_goes_nowhere_but_to_them() -> None:
    pair = rule(RuleKind.AFFINITY, name="pair", vms=(vm_ref(1), vm_ref(2)), mandatory=True)
    seen = inventory(
        vms=(vm(1), vm(2, host=host_ref(3))), hosts=(host(1), host(2), host(3)), clusters=(cluster(1, rules=(pair,)),)
    )

    assert ways(evacuation(seen)) == {"vm1": "host3"}


def test_migrate_to_a_host_leaves_those_that_are_there() -> None:
    seen = site(vm(1), vm(2, host=host_ref(2)))

    plan = make_plan_file(seen, PlanRequest(kind=PlanKind.MIGRATE, words=("vm1", "vm2"), to_host="host2"))

    assert ways(plan) == {"vm1": "host2"}
    assert [(one.vm.name, one.why) for one in plan.left] == [("vm2", ALREADY_THERE)]


def test_rebalance_says_how_even_it_is_before_and_after() -> None:
    vms = [vm(number, memory_used_bytes=8 * GIB) for number in range(1, 13)]

    plan = make_plan_file(
        site(*vms), PlanRequest(kind=PlanKind.REBALANCE, words=("cluster1",), goal="memory", min_gain=0.5)
    )

    assert plan.evenness is not None
    assert plan.evenness.after_percent < plan.evenness.before_percent
    assert {move.reason for move in plan.moves} == {"evens out memory"}


def test_spread_repairs_rules_between_vms_and_of_hosts() -> None:
    apart = rule(RuleKind.ANTI_AFFINITY, name="apart", vms=(vm_ref(1), vm_ref(2)))
    must = rule(RuleKind.VM_HOST_MUST, name="must", vms=(vm_ref(3),), hosts=(host_ref(2),))
    request = PlanRequest(kind=PlanKind.SPREAD, words=("cluster1",))

    plan = make_plan_file(site(vm(1), vm(2), vm(3), rules=(apart, must)), request)

    assert len(plan.moves) == 2
    assert ways(plan)["vm3"] == "host2"
    assert make_plan_file(site(), request).moves == ()


def test_words_that_cannot_be_used_are_told_together() -> None:
    with pytest.raises(NotFound) as told:
        make_plan_file(site(), PlanRequest(kind=PlanKind.EVACUATE, words=("nope", "host1"), cordoned=("neither",)))

    assert any("nope" in line for line in told.value.details)
    assert any("neither" in line for line in told.value.details)


def test_a_host_alone_in_its_cluster_needs_a_destination() -> None:
    alone = inventory()
    with pytest.raises(BadInput, match="nowhere to go"):
        make_plan_file(alone, PlanRequest(kind=PlanKind.EVACUATE, words=("host3",)))


def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path) -> None:
    seen, file = site(), tmp_path / "site.json"

    write_snapshot(file, seen)

    assert read_snapshot(file) == seen


@pytest.mark.parametrize("text", ["{}", "[1]", '{"schema":"vsphere-motion/snapshot/v1","inventory":{}}', "no json"])
def test_a_file_that_is_no_snapshot_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    file.write_text(text)

    with pytest.raises(BadInput, match=r"site\.json"):
        read_snapshot(file)


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_plan(tmp_path / "missing.json")
    with pytest.raises(BadInput, match="cannot write"):
        write_plan(tmp_path / "no" / "where.json", evacuation())


def test_no_cell_of_a_table_is_a_formula() -> None:
    plan = evacuation(site(vm(1, name='=HYPERLINK("x")'), vm(2, name="+1"), vm(3, name="a,b\nc")))

    rows = list(csv.DictReader(csv_text(plan).splitlines(keepends=True)))

    assert sorted(row["vm"] for row in rows) == ["'+1", '\'=HYPERLINK("x")', "a,b\\nc"]


def test_thousands_of_problems_are_told_in_part_and_counted(tmp_path: Path) -> None:
    document = plan_document(evacuation())
    document["moves"] = [7] * 50_000
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(document))

    with pytest.raises(BadInput, match="50000 problems") as told:
        read_plan(file)

    assert told.value.details[-1] == "... and 49800 more"


def listed(text: str, seen: Inventory, **changes: Any) -> PlanFile:
    request = PlanRequest(kind=PlanKind.MIGRATE, words=(), listed=read_csv(text, "moves.csv"))
    return make_plan_file(seen, replace(request, **changes))


def test_a_list_is_a_plan_with_the_windows_and_priorities_of_its_lines(tmp_path: Path) -> None:
    seen = site(vm(1), vm(2), vm(3, host=host_ref(2)))
    text = "vm,host,cluster,window,priority\nvm1,host2,,22:00-05:00,2\nvm2,host2,,,\nvm3,,cluster1,,\n"

    plan, file = listed(text, seen, window="01:00-02:00", zone="Europe/Berlin"), tmp_path / "plan.json"

    assert [(move.vm.name, move.window, move.priority, move.reason) for move in plan.moves] == [
        ("vm2", "01:00-02:00 Europe/Berlin", 0, "line 3 of moves.csv"),
        ("vm1", "22:00-05:00 Europe/Berlin", 2, "line 2 of moves.csv"),
    ]
    assert [(left.vm.name, left.why) for left in plan.left] == [("vm3", ALREADY_THERE)]
    write_plan(file, plan)
    assert read_plan(file) == plan
    assert problems(load("plan-v1.json"), json.loads(file.read_text())) == []
    assert make_plan_file(seen, request_of(plan.kind, plan.choices)) == plan


def test_a_vm_of_a_list_that_cannot_go_is_named_with_the_reason_for_its_host() -> None:
    plan = listed("vm,host\nvm1,host2\nvm2,host2\n", site(vm(1), vm(2, memory_bytes=600 * GIB)))

    assert ways(plan) == {"vm1": "host2"}
    (stuck,) = plan.stuck
    assert (stuck.vm.name, [one.host.name for one in stuck.reasons]) == ("vm2", ["host2"])


def test_a_window_of_a_plan_that_cannot_be_kept_is_told_with_its_place(tmp_path: Path) -> None:
    document = plan_document(evacuation(window="22:00-05:00"))
    document["moves"][0]["window"] = "22:00-22:00 UTC"
    document["moves"][1]["window"] = "22:00-05:00 Mars/Olympus"
    (tmp_path / "plan.json").write_text(json.dumps(document))

    with pytest.raises(BadInput) as caught:
        read_plan(tmp_path / "plan.json")

    assert caught.value.details == (
        "$.moves[0].window: the window 22:00-22:00 never opens",
        "$.moves[1].window: no time zone is called Mars/Olympus",
    )
