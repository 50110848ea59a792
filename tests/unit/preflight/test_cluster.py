"""The rules of the destination's cluster, and the move to another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from tests.unit.preflight.looking import Brief, brief, look
from vsphere_motion.model.inventory import Inventory, PowerState, RuleKind
from vsphere_motion.preflight.registry import run_checks

HOST1, HOST2 = build.host_ref(1), build.host_ref(2)
BLOCKER, UNKNOWN, WARNING = ([(word, "cluster1")] for word in ("blocker", "unknown", "warning"))
MUST, MUST_NOT = RuleKind.VM_HOST_MUST, RuleKind.VM_HOST_MUST_NOT
SHOULD, SHOULD_NOT = RuleKind.VM_HOST_SHOULD, RuleKind.VM_HOST_SHOULD_NOT
RULE_CHECKS = ["cluster.must-rule", "cluster.should-rule", "cluster.affinity", "cluster.anti-affinity"]


def _ruled(kind: RuleKind, *, others: Any = (), **rule: Any) -> Inventory:
    clusters = (build.cluster(1, rules=(build.rule(kind, **rule),)), build.cluster(2))
    return build.site(clusters=clusters, others=others)


@pytest.mark.parametrize(
    ("check_id", "site", "expected"),
    [
        pytest.param("cluster.must-rule", _ruled(MUST, hosts=(HOST2,)), [], id="must, allowed"),
        pytest.param("cluster.must-rule", _ruled(MUST, hosts=(HOST1,)), BLOCKER, id="must, elsewhere"),
        pytest.param("cluster.must-rule", _ruled(MUST), BLOCKER, id="must, empty host group"),
        pytest.param("cluster.must-rule", _ruled(MUST_NOT, hosts=(HOST1,)), [], id="must not, elsewhere"),
        pytest.param("cluster.must-rule", _ruled(MUST_NOT, hosts=(HOST2,)), BLOCKER, id="must not, there"),
        pytest.param("cluster.must-rule", _ruled(MUST, hosts=(HOST1,), enabled=False), [], id="disabled"),
        pytest.param("cluster.must-rule", _ruled(MUST, hosts=(HOST1,), vms=(build.vm_ref(2),)), [], id="of another VM"),
        pytest.param("cluster.must-rule", _ruled(SHOULD, hosts=(HOST1,)), [], id="should is no must"),
        pytest.param("cluster.should-rule", _ruled(SHOULD, hosts=(HOST2,)), [], id="should, allowed"),
        pytest.param("cluster.should-rule", _ruled(SHOULD, hosts=(HOST1,)), WARNING, id="should, elsewhere"),
        pytest.param("cluster.should-rule", _ruled(SHOULD_NOT, hosts=(HOST1,)), [], id="should not, elsewhere"),
        pytest.param("cluster.should-rule", _ruled(SHOULD_NOT, hosts=(HOST2,)), WARNING, id="should not, there"),
        pytest.param("cluster.should-rule", _ruled(MUST, hosts=(HOST1,)), [], id="must is no should"),
    ],
)
def test_host_rules(check_id: str, site: Inventory, expected: Brief) -> None:
    assert brief(check_id, site) == expected


def test_the_message_says_what_the_rule_wants() -> None:
    assert look("cluster.must-rule", _ruled(MUST, hosts=(HOST1,)))[0].message == (
        "rule rule1 of cluster1 says that vm1 must run only on its host group, which does not have host2"
    )
    assert look("cluster.should-rule", _ruled(SHOULD_NOT, hosts=(HOST2,)))[0].message == (
        "rule rule1 of cluster1 says that vm1 should not run on its host group, which has host2"
    )


def _partner(**changes: Any) -> dict[str, Any]:
    """A rule about vm1 and vm2, and vm2 itself."""
    return {"vms": (build.vm_ref(1), build.vm_ref(2)), "others": (build.vm(2, **changes),)}


@pytest.mark.parametrize(
    ("check_id", "site", "expected"),
    [
        pytest.param("cluster.affinity", _ruled(RuleKind.AFFINITY, **_partner(host=HOST2)), [], id="together after"),
        pytest.param("cluster.affinity", _ruled(RuleKind.AFFINITY, **_partner(host=HOST1)), WARNING, id="torn apart"),
        pytest.param("cluster.affinity", _ruled(RuleKind.AFFINITY, **_partner(host=None)), [], id="partner nowhere"),
        pytest.param(
            "cluster.affinity", _ruled(RuleKind.AFFINITY, **_partner(power_state=PowerState.OFF)), [], id="partner off"
        ),
        pytest.param("cluster.anti-affinity", _ruled(RuleKind.ANTI_AFFINITY, **_partner(host=HOST1)), [], id="apart"),
        pytest.param(
            "cluster.anti-affinity", _ruled(RuleKind.ANTI_AFFINITY, **_partner(host=HOST2)), WARNING, id="met there"
        ),
        pytest.param(
            "cluster.anti-affinity",
            _ruled(RuleKind.ANTI_AFFINITY, vms=(build.vm_ref(1), build.vm_ref(9))),
            [("unknown", "vm-9")],
            id="partner unknown",
        ),
        pytest.param(
            "cluster.affinity",
            _ruled(RuleKind.AFFINITY, vms=(build.vm_ref(1), build.vm_ref(9))),
            [("unknown", "vm-9")],
            id="affine partner unknown",
        ),
    ],
)
def test_vm_rules(check_id: str, site: Inventory, expected: Brief) -> None:
    assert brief(check_id, site) == expected


def test_the_message_names_the_partners() -> None:
    assert look("cluster.affinity", _ruled(RuleKind.AFFINITY, **_partner(host=HOST1)))[0].message == (
        "rule rule1 of cluster1 wants vm1 together with vm2, not on host2 now"
    )
    assert look("cluster.anti-affinity", _ruled(RuleKind.ANTI_AFFINITY, **_partner(host=HOST2)))[0].message == (
        "rule rule1 of cluster1 wants vm1 apart from vm2, on host2 now"
    )


@pytest.mark.parametrize("check_id", RULE_CHECKS)
@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        pytest.param((build.cluster(1),), [], id="no rules"),
        pytest.param((build.cluster(1, rules=None),), UNKNOWN, id="rules unknown"),
        pytest.param((build.cluster(1, is_cluster=False, rules=None),), [], id="a standalone host has none"),
        pytest.param((), [("unknown", "host2")], id="cluster unknown"),
    ],
)
def test_unread_rules(check_id: str, clusters: Any, expected: Brief) -> None:
    assert brief(check_id, build.site(clusters=clusters)) == expected


def _pool_findings(site: Inventory, *, pool: bool = True) -> list[tuple[str, str, str]]:
    move = build.move(site, to=3)
    destination = replace(move.destination, pool=site.name_of(build.pool_ref(2)) if pool else None)
    found = run_checks(site, replace(move, destination=destination))
    return [(f.severity.value, f.subject.name, f.message) for f in found if f.id == "cluster.pool"]


def test_another_cluster_means_another_pool() -> None:
    assert _pool_findings(build.site()) == [("info", "vm1", "vm1 moves to cluster2, into its resource pool Resources")]


def test_an_unread_pool_is_unknown() -> None:
    assert _pool_findings(build.site(), pool=False) == [
        ("unknown", "cluster2", "cluster2: resourcePool could not be read")
    ]


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        pytest.param(build.site(), [], id="one cluster"),
        pytest.param(build.site(vm=build.vm(host=None)), [], id="on no host"),
        pytest.param(
            build.site(source=build.host(1, compute_resource=None)), [("unknown", "host1")], id="source unknown"
        ),
        pytest.param(
            build.site(destination=build.host(2, compute_resource=None)),
            [("unknown", "host2")],
            id="destination unknown",
        ),
    ],
)
def test_pool(site: Inventory, expected: Brief) -> None:
    assert brief("cluster.pool", site) == expected


def test_a_cluster_that_was_not_read_is_known_by_its_host() -> None:
    site = build.site(clusters=(build.cluster(1),))
    assert _pool_findings(site) == [("info", "vm1", "vm1 moves to host3, into its resource pool Resources")]
