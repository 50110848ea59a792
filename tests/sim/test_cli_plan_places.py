"""Plans that know files, networks and places: made, looked at, run, each place seen by an independent client."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.observer import Observer
from tests.program import Done, Program
from tests.sim.storage_site import migrate, seen, writes
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def plan_of(run: Program, *words: str, code: int = 0) -> dict[str, Any]:
    """A plan, written to plan.json."""
    done = run("plan", "migrate", *words, "-O", "plan.json", "-o", "json")
    assert done.exit_code == code, done.text
    document: dict[str, Any] = json.loads((run.home / "plan.json").read_text())
    assert done.json == document
    assert problems(load("plan-v1.json"), document) == []
    return document


def applied(run: Program, *words: str) -> Done:
    return run("apply", "plan.json", "--yes", "-o", "json", *words)


def outcomes(done: Done) -> dict[str, str]:
    return {one["vm"]["name"]: one["state"] for one in done.json["outcomes"]}


def apply_twice(run: Program, site: SimulatedVCenter, vm: str) -> None:
    """The first time it is moved; the second time all is done, and no call changes anything."""
    done = applied(run)
    assert (done.exit_code, outcomes(done)) == (0, {vm: "moved"}), done.text
    site.control.clear_trace()
    again = run("apply", "plan.json", "--yes")
    assert again.exit_code == 0, again.text
    assert "Nothing to do" in again.stdout
    assert writes(site) == set()


def test_other_hosts_to_try_are_refused_where_there_are_none(run: Program, site: SimulatedVCenter) -> None:
    plan_of(run, "traveller", "--to-host", "esx-3", "--to-datastore", "lonely", "--network", "lan=dmz")
    site.control.clear_trace()
    done = applied(run, "--try-others", "1")
    assert done.exit_code == 2
    assert "--try-others is for plans of hosts alone" in done.stderr
    assert writes(site) == set()


def test_making_a_plan_of_everything_changes_nothing(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    before = seen(observer, "traveller")
    site.control.clear_trace()

    plan_of(run, "traveller", "--to-host", "esx-3", "--to-datastore", "lonely", "--network", "lan=dmz")

    assert writes(site) == set()
    assert seen(observer, "traveller") == before


def test_each_disk_of_a_plan_goes_where_the_plan_says(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    words = ("--disk", "1=fast", "--disk", "2=pod-1:eager", "--disk", "Hard disk 3=:thick", "--config-to", "pod-2")
    document = plan_of(run, "split", *words)

    (move,) = document["moves"]
    assert (move["source"], move["destination"]["name"]) == (move["destination"], "esx-1")
    assert [(one["datastore"]["name"], one["format"]) for one in move["place"]["disks"]] == [
        ("fast", None),
        ("pod-1", "eager"),
        ("slow", "thick"),
    ]
    assert (
        "configuration to pod-2, Hard disk 1 to fast, Hard disk 2 to pod-1 (eager)"
        in run("plan", "show", "plan.json").stdout
    )
    (row,) = csv.DictReader(io.StringIO(run("plan", "export", "plan.json", "--csv", "-").stdout))
    assert row["disks"] == "Hard disk 1=fast|Hard disk 2=pod-1:eager|Hard disk 3=slow:thick"
    apply_twice(run, site, "split")
    found = seen(observer, "split")
    assert found.config == "pod-2"
    assert [disk[:2] for disk in found.disks.values()] == [("fast", "thin"), ("pod-1", "eager"), ("slow", "thick")]


def test_host_files_pool_folder_networks_and_setting_go_in_one_move(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    words = ("--to-host", "esx-2", "--to-datastore", "fast", "--to-pool", "Gold", "--to-folder", "Web/New")
    more = ("--create-folder", "--network", "old=segment", "--priority", "high", "--encryption", "required")
    document = plan_of(run, "wired", *words, *more)

    assert document["moves"][0]["place"]["vcenter_priority"] == "high"
    assert "the folder New will be made in Web" in document["note"]
    apply_twice(run, site, "wired")
    found = seen(observer, "wired")
    assert (found.host, found.pool, found.folder, found.datastores) == ("esx-2", "Gold", "New", {"fast"})
    assert [nic for nic, _ in found.nics.values()] == ["lan", "lan", "segment"]
    assert all(connected for _, connected in found.nics.values())
    mode = observer.vm("wired").config.migrateEncryption
    assert mode == "required"


def test_of_what_somebody_has_done_in_part_the_rest_is_done(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """Two of three disks were there; one more is moved by somebody else after the plan; the plan does what is left."""
    plan_of(run, "half", "--to-host", "esx-2", "--to-datastore", "fast")
    assert migrate(run, "half", "--disk", "3=fast") == "moved"
    before = seen(observer, "half")

    done = applied(run)

    assert done.exit_code == 0, done.text
    (outcome,) = done.json["outcomes"]
    assert outcome["state"] == "moved"
    after = seen(observer, "half")
    assert (after.host, after.stores) == ("esx-2", ["fast"] * 4)
    assert [disk[2] for disk in after.disks.values()] == [disk[2] for disk in before.disks.values()]


def test_what_is_different_is_told_with_its_place_and_nothing_starts_until_it_is_planned_again(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    plan_of(run, "shaped", "--to-datastore", "fast")
    assert migrate(run, "shaped", "--disk", "2=pod-1") == "moved"
    before = seen(observer, "shaped")
    site.control.clear_trace()

    stale = applied(run)

    assert stale.exit_code == 8, stale.text
    assert stale.json["error"]["details"] == ["Hard disk 2 of shaped is on the datastore pod-1 and was on slow"]
    assert (writes(site), seen(observer, "shaped")) == (set(), before)
    again = applied(run, "--replan")
    assert again.exit_code == 0, again.text
    assert seen(observer, "shaped").datastores == {"fast"}


def test_room_that_others_have_taken_is_a_difference(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    """Either of the two fits on the datastore, and both do not."""
    plan_of(run, "podded", "--disk", "2=tiny:thick", "--disk", "1=tiny:thick")
    assert migrate(run, "stilled", "--disk", "2=tiny:thick", "--disk", "1=tiny:thick") == "moved"

    stale = applied(run)

    assert stale.exit_code == 8, stale.text
    (line,) = stale.json["error"]["details"]
    assert line.startswith("tiny has ")
    assert line.endswith(" MiB are to come")
    assert seen(observer, "podded").datastores == {"slow"}


def test_a_list_with_every_column_is_a_plan_and_can_be_run_as_it_is(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    (run.home / "tonight.csv").write_text(
        "vm,host,datastore,disk,format,config,pool,folder,network,priority\n"
        "quick,esx-2,fast,,thick,,Silver,Web,lan=dmz,2\n"
        "cold,,,1=fast,,pod-1,,,,1\n",
        encoding="utf-8",
    )
    document = plan_of(run, "-f", "tonight.csv")
    ways = [(move["vm"]["name"], move["reason"]) for move in document["moves"]]
    assert ways == [("cold", "line 3 of tonight.csv"), ("quick", "line 2 of tonight.csv")]

    done = run("apply", "tonight.csv", "--yes", "-o", "json")

    assert (done.exit_code, outcomes(done)) == (0, {"cold": "moved", "quick": "moved"}), done.text
    quick, cold = seen(observer, "quick"), seen(observer, "cold")
    assert (quick.host, quick.pool, quick.folder, quick.datastores) == ("esx-2", "Silver", "Web", {"fast"})
    assert [disk[:2] for disk in quick.disks.values()] == [("fast", "thick")]
    assert [nic for nic, _ in quick.nics.values()] == ["dmz"]
    assert (cold.config, [disk[0] for disk in cold.disks.values()]) == ("pod-1", ["fast"])
    site.control.clear_trace()
    for words in (("apply", "plan.json"), ("apply", "tonight.csv")):
        again = run(*words, "--yes")
        assert (again.exit_code, writes(site)) == (0, set()), again.text
        assert "Nothing to do" in again.stdout


def test_a_plan_of_files_is_made_of_a_snapshot_without_a_vcenter(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    words = ("placed", "--to-host", "esx-2", "--to-datastore", "still", "--to-folder", "Web")
    assert run("snapshot", "save", "-O", "site.json").exit_code == 0
    assert problems(load("snapshot-v1.json"), json.loads((run.home / "site.json").read_text())) == []
    offline = Program(home=run.home)

    done = offline("plan", "migrate", *words, "--from", "site.json", "-O", "plan.json", "-o", "json")

    assert done.exit_code == 0, done.text
    live = run("plan", "migrate", *words, "-o", "json")
    assert done.json["fingerprint"] == live.json["fingerprint"]
    assert applied(run).exit_code == 0
    found = seen(observer, "placed")
    assert (found.host, found.datastores) == ("esx-2", {"still-2"})


def test_a_template_is_planned_as_it_is_moved(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    plan_of(run, "golden", "--to-host", "esx-2", "--to-datastore", "fast")

    apply_twice(run, site, "golden")

    golden = observer.vm("golden")
    assert golden.config.template
    assert (golden.runtime.host.name, [one.name for one in golden.datastore]) == ("esx-2", ["fast"])


def test_a_policy_of_a_plan_is_applied_once(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    document = plan_of(run, "ruled", "--to-datastore", "fast", "--storage-policy", "Gold storage")

    place = document["moves"][0]["place"]
    assert {one["policy"]["name"] for one in place["disks"]} | {place["config_policy"]["name"]} == {"Gold storage"}
    apply_twice(run, site, "ruled")


def test_what_cannot_go_is_named_and_the_others_are_planned(run: Program, site: SimulatedVCenter) -> None:
    (run.home / "two.yaml").write_text("- {vm: large, datastore: tiny}\n- {vm: asleep, datastore: pod-2}\n")

    document = plan_of(run, "-f", "two.yaml", code=3)

    assert [one["vm"]["name"] for one in document["stuck"]] == ["large"]
    assert "storage.space" in document["stuck"][0]["reasons"][0]["reason"]
    assert [move["vm"]["name"] for move in document["moves"]] == ["asleep"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(("--to-datastore", "fst"), "no datastore is called fst", id="datastore"),
        pytest.param(("--disk", "4=fast"), "secret has no disk 4", id="disk"),
        pytest.param(("--network", "lan=dmy"), "no network is called dmy", id="network"),
        pytest.param(("--to-folder", "Wbe"), "no folder is called Wbe", id="folder"),
        pytest.param(("--to-datastore", "fast", "--storage-policy", "Gld"), "no storage policy is called Gld", id="p"),
        pytest.param(("--to-datastore", "fast", "--cordon", "esx-2"), "--cordon is for plans that", id="cordon"),
    ],
)
def test_a_misspelt_word_is_an_error_and_no_plan(
    words: Sequence[str], complaint: str, run: Program, site: SimulatedVCenter
) -> None:
    done = run("plan", "migrate", "secret", *words, "-O", "wrong.json")

    assert done.exit_code == 2, done.text
    assert complaint in done.stderr
    assert not (run.home / "wrong.json").exists()


def test_a_run_of_a_plan_that_is_killed_goes_on_with_resume(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    plan_of(run, "mapped", "--to-datastore", "fast", "--skip-check", "files.rdm")

    killed = run("apply", "plan.json", "--yes", VSPHERE_MOTION_FAILPOINT="after_task_row")
    resumed = run("resume", "-o", "json")

    assert killed.exit_code == -9, killed.text
    assert (resumed.exit_code, outcomes(resumed)) == (0, {"mapped": "moved"}), resumed.text
    assert run("apply", "plan.json", "--yes").stdout.startswith("Nothing to do")
    assert seen(observer, "mapped").datastores == {"fast"}
