"""What a reading says of a property, and the small conversions of pyVmomi's values."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import VmomiSupport, vim

from tests.unit.vcenter.things import host, host_ref, managed
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import Reading, listed_kind, method_name, plain, ref_of

READING = Reading(
    ref=host_ref(1),
    values={"name": "esx01", "parent": managed(vim.ClusterComputeResource, "domain-c1"), "vm": [host(2)]},
    unread={"config": "NoPermission"},
)


def test_a_value_an_unset_and_an_unread_property_are_told_apart() -> None:
    assert READING.get("name") == "esx01"
    assert (READING.get("datastore"), READING.get("datastore", unset=0)) == (None, 0)
    assert READING.get("config", unset=0) is None


def test_a_list_of_references_is_empty_when_unset_and_none_when_unread() -> None:
    assert READING.refs("vm") == (host_ref(2),)
    assert READING.refs("datastore") == ()
    assert READING.refs("config") is None


def test_a_reference_is_none_when_unset_or_unread() -> None:
    assert READING.ref_at("parent") == MoRef(kind="ClusterComputeResource", moid="domain-c1")
    assert (READING.ref_at("datastore"), READING.ref_at("config")) == (None, None)


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        ("VmwareDistributedVirtualSwitch", "DistributedVirtualSwitch"),
        ("ClusterComputeResource", "ClusterComputeResource"),
        ("ComputeResource", "ComputeResource"),
        ("StoragePod", "Folder"),
        ("HostSystem", None),
    ],
)
def test_an_object_belongs_to_the_most_derived_kind_that_is_listed(kind: str, listed: str | None) -> None:
    kinds = ["ComputeResource", "ClusterComputeResource", "Folder", "DistributedVirtualSwitch"]
    assert listed_kind(kind, kinds) == listed_kind(kind, kinds[::-1]) == listed


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(vim.VirtualMachine.PowerState.poweredOn, str, id="enum"),
        pytest.param(VmomiSupport.long(7), int, id="long"),
        pytest.param(True, bool, id="a truth value stays one"),
        pytest.param("text", str, id="text"),
        pytest.param(None, type(None), id="nothing"),
    ],
)
def test_pyvmomis_own_scalars_become_pythons(value: Any, kind: type) -> None:
    assert type(plain(value)) is kind
    assert plain(value) == value


@pytest.mark.parametrize(
    ("method", "name"),
    [
        pytest.param("RelocateVM_Task", "RelocateVM_Task", id="text"),
        pytest.param(vim.VirtualMachine.Relocate, "RelocateVM_Task", id="a method pyVmomi knows"),
        pytest.param(VmomiSupport.UnknownManagedMethod("WarpVM_Task"), "WarpVM_Task", id="one it does not know"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_method_has_the_name_the_server_gives_it(method: Any, name: str | None) -> None:
    assert method_name(method) == name


def test_a_reference_has_the_apis_name_of_its_kind() -> None:
    assert ref_of(managed(vim.dvs.DistributedVirtualPortgroup, "dvportgroup-1")).kind == "DistributedVirtualPortgroup"
