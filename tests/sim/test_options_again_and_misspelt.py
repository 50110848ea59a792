"""What is half done is finished and nothing of it done twice; lists of other programs; and words that are misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim

from tests.observer import Observer
from tests.program import Program
from tests.sim.brownfield import brownfield
from tests.sim.storage_site import migrate, relocations, seen, writes
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    """One site for all tests of a worker: each that moves something has a virtual machine of its own."""
    with brownfield(tmp_path_factory.mktemp("brownfield")) as vcenter:
        yield vcenter


def move_disks(observer: Observer, name: str, *labels: str, to: str) -> None:
    """Another client moves these disks alone."""
    vm = observer.vm(name)
    store = observer.read(vim.Datastore)[to]["ref"]
    keys = [
        device.key
        for device in vm.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualDisk) and device.deviceInfo and device.deviceInfo.label in labels
    ]
    locators = [vim.vm.RelocateSpec.DiskLocator(diskId=key, datastore=store) for key in keys]
    assert len(locators) == len(labels)
    WaitForTask(vm.RelocateVM_Task(vim.vm.RelocateSpec(disk=locators)))


def free_bytes(observer: Observer) -> dict[str, int]:
    found = observer.read(vim.Datastore, "summary.freeSpace")
    return {name: store["summary.freeSpace"] for name, store in found.items()}


def test_where_two_of_three_disks_are_there_the_third_alone_moves(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """The thick disk of 100 GiB is there already; had it moved again, the room of both datastores would tell."""
    move_disks(observer, "dwh-02", "Hard disk 1", "Hard disk 2", to="tier2-b")
    before, room = seen(observer, "dwh-02"), free_bytes(observer)
    words = ("--disk", "1=tier2-b", "--disk", "2=tier2-b", "--disk", "3=tier2-b")
    site.control.clear_trace()

    assert migrate(run, "dwh-02", *words) == "moved"

    assert relocations(site) == 1
    third = {"Hard disk 3": ("tier2-b", "thin", "[tier2-b] dwh-02/dwh-02_2.vmdk")}
    assert seen(observer, "dwh-02") == replace(before, disks={**before.disks, **third})
    after = free_bytes(observer)
    moved = room["tier2-b"] - after["tier2-b"]
    assert 0 < moved <= 20 * 2**30
    assert after == {**room, "san-gold": room["san-gold"] + moved, "tier2-b": room["tier2-b"] - moved}
    site.control.clear_trace()
    assert migrate(run, "dwh-02", *words) == "unchanged"
    assert relocations(site) == 0


def test_where_one_of_two_adapters_is_there_the_other_alone_is_edited(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    words = ("--network", "dv-prod-120=nsx-seg-web", "--network", "VM Network=nsx-seg-web")
    assert migrate(run, "edge-01", *words[:2], "--network", "VM Network=VM Network") == "moved"
    before = seen(observer, "edge-01")
    site.control.clear_trace()

    assert migrate(run, "edge-01", *words) == "moved"

    assert relocations(site) == 1
    nics = {**before.nics, "Network adapter 2": ("nsx-seg-web", True)}
    assert seen(observer, "edge-01") == replace(before, nics=nics)


def test_a_list_of_two_columns_names_hosts_clusters_and_datastores(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    (run.home / "two.csv").write_text("batch-1;prod-new-01\nbatch-2;san-silver (slow)\nbatch-3;PROD-NEW\n")
    before = {name: seen(observer, name) for name in ("batch-1", "batch-2", "batch-3")}

    done = run("migrate", "-f", "two.csv", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert seen(observer, "batch-1") == replace(before["batch-1"], host="prod-new-01")
    second = seen(observer, "batch-2")
    assert second.stores == ["san-silver (slow)", "san-silver (slow)"]
    assert second.host == "prod-new-02"
    assert seen(observer, "batch-3") == before["batch-3"]
    _again(run, site, "two.csv")


def test_a_sheet_of_rvtools_names_where_to_and_nothing_else_counts(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """The machine of the first line is known by its UUID, whatever is called so; its present host says nothing."""
    uuid = observer.read(vim.VirtualMachine, "config.uuid")["batch-4"]["config.uuid"]
    rows = [
        "VM,Powerstate,Template,Host,Cluster,VM UUID,To host,To datastore,To network",
        f"some name,poweredOn,False,prod-new-02,PROD-NEW,{uuid},,tier2-a,",
        "batch-5,poweredOn,False,prod-new-02,PROD-NEW,,prod-new-01,tier3-a,dv-prod-120=VM Network",
    ]
    (run.home / "vInfo.csv").write_text("\n".join(rows) + "\n")
    before = {name: seen(observer, name) for name in ("batch-4", "batch-5")}

    done = run("migrate", "-f", "vInfo.csv", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    fourth, fifth = seen(observer, "batch-4"), seen(observer, "batch-5")
    assert (fourth.stores, fourth.host) == (["tier2-a", "tier2-a"], before["batch-4"].host)
    assert (fifth.stores, fifth.host) == (["tier3-a", "tier3-a"], "prod-new-01")
    assert fifth.nics == {"Network adapter 1": ("VM Network", True)}
    _again(run, site, "vInfo.csv")


def _again(run: Program, site: SimulatedVCenter, file: str) -> None:
    """The same list once more starts nothing."""
    site.control.clear_trace()
    again = run("migrate", "-f", file, "--yes", "-o", "json")
    assert again.exit_code == 0, again.text
    assert {outcome["state"] for outcome in again.json["outcomes"]} == {"unchanged"}
    assert (relocations(site), writes(site)) == (0, set())


MISSPELT = {
    "VM": (("batch-66", "--to-host", "prod-new-01"), "batch-6"),
    "VM path": (("/DC0/vm/Web (alt)/web-02", "--to-host", "prod-old-01"), "/DC0/vm/Web (old)/web-02"),
    "host": (("batch-6", "--to-host", "prod-nwe-01"), "prod-new-01"),
    "cluster": (("batch-6", "--to-cluster", "Production (olt)"), "Production (old)"),
    "datacenter": (("batch-6", "--to-host", "prod-new-01", "--to-datacenter", "DC9"), "DC0"),
    "pool": (("batch-6", "--to-pool", "Golt"), "Gold"),
    "vApp": (("batch-6", "--to-vapp", "Shop (2021)"), "Shop (2012)"),
    "folder": (("batch-6", "--to-folder", "K9s"), "K8s"),
    "folder path": (("batch-6", "--to-folder", "/DC0/vm/Test & Dev/Team C"), "/DC0/vm/Test & Dev/Team "),
    "datastore": (("batch-6", "--to-datastore", "san-glod"), "san-gold"),
    "cluster of datastores": (("batch-6", "--to-datastore", "Tier 2 (pot)"), "Tier 2 (pod)"),
    "datastore path": (("batch-6", "--to-datastore", "/DC0/datastore/san-glod"), "/DC0/datastore/san-gold"),
    "disk": (("batch-6", "--disk", "7=san-silver (slow)"), "Hard disk 1"),
    "disk's datastore": (("batch-6", "--disk", "1=tier2-aa"), "tier2-a"),
    "disk's format": (("batch-6", "--disk", "1=san-gold:eagre"), "eager"),
    "configuration's datastore": (("batch-6", "--config-to", "tier2-aa"), "tier2-a"),
    "format": (("batch-6", "--format", "thinn"), "thin"),
    "policy": (("batch-6", "--storage-policy", "Gold (2041)"), "Gold (2014)"),
    "who places": (("batch-6", "--to-datastore", "Tier 2 (pod)", "--datastore-placement", "our"), "ours"),
    "old network": (("batch-6", "--network", "dv-prod-12=VM Network"), "dv-prod-120"),
    "new network": (("batch-6", "--network", "dv-prod-120=VM Netwrok"), "VM Network"),
    "network path": (("batch-6", "--network", "dv-prod-120=/DC0/network/nsx-seg-wep"), "/DC0/network/nsx-seg-web"),
    "adapter": (("batch-6", "--network", "Network adaptor 1=VM Network"), "Network adapter 1"),
    "priority": (("batch-6", "--to-host", "prod-new-01", "--priority", "hihg"), "high"),
    "encryption": (("batch-6", "--encryption", "requried"), "required"),
    "check": (("batch-6", "--to-host", "prod-new-01", "--skip-check", "host.versoin"), "host.version"),
    "option": (("batch-6", "--to-datasotre", "san-gold"), "--to-datastore"),
}
"""What is misspelt, and what is to be suggested."""


@pytest.mark.parametrize(("words", "meant"), MISSPELT.values(), ids=MISSPELT.keys())
def test_a_misspelt_word_is_an_error_that_says_what_may_be_meant_and_nothing_moves(
    words: tuple[str, ...], meant: str, run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    before = seen(observer, "batch-6")
    site.control.clear_trace()

    done = run("migrate", *words, "--yes")

    assert done.exit_code == 2, done.text
    said = done.stderr.replace(" ".join(words[1:]), "")
    assert meant in said, said
    assert (relocations(site), writes(site)) == (0, set())
    assert seen(observer, "batch-6") == before


def test_every_misspelt_word_of_a_list_is_told_by_its_line(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    lines = [
        "vm;host;datastore;disk;format;config;pool;vapp;folder;network",
        "batch-7;prod-nwe-01;;;;;;;;",
        "batch-77;;san-gold;;;;;;;",
        "batch-8;;san-glod;;;;;;;",
        "batch-9;;;7=san-gold;;;;;;",
        "web-01;;;;thinn;;;;;",
        "new-cache;;;;;san-glod;;;;",
        "dev-01;;;;;;Golt;;;",
        "snap-chain;;;;;;;Shop (2021);;",
        "old-and-off;;;;;;;;K9s;",
        "app-01;;;;;;;;;dv-prod-12=VM Network",
    ]
    (run.home / "bad.csv").write_text("\n".join(lines) + "\n")
    site.control.clear_trace()

    done = run("migrate", "-f", "bad.csv", "--yes")

    assert done.exit_code == 2, done.text
    for number in range(2, len(lines) + 1):
        assert f"line {number}:" in done.stderr, done.stderr
    assert (relocations(site), writes(site)) == (0, set())


ROOT = Path(__file__).resolve().parents[2]
NEVER_JUDGED = {
    "DatacenterMismatch": (
        ("batch-6", "--to-host", "prod-new-01", "--to-folder", "/Außenstelle Süd/vm"),
        "is in another datacenter than the destination, DC0",
        2,
    ),
    "InvalidArgument": (
        ("batch-6", "--to-host", "prod-new-01", "--to-pool", "/DC0/host/Production (old)/Resources/Gold"),
        "belongs to Production (old), and prod-new-01 is in PROD-NEW",
        2,
    ),
    "NoActiveHostInCluster": (
        ("batch-6", "--to-cluster", "Branch", "--to-datastore", "branch-ds"),
        "no host of Branch takes virtual machines now",
        2,
    ),
    "DuplicateName": (("/DC0/vm/Web (old)/web-02", "--to-folder", "Web & Proxy"), "[place.name]", 3),
}
"""What vCenter refuses before it judges a spec; a request for such a spec, what is said of it, and the exit code."""

NEVER_ASKED = {
    "InvalidPowerState": "a relocate spec names no power state; MigrateVM_Task does, and is not called",
    "ManagedObjectNotFound": "what is named was read a moment ago; what has gone since is seen right before the start",
}
"""Refusals of specs that this program cannot make."""


@pytest.mark.parametrize(("words", "said", "code"), NEVER_JUDGED.values(), ids=NEVER_JUDGED.keys())
def test_a_spec_that_vcenter_would_not_even_judge_is_never_made(
    words: tuple[str, ...], said: str, code: int, run: Program, site: SimulatedVCenter
) -> None:
    host = site.control.moid("HostSystem", "branch-01")
    site.control.patch(host, {"runtime.inMaintenanceMode": True})
    site.control.clear_trace()

    done = run("migrate", *words, "--yes")

    site.control.patch(host, {"runtime.inMaintenanceMode": False})
    assert done.exit_code == code, done.text
    assert said in done.stderr
    assert (relocations(site), writes(site)) == (0, set())


def test_every_refusal_of_a_spec_that_is_not_judged_has_its_row() -> None:
    rules = (ROOT / "vcsim" / "rules.go").read_text(encoding="utf-8").partition("var refusals = ")[2]
    told = set(re.findall(r'"([A-Za-z]+) error"', rules.partition("}")[0]))
    assert told
    assert told == NEVER_JUDGED.keys() | NEVER_ASKED.keys()
