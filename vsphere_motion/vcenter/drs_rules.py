"""The DRS rules of a cluster with their groups resolved to hosts and virtual machines, and its overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyVmomi import vim

from vsphere_motion.model.inventory import DrsOverride, DrsRule, RuleKind
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import plain, ref_of, refs_of

_rules = vim.cluster


def drs_rules_from(rules: Iterable[Any], groups: Iterable[Any]) -> tuple[DrsRule, ...]:
    """The rules that say where a VM may run; other rules (dependencies between VMs) are left out.

    A VM-host rule may name an affine group, an anti-affine group, or both; then it becomes two rules.
    """
    members = {group.name: refs_of(_members_of(group)) for group in groups}
    return tuple(rule for one in rules for rule in _rules_from(one, members))


def drs_overrides_from(overrides: Iterable[Any]) -> tuple[DrsOverride, ...]:
    """What DRS does with single VMs."""
    return tuple(
        DrsOverride(vm=ref_of(one.key), enabled=one.enabled is not False, automation=plain(one.behavior))
        for one in overrides
    )


def _members_of(group: Any) -> Iterable[Any]:
    if isinstance(group, _rules.VmGroup):
        return group.vm
    return group.host if isinstance(group, _rules.HostGroup) else ()


def _rules_from(rule: Any, members: Mapping[str, tuple[MoRef, ...]]) -> Iterable[DrsRule]:
    if isinstance(rule, _rules.VmHostRuleInfo):
        vms = members.get(rule.vmGroupName or "", ())
        if rule.affineHostGroupName:
            kind = RuleKind.VM_HOST_MUST if rule.mandatory else RuleKind.VM_HOST_SHOULD
            yield _rule(rule, kind, vms, members.get(rule.affineHostGroupName, ()))
        if rule.antiAffineHostGroupName:
            kind = RuleKind.VM_HOST_MUST_NOT if rule.mandatory else RuleKind.VM_HOST_SHOULD_NOT
            yield _rule(rule, kind, vms, members.get(rule.antiAffineHostGroupName, ()))
    elif isinstance(rule, _rules.AffinityRuleSpec):
        yield _rule(rule, RuleKind.AFFINITY, refs_of(rule.vm))
    elif isinstance(rule, _rules.AntiAffinityRuleSpec):
        yield _rule(rule, RuleKind.ANTI_AFFINITY, refs_of(rule.vm))


def _rule(rule: Any, kind: RuleKind, vms: tuple[MoRef, ...], hosts: tuple[MoRef, ...] = ()) -> DrsRule:
    return DrsRule(
        name=rule.name or "",
        kind=kind,
        enabled=rule.enabled is not False,
        mandatory=bool(rule.mandatory),
        vms=vms,
        hosts=hosts,
    )
