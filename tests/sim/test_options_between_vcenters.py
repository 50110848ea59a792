"""Every option of `migrate` on the way to another vCenter: driven by the command line, seen by plain pyVmomi alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pyVmomi import vim

from tests.conftest import REAL_ENVIRONMENT
from tests.observer import Observer
from tests.program import READS, Done, Program
from tests.sim.storage_site import Seen, policies, relocations, seen
from tests.two_vcenters import Pair, make_pair
from vsphere_motion.testing.plugin import make_factory

pytestmark = pytest.mark.vcsim

Sides = tuple[Observer, Observer]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both shipped sites for all tests of a worker: each that moves something has a virtual machine of its own."""
    directory = tmp_path_factory.mktemp("pair")
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(directory)}
    with ExitStack() as stack:
        yield make_pair(make_factory(stack, environment), directory / "home", speed=1000.0)


@pytest.fixture
def sides(pair: Pair) -> Iterator[Sides]:
    with pair.observing() as both:
        yield both


@pytest.fixture
def run(pair: Pair, tmp_path: Path) -> Program:
    """The program with a home, and so a journal, of the test's own."""
    return replace(pair.run, home=tmp_path)


def states(done: Done) -> dict[str, str]:
    assert done.exit_code == 0, done.text
    return {outcome["vm"]["name"]: outcome["state"] for outcome in done.json["outcomes"]}


def is_there_once_and_stays(run: Program, pair: Pair, sides: Sides, *words: str) -> None:
    """The same once more: nothing is relocated, and each VM is at the destination alone."""
    names = words[: words.index("--to-vcenter")]
    source, destination = (side.read(vim.VirtualMachine) for side in sides)
    assert [name for name in names if name in source or name not in destination] == []
    for control in (pair.source.control, pair.destination.control):
        control.clear_trace()
    assert set(states(run("migrate", *words)).values()) == {"unchanged"}
    calls = [call["method"] for side in (pair.source, pair.destination) for call in side.control.trace()]
    assert set(calls) <= READS | {"FindByUuid"}


MAPPING = """
hosts: {a-esx1: b-esx3}
clusters: {Compute: Compute}
datastores: {a-vmfs1: b-vmfs1, a-vmfs2: b-vmfs2}
networks: {a-dmz: b-dmz, lan: lan}
folders: {Databases: Web, Web/Shop: Databases}
pools: {Gold: Silver}
"""


def test_a_mapping_file_says_where_everything_goes(run: Program, pair: Pair, sides: Sides) -> None:
    """Three disks of three formats on two datastores, two adapters; the host of one VM, the cluster of the other."""
    source, destination = sides
    (run.home / "map.yaml").write_text(MAPPING)
    names = ("a-dwh01", "a-app01")
    uuids = {name: source.read(vim.VirtualMachine, "config.instanceUuid")[name] for name in names}
    before = seen(source, "a-dwh01")
    words = (*names, *pair.there, "--map", "map.yaml", "--yes", "-o", "json")

    assert states(run("migrate", *words)) == dict.fromkeys(names, "moved")

    assert [disk[1] for disk in before.disks.values()] == ["thin", "thick", "eager"]
    assert seen(destination, "a-dwh01") == Seen(
        host="b-esx3",
        power="poweredOn",
        pool="Resources",
        folder="Web",
        config="b-vmfs1",
        disks={
            "Hard disk 1": ("b-vmfs1", "thin", "[b-vmfs1] a-dwh01/a-dwh01.vmdk"),
            "Hard disk 2": ("b-vmfs2", "thick", "[b-vmfs2] a-dwh01/a-dwh01_1.vmdk"),
            "Hard disk 3": ("b-vmfs1", "eager", "[b-vmfs1] a-dwh01/a-dwh01_2.vmdk"),
        },
        nics={"Network adapter 1": ("b-dmz", True), "Network adapter 2": ("lan", True)},
        datastores={"b-vmfs1", "b-vmfs2"},
    )
    shop = seen(destination, "a-app01")
    assert (shop.pool, shop.folder, shop.config) == ("Silver", "Databases", "b-vmfs1")
    assert shop.host in {"b-esx1", "b-esx2", "b-esx3"}
    found = destination.read(vim.VirtualMachine, "config.instanceUuid")
    assert {name: found[name]["config.instanceUuid"] for name in names} == {
        name: uuid["config.instanceUuid"] for name, uuid in uuids.items()
    }
    is_there_once_and_stays(run, pair, sides, *words)


OPTIONS = {
    "disk by disk": (
        "a-db01",
        ("--to-host", "b-esx1", "--disk", "1=b-vmfs2:thick", "--config-to", "b-vmfs1", "--priority", "low"),
        {"host": "b-esx1", "config": "b-vmfs1", "folder": "Databases"},
        {"Hard disk 1": ("b-vmfs2", "thick", "[b-vmfs2] a-db01/a-db01.vmdk")},
        {"Network adapter 1": ("lan", True)},
    ),
    "cluster, pool, folder, policy and encryption": (
        "a-web02",
        (
            *("--to-cluster", "Compute", "--to-pool", "Silver", "--to-folder", "Web/Shop", "--to-datastore", "b-vmfs2"),
            *("--storage-policy", "Silver storage", "--network", "a-dmz=b-dmz", "--encryption", "required"),
        ),
        {"pool": "Silver", "folder": "Shop", "config": "b-vmfs2"},
        {"Hard disk 1": ("b-vmfs2", "thin", "[b-vmfs2] a-web02/a-web02.vmdk")},
        {"Network adapter 1": ("b-dmz", True)},
    ),
    "a cluster of datastores": (
        "a-web01",
        ("--to-host", "b-esx2", "--to-datastore", "b-pod", "--network", "Network adapter 1=/DC0/network/b-dmz"),
        {"host": "b-esx2", "config": "b-pod2"},
        {"Hard disk 1": ("b-pod2", "thin", "[b-pod2] a-web01/a-web01.vmdk")},
        {"Network adapter 1": ("b-dmz", True)},
    ),
    "off": (
        "a-off01",
        ("--to-host", "b-esx2", "--to-datastore", "/DC0/datastore/b-vmfs1", "--format", "eager"),
        {"host": "b-esx2", "config": "b-vmfs1"},
        {"Hard disk 1": ("b-vmfs1", "eager", "[b-vmfs1] a-off01/a-off01.vmdk")},
        {"Network adapter 1": ("lan", True)},
    ),
    "suspended": (
        "a-nap01",
        ("--to-host", "b-esx3", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmz"),
        {"host": "b-esx3", "config": "b-vmfs1"},
        {"Hard disk 1": ("b-vmfs1", "thin", "[b-vmfs1] a-nap01/a-nap01.vmdk")},
        {"Network adapter 1": ("b-dmz", True)},
    ),
}


@pytest.mark.parametrize(("name", "options", "after", "disks", "nics"), OPTIONS.values(), ids=OPTIONS.keys())
def test_each_option_does_there_what_it_does_here(
    name: str,
    options: tuple[str, ...],
    after: dict[str, str],
    disks: dict[str, tuple[str, str, str]],
    nics: dict[str, tuple[str, bool]],
    run: Program,
    pair: Pair,
    sides: Sides,
) -> None:
    source, destination = sides
    before = seen(source, name)
    words = (name, *pair.there, *options, "--yes", "-o", "json")
    pair.source.control.clear_trace()

    assert states(run("migrate", *words)) == {name: "moved"}

    assert relocations(pair.source) == 1
    found = seen(destination, name)
    expected = replace(before, **{"host": found.host, **after}, disks=disks, nics=nics)
    assert found == replace(expected, datastores=set(expected.stores))
    if "--storage-policy" in options:
        assert set(policies(pair.destination, destination, name)) == {"Silver storage"}
    if "--encryption" in options:
        assert destination.vm(name).config.migrateEncryption == "required"
    if "--priority" in options:
        assert pair.source.control.motions()[-1]["priority"] == "lowPriority"
    is_there_once_and_stays(run, pair, sides, *words)


WRONG = {
    "hosts": ("a-esx9: b-esx2", "a-esx1: b-esx9", ("a-esx1", "b-esx1")),
    "clusters": ("Computer: Compute", "Compute: Compote", ("Compute", "Compute")),
    "datastores": ("a-vmfs3: b-vmfs1", "a-vmfs1: b-vmfs3", ("a-vmfs1", "b-vmfs1")),
    "networks": ("a-dmy: b-dmz", "a-dmz: b-dmy", ("a-dmz", "b-dmz")),
    "folders": ("Databasses: Web", "Databases: Wbe", ("Databases", "Web")),
    "pools": ("Golt: Silver", "Gold: Silber", ("Gold", "Silver")),
}
"""By section a line with a misspelt old name, one with a misspelt new name, and what is to be suggested."""


@pytest.mark.parametrize("section", WRONG)
def test_a_misspelt_name_of_a_mapping_is_an_error_whoever_needs_it(
    section: str, run: Program, pair: Pair, sides: Sides
) -> None:
    """The VM of the request needs no line of the mapping: all that it needs is said by options."""
    *lines, meant = WRONG[section]
    (run.home / "map.yaml").write_text(f"{section}:\n" + "".join(f"  {line}\n" for line in lines))
    options = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmz", "--map", "map.yaml")
    pair.source.control.clear_trace()

    done = run("migrate", "a-old01", *pair.there, *options, "--yes")

    assert done.exit_code == 2, done.text
    old, new = lines[0].split(": ")[0], lines[1].split(": ")[1]
    assert f"{section}: nothing of the source is called {old}" in done.stderr
    assert f"{section}: nothing of the other vCenter is called {new}" in done.stderr
    for word in meant:
        assert word in done.stderr.partition("hint:")[2]
    assert relocations(pair.source) == 0
    assert "a-old01" in sides[0].read(vim.VirtualMachine)


MISSPELT = {
    "cluster": (("--to-cluster", "Compote", "--to-datastore", "b-vmfs1"), "Compute"),
    "pool": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--to-pool", "Silber"), "Silver"),
    "vApp": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--to-vapp", "Silver"), "--to-pool"),
    "disk": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--disk", "4=b-vmfs2"), "Hard disk 1"),
    "disk's datastore": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--disk", "1=b-vmfs9"), "b-vmfs1"),
    "configuration's datastore": (
        ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--config-to", "b-vmfs9"),
        "b-vmfs1",
    ),
    "policy": (
        ("--to-host", "b-esx2", "--to-datastore", "b-vmfs2", "--storage-policy", "Gold storage"),
        "Silver storage",
    ),
    "datacenter": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--to-datacenter", "DC9"), "DC0"),
    "old network": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmy=b-dmz"), "a-dmz"),
    "new network": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmy"), "b-dmz"),
    "folder": (("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--to-folder", "Wbe"), "Web"),
}
"""Options with a word that is misspelt, or that the source alone knows, and what is to be suggested."""


@pytest.mark.parametrize(("options", "meant"), MISSPELT.values(), ids=MISSPELT.keys())
def test_a_misspelt_word_is_an_error_that_says_what_may_be_meant(
    options: tuple[str, ...], meant: str, run: Program, pair: Pair, sides: Sides
) -> None:
    pair.source.control.clear_trace()

    done = run("migrate", "a-old01", *pair.there, *options, "--yes")

    assert done.exit_code == 2, done.text
    assert meant in done.stderr.partition("hint:")[2], done.stderr
    assert relocations(pair.source) == 0
    assert "a-old01" in sides[0].read(vim.VirtualMachine)
