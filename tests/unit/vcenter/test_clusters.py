"""A cluster with the configuration of DRS, vSphere HA and vSAN."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.unit.vcenter.things import host, host_ref, vm, vm_ref
from vsphere_motion.model.inventory import DrsOverride, HaAdmission
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.clusters import cluster_from, pool_from
from vsphere_motion.vcenter.collector import Reading

_c = vim.cluster


def config(policy: Any = None, *, admission: bool | None = True, **changes: Any) -> Any:
    das = _c.DasConfigInfo(enabled=True, admissionControlEnabled=admission, admissionControlPolicy=policy)
    drs = _c.DrsConfigInfo(enabled=True, defaultVmBehavior="manual")
    return _c.ConfigInfoEx(**{"dasConfig": das, "drsConfig": drs, "vmSwapPlacement": "vmDirectory"} | changes)


def cluster(value: Any = None, kind: str = "ClusterComputeResource") -> Any:
    values = {} if value is None else {"configurationEx": value}
    return cluster_from(Reading(ref=MoRef(kind=kind, moid="domain-c1"), values=values), "prod")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(None, HaAdmission(enabled=True), id="none"),
        pytest.param(
            _c.FailoverResourcesAdmissionControlPolicy(
                cpuFailoverResourcesPercent=25, memoryFailoverResourcesPercent=30
            ),
            HaAdmission(enabled=True, cpu_percent=25, memory_percent=30),
            id="a share of the resources",
        ),
        pytest.param(
            _c.FailoverLevelAdmissionControlPolicy(failoverLevel=2),
            HaAdmission(enabled=True, host_failures=2),
            id="a number of hosts",
        ),
        pytest.param(
            _c.FailoverHostAdmissionControlPolicy(failoverHosts=[host(3)]),
            HaAdmission(enabled=True, failover_hosts=(host_ref(3),)),
            id="dedicated hosts",
        ),
    ],
)
def test_the_policies_of_ha(policy: Any, expected: HaAdmission) -> None:
    assert cluster(config(policy)).ha_admission == expected


@pytest.mark.parametrize(("set_to", "expected"), [(True, True), (None, True), (False, False)])
def test_admission_control_is_on_unless_it_is_turned_off(set_to: bool | None, expected: bool) -> None:
    assert cluster(config(admission=set_to)).ha_admission.enabled is expected


def test_overrides_of_drs_name_their_vm() -> None:
    overrides = [
        _c.DrsVmConfigInfo(key=vm(1), enabled=False),
        _c.DrsVmConfigInfo(key=vm(2), behavior="fullyAutomated"),
    ]
    assert cluster(config(drsVmConfig=overrides)).drs_overrides == (
        DrsOverride(vm=vm_ref(1), enabled=False),
        DrsOverride(vm=vm_ref(2), enabled=True, automation="fullyAutomated"),
    )


@pytest.mark.parametrize(
    ("vsan", "expected"),
    [
        (None, False),
        (vim.vsan.cluster.ConfigInfo(enabled=False), False),
        (vim.vsan.cluster.ConfigInfo(enabled=True), True),
    ],
)
def test_a_vsan_cluster_says_so(vsan: Any, expected: bool) -> None:
    assert cluster(config(vsanConfigInfo=vsan)).vsan_enabled is expected


def test_of_a_cluster_whose_configuration_was_not_read_nothing_is_known() -> None:
    found = cluster()
    assert (found.is_cluster, found.rules, found.ha_admission, found.drs_overrides, found.vsan_enabled) == (
        True,
        None,
        None,
        None,
        None,
    )


def test_the_compute_resource_of_a_standalone_host_is_no_cluster() -> None:
    assert cluster(kind="ComputeResource").is_cluster is False


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param((), (4, 8), id="the defaults"),
        pytest.param((("das.maxFtVmsPerHost", "6"),), (6, 8), id="in any case"),
        pytest.param((("das.maxftvcpusperhost", 0),), (4, 0), id="a number, and no limit"),
        pytest.param((("das.maxftvmsperhost", "6"), ("das.maxftvmsperhost", "7")), (7, 8), id="the last one"),
        pytest.param((("das.maxftvmsperhost", "many"), ("das.other", "1")), (None, 8), id="no number"),
    ],
)
def test_the_limits_of_fault_tolerance_are_options_of_ha(options: Any, expected: tuple[int | None, int | None]) -> None:
    listed = [vim.option.OptionValue(key=key, value=value) for key, value in options]
    seen = cluster(config(dasConfig=_c.DasConfigInfo(enabled=True, option=listed)))
    assert (seen.max_ft_vms, seen.max_ft_vcpus) == expected


def test_a_pool_has_what_it_can_still_give_in_bytes_and_mhz() -> None:
    values = {
        "owner": host(1),
        "runtime.memory.unreservedForVm": 2**30,
        "runtime.cpu.unreservedForVm": 2600,
    }
    pool = pool_from(Reading(ref=MoRef(kind="ResourcePool", moid="resgroup-1"), values=values), "web")
    assert (pool.name, pool.unreserved_bytes, pool.unreserved_mhz) == ("web", 2**30, 2600)
    unread = pool_from(Reading(ref=MoRef(kind="VirtualApp", moid="resgroup-2"), values={}), "app")
    assert (unread.unreserved_bytes, unread.unreserved_mhz) == (None, None)
