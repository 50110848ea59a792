"""Files of virtual machines on their way, by the command line, each place seen by an independent client."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from tests.build import GIB, MIB
from tests.observer import Observer
from tests.program import Program
from tests.sim.storage_site import migrate, migrate_twice, policies, seen, writes
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def free_bytes(observer: Observer, store: str) -> int:
    return int(observer.read(vim.Datastore, "summary.freeSpace")[store]["summary.freeSpace"])


def test_of_a_half_done_move_the_rest_is_done_and_nothing_else(run: Program, observer: Observer) -> None:
    """Two of three disks are on the datastore: the plan has the third and the configuration, and so has the outcome."""
    before = seen(observer, "half")
    assert before.stores == ["slow", "fast", "fast", "slow"]
    taken = free_bytes(observer, "fast")

    table = run("check", "half", "--to-datastore", "fast").text
    assert "configuration to fast, Hard disk 3 to fast" in table
    assert migrate(run, "half", "--to-datastore", "fast") == "moved"

    after = seen(observer, "half")
    assert after.stores == ["fast", "fast", "fast", "fast"]
    assert [disk[2] for disk in after.disks.values()][:2] == [disk[2] for disk in before.disks.values()][:2]
    assert 0 < taken - free_bytes(observer, "fast") < 2 * GIB + swap_bytes(observer, "half")


def swap_bytes(observer: Observer, name: str) -> int:
    return int(observer.read(vim.VirtualMachine, "config.hardware.memoryMB")[name]["config.hardware.memoryMB"]) * MIB


def test_the_same_datastore_in_another_format_is_a_move_of_that_disk(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    migrate_twice(run, site, "shaped", "--format", "eager", "--to-datastore", "slow")
    assert [disk[:2] for disk in seen(observer, "shaped").disks.values()] == [("slow", "eager"), ("slow", "eager")]


def test_host_and_files_change_together(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    """The destination alone sees the new datastore, and the source alone need not."""
    assert migrate(run, "traveller", "--to-host", "esx-3", "--to-datastore", "lonely") == "moved"
    found = seen(observer, "traveller")
    assert (found.host, found.datastores, found.pool) == ("esx-3", {"lonely"}, "Resources")


def test_a_mapping_keeps_its_device_and_its_file_may_go(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    words = ("--to-datastore", "fast", "--format", "thick", "--skip-check", "files.rdm")
    assert migrate(run, "mapped", *words) == "moved"
    disks = list(seen(observer, "mapped").disks.values())
    assert [disk[:2] for disk in disks] == [("fast", "thick"), ("fast", "mapping")]

    refused = run("migrate", "mapped", "--disk", "2=slow:thin", "--yes")
    assert refused.exit_code == 2
    assert "is a raw device mapping, which has no format" in refused.text
    assert [disk[:2] for disk in seen(observer, "mapped").disks.values()] == [disk[:2] for disk in disks]


@pytest.mark.parametrize("storage_drs", [True, False], ids=["Storage DRS", "ours"])
def test_a_cluster_of_datastores_gives_one_of_its_members(
    storage_drs: bool, run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """Storage DRS is asked where it is on; without it the member with most room is taken."""
    vm, cluster, members = ("podded", "pod", {"pod-1", "pod-2"}) if storage_drs else ("stilled", "still", {"still-2"})
    site.control.clear_trace()
    assert migrate(run, vm, "--to-datastore", cluster) == "moved"
    asked = {call["method"] for call in site.control.trace()}
    assert ("RecommendDatastores" in asked) == storage_drs
    (store,) = set(seen(observer, vm).stores)
    assert store in members
    assert migrate(run, vm, "--to-datastore", cluster) == "unchanged"


def test_what_does_not_fit_is_found_beforehand(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    site.control.clear_trace()
    done = run("migrate", "large", "--to-datastore", "tiny", "--yes")
    assert done.exit_code == 3
    assert "storage.space" in done.text
    assert writes(site) == set()
    assert seen(observer, "large").stores == ["slow", "slow"]


def test_vms_that_fit_one_by_one_and_not_together_are_found_beforehand(run: Program, site: SimulatedVCenter) -> None:
    """Each of the two takes 4 GiB with its swap file; the datastore has room for four of them, not for six."""
    done = run("check", "split", "half", "podded", "quick", "secret", "asleep", "--to-datastore", "tiny")
    assert done.exit_code == 3
    assert "together" in done.text


def test_a_storage_policy_by_name_is_of_every_file(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    migrate_twice(run, site, "ruled", "--to-datastore", "fast", "--storage-policy", "Gold storage")
    assert set(policies(site, observer, "ruled")) == {"Gold storage"}
    assert len(policies(site, observer, "ruled")) == 2

    refused = run("migrate", "ruled", "--storage-policy", "Gold storge", "--yes")
    assert refused.exit_code == 2
    assert "no storage policy is called Gold storge" in refused.text
    assert "did you mean Gold storage?" in refused.text
