"""Inventory paths and vCenter's escapes in names."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.unit.vcenter.things import managed
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import Reading, Readings, ref_of
from vsphere_motion.vcenter.inventory_paths import inventory_path, plain_name

ROOT = managed(vim.Folder, "group-d1")
DATACENTER = managed(vim.Datacenter, "datacenter-2")
VM_FOLDER = managed(vim.Folder, "group-v3")
WEB_FOLDER = managed(vim.Folder, "group-v4")
POOL = managed(vim.ResourcePool, "resgroup-5")
APP = managed(vim.VirtualApp, "resgroup-v6")
INNER_APP = managed(vim.VirtualApp, "resgroup-v7")
VM = managed(vim.VirtualMachine, "vm-8")


def read(*objects: tuple[Any, dict[str, Any]]) -> Readings:
    return {ref_of(one): Reading(ref=ref_of(one), values=values) for one, values in objects}


FOLDERS = (
    (DATACENTER, {"name": "DC0", "parent": ROOT}),
    (VM_FOLDER, {"name": "vm", "parent": DATACENTER}),
    (WEB_FOLDER, {"name": "web", "parent": VM_FOLDER}),
)


def path_of_vm(readings: Readings) -> str | None:
    return inventory_path(ref_of(VM), readings, ref_of(ROOT))


def test_the_path_has_every_folder() -> None:
    assert path_of_vm(read(*FOLDERS, (VM, {"name": "web01", "parent": WEB_FOLDER}))) == "/DC0/vm/web/web01"


def test_a_slash_in_a_name_stays_escaped_in_the_path() -> None:
    assert path_of_vm(read(*FOLDERS, (VM, {"name": "a%2fb", "parent": VM_FOLDER}))) == "/DC0/vm/a%2fb"


def test_a_vm_in_a_nested_vapp_is_found_by_the_folder_of_the_outer_one() -> None:
    readings = read(
        *FOLDERS,
        (APP, {"name": "shop", "parent": POOL, "parentFolder": WEB_FOLDER}),
        (INNER_APP, {"name": "db", "parent": APP}),
        (VM, {"name": "db01", "parentVApp": INNER_APP}),
    )
    assert path_of_vm(readings) == "/DC0/vm/web/shop/db/db01"


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param((), id="not read"),
        pytest.param(((WEB_FOLDER, {"parent": VM_FOLDER}),), id="without a name"),
        pytest.param(((WEB_FOLDER, {"name": "web"}),), id="without a parent"),
        pytest.param(((WEB_FOLDER, {"name": "web", "parent": WEB_FOLDER}),), id="its own parent"),
    ],
)
def test_there_is_no_path_through_a_folder_that_was_not_read(folder: tuple[tuple[Any, dict[str, Any]], ...]) -> None:
    readings = read(*FOLDERS[:2], *folder, (VM, {"name": "web01", "parent": WEB_FOLDER}))
    assert path_of_vm(readings) is None


def test_a_vm_that_was_not_read_has_no_path() -> None:
    assert inventory_path(MoRef(kind="VirtualMachine", moid="vm-99"), read(*FOLDERS), ref_of(ROOT)) is None


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("web01", "web01"),
        ("a%2fb%2Fc", "a/b/c"),
        ("a%5cb", "a\\b"),
        ("100%25", "100%"),
        ("%252f", "%2f"),
        ("bell%07", "bell%07"),
        ("esc%1b[31m", "esc%1b[31m"),
    ],
)
def test_only_vcenters_three_escapes_are_undone(name: str, plain: str) -> None:
    assert plain_name(name) == plain
