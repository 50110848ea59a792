"""`restore` of files, networks and places, each seen by an independent client before and after."""

from __future__ import annotations

import signal

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim

from tests.observer import Observer
from tests.program import Done, Program
from tests.sim.storage_site import make_vapp, migrate, seen, writes
from tests.unit.report.schema import load, problems
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def moved(run: Program, vm: str, *words: str) -> str:
    """Move a VM; the run's id."""
    done = run("migrate", vm, *words, "--yes", "-o", "json")
    assert done.exit_code == 0, done.text
    return str(done.json["run"])


def states(done: Done) -> list[str]:
    return [outcome["state"] for outcome in done.json["outcomes"]]


def restored(run: Program, run_id: str, *expected: str) -> Done:
    """Restore a run; its outcomes have these states."""
    done = run("restore", run_id, "--yes", "-o", "json")
    assert states(done) == list(expected), done.text
    assert done.exit_code == (3 if "blocked" in expected else 0), done.text
    return done


def moves_nothing(run: Program, site: SimulatedVCenter, run_id: str) -> None:
    """A second restore finds nothing to do, and changes nothing."""
    site.control.clear_trace()
    again = run("restore", run_id, "--yes", "-o", "json")
    assert set(states(again)) <= {"unchanged"}, again.text
    assert again.exit_code == 0
    assert writes(site) == set()


def by_somebody_else(observer: Observer, vm: str, spec: vim.vm.RelocateSpec) -> None:
    WaitForTask(observer.vm(vm).RelocateVM_Task(spec))


def disk_to(observer: Observer, vm: str, label: str, store: str) -> vim.vm.RelocateSpec:
    """The spec that moves one disk."""
    devices = observer.vm(vm).config.hardware.device
    (disk,) = (one for one in devices if one.deviceInfo.label == label)
    datastore = observer.read(vim.Datastore)[store]["ref"]
    return vim.vm.RelocateSpec(disk=[vim.vm.RelocateSpec.DiskLocator(diskId=disk.key, datastore=datastore)])


def test_all_that_a_run_changed_of_a_vm_is_as_it_was(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    """Host, pool and folder, three disks in two formats, the configuration, and two of three adapters."""
    before, wired = seen(observer, "split"), seen(observer, "wired")
    files = ("--disk", "1=fast:eager", "--disk", "2=pod-1", "--disk", "3=:thick", "--config-to", "pod-2")
    places = ("--to-host", "esx-2", "--to-pool", "Gold", "--to-folder", "Web", "--network", "lan=dmz")
    first = moved(run, "split", *files, *places)
    second = moved(run, "wired", "--network", "old=segment", "--network", "Network adapter 2=dmz")
    assert seen(observer, "split") != before

    shown = run("restore", first, "--dry-run")
    assert shown.exit_code == 0, shown.text
    for words in (
        ("split", "esx-2", "esx-1", "goes back"),
        ("split", "Gold", "Resources", "pool: goes back"),
        ("split", "Web", "vm", "folder: goes back"),
        ("split", "pod-2", "slow", "configuration: goes back"),
        ("split", "fast", "slow", "Hard disk 1: goes back"),
        ("split", "eager", "thin", "format of Hard disk 1: goes back"),
        ("split", "thick", "thin", "format of Hard disk 3: goes back"),
        ("split", "dmz", "lan", "Network adapter 1: goes back"),
    ):
        assert any(line.split(None, 3) == list(words) for line in shown.stdout.splitlines()), (words, shown.stdout)
    data = run("restore", first, "--dry-run", "-o", "json").json
    assert problems(load("restoration-v1.json"), data) == []
    assert {one["state"] for one in data["vms"][0]["things"]} == {"goes"}
    assert seen(observer, "split") != before

    restored(run, first, "moved")
    restored(run, second, "moved")
    assert seen(observer, "split") == before
    assert seen(observer, "wired") == wired
    moves_nothing(run, site, first)
    moves_nothing(run, site, second)


LIST = """
vm;host;pool;vapp;folder;datastore;network
quick;;Silver;;;;
placed;esx-1;;;vm;;
cold;esx-1;;;;fast;
asleep;;;shop;;;
traveller;esx-3;;;;lonely;
large;esx-9;;;;far-store;lan=far-net
"""


def test_the_vms_of_one_run_go_back_each_as_it_was(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    """A pool alone, a folder, files of one that is off, a vApp, another cluster, another datacenter."""
    names = [line.partition(";")[0] for line in LIST.strip().splitlines()[1:]]
    make_vapp(observer, "one", "shop")
    before = {name: seen(observer, name) for name in names}
    (run.home / "list.csv").write_text(LIST.strip() + "\n", encoding="utf-8")
    run_id = moved(run, "-f", "list.csv")
    assert all(seen(observer, name) != before[name] for name in names)

    restored(run, run_id, *["moved"] * len(names))
    assert {name: seen(observer, name) for name in names} == before
    moves_nothing(run, site, run_id)


def test_encrypted_vmotion_is_set_back(run: Program, observer: Observer) -> None:
    run_id = moved(run, "secret", "--to-host", "esx-2", "--encryption", "required")
    assert observer.vm("secret").config.migrateEncryption == "required"

    restored(run, run_id, "moved")
    assert observer.vm("secret").config.migrateEncryption == "disabled"
    assert seen(observer, "secret").host == "esx-1"


def test_what_somebody_else_has_changed_is_left_and_the_rest_goes_back(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    """Meanwhile one of its disks and its host were changed: both stay, the other disk and the configuration go back."""
    run_id = moved(run, "half", "--disk", "1=pod-1", "--disk", "3=pod-1", "--config-to", "pod-1", "--to-host", "esx-2")
    by_somebody_else(observer, "half", disk_to(observer, "half", "Hard disk 1", "slow"))
    pool = observer.read(vim.ClusterComputeResource, "resourcePool")["two"]["resourcePool"]
    by_somebody_else(observer, "half", vim.vm.RelocateSpec(host=observer.host("esx-3"), pool=pool))

    looked = run("restore", run_id, "--dry-run", "-o", "json")
    assert looked.exit_code == 0, looked.text
    (vm,) = looked.json["vms"]
    assert {one["what"]: one["state"] for one in vm["things"]} == {
        "host": "left",
        "configuration": "goes",
        "Hard disk 1": "left",
        "Hard disk 3": "goes",
    }
    done = restored(run, run_id, "moved", "unchanged")
    assert done.json["outcomes"][1]["note"] == (
        "left where it is: host: it was put on esx-2 and somebody else has moved it since; "
        "Hard disk 1: it was put on pod-1 and somebody else has moved it since"
    )
    assert "somebody else has moved it since" in run("report", done.json["run"]).text
    after = seen(observer, "half")
    assert after.host == "esx-3"
    assert after.stores == ["slow", "slow", "fast", "slow"]
    moves_nothing(run, site, run_id)


def test_of_what_is_half_back_the_rest_comes_back_and_nothing_else(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    before = seen(observer, "podded")
    run_id = moved(run, "podded", "--to-datastore", "fast", "--to-host", "esx-2")
    assert migrate(run, "podded", "--to-host", "esx-1", "--disk", "1=slow") == "moved"

    done = restored(run, run_id, "moved")
    (outcome,) = done.json["outcomes"]
    assert outcome["source"]["host"] == outcome["destination"]["host"]
    assert seen(observer, "podded") == before
    assert site.control.motions()[-1]["source"] == site.control.motions()[-1]["destination"]


def test_what_no_longer_fits_on_its_datastore_stays_whole_and_is_told(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    run_id = moved(run, "stilled", "--to-datastore", "fast", "--to-host", "esx-2")
    away = seen(observer, "stilled")
    store = observer.read(vim.Datastore, "summary.freeSpace")["slow"]
    site.control.patch(store["ref"]._moId, {"summary.freeSpace": 1024**3, "info.freeSpace": 1024**3})
    try:
        looked = run("restore", run_id, "--dry-run")
        assert looked.exit_code == 3, looked.text
        assert "files: cannot go" in looked.stdout
        assert "[storage.space]" in looked.stdout
        done = restored(run, run_id, "blocked")
        assert "[storage.space]" in done.json["outcomes"][0]["note"]
        assert seen(observer, "stilled") == away
    finally:
        free = store["summary.freeSpace"]
        site.control.patch(store["ref"]._moId, {"summary.freeSpace": free, "info.freeSpace": free})
    restored(run, run_id, "moved")


def test_a_storage_policy_that_a_file_had_before_goes_back_and_one_that_nobody_knows_does_not(
    run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    before = seen(observer, "ruled")
    run_id = moved(run, "ruled", "--to-datastore", "fast", "--storage-policy", "Gold storage")

    done = run("restore", run_id, "--yes", "-o", "json")
    assert done.exit_code == 3, done.text
    assert sorted(states(done)) == ["blocked", "moved"]
    (note,) = (one["note"] for one in done.json["outcomes"] if one["state"] == "blocked")
    assert note == (
        "it cannot go back: storage policy of the configuration, storage policy of Hard disk 1: "
        "the journal does not say how it was before"
    )
    assert seen(observer, "ruled") == before


def test_a_template_comes_back_as_a_template(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    vm = observer.vm("golden")
    before = (vm.runtime.host.name, vm.config.files.vmPathName, vm.config.template)
    run_id = moved(run, "golden", "--to-host", "esx-2", "--to-datastore", "fast")

    done = restored(run, run_id, "moved")
    assert "golden is a template again" in done.stderr
    assert (vm.runtime.host.name, vm.config.files.vmPathName, vm.config.template) == before
    moves_nothing(run, site, run_id)


def test_a_restore_that_is_killed_is_gone_on_with(run: Program, site: SimulatedVCenter, observer: Observer) -> None:
    before = seen(observer, "whole"), seen(observer, "shaped")
    run_id = moved(run, "whole", "shaped", "--to-host", "esx-2", "--to-datastore", "fast", "--format", "eager")

    killed = run("restore", run_id, "--yes", VSPHERE_MOTION_FAILPOINT="after_send")
    assert killed.exit_code == -signal.SIGKILL, killed.text
    done = run("resume", "-o", "json")

    assert done.exit_code == 0, done.text
    assert set(states(done)) == {"moved"}
    assert (seen(observer, "whole"), seen(observer, "shaped")) == before
    started = [one["vm_name"] for one in site.control.motions() if one["vm_name"] in {"whole", "shaped"}]
    assert len(started) == 4, "each was asked for once there and once back"
