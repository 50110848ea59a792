"""Pools, folders, clusters, networks and how a move is made, by the command line, seen by an independent client."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from tests.observer import Observer
from tests.program import Program
from tests.sim.storage_site import make_vapp, migrate, migrate_twice, seen, writes
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def test_a_pool_and_a_folder_change_without_a_host(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    """A pool alone is enough: the VM stays on its host, which belongs to the pool's cluster."""
    migrate_twice(run, site, "placed", "--to-pool", "Gold", "--to-folder", "Web", "--to-host", "esx-1")
    migrate_twice(run, site, "placed", "--to-pool", "Silver")
    found = seen(observer, "placed")
    assert (found.host, found.pool, found.folder) == ("esx-1", "Silver", "Web")


def test_a_folder_is_made_only_where_that_is_asked_for(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    site.control.clear_trace()
    refused = run("migrate", "cold", "--to-folder", "Web/New/Deep", "--yes")
    assert refused.exit_code == 2
    assert "or add --create-folder to make it" in refused.text
    assert writes(site) == set()

    words = ("--to-folder", "Web/New/Deep", "--create-folder")
    assert "the folder New/Deep will be made in Web" in run("check", "cold", *words).text
    assert writes(site) == set()
    migrate_twice(run, site, "cold", *words)

    folder = observer.vm("cold").parent
    assert [folder.name, folder.parent.name, folder.parent.parent.name] == ["Deep", "New", "Web"]


def test_in_another_cluster_the_pool_is_of_that_cluster(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """Gold is the name of two pools; the host says which. Without a host the cluster of the pool says where to."""
    assert run("migrate", "quick", "--to-pool", "Gold", "--yes").exit_code == 2
    refused = run("migrate", "quick", "--to-pool", "Silver", "--to-host", "esx-3", "--yes")
    assert refused.exit_code == 2
    assert "belongs to one, and esx-3 is in two" in refused.text

    migrate_twice(run, site, "quick", "--to-pool", "Gold", "--to-host", "esx-3", "--priority", "high")
    assert (seen(observer, "quick").host, seen(observer, "quick").pool) == ("esx-3", "Gold")
    assert site.control.motions()[-1]["priority"] == "highPriority"
    migrate_twice(run, site, "quick", "--to-pool", "Silver", "--priority", "low")
    assert (seen(observer, "quick").host, seen(observer, "quick").pool) in {("esx-1", "Silver"), ("esx-2", "Silver")}
    assert site.control.motions()[-1]["priority"] == "lowPriority"


def test_a_vapp_is_a_place_of_its_own(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    make_vapp(observer, "one", "shop")

    wrong = run("migrate", "asleep", "--to-pool", "shop", "--yes")
    assert wrong.exit_code == 2
    assert "name it with --to-vapp" in wrong.text
    migrate_twice(run, site, "asleep", "--to-vapp", "shop")
    assert isinstance(observer.vm("asleep").resourcePool, vim.VirtualApp)


def test_adapters_go_to_the_networks_they_were_told_and_stay_connected(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """Distributed to standard, standard to NSX; a label counts before a network, wherever it stands."""
    chain = run("migrate", "wired", "--network", "old=segment", "--network", "lan=old", "--yes")
    assert chain.exit_code == 2
    assert "lan=old leads to where old=segment begins" in chain.text
    words = ("--network", "lan=dmz", "--network", "Network adapter 1=old", "--network", "Network adapter 3=segment")
    migrate_twice(run, site, "wired", *words)

    nics = seen(observer, "wired").nics
    assert nics == {
        "Network adapter 1": ("old", True),
        "Network adapter 2": ("dmz", True),
        "Network adapter 3": ("segment", True),
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(("--network", "lam=dmz"), "no network is called lam", id="old network"),
        pytest.param(("--network", "segment=dmz"), "no adapter of these virtual machines is on", id="no adapter"),
        pytest.param(("--to-datacenter", "DC1", "--to-host", "esx-2"), "is not in the datacenter DC1", id="elsewhere"),
    ],
)
def test_a_misspelt_place_is_an_error(words: tuple[str, ...], complaint: str, run: Program) -> None:
    done = run("migrate", "secret", *words, "--yes")
    assert (done.exit_code, complaint in done.text) == (2, True), done.text


def test_encrypted_vmotion_is_set_first_only_where_it_is_asked_for(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    words = ("--to-host", "esx-2", "--encryption", "required")
    checked = run("check", "secret", *words, "-o", "json")
    (move,) = checked.json["moves"]
    assert (move["source"]["encrypted_vmotion"], move["destination"]["encrypted_vmotion"]) == ("disabled", "required")
    migrate_twice(run, site, "secret", *words)
    assert observer.vm("secret").config.migrateEncryption == "required"
    assert migrate(run, "secret", "--to-host", "esx-1") == "moved"
    assert observer.vm("secret").config.migrateEncryption == "required"


def test_another_datacenter_has_its_own_folders_networks_and_datastores(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """What is not named follows from the host: the topmost folder, the root pool, the network of the same name."""
    words = ("--to-host", "esx-9", "--to-datastore", "far-store", "--network", "lan=far-net")
    migrate_twice(run, site, "traveller", *words)
    vm = observer.vm("traveller")
    assert (vm.parent.parent.name, vm.runtime.host.name) == ("DC1", "esx-9")
    found = seen(observer, "traveller")
    assert (found.datastores, found.pool, found.nics) == (
        {"far-store"},
        "Resources",
        {"Network adapter 1": ("far-net", True)},
    )


def test_a_template_is_a_virtual_machine_only_while_it_moves(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    words = ("--to-host", "esx-2", "--to-datastore", "fast")
    checked = run("check", "golden", *words)
    assert checked.exit_code == 0, checked.text
    assert "golden is a template, and a VM only while it moves [vm.template]" in checked.text
    assert "vCenter's own checks refuse every template" in checked.text

    migrate_twice(run, site, "golden", *words)
    vm = observer.vm("golden")
    assert (vm.config.template, vm.runtime.host.name) == (True, "esx-2")
    assert vm.config.files.vmPathName.startswith("[fast] ")
    assert run("migrate", "golden", "--to-host", "esx-1", "--yes", "--no-wait").exit_code == 2
    assert observer.vm("golden").config.template is True
