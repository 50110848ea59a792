"""Tags and custom attributes of VMs that go to another vCenter, seen by independent clients on both sides."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from pyVmomi import vim

from tests.labels import Labels, labels, resting
from tests.program import READS, Done
from tests.two_vcenters import Pair, make_pair, many
from vsphere_motion.testing.plugin import VCenterFactory

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(300)]

TO_B = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmz")
KEEP = ("--keep-tags", "--keep-attributes")
WEB01 = Labels(frozenset({"env/prod", "owner/web team"}), {"cost centre": "4711", "contact": "web@example.com"})
WEB02 = Labels(frozenset({"env/test", "owner/web team"}), {"cost centre": "4711"})
SKIPS = ("--skip-check", "keepsakes.tags", "--skip-check", "keepsakes.attributes")


@pytest.fixture
def pair(vcenter_factory: VCenterFactory, tmp_path: Path) -> Pair:
    return make_pair(vcenter_factory, tmp_path / "home")


def kept(done: Done) -> dict[str, dict[str, object]]:
    return {outcome["vm"]["name"]: outcome["keepsakes"] for outcome in done.json["outcomes"]}


def calls(pair: Pair) -> list[str]:
    return [call["method"] for side in (pair.source, pair.destination) for call in side.control.trace()]


def test_vms_have_their_tags_and_attributes_again(pair: Pair) -> None:
    done = pair.run("migrate", "a-web01", "a-web02", *pair.there, *TO_B, *KEEP, "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    with pair.observing() as (_, destination):
        assert labels(pair.destination, destination, "a-web01", "a-web02") == {"a-web01": WEB01, "a-web02": WEB02}
    found = kept(done)
    assert found["a-web01"]["state"] == "kept"
    assert found["a-web01"]["tags"] == ["env/prod", "owner/web team"]
    assert found["a-web01"]["attributes"] == ["contact", "cost centre"]
    assert "web@example.com" not in done.text
    told = pair.run("report", done.json["run"])
    assert "2 tags and 2 attributes" in told.stdout, told.text


def test_only_what_is_asked_for_comes_along(pair: Pair) -> None:
    tags = pair.run("migrate", "a-web01", *pair.there, *TO_B, "--keep-tags", "--yes")
    neither = pair.run("migrate", "a-web02", *pair.there, *TO_B, "--yes", "-o", "json")

    assert (tags.exit_code, neither.exit_code) == (0, 0), tags.text + neither.text
    assert "with 2 tags." in tags.stdout
    assert kept(neither) == {"a-web02": None}
    with pair.observing() as (_, destination):
        found = labels(pair.destination, destination, "a-web01", "a-web02")
    assert found == {"a-web01": Labels(tags=WEB01.tags), "a-web02": Labels()}


def test_nothing_is_asked_of_tags_and_attributes_where_nobody_wants_them(pair: Pair) -> None:
    for side in (pair.source, pair.destination):
        side.control.clear_trace()

    done = pair.run("migrate", "a-web01", *pair.there, *TO_B, "--yes")

    assert done.exit_code == 0, done.text
    assert not [method for method in calls(pair) if "tagging" in method or method in {"SetField", "api"}]
    read = json.dumps([side.control.trace() for side in (pair.source, pair.destination)])
    assert "customValue" not in read


def test_what_the_other_vcenter_does_not_know_is_named_before_anything_starts(pair: Pair) -> None:
    options = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1")
    done = pair.run("migrate", "a-db01", *pair.there, *options, *KEEP, "--yes", "-o", "json")
    checked = pair.run("check", "a-db01", *pair.there, *options, *KEEP, "-o", "json")

    assert (done.exit_code, checked.exit_code) == (3, 3), done.text + checked.text
    assert pair.source.control.motions() == []
    (planned,) = checked.json["moves"]
    said = {one["id"]: one for one in planned["findings"] if one["severity"] == "blocker"}
    assert said["keepsakes.tags"]["evidence"]["tags"] == ["site/frankfurt"]
    assert said["keepsakes.attributes"]["evidence"]["attributes"] == ["rack"]
    assert planned["keepsakes"]["tags"] == ["env/prod", "owner/db team", "site/frankfurt"]


def test_a_vm_that_went_without_says_so_and_gets_the_rest_once_it_is_there(pair: Pair) -> None:
    options = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1")
    done = pair.run("migrate", "a-db01", *pair.there, *options, *KEEP, *SKIPS, "--yes", "-o", "json")

    assert done.exit_code == 6, done.text
    (outcome,) = done.json["outcomes"]
    assert outcome["state"] == "moved"
    assert outcome["keepsakes"]["state"] == "lost"
    assert {one["what"] for one in outcome["keepsakes"]["lost"]} == {"tag site/frankfurt", "attribute rack"}
    assert "a-db01 is without tag site/frankfurt" in done.stderr
    with pair.observing() as (_, destination):
        assert labels(pair.destination, destination, "a-db01")["a-db01"] == Labels(
            frozenset({"env/prod", "owner/db team"}), {"cost centre": "4712"}
        )
        with resting(pair.destination) as rest:
            rest.make_tag("site", "frankfurt")
        destination.content.customFieldsManager.AddCustomFieldDef("rack", vim.VirtualMachine, None, None)

        again = pair.run("resume", done.json["run"], "-o", "json")

        assert again.exit_code == 0, again.text
        assert kept(again)["a-db01"]["state"] == "kept"
        assert labels(pair.destination, destination, "a-db01")["a-db01"] == Labels(
            frozenset({"env/prod", "owner/db team", "site/frankfurt"}), {"cost centre": "4712", "rack": "F12"}
        )
    assert len(pair.source.control.motions()) == 1


@pytest.mark.parametrize("failpoint", ["after_task_row", "after_outcome", "after_keepsakes"])
def test_a_run_that_was_killed_gives_back_what_the_source_has_forgotten(failpoint: str, pair: Pair) -> None:
    killed = pair.run(
        "migrate", "a-web01", "a-web02", *pair.there, *TO_B, *KEEP, "--yes", VSPHERE_MOTION_FAILPOINT=failpoint
    )
    assert killed.exit_code == -signal.SIGKILL, killed.text

    done = pair.run("resume", "-o", "json")

    assert done.exit_code == 0, done.text
    assert {name: one["state"] for name, one in kept(done).items()} == {"a-web01": "kept", "a-web02": "kept"}
    with pair.observing() as (source, destination):
        assert not {"a-web01", "a-web02"} & source.read(vim.VirtualMachine).keys()
        assert labels(pair.destination, destination, "a-web01", "a-web02") == {"a-web01": WEB01, "a-web02": WEB02}
    for side in (pair.source, pair.destination):
        side.control.clear_trace()
    nothing = pair.run("resume")
    assert "There is no unfinished run" in nothing.text
    assert set(calls(pair)) <= READS


def test_what_comes_back_has_what_it_has_there_and_what_it_lost_on_its_way(pair: Pair) -> None:
    options = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1")
    gone = pair.run("migrate", "a-db01", *pair.there, *options, *KEEP, *SKIPS, "--yes", "-o", "json")
    assert gone.exit_code == 6, gone.text
    with pair.observing() as (source, destination):
        fields = {one.name: one.key for one in destination.content.customFieldsManager.field}
        destination.content.customFieldsManager.SetField(destination.vm("a-db01"), fields["contact"], "db@example.com")

        back = pair.run("restore", gone.json["run"], "--yes", "-o", "json")

        assert back.exit_code == 0, back.text
        assert labels(pair.source, source, "a-db01")["a-db01"] == Labels(
            frozenset({"env/prod", "owner/db team", "site/frankfurt"}),
            {"cost centre": "4712", "rack": "F12", "contact": "db@example.com"},
        )


def test_a_restore_keeps_what_its_run_did_not_where_it_is_asked_to(pair: Pair) -> None:
    gone = pair.run("migrate", "a-web01", *pair.there, *TO_B, "--yes", "-o", "json")
    assert gone.exit_code == 0, gone.text
    with pair.observing() as (source, destination):
        with resting(pair.destination) as rest:
            rest.attach(rest.make_tag("owner", "mail team"), destination.vm("a-web01")._moId)
        with resting(pair.source) as rest:
            rest.make_tag("owner", "mail team")

        back = pair.run("restore", gone.json["run"], "--keep-tags", "--yes")

        assert back.exit_code == 0, back.text
        assert labels(pair.source, source, "a-web01")["a-web01"] == Labels(frozenset({"owner/mail team"}))


def test_nobody_waits_so_nothing_could_be_given_back(pair: Pair) -> None:
    done = pair.run("migrate", "a-web01", *pair.there, *TO_B, *KEEP, "--no-wait", "--yes")

    assert done.exit_code == 2, done.text
    assert "--no-wait" in done.stderr
    assert pair.source.control.motions() == []


@pytest.mark.parametrize("command", ["migrate", "check"])
def test_within_one_vcenter_there_is_nothing_to_keep(command: str, pair: Pair) -> None:
    done = pair.run(command, "a-web01", "--to-host", "a-esx2", "--keep-tags")

    assert done.exit_code == 2
    assert "--to-vcenter" in done.stderr


ACCOUNT = """
roles:
  - name: receiver
    privileges:
      - Resource.AssignVMToPool
      - Datastore.AllocateSpace
      - Network.Assign
      - VirtualMachine.Inventory.Register
      - Global.Diagnostics
      - Datastore.Browse
users: [{name: mover, password: a long password for the mover}]
permissions: [{entity: /, user: mover, role: receiver}]
"""


def test_an_account_that_may_not_attach_or_set_is_told_before_and_after(
    vcenter_factory: VCenterFactory, tmp_path: Path
) -> None:
    sites = (many("a", hosts=2, net=31, vms=2), many("b", hosts=2, net=32) + ACCOUNT)
    pair = make_pair(vcenter_factory, tmp_path / "home", sites)
    account = {"VSPHERE_MOTION_TO_USER": "mover", "VSPHERE_MOTION_TO_PASSWORD": "a long password for the mover"}
    options = (*pair.there, "--to-cluster", "Compute", "--to-datastore", "b-store", "--network", "a-dmz=b-dmz", *KEEP)

    checked = pair.run("check", "vm-001", *options, "-o", "json", **account)
    forced = pair.run(
        "migrate", "vm-001", *options, "--skip-check", "permissions.missing", "--yes", "-o", "json", **account
    )

    assert checked.exit_code == 3, checked.text
    (planned,) = checked.json["moves"]
    (missing,) = (one["evidence"]["missing"] for one in planned["findings"] if one["id"] == "permissions.missing")
    assert {line.partition(" on ")[0] for line in missing} == {
        "InventoryService.Tagging.AttachTag",
        "Global.SetCustomField",
    }
    assert forced.exit_code == 6, forced.text
    (outcome,) = forced.json["outcomes"]
    assert outcome["state"] == "moved"
    reasons = {one["what"]: one["why"] for one in outcome["keepsakes"]["lost"]}
    assert reasons.keys() == {"tag env/prod", "tag owner/web team", "attribute contact", "attribute cost centre"}
    assert "InventoryService.Tagging.AttachTag" in reasons["tag env/prod"]
    assert "Global.SetCustomField" in reasons["attribute contact"]


def test_a_plan_that_keeps_tags_gives_them_back_when_it_is_applied(pair: Pair) -> None:
    options = (*pair.there, *TO_B, *KEEP)
    blocked = pair.run("plan", "migrate", "a-db01", *pair.there, *TO_B[:4], *KEEP, "-O", "blocked.json")
    made = pair.run("plan", "migrate", "a-web01", *options, "-O", "plan.json")

    done = pair.run("apply", "plan.json", "--yes", "-o", "json")

    assert blocked.exit_code == 3, blocked.text
    assert made.exit_code == 0, made.text
    assert done.exit_code == 0, done.text
    assert kept(done)["a-web01"]["state"] == "kept"
    with pair.observing() as (_, destination):
        assert labels(pair.destination, destination, "a-web01") == {"a-web01": WEB01}
