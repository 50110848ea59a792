"""Virtual machines named in every way, by the command line, on one simulated site."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.program import READS, Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own, on its import
    sdk = import_module("vmware.vapi.vsphere.client")
    DynamicID = import_module("com.vmware.vapi.std_client").DynamicID

pytestmark = [
    pytest.mark.vcsim,
    pytest.mark.filterwarnings("ignore:com.vmware:DeprecationWarning"),  # the SDK's own
]

SITE = """
version: 1
clusters:
  - name: blue
    pools: [{name: Gold}, {name: Inner, parent: Gold}]
    hosts: [{name: esx-1, memory_gib: 64}, {name: esx-2, memory_gib: 64}]
  - name: red
    hosts: [{name: esx-3, memory_gib: 64}, {name: esx-4, memory_gib: 64}]
datastores: [{name: shared}, {name: second}]
networks: [{name: net}]
vms:
  - {name: web01, host: esx-1, folder: web, memory_gib: 1, datastore: shared}
  - {name: web02, host: esx-1, folder: web/deep, memory_gib: 1, datastore: shared, pool: Gold}
  - {name: db01, host: esx-1, folder: db, memory_gib: 1, datastore: second, pool: Inner}
  - {name: odd, host: esx-2, folder: db, memory_gib: 1, datastore: shared}
  - {name: twin, host: esx-2, folder: web, memory_gib: 1, datastore: shared}
  - {name: twin, host: esx-3, folder: db, memory_gib: 1, datastore: shared}
  - {name: far, host: esx-3, memory_gib: 1, datastore: shared}
  - {name: golden, host: esx-1, folder: web, power: "off", template: true, datastore: shared}
  - {name: vCLS-4c4c4544, host: esx-1, memory_gib: 1, datastore: shared}
"""


@pytest.fixture
def site(vcenter_factory: VCenterFactory, tmp_path: Path) -> SimulatedVCenter:
    scenario = tmp_path / "site.yaml"
    scenario.write_text(SITE, encoding="utf-8")
    started = vcenter_factory(scenario=scenario)
    started.control.patch(started.control.moid("VirtualMachine", "odd"), {"name": "odd%2fname"})
    return started


@pytest.fixture
def run(site: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> Program:
    return program(site)


@pytest.fixture
def automation(site: SimulatedVCenter) -> Iterator[Any]:
    """The unmodified SDK with a session of its own."""
    session = requests.Session()
    session.verify = str(site.ca_file)
    session.trust_env = False
    yield sdk.create_vsphere_client(
        server=f"{site.host}:{site.port}", username=site.user, password=site.password, session=session
    )
    session.close()


def tag(automation: Any, site: SimulatedVCenter, category: str, name: str, *vms: str) -> None:
    """Make a tag, and its category where there is none, and attach it."""
    categories, tags = automation.tagging.Category, automation.tagging.Tag
    known = {categories.get(one).name: one for one in categories.list()}
    where = known.get(category) or categories.create(
        categories.CreateSpec(name=category, description="", cardinality="MULTIPLE", associable_types=set())
    )
    made = tags.create(tags.CreateSpec(name=name, description="", category_id=where))
    for vm in vms:
        moid = site.control.moid("VirtualMachine", vm)
        automation.tagging.TagAssociation.attach(made, DynamicID(type="VirtualMachine", id=moid))


def checked(run: Program, *words: str, **more: str) -> list[str]:
    """The names of the VMs that a check looks at, in its order."""
    done = run("check", *words, "--to-host", "esx-2", "-o", "json", **more)
    assert done.exit_code in {0, 3}, done.text
    return [move["vm"]["name"] for move in done.json["moves"]]


def test_each_way_to_name_virtual_machines_finds_them(run: Program) -> None:
    expected = {
        ("web01",): ["web01"],
        ("web*",): ["web01", "web02"],
        (r"re:web\d+|far",): ["web01", "web02", "far"],
        ("re:(?i)WEB01",): ["web01"],
        ("host:esx-1",): ["web01", "web02", "db01"],
        ("host:ESX-1", "--exclude", "web*"): ["db01"],
        ("cluster:red",): ["twin", "far"],
        ("folder:web",): ["web01", "web02", "twin"],
        ("folder:/DC0/vm/web/deep",): ["web02"],
        ("pool:Gold",): ["web02", "db01"],
        ("pool:Inner",): ["db01"],
        ("datastore:second",): ["db01"],
        ("odd/name",): ["odd/name"],
        ("/DC0/vm/db/twin",): ["twin"],
        ("vCLS-4c4c4544",): ["vCLS-4c4c4544"],
    }
    assert {words: checked(run, *words) for words in expected} == expected


def test_names_come_from_standard_input_one_a_line(run: Program) -> None:
    done = run("check", "-", "far", "--to-host", "esx-2", "-o", "json", stdin="web01\r\n\nodd%2fname\n")

    assert done.exit_code == 0, done.text
    assert [move["vm"]["name"] for move in done.json["moves"]] == ["web01", "odd/name", "far"]


REFUSED: list[tuple[tuple[str, ...], str, str]] = [
    (("-", "-"), "web01\n", "standard input can be read once"),
    (("-", "--password-stdin"), "web01\n", "standard input can be read once"),
    (("-",), "\n \n", "standard input names no virtual machine"),
    ((), "", "Missing argument 'VM...'"),
    (("web01", "-f", "list.csv"), "", "-f names the VMs"),
    (("re:(a",), "", "a ( has no )"),
    (("host:",), "", "host: names nothing"),
    (("folder:nowhere",), "", "no folder is called nowhere"),
    (("vCLS*",), "", "vCenter's own"),
    (("host:esx-4",), "", "there is none"),
    (("web01", "--exclude", "webb*"), "", "--exclude webb*: no virtual machine matches"),
    (("web01", "--exclude", "host:esx-1"), "", "every virtual machine that is named is"),
]
"""Words, standard input, and what is said of them."""


def test_words_that_cannot_be_used_end_with_exit_2_and_nothing_moves(run: Program, site: SimulatedVCenter) -> None:
    for words, stdin, message in REFUSED:
        done = run("migrate", *words, "--to-host", "esx-2", "--yes", stdin=stdin)

        assert done.exit_code == 2, (words, done.text)
        assert message in done.stderr, words
    assert {call["method"] for call in site.control.trace()} <= READS


def test_what_matched_is_said_before_anything_moves(run: Program, site: SimulatedVCenter) -> None:
    done = run("migrate", "host:esx-1", "--exclude", "db01", "--to-host", "esx-2", "--yes")

    assert done.exit_code == 0, done.text
    assert "host:esx-1 names 3 VMs; left out: 1 template, 1 system VM" in done.stderr
    assert "--exclude takes out 1 VM" in done.stderr
    assert done.stderr.index("names 3 VMs") < done.stderr.index("started")
    moves = [call for call in site.control.trace() if call["method"] == "RelocateVM_Task"]
    assert len(moves) == 2
    assert checked(run, "host:esx-1") == ["db01"]


def test_a_tag_names_its_virtual_machines_and_leaves_the_session_alone(
    run: Program, site: SimulatedVCenter, automation: Any
) -> None:
    tag(automation, site, "env", "prod", "web01", "far")
    tag(automation, site, "env/eu", "prod/1", "db01")
    tag(automation, site, "env", "idle")
    site.control.clear_trace()

    assert checked(run, "tag:env/prod") == ["web01", "far"]
    assert checked(run, "tag:env/eu/prod/1", "host:esx-2", "--exclude", "re:twin") == ["db01", "odd/name"]
    assert checked(run, "host:esx-1", "--exclude", "tag:env/prod") == ["web02", "db01"]
    called = [call["method"] for call in site.control.trace()]
    assert called.count("Login") == called.count("Logout") == 3

    moved = run("migrate", "tag:env/prod", "--to-host", "esx-2", "--yes", "-o", "json")
    assert moved.exit_code == 0, moved.text
    assert {outcome["state"] for outcome in moved.json["outcomes"]} == {"moved"}


UNTAGGED = [
    ("tag:env/prodd", "the category env has no tag prodd", "did you mean prod?"),
    ("tag:enw/prod", "no tag category is called enw", "did you mean env?"),
    ("tag:prod", "tag:prod names no tag", "a category and a tag"),
    ("tag:env/idle", "tag:env/idle names no virtual machine to choose", "check the spelling"),
]


def test_a_tag_that_names_nothing_is_told(run: Program, site: SimulatedVCenter, automation: Any) -> None:
    tag(automation, site, "env", "prod", "web01")
    tag(automation, site, "env", "idle")
    for word, message, hint in UNTAGGED:
        done = run("check", word, "--to-host", "esx-2")

        assert done.exit_code == 2, (word, done.text)
        assert message in done.stderr, word
        assert hint in done.stderr, word


def test_plans_take_the_same_words(run: Program, site: SimulatedVCenter, automation: Any) -> None:
    tag(automation, site, "env", "prod", "web01", "db01", "far")

    planned = run("plan", "migrate", "tag:env/prod", "--exclude", "db01", "--to-cluster", "red", "-o", "json")
    assert planned.exit_code == 0, planned.text
    assert [move["vm"]["name"] for move in planned.json["moves"]] == ["web01"]
    assert planned.json["choices"]["exclude"] == ["db01"]

    emptied = run("evacuate", "esx-1", "--exclude", "tag:env/prod", "--dry-run", "-o", "json")
    assert emptied.exit_code == 0, emptied.text
    assert [move["vm"]["name"] for move in emptied.json["moves"]] == ["web02"]
    left = {one["vm"]["name"]: one["why"] for one in emptied.json["left"]}
    assert left["web01"] == left["db01"] == "it is excluded"
    assert {call["method"] for call in site.control.trace()} <= READS
