"""Plans of moves to another vCenter: made with both, run between both, and never with a third."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from tests.labels import labels
from tests.two_vcenters import Pair, credentials, make_pair, writes_on
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.plugin import VCenterFactory

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(300)]

TO_B = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmz")


@pytest.fixture
def pair(vcenter_factory: VCenterFactory, tmp_path: Path) -> Pair:
    return make_pair(vcenter_factory, tmp_path / "home")


def plan_of(pair: Pair, *words: str) -> dict[str, Any]:
    done = pair.run("plan", "migrate", "a-web01", *pair.there, *words, "-O", "plan.json", "-o", "json")
    assert done.exit_code == 0, done.text
    document: dict[str, Any] = json.loads((pair.run.home / "plan.json").read_text())
    assert problems(load("plan-v1.json"), document) == []
    return document


def test_a_plan_says_which_vcenter_and_is_run_without_naming_it_again(pair: Pair) -> None:
    document = plan_of(pair, *TO_B, "--keep-tags", "--keep-attributes")
    with pair.observing() as (source, _):
        carried = labels(pair.source, source, "a-web01")

    there = document["to_vcenter"]
    assert there["host"] == pair.there[1]
    assert there["user"] == pair.destination.user
    assert len(there["thumbprint"].replace(":", "")) == 64
    assert there["instance_uuid"] in document["moves"][0]["destination"]["moid"]
    text = (pair.run.home / "plan.json").read_text()
    assert pair.destination.password not in text
    assert pair.source.password not in text
    assert writes_on(pair) == set()
    shown = pair.run("plan", "show", "plan.json")
    assert "b-esx2, files to b-vmfs1, " in shown.stdout
    assert there["thumbprint"] in shown.stdout

    done = pair.run("apply", "plan.json", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert [one["state"] for one in done.json["outcomes"]] == ["moved"]
    with pair.observing() as (source, destination):
        assert "a-web01" not in source.read(vim.VirtualMachine)
        found = destination.read(vim.VirtualMachine, "config.files.vmPathName", "runtime.host", "network")["a-web01"]
        assert found["config.files.vmPathName"].startswith("[b-vmfs1]")
        assert found["runtime.host"] == destination.host("b-esx2")
        assert [one.name for one in found["network"]] == ["b-dmz"]
        assert labels(pair.destination, destination, "a-web01") == carried, "the plan says what it keeps"
        assert carried["a-web01"].tags
    again = pair.run("apply", "plan.json", "--yes")
    assert again.exit_code == 0, again.text
    assert "Nothing to do" in again.stdout
    assert len(pair.source.control.motions()) == 1
    with pair.observing() as (_, destination):
        host, moid = destination.host("b-esx3"), destination.vm("a-web01")._moId
    pair.destination.control.patch(moid, {"runtime.host": {"type": "HostSystem", "value": host._moId}})
    elsewhere = pair.run("apply", "plan.json", "--yes")
    assert elsewhere.exit_code == 8, elsewhere.text
    assert "a-web01 is at the other vCenter already, on b-esx3" in elsewhere.stderr


def test_what_has_changed_on_either_side_is_told_and_nothing_starts(pair: Pair) -> None:
    plan_of(pair, *TO_B)
    assert pair.run("migrate", "a-web01", "--to-host", "a-esx2", "--yes").exit_code == 0
    with pair.observing() as (_, destination):
        host = destination.host("b-esx2")
    pair.destination.control.patch(host._moId, {"runtime.inMaintenanceMode": True})
    before = len(pair.source.control.motions())

    stale = pair.run("apply", "plan.json", "--yes", "-o", "json")

    assert stale.exit_code == 8, stale.text
    assert stale.json["error"]["details"] == [
        "a-web01 is on a-esx2 and was on a-esx1",
        "maintenance mode of the destination b-esx2 is True and was False",
    ]
    assert len(pair.source.control.motions()) == before


def test_another_vcenter_and_another_certificate_are_refused(pair: Pair, vcenter_factory: VCenterFactory) -> None:
    document = plan_of(pair, *TO_B)
    third = vcenter_factory(scenario="two-vcenters-b")
    third.control.clear_trace()
    plan = pair.run.home / "plan.json"

    pinned = pair.run("apply", "plan.json", "--yes", "--to-vcenter", f"{third.host}:{third.port}", **credentials(third))
    assert pinned.exit_code == 5, pinned.text
    assert "presents another certificate than the pinned one" in pinned.stderr
    assert third.control.trace() == [], "nothing is sent to it, least of all a password"

    document["to_vcenter"]["instance_uuid"] = "00000000-0000-0000-0000-000000000000"
    move = document["moves"][0]["destination"]
    move["moid"] = f"{move['moid'].partition('@')[0]}@00000000-0000-0000-0000-000000000000"
    document["facts"]["hosts"][0]["host"] = move
    plan.write_text(json.dumps(document))
    other = pair.run("apply", "plan.json", "--yes")
    assert other.exit_code == 2, other.text
    assert pair.source.control.motions() == []


def test_a_plan_with_a_mapping_is_made_again_with_the_mapping_alone(pair: Pair) -> None:
    (pair.run.home / "map.yaml").write_text(
        "clusters: {Compute: Compute}\ndatastores: {a-vmfs1: b-vmfs1}\nnetworks: {a-dmz: b-dmz}\n"
    )
    document = plan_of(pair, "--map", "map.yaml")
    assert document["choices"]["mapped"] == "map.yaml"
    assert pair.run("migrate", "a-web01", "--to-host", "a-esx2", "--yes").exit_code == 0

    refused = pair.run("apply", "plan.json", "--yes", "--replan")
    again = pair.run("apply", "plan.json", "--yes", "--replan", *pair.there, "--map", "map.yaml")

    assert refused.exit_code == 2
    assert "was made with --map map.yaml" in refused.stderr
    assert again.exit_code == 0, again.text
    with pair.observing() as (source, destination):
        assert "a-web01" not in source.read(vim.VirtualMachine)
        assert "a-web01" in destination.read(vim.VirtualMachine)


def test_a_plan_across_is_not_made_of_a_snapshot_nor_a_plan_within_run_across(pair: Pair) -> None:
    offline = pair.run("plan", "migrate", "a-web01", *pair.there, *TO_B, "--from", "site.json")
    assert offline.exit_code == 2
    assert "leave --from out" in offline.stderr
    made = pair.run("plan", "migrate", "a-web01", "--to-host", "a-esx2", "-O", "near.json")
    assert made.exit_code == 0, made.text
    across = pair.run("apply", "near.json", "--yes", *pair.there)
    assert across.exit_code == 2
    assert "leave --to-vcenter out" in across.stderr
    keeping = pair.run("apply", "near.json", "--yes", "--keep-tags")
    assert keeping.exit_code == 2
    assert "a plan says what VMs keep" in keeping.stderr


def test_a_list_for_another_vcenter_has_windows_turns_and_places_of_its_lines(pair: Pair) -> None:
    now = datetime.now(UTC)
    later = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    header = "vm,host,place,datastore,network,window,priority\n"
    web = f"a-web01,b-esx2,,b-vmfs1,a-dmz=b-dmz,{later},1\n"
    open_now = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    db = f"a-db01,b-esx3,b-vmfs2,,,{open_now},-1\n"
    for name, lines in (("both.csv", web + db), ("web.csv", web), ("db.csv", db)):
        (pair.run.home / name).write_text(header + lines, encoding="utf-8")

    made = pair.run("plan", "migrate", "-f", "both.csv", *pair.there, "-O", "plan.json", "-o", "json")
    shut = pair.run("migrate", "-f", "web.csv", *pair.there, "--yes", "--timeout", "2s", "-o", "json")
    done = pair.run("apply", "db.csv", *pair.there, "--yes", "-o", "json")

    assert made.exit_code == 0, made.text
    told = [(one["vm"]["name"], one["window"], one["priority"], one["reason"]) for one in made.json["moves"]]
    assert told == [
        ("a-db01", f"{open_now} UTC", -1, "line 3 of both.csv"),
        ("a-web01", f"{later} UTC", 1, "line 2 of both.csv"),
    ]
    assert (shut.exit_code, [one["state"] for one in shut.json["outcomes"]]) == (7, ["not_started"]), shut.text
    assert (done.exit_code, [one["state"] for one in done.json["outcomes"]]) == (0, ["moved"]), done.text
    with pair.observing() as (source, destination):
        assert "a-web01" in source.read(vim.VirtualMachine), "its window is not open yet"
        found = destination.read(vim.VirtualMachine, "config.files.vmPathName")["a-db01"]
        assert found["config.files.vmPathName"].startswith("[b-vmfs2]")
