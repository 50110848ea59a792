"""Steps as the moves of a plan: costs, estimates, and what does not fit any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.build import GIB, cluster, finding, host, host_ref, inventory, rule, task, vm, vm_ref
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.inventory import PowerState, RuleKind
from vsphere_motion.model.plan_file import PlanMove
from vsphere_motion.model.site import Step
from vsphere_motion.planning.placement.of_inventory import SiteMap, site_of
from vsphere_motion.planning.steps import Words, others_of, plan_moves, shortfalls, slots_of
from vsphere_motion.vmotion.costs import Resource


def site(*vms: Any, rules: Any = (), **second: Any) -> SiteMap:
    seen = inventory(vms=vms, hosts=(host(1), host(2, **second)), clusters=(cluster(1, rules=rules),))
    return site_of(seen, seen.hosts, {})


def step(load: int = 0, source: int = 0, destination: int = 1, **changes: Any) -> Step:
    return Step(**{"load": load, "source": source, "destination": destination, "wave": 0} | changes)


def moves(seen: SiteMap, *steps: Step, findings: Any = None) -> tuple[PlanMove, ...]:
    words = Words(reason=lambda _: "because", findings=findings or {})
    return plan_moves(inventory(vms=seen.vms), seen, steps, words)[0]


def test_a_move_costs_both_hosts_their_networks_and_the_datastore() -> None:
    (move,) = moves(site(vm(1)), step())

    assert [(cost.resource, cost.moid, cost.units) for cost in move.costs] == [
        ("host", "host-1", 1),
        ("network_10g", "host-1", 1),
        ("host", "host-2", 1),
        ("network_10g", "host-2", 1),
        ("datastore", "datastore-1", 1),
    ]
    assert dict(slots_of(move.costs))[Resource.HOST, host_ref(2)] == 1
    assert move.estimate.sends_bytes >= 8 * GIB
    assert move.estimate.duration_s == pytest.approx(move.estimate.sends_bytes * 8 / 1e10 + 4.0, abs=0.1)


def test_a_vm_that_does_not_run_sends_nothing() -> None:
    (move,) = moves(site(vm(1, power_state=PowerState.OFF)), step())

    assert move.estimate.sends_bytes == 0
    assert {cost.resource for cost in move.costs} == {"host"}


def test_a_move_starts_after_those_it_relies_on_and_parking_is_kept() -> None:
    first, second = moves(site(vm(1), vm(2)), step(is_parking=True), step(1, relies_on=(0,), wave=1))

    assert second.estimate.start_s >= first.estimate.duration_s
    assert (first.parking, second.parking, second.relies_on) == (True, False, (0,))


def test_findings_that_placement_answers_and_mere_information_are_left_out() -> None:
    said = (
        finding(id="memory.headroom", severity=Severity.WARNING),
        finding(id="vm.snapshots", severity=Severity.INFO),
        finding(id="host.version", severity=Severity.WARNING, message="older"),
    )

    (move,) = moves(site(vm(1)), step(), findings={(vm_ref(1), host_ref(2)): said})

    assert [(one.id, one.message) for one in move.findings] == [("host.version", "older")]


def test_relocations_that_run_already_take_units_of_their_host() -> None:
    busy = vm(1, running_tasks=(task(1, "RelocateVM_Task"), task(2, "CreateSnapshot_Task")))

    assert others_of(inventory(vms=(busy, vm(2)))) == {(Resource.HOST, host_ref(1)): 1}


def test_what_fits_has_no_shortfall() -> None:
    assert shortfalls(site(vm(1)), [step()]) == ()


def test_a_host_that_was_filled_says_how_much_is_missing() -> None:
    seen = site(vm(1), vm(2, host=host_ref(2), memory_used_bytes=64 * GIB), memory_used_bytes=510 * GIB)

    assert shortfalls(seen, [step()]) == ("host2 has 2048 MiB left when vm1 comes, which needs 8192",)


def test_processors_and_rules_can_fall_short_too() -> None:
    apart = rule(RuleKind.ANTI_AFFINITY, name="apart", vms=(vm_ref(1), vm_ref(2)), mandatory=True)

    assert shortfalls(site(vm(1, cpu_reservation_mhz=80_000)), [step()]) == (
        "host2 has 75200 MHz left when vm1 comes, which needs 80000",
    )
    assert shortfalls(site(vm(1), vm(2, host=host_ref(2)), rules=(apart,)), [step()]) == (
        "a rule keeps vm1 apart from a virtual machine that is on host2 now",
    )


def test_what_leaves_in_a_wave_makes_room_for_the_next_one() -> None:
    seen = site(vm(1), vm(2, host=host_ref(2), memory_used_bytes=8 * GIB), memory_used_bytes=506 * GIB)
    leaves, comes = step(1, source=1, destination=0), step(0)

    assert shortfalls(seen, [leaves, replace(comes, wave=1)]) == ()
    assert len(shortfalls(seen, [leaves, comes])) == 1


def test_urgent_steps_come_first_and_after_what_they_rely_on() -> None:
    seen = site(vm(1), vm(2), vm(3))
    words = Words(
        reason=lambda _: "because",
        findings={},
        windows={vm_ref(3): "22:00-05:00 UTC"},
        priorities={vm_ref(3): -1, vm_ref(1): 5},
    )
    steps = [step(0), step(1), step(2, relies_on=(1,), wave=1)]

    planned, _ = plan_moves(inventory(vms=seen.vms), seen, steps, words)

    assert [(one.vm.name, one.priority, one.relies_on, one.window) for one in planned] == [
        ("vm2", 0, (), ""),
        ("vm3", -1, (0,), "22:00-05:00 UTC"),
        ("vm1", 5, (), ""),
    ]
