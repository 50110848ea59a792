"""A word leads to the VM that it names, or to a refusal that lists the candidates; never to another VM."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Program
from tests.promises import record
from vsphere_motion import connect
from vsphere_motion.errors import Ambiguous, NotFound
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.planning.selectors import find_vms
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

RESOLUTIONS = 1000
SHAPES = (
    "web01",
    "Web01",
    "web01 ",
    "web011",
    "w\u0435b01",  # a Cyrillic letter in the middle
    "web\u200b01",
    "caf\u00e9",
    "cafe\u0301",
    "\u212bngstr\u00f6m",
    "\uff57\uff45\uff42",
    "a/b",
    "a%2fb",
    "a%252fb",
    "a\\b",
    "100%",
    "%",
    "../web01",
    "DC0/vm/web01",
    "web*",
    "web[01]",
    "moid:vm-1",
    "uuid:web01",
    "--help",
    "\U0001f680 [x]",
)
"""Names of which many resemble others; each is given to a VM in both datacenters, or in one."""

SITE = """
version: 1
clusters:
  - {name: left, hosts: [{name: esx-left}]}
  - {name: right, datacenter: DC1, hosts: [{name: esx-right}]}
datastores: [{name: shared}]
networks: [{name: net, kind: standard}]
vms:
"""


def escaped(name: str) -> str:
    """A name as vCenter writes it."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def forms(text: str) -> set[str]:
    """A text in each Unicode form."""
    return {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))}


def words_for(vm: Vm, name: str) -> list[str]:
    """Every way in which a person may say this VM."""
    assert vm.path
    folder = vm.path.rpartition("/")[0]
    paths = {f"{folder}/{name}", f"{folder}/{escaped(name)}"}
    said = [form for text in {name, escaped(name), *paths} for form in forms(text)]
    return [*said, f"moid:{vm.ref.moid}", f"uuid:{vm.instance_uuid}", f"uuid:{str(vm.bios_uuid).upper()}"]


def near(word: str, chance: random.Random) -> str:
    """A word that is not quite it."""
    return chance.choice([word.swapcase(), word[:-1], f"{word} ", f"{word}0", word.replace("0", "O")])


@pytest.fixture
def two_datacenters(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    """Every shape in one datacenter, the odd ones in the other too."""
    site = tmp_path / "site.yaml"
    vms = [f"  - {{name: l-{n:02}, host: esx-left}}" for n in range(len(SHAPES))]
    vms += [f"  - {{name: r-{n:02}, host: esx-right}}" for n in range(1, len(SHAPES), 2)]
    site.write_text(SITE + "\n".join(vms) + "\n")
    vcenter = vcenter_factory(scenario=site)
    for entry in vcenter.control.site():
        if entry["type"] == "VirtualMachine":
            vcenter.control.patch(entry["moid"], {"name": escaped(SHAPES[int(entry["name"][2:])])})
    return vcenter


def read(vcenter: SimulatedVCenter) -> Inventory:
    with connect(
        server=vcenter.host, port=vcenter.port, user=vcenter.user, password=vcenter.password, ca_file=vcenter.ca_file
    ) as reader:
        return reader.snapshot()


def names_of(vcenter: SimulatedVCenter) -> dict[str, str]:
    """The name of every VM as people see it, from the simulator's own list."""
    found = {entry["moid"]: entry["name"] for entry in vcenter.control.site() if entry["type"] == "VirtualMachine"}
    return {moid: name.replace("%2f", "/").replace("%5c", "\\").replace("%25", "%") for moid, name in found.items()}


def resolve(inventory: Inventory, word: str) -> tuple[str, list[str]]:
    """How a word ends, and the moids it leads to or offers."""
    try:
        return "found", [vm.ref.moid for vm in find_vms(inventory, word)]
    except Ambiguous as problem:
        return "ambiguous", [line.rpartition("(moid:")[2].rstrip(")") for line in problem.details]
    except NotFound:
        return "nothing", []


def test_row_24_no_word_leads_to_another_vm(two_datacenters: SimulatedVCenter) -> None:
    inventory, names = read(two_datacenters), names_of(two_datacenters)
    said = {vm.ref.moid: words_for(vm, names[vm.ref.moid]) for vm in inventory.vms}
    assert len(said) == len(SHAPES) * 3 // 2
    chance, ends = random.Random(24), Counter[str]()
    for _ in range(RESOLUTIONS):
        moid, words = chance.choice(sorted(said.items()))
        word = chance.choice(words)
        end, found = resolve(inventory, word)
        ends[end] += 1
        if word.startswith(("moid:", "uuid:")) and word not in (names[moid], escaped(names[moid])):
            assert (end, found) == ("found", [moid]), word
        elif word.startswith(("moid:", "uuid:")):
            assert end == "nothing" or word == f"moid:{found[0]}", "a name does not pretend to be an identifier"
        else:
            meant = {other for other, ways in said.items() if word in ways}
            assert moid in found, f"{word!r} of {names[moid]!r} ends as {end} with {found}"
            assert end == ("found" if len(meant) == 1 else "ambiguous"), (word, meant)
            assert set(found) == meant
    record(24, f"{RESOLUTIONS} words, {len(SHAPES)} shapes: 0 wrong VMs; {ends['ambiguous']} refused as ambiguous")


def test_row_24_what_only_resembles_a_name_leads_to_nothing(two_datacenters: SimulatedVCenter) -> None:
    inventory, names = read(two_datacenters), names_of(two_datacenters)
    said = {vm.ref.moid: words_for(vm, names[vm.ref.moid]) for vm in inventory.vms}
    chance = random.Random(2024)
    for _ in range(RESOLUTIONS):
        word = near(chance.choice(sorted(names.values())), chance)
        if word and not word.lower().startswith(("moid:", "uuid:")) and not set("*?[") & set(word):
            meant = sorted(other for other, ways in said.items() if word in ways)
            assert sorted(resolve(inventory, word)[1]) == meant, word


def test_row_24_a_name_that_two_vms_have_is_refused_with_their_paths(
    two_datacenters: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(two_datacenters)("migrate", "Web01", "--to-host", "esx-right", "--yes")

    assert done.exit_code == 2, done.text
    assert "2 virtual machines are called Web01" in done.stderr
    assert "/DC0/vm/Web01 on esx-left (moid:" in done.stderr
    assert "/DC1/vm/Web01 on esx-right (moid:" in done.stderr
    assert two_datacenters.control.motions() == []
