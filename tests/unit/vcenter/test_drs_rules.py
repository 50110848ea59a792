"""The DRS rules of a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.unit.vcenter.things import host, host_ref, vm, vm_ref
from vsphere_motion.model.inventory import DrsRule, RuleKind
from vsphere_motion.vcenter.drs_rules import drs_rules_from

rules = vim.cluster
GROUPS = [
    rules.VmGroup(name="licensed VMs", vm=[vm(1), vm(2)]),
    rules.HostGroup(name="licensed hosts", host=[host(1)]),
    rules.HostGroup(name="old hosts", host=[host(8), host(9)]),
]


def vm_host_rule(**fields: Any) -> Any:
    return rules.VmHostRuleInfo(name="licence", enabled=True, vmGroupName="licensed VMs", **fields)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        pytest.param({"mandatory": True, "affineHostGroupName": "licensed hosts"}, RuleKind.VM_HOST_MUST, id="must"),
        pytest.param(
            {"mandatory": False, "affineHostGroupName": "licensed hosts"}, RuleKind.VM_HOST_SHOULD, id="should"
        ),
        pytest.param({"affineHostGroupName": "licensed hosts"}, RuleKind.VM_HOST_SHOULD, id="unset is not mandatory"),
        pytest.param(
            {"mandatory": True, "antiAffineHostGroupName": "licensed hosts"}, RuleKind.VM_HOST_MUST_NOT, id="must not"
        ),
        pytest.param(
            {"mandatory": False, "antiAffineHostGroupName": "licensed hosts"},
            RuleKind.VM_HOST_SHOULD_NOT,
            id="should not",
        ),
    ],
)
def test_a_vm_host_rule_names_the_members_of_its_groups(fields: dict[str, Any], kind: RuleKind) -> None:
    assert drs_rules_from([vm_host_rule(**fields)], GROUPS) == (
        DrsRule(
            name="licence",
            kind=kind,
            enabled=True,
            mandatory=bool(fields.get("mandatory")),
            vms=(vm_ref(1), vm_ref(2)),
            hosts=(host_ref(1),),
        ),
    )


def test_a_rule_with_both_groups_is_two_rules() -> None:
    rule = vm_host_rule(mandatory=True, affineHostGroupName="licensed hosts", antiAffineHostGroupName="old hosts")
    found = drs_rules_from([rule], GROUPS)
    assert [(one.kind, one.hosts) for one in found] == [
        (RuleKind.VM_HOST_MUST, (host_ref(1),)),
        (RuleKind.VM_HOST_MUST_NOT, (host_ref(8), host_ref(9))),
    ]


@pytest.mark.parametrize(
    ("rule_type", "kind"),
    [(rules.AffinityRuleSpec, RuleKind.AFFINITY), (rules.AntiAffinityRuleSpec, RuleKind.ANTI_AFFINITY)],
)
def test_a_rule_between_vms_names_them(rule_type: type, kind: RuleKind) -> None:
    rule = rule_type(name="pair", enabled=False, vm=[vm(3), vm(4)])
    assert drs_rules_from([rule], []) == (
        DrsRule(name="pair", kind=kind, enabled=False, mandatory=False, vms=(vm_ref(3), vm_ref(4))),
    )


def test_a_group_that_does_not_exist_is_empty() -> None:
    (found,) = drs_rules_from([vm_host_rule(mandatory=True, affineHostGroupName="gone")], [])
    assert (found.vms, found.hosts) == ((), ())


def test_a_dependency_between_vms_is_no_placement_rule() -> None:
    assert drs_rules_from([rules.DependencyRuleInfo(name="order", vmGroup="a", dependsOnVmGroup="b")], []) == ()
