"""Rooms and loads of an inventory: what a host has for VMs, what a VM needs, where the checks let it go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import GIB, cluster, cluster_ref, finding, host, host_ref, inventory, rule, vm, vm_ref
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.inventory import ConnectionState, HaAdmission, Inventory, PowerState, RuleKind
from vsphere_motion.planning.placement.of_inventory import (
    CLOSED_BY_HAND,
    KEPT_FOR_HA,
    SiteMap,
    SiteRules,
    Verdict,
    is_system_vm,
    site_of,
    verdict_of,
)

MAY = Verdict(why_not=None)


def two_hosts(**changes: Any) -> Inventory:
    return inventory(hosts=(host(1), host(2)), clusters=(cluster(1),), **changes)


def site(seen: Inventory, rules: SiteRules | None = None, **verdicts: Verdict) -> SiteMap:
    return site_of(seen, seen.hosts, {(vm_ref(1), host_ref(2)): MAY} | verdicts, rules)  # type: ignore[dict-item]


def test_what_the_host_itself_uses_is_no_room_for_vms() -> None:
    first, second = site(two_hosts()).site.rooms

    assert first.memory_bytes == (512 - 64 + 6) * GIB
    assert second.memory_bytes == (512 - 64) * GIB
    assert first.cpu_mhz == second.cpu_mhz == 83_200 - 8_000


def test_what_a_vm_is_measured_to_use_is_not_the_hosts_own() -> None:
    seen = two_hosts(vms=(vm(1, cpu_used_mhz=3_000),))

    assert site(seen).site.rooms[0].cpu_mhz == 83_200 - 5_000


@pytest.mark.parametrize(
    ("policy", "share"),
    [
        pytest.param(HaAdmission(enabled=True, memory_percent=25, cpu_percent=25), 0.25, id="a share of each host"),
        pytest.param(HaAdmission(enabled=True, host_failures=1), 0.5, id="the larger of two equal hosts"),
        pytest.param(HaAdmission(enabled=False, memory_percent=25, cpu_percent=25), 0.0, id="admission control is off"),
    ],
)
def test_what_ha_keeps_free_is_no_room(policy: HaAdmission, share: float) -> None:
    seen = inventory(hosts=(host(1), host(2)), clusters=(cluster(1, ha_enabled=True, ha_admission=policy),))

    assert site(seen).site.rooms[1].memory_bytes == int((512 - 64 - 512 * share) * GIB)
    assert site(seen).site.rooms[1].cpu_mhz == int(75_200 - 83_200 * share)
    assert site(seen, SiteRules(keeps_ha_reserve=False)).site.rooms[1].memory_bytes == (512 - 64) * GIB


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"in_maintenance_mode": True}, "it is in maintenance mode", id="maintenance"),
        pytest.param({"in_maintenance_mode": None}, "its maintenance mode was not read", id="unread mode"),
        pytest.param({"in_quarantine_mode": True}, "it is in quarantine mode", id="quarantine"),
        pytest.param({"connection_state": ConnectionState.NOT_RESPONDING}, "it is notResponding", id="away"),
        pytest.param({"connection_state": None}, "it is in a state that was not read", id="unread state"),
        pytest.param({"power_state": "standBy"}, "it is standBy", id="standby"),
        pytest.param({"memory_used_bytes": None}, "its used memory was not read", id="unread memory"),
    ],
)
def test_a_host_that_is_not_ready_or_not_known_takes_nothing(changes: dict[str, Any], why: str) -> None:
    seen = site(inventory(hosts=(host(1), host(2, **changes)), clusters=(cluster(1),)))

    assert not seen.site.rooms[1].is_open
    assert seen.closed == {1: why}


def test_cordoned_and_failover_hosts_take_nothing() -> None:
    policy = HaAdmission(enabled=True, failover_hosts=(host_ref(2),))
    seen = inventory(hosts=(host(1), host(2)), clusters=(cluster(1, ha_enabled=True, ha_admission=policy),))

    assert site(seen).closed == {1: KEPT_FOR_HA}
    assert site(seen, SiteRules(cordoned=frozenset({host_ref(1)}))).closed == {0: CLOSED_BY_HAND, 1: KEPT_FOR_HA}


@pytest.mark.parametrize(
    ("changes", "needs", "holds"),
    [
        pytest.param({}, 8 * GIB, 6 * GIB, id="configured to come, used to stay"),
        pytest.param(
            {"memory_reservation_bytes": 7 * GIB, "memory_overhead_bytes": 0}, 8 * GIB, 7 * GIB, id="reserved"
        ),
        pytest.param({"power_state": PowerState.OFF}, 0, 0, id="off"),
        pytest.param({"power_state": PowerState.SUSPENDED}, 0, 0, id="suspended"),
    ],
)
def test_what_a_vm_needs_and_holds(changes: dict[str, Any], needs: int, holds: int) -> None:
    (load,) = site(two_hosts(vms=(vm(1, **changes),))).site.loads

    assert (load.needs_bytes, load.holds_bytes) == (needs, holds)
    assert load.may_go == {1}


def test_a_vm_whose_memory_is_not_known_goes_nowhere() -> None:
    (load,) = site(two_hosts(vms=(vm(1, memory_bytes=None),))).site.loads

    assert load.may_go == frozenset()


def test_a_vm_goes_only_where_the_checks_let_it() -> None:
    seen = two_hosts()

    assert site_of(seen, seen.hosts, {}).site.loads[0].may_go == frozenset()
    assert site(seen).site.loads[0].may_go == {1}
    unwanted = {(vm_ref(1), host_ref(2)): Verdict(why_not=None, is_unwanted=True)}
    assert site_of(seen, seen.hosts, unwanted).site.loads[0].may_go == frozenset()
    assert site_of(seen, seen.hosts, unwanted, SiteRules(keeps_wishes=False)).site.loads[0].may_go == {1}


def test_checks_that_placement_answers_itself_say_nothing_here() -> None:
    assert verdict_of([finding(id="memory.admission")]) == MAY
    assert verdict_of([finding(id="storage.reachable", message="no way")]).why_not == "no way [storage.reachable]"
    assert verdict_of([finding(id="storage.reachable")], ["storage.reachable"]) == MAY
    assert verdict_of([finding(id="host.version", severity=Severity.WARNING)]) == MAY
    assert verdict_of([finding(id="cluster.should-rule", severity=Severity.WARNING)]).is_unwanted


@pytest.mark.parametrize("mandatory", [True, False])
def test_rules_between_vms_are_kept_as_musts_or_as_wishes(mandatory: bool) -> None:
    apart = rule(RuleKind.ANTI_AFFINITY, vms=(vm_ref(1), vm_ref(2)), mandatory=mandatory)
    pair = rule(RuleKind.AFFINITY, vms=(vm_ref(2), vm_ref(3)), mandatory=mandatory)
    trio = rule(RuleKind.AFFINITY, vms=(vm_ref(3), vm_ref(4)), mandatory=mandatory)
    off = rule(RuleKind.ANTI_AFFINITY, vms=(vm_ref(1), vm_ref(2)), mandatory=True, enabled=False)
    seen = inventory(
        hosts=(host(1), host(2)),
        clusters=(cluster(1, rules=(apart, pair, trio, off)),),
        vms=tuple(vm(number) for number in (1, 2, 3, 4)),
    )

    wished, musts = site(seen).site, site(seen, SiteRules(keeps_wishes=False)).site
    assert (wished.apart, wished.together) == (((0, 1),), ((1, 2, 3),))
    assert (musts.apart, musts.together) == ((((0, 1),), ((1, 2, 3),)) if mandatory else ((), ()))


def test_a_rule_does_not_concern_a_vm_that_is_off() -> None:
    apart = rule(RuleKind.ANTI_AFFINITY, vms=(vm_ref(1), vm_ref(2)))
    seen = inventory(
        clusters=(cluster(1, rules=(apart,)),), vms=(vm(1), vm(2, power_state=PowerState.OFF)), hosts=(host(1), host(2))
    )

    assert site(seen).site.apart == ()


def test_numbers_lead_to_references_and_back_and_templates_are_no_loads() -> None:
    seen = two_hosts(vms=(vm(2), vm(1), vm(3, is_template=True)))

    found = site(seen)

    assert [found.vms[found.loads[ref]].ref for ref in (vm_ref(1), vm_ref(2))] == [vm_ref(1), vm_ref(2)]
    assert [found.hosts[found.rooms[ref]].ref for ref in (host_ref(1), host_ref(2))] == [host_ref(1), host_ref(2)]
    assert vm_ref(3) not in found.loads
    assert cluster_ref(1) == found.hosts[0].compute_resource


def test_system_vms_are_known_by_name_and_by_their_manager() -> None:
    assert is_system_vm(vm(1, name="vCLS-42"))
    assert is_system_vm(vm(1, managed_by="com.vmware.vim.eam"))
    assert not is_system_vm(vm(1, name="my-vCLS-copy"))
