"""Moves to another vCenter by the command line, seen by an independent client on both sides."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from pyVmomi import vim

from tests.canary import CANARY, USER, files_with_it, found_in, watched
from tests.labels import labels
from tests.observer import Observer
from tests.program import READS, Done
from tests.promises import IS_NIGHTLY, record, tries
from tests.two_vcenters import Pair, make_pair, many, uuids, writes_on
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.vcenter.across import read_certificate

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(1800 if IS_NIGHTLY else 300)]

KEEP = ("--keep-tags", "--keep-attributes")
TO_B = ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmz", "--yes")


@pytest.fixture
def pair(vcenter_factory: VCenterFactory, tmp_path: Path) -> Pair:
    return make_pair(vcenter_factory, tmp_path / "home")


def states(done: Done) -> dict[str, str]:
    return {outcome["vm"]["name"]: outcome["state"] for outcome in done.json["outcomes"]}


def test_a_vm_arrives_with_its_disks_networks_and_folder_and_a_second_run_has_nothing_to_do(pair: Pair) -> None:
    with pair.observing() as (source, destination):
        before = source.read(vim.VirtualMachine, "config.instanceUuid")["a-web01"]["config.instanceUuid"]

        done = pair.run("migrate", "a-web01", *pair.there, *TO_B, "-o", "json")

        assert done.exit_code == 0, done.text
        assert "a-web01" not in source.read(vim.VirtualMachine)
        paths = ("config.instanceUuid", "config.hardware.device", "config.files.vmPathName", "parent", "runtime.host")
        arrived = destination.read(vim.VirtualMachine, *paths)["a-web01"]
        assert arrived["config.instanceUuid"] == before
        assert arrived["runtime.host"] == destination.host("b-esx2")
        assert arrived["parent"] == destination.read(vim.Folder)["Web"]["ref"]
        assert arrived["config.files.vmPathName"] == "[b-vmfs1] a-web01/a-web01.vmx"
        devices = arrived["config.hardware.device"]
        (disk,) = (one for one in devices if isinstance(one, vim.vm.device.VirtualDisk))
        assert disk.backing.fileName == "[b-vmfs1] a-web01/a-web01.vmdk"
        (nic,) = (one for one in devices if isinstance(one, vim.vm.device.VirtualEthernetCard))
        assert nic.backing.network == destination.read(vim.Network)["b-dmz"]["ref"]
        assert nic.connectable.connected

    (outcome,) = done.json["outcomes"]
    (truth,) = pair.source.control.motions()
    assert outcome["state"] == "moved"
    assert outcome["migration_id"] == truth["migration_id"]
    assert truth["destination_vcenter"] in json.dumps(outcome["destination"])
    assert {line["host"] for line in outcome["motion"]["lines"]} >= {"a-esx1", "b-esx2"}

    again = pair.run("migrate", "a-web01", *pair.there, *TO_B, "-o", "json")
    assert again.exit_code == 0, again.text
    assert states(again) == {"a-web01": "unchanged"}
    elsewhere = pair.run("migrate", "a-web01", *pair.there, "--to-host", "b-esx3", *TO_B[2:])
    assert elsewhere.exit_code == 2
    assert "is at the other vCenter already, on b-esx2" in elsewhere.stderr
    assert len(pair.source.control.motions()) == 1


def test_looking_changes_nothing_on_either_side(pair: Pair) -> None:
    pair.source.control.clear_trace()
    pair.destination.control.clear_trace()

    done = pair.run("migrate", "a-web01", *pair.there, *TO_B[:-1], "--dry-run")

    assert done.exit_code == 0, done.text
    assert writes_on(pair) == set()
    methods = {call["method"] for call in pair.source.control.trace()}
    assert "CheckRelocate_Task" in methods


def test_a_mapping_file_says_what_things_are_called_there(pair: Pair) -> None:
    mapping = pair.run.home / "map.yaml"
    mapping.write_text(
        "clusters: {Compute: Compute}\n"
        "datastores: {a-vmfs1: b-vmfs1, a-vmfs2: b-vmfs2}\n"
        "networks: {a-dmz: b-dmz}\n"
        "folders: {Databases: Web}\n"
    )

    done = pair.run("migrate", "a-web01", "a-db01", *pair.there, "--map", str(mapping), "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    with pair.observing() as (_, destination):
        found = destination.read(vim.VirtualMachine, "config.files.vmPathName", "parent")
        assert found["a-web01"]["config.files.vmPathName"].startswith("[b-vmfs1]")
        assert found["a-db01"]["config.files.vmPathName"].startswith("[b-vmfs2]")
        assert found["a-db01"]["parent"] == destination.read(vim.Folder)["Web"]["ref"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--to-host", "b-esx9", "--to-datastore", "b-vmfs1"), "b-esx9", id="no such host there"),
        pytest.param(("--to-host", "a-esx2", "--to-datastore", "b-vmfs1"), "a-esx2", id="a host of the source"),
        pytest.param(("--to-host", "b-esx2", "--to-datastore", "b-vmfs9"), "b-vmfs9", id="no such datastore"),
        pytest.param(("--to-host", "b-esx2", "--to-datastore", "a-vmfs1"), "a-vmfs1", id="a datastore of the source"),
        pytest.param(("--to-host", "b-esx2"), "on which datastore", id="no datastore"),
        pytest.param(("--to-datastore", "b-vmfs1"), "on which host", id="no host"),
        pytest.param(
            ("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--network", "a-dmz=b-dmy"), "b-dmy", id="network"
        ),
        pytest.param(("--to-host", "b-esx2", "--to-datastore", "b-vmfs1", "--to-folder", "Wbe"), "Wbe", id="folder"),
    ],
)
def test_a_misspelt_word_is_an_error_and_nothing_starts(words: tuple[str, ...], said: str, pair: Pair) -> None:
    done = pair.run("migrate", "a-web01", *pair.there, *words, "--yes")

    assert done.exit_code == 2, done.text
    assert said in done.stderr
    assert pair.source.control.motions() == []


def test_a_mapping_file_with_a_word_that_means_nothing_is_refused(pair: Pair) -> None:
    mapping = pair.run.home / "map.yaml"
    mapping.write_text("netwroks: {a-dmz: b-dmz}\n")

    done = pair.run("migrate", "a-web01", *pair.there, *TO_B, "--map", str(mapping))

    assert done.exit_code == 2
    assert "is networks meant?" in done.stderr


def test_a_network_that_is_not_mapped_blocks_before_anything_starts(pair: Pair) -> None:
    done = pair.run("migrate", "a-web01", *pair.there, *TO_B[:4], "--yes", "-o", "json")

    assert done.exit_code == 3, done.text
    assert pair.source.control.motions() == []


def test_what_went_there_comes_back_to_where_it_was(pair: Pair) -> None:
    paths = ("config.instanceUuid", "config.files.vmPathName", "runtime.host", "parent", "resourcePool", "network")
    with pair.observing() as (source, destination):
        before = source.read(vim.VirtualMachine, *paths)["a-web01"]
        gone = pair.run("migrate", "a-web01", *pair.there, *TO_B, "-o", "json")
        assert gone.exit_code == 0, gone.text

        looked = pair.run("restore", gone.json["run"], "--dry-run")
        back = pair.run("restore", gone.json["run"], "--yes", "-o", "json")

        assert looked.exit_code == 0, looked.text
        assert back.exit_code == 0, back.text
        assert states(back) == {"a-web01": "moved"}
        after = source.read(vim.VirtualMachine, *paths)["a-web01"]
        assert {path: after[path] for path in paths} == {path: before[path] for path in paths}
        assert "a-web01" not in destination.read(vim.VirtualMachine)


def test_a_cancelled_move_leaves_the_vm_at_the_source(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    pair = make_pair(vcenter_factory, tmp_path / "home", speed=1.0)
    left = pair.run("migrate", "a-web01", *pair.there, *TO_B, "--no-wait")
    assert left.exit_code == 0, left.text

    done = pair.run("cancel", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    assert states(done) == {"a-web01": "cancelled"}
    with pair.observing() as (source, destination):
        assert source.hosts()["a-web01"] == "a-esx1"
        assert "a-web01" not in destination.read(vim.VirtualMachine)


Plant = Callable[[Pair, Observer, Observer], None]


def _patched(kind: type, called: str, **values: object) -> Plant:
    """A change of an object of the destination; `__` stands for a dot."""

    def plant(pair: Pair, source: Observer, destination: Observer) -> None:
        ref = destination.read(kind)[called]["ref"]
        changes = {path.replace("__", "."): value for path, value in values.items()}
        pair.destination.control.patch(ref._moId, changes)

    return plant


def _same_identity(pair: Pair, source: Observer, destination: Observer) -> None:
    uuid = source.read(vim.VirtualMachine, "config.instanceUuid")["a-web01"]["config.instanceUuid"]
    _patched(vim.VirtualMachine, "b-web01", config__instanceUuid=uuid)(pair, source, destination)


REFUSALS = [
    pytest.param(
        "a-web01",
        "place.name",
        "DuplicateName",
        _patched(vim.VirtualMachine, "b-web01", name="a-web01"),
        id="name taken",
    ),
    pytest.param("a-web01", "place.identity", "AlreadyExists", _same_identity, id="identity taken"),
    pytest.param(
        "a-web01",
        "host.maintenance",
        None,
        _patched(vim.HostSystem, "b-esx2", runtime__inMaintenanceMode=True),
        id="host in maintenance",
    ),
    pytest.param(
        "a-web01",
        "host.connection",
        None,
        _patched(vim.HostSystem, "b-esx2", runtime__connectionState="disconnected"),
        id="host disconnected",
    ),
    pytest.param(
        "a-web01",
        "storage.space",
        "NoDiskSpace",
        _patched(vim.Datastore, "b-vmfs1", summary__freeSpace=1),
        id="no space",
    ),
    pytest.param(
        "a-web01",
        "storage.maintenance",
        "InvalidDatastoreState",
        _patched(vim.Datastore, "b-vmfs1", summary__maintenanceMode="inMaintenance"),
        id="datastore in maintenance",
    ),
    pytest.param(
        "a-web01",
        "network.change",
        "VMotionAcrossNetworkNotSupported",
        _patched(vim.HostSystem, "b-esx2", capability__vmotionAcrossNetworkSupported=False),
        id="no change of networks",
    ),
    pytest.param(
        "a-web01",
        "files.vmotion",
        "FullStorageVMotionNotSupported",
        _patched(vim.HostSystem, "b-esx2", capability__vmotionWithStorageVMotionSupported=False),
        id="no move with files",
    ),
    pytest.param(
        "a-old01", "devices.passthrough", "DisallowedMigrationDeviceAttached", None, id="a device that ties it"
    ),
]
"""What the simulator refuses between vCenters, the check of ours that finds it, and how it comes about; None where the
relocation is not even asked for."""


@pytest.mark.parametrize(("name", "found", "fault", "plant"), REFUSALS)
def test_what_vcenter_would_refuse_is_found_before(
    name: str, found: str, fault: str | None, plant: Plant | None, pair: Pair
) -> None:
    networks = ("--network", "a-dmz=b-dmz") if name == "a-web01" else ()
    options = (*pair.there, "--to-host", "b-esx2", "--to-datastore", "b-vmfs1", *networks)
    with pair.observing() as (source, destination):
        if plant is not None:
            plant(pair, source, destination)

    ours = pair.run("check", name, *options, "--checks", "client", "-o", "json")
    checked = pair.run("check", name, *options, "-o", "json")
    dry = pair.run("migrate", name, *options, "--dry-run", "-o", "json")

    assert (ours.exit_code, checked.exit_code, dry.exit_code) == (3, 3, 3), ours.text + checked.text + dry.text
    assert found in blockers(ours)
    assert blockers(checked) == blockers(dry)
    assert not any(one.startswith("vcenter.") for one in blockers(checked)), "both sides say it under one id"
    assert pair.source.control.motions() == []
    skips = [word for one in blockers(checked) for word in ("--skip-check", one)]
    forced = pair.run("migrate", name, *options, "--yes", "-o", "json", *skips)
    (outcome,) = forced.json["outcomes"]
    if fault is None:
        assert outcome["state"] == "not_started"
    else:
        assert outcome["fault"]["kind"] == fault


def blockers(done: Done) -> list[str]:
    (planned,) = done.json["moves"]
    return list(dict.fromkeys(one["id"] for one in planned["findings"] if one["severity"] == "blocker"))


@pytest.mark.parametrize("form", ["table", "junit"])
def test_a_check_of_both_sides_has_every_form_and_changes_nothing(form: str, pair: Pair) -> None:
    for side in (pair.source, pair.destination):
        side.control.clear_trace()

    done = pair.run("check", "a-web01", "a-old01", *pair.there, *TO_B[:-1], "-o", form)

    assert done.exit_code == 3, done.text
    assert "a-web01" in done.stdout
    assert "devices.passthrough" in done.stdout
    assert writes_on(pair) == set()


def test_row_45_a_wrong_pin_is_refused_and_nothing_is_sent_to_either(pair: Pair) -> None:
    pair.source.control.clear_trace()
    pair.destination.control.clear_trace()
    wrong = ":".join(["AB"] * 32)

    done = pair.run("migrate", "a-web01", *pair.there, *TO_B, "--to-thumbprint", wrong)

    assert done.exit_code == 5, done.text
    assert "presents another certificate than the pinned one" in done.stderr
    assert "--to-thumbprint" in done.stderr
    assert pair.destination.control.trace() == []
    assert {call["method"] for call in pair.source.control.trace()} <= READS
    assert pair.source.control.motions() == []
    record(45, "wrong pin: exit 5, 0 calls at the destination, 0 relocations")


def test_row_45_whom_nobody_vouches_for_is_not_told_to_the_source(pair: Pair) -> None:
    pair.destination.control.clear_trace()

    done = pair.run("migrate", "a-web01", *pair.there, *TO_B, VSPHERE_MOTION_TO_CA_FILE="")

    presented = read_certificate(Endpoint(pair.destination.host, pair.destination.port, pair.destination.ca_file))[0]
    assert done.exit_code == 5, done.text
    assert f"--to-thumbprint {presented}" in done.stderr
    assert pair.destination.control.trace() == []

    pinned = pair.run(
        "migrate", "a-web01", *pair.there, *TO_B, "--to-thumbprint", presented, VSPHERE_MOTION_TO_CA_FILE=""
    )
    assert pinned.exit_code == 0, pinned.text
    assert "pinned" in pinned.stderr


CANARY_SITE = """
roles:
  - name: all
    privileges:
      - Resource.AssignVMToPool
      - Datastore.AllocateSpace
      - Network.Assign
      - VirtualMachine.Inventory.Register
      - Global.Diagnostics
users: [{{name: "{user}", password_file: "{file}"}}]
permissions: [{{entity: /, user: "{user}", role: all}}]
vms: [{{name: resident, folder: Web}}]
"""


def test_row_45_the_password_of_the_other_vcenter_is_nowhere(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(CANARY, encoding="utf-8")
    site = many("b", hosts=2, net=32).replace("vms: [{name: resident, folder: Web}]", "")
    pair = make_pair(
        vcenter_factory,
        tmp_path / "home",
        (many("a", hosts=2, net=31, vms=3), site + CANARY_SITE.format(user=USER, file=secret)),
    )
    given = {"VSPHERE_MOTION_TO_USER": USER, "VSPHERE_MOTION_TO_PASSWORD": CANARY}
    options = (*pair.there, "--to-cluster", "Compute", "--to-datastore", "b-store", "--network", "a-dmz=b-dmz", "--yes")
    fault = {"match": {"vm": "vm-002"}, "when": {"phase": "precopy"}, "fail": {"fault": "SystemError"}}
    pair.source.control.plant_faults(fault)

    said = []
    for words, more in (
        (("--debug", "migrate", "vm-001", *options, "--report", "r.html", "--report", "r.json"), {}),
        (("--debug", "migrate", "vm-002", *options), {}),
        (("--debug", "migrate", "vm-003", *options), {"VSPHERE_MOTION_FAILPOINT": "after_send"}),
        (("--debug", "resume"), {}),
        (("--debug", "migrate", "vm-002", *options), {"VSPHERE_MOTION_TO_PASSWORD": f"{CANARY}x"}),
        (("history", "-o", "json"), {}),
    ):
        done, titles = watched(pair.run, *words, **{**given, **more})
        said.append(done)
        assert not [title for title in titles if found_in(title)], words

    assert [done.exit_code for done in said] == [0, 6, -signal.SIGKILL, 0, 4, 0], [done.text for done in said]
    hits = [done for done in said if found_in(done.text.encode())]
    left = files_with_it(pair.run.home)
    traced = [side.control for side in (pair.source, pair.destination)]
    shown = json.dumps([[control.trace(), control.motions()] for control in traced], ensure_ascii=False).encode()
    assert not hits
    assert not left
    assert not found_in(shown)
    record(
        45, f"canary: {len(said)} commands, 0 hits in outputs, files, journal, process titles and both servers' records"
    )


def test_row_45_many_vms_killed_twice_are_each_there_once(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    count = tries(reduced=24, whole=100)
    pair = make_pair(
        vcenter_factory,
        tmp_path / "home",
        (many("a", hosts=4, net=31, vms=count), many("b", hosts=4, net=32)),
        speed=50.0,
    )
    listed = pair.run.home / "list.csv"
    names = tuple(f"vm-{n:03}" for n in range(1, count + 1))
    listed.write_text("vm\n" + "".join(f"{name}\n" for name in names))
    options = (*pair.there, "--to-cluster", "Compute", "--to-datastore", "b-store", "--network", "a-dmz=b-dmz", *KEEP)
    with pair.observing() as (source, destination):
        planned = uuids(source)
        before = labels(pair.source, source, *names)

        first = pair.run(
            "migrate", "-f", str(listed), *options, "--yes", VSPHERE_MOTION_FAILPOINT=f"after_send:{count // 4}"
        )
        second = pair.run("resume", VSPHERE_MOTION_FAILPOINT=f"after_answer:{count // 3}")
        last = pair.run("resume", "-o", "json")

        assert first.exit_code == -signal.SIGKILL, first.text
        assert second.exit_code == -signal.SIGKILL, second.text
        assert last.exit_code == 0, last.text
        left, arrived = uuids(source), uuids(destination)
        assert labels(pair.destination, destination, *names) == before
    assert {len(one.tags) for one in before.values()} == {2}
    assert {outcome["keepsakes"]["state"] for outcome in last.json["outcomes"]} == {"kept"}
    assert set(states(last).values()) <= {"moved", "unchanged"}
    assert len(states(last)) == count
    assert left == {}
    assert {uuid: arrived[uuid] for uuid in planned} == dict.fromkeys(planned, 1)
    started = [truth["vm_name"] for truth in pair.source.control.motions()]
    assert sorted(started) == sorted(set(started)), "a VM was asked for twice"
    record(
        45,
        f"{count} VMs, killed twice, resumed: {count} at the destination once, 0 on both, 0 lost, each with its tags",
    )
