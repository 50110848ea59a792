"""Datastores, pools, clusters, folders and networks: nothing that is asked for is passed over (A2, A3, A4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import Modules
from tests.ansible.playbooks import checkout
from tests.observer import observing
from tests.program import Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]

SITE = """\
version: 1
clusters:
  - name: one
    drs: {enabled: true, automation: manual}
    hosts: [{repeat: 2, name: "one-#", cores: 16, memory_gib: 64}]
  - name: two
    drs: {enabled: true, automation: manual}
    hosts: [{repeat: 2, name: "two-#", cores: 16, memory_gib: 64}]
datastores:
  - {name: ds0, capacity_gib: 1024}
  - {name: ds1, capacity_gib: 1024}
  - {name: pod-a, capacity_gib: 1024}
  - {name: pod-b, capacity_gib: 1024}
datastore_clusters: [{name: pod, datastores: [pod-a, pod-b]}]
networks: [{name: lan}, {name: other}]
vms:
  - {name: app, host: one-1, memory_gib: 1, datastore: ds0, networks: [lan]}
  - name: split
    host: one-1
    memory_gib: 1
    datastore: ds0
    disks: [{gib: 1}, {gib: 1, datastore: ds1}]
    networks: [lan]
"""


@pytest.fixture
def on_site(tmp_path: Path, vcenter_factory: VCenterFactory, modules: Callable[[SimulatedVCenter], Modules]) -> Modules:
    """The modules on a site with two clusters and a cluster of datastores."""
    site = tmp_path / "places.yaml"
    site.write_text(SITE, encoding="utf-8")
    return modules(vcenter_factory(scenario=site, speed=500))


def seen(vcenter: SimulatedVCenter, name: str) -> dict[str, Any]:
    """Where an independent reader sees a VM."""
    with observing(vcenter) as observer:
        vm = observer.vm(name)
        stores = {disk.backing.datastore.name for disk in vm.config.hardware.device if hasattr(disk, "capacityInBytes")}
        nics = {nic.deviceInfo.summary for nic in vm.config.hardware.device if hasattr(nic, "macAddress")}
        return {"host": observer.hosts()[name], "datastores": stores, "pool": vm.resourcePool.owner.name, "nics": nics}


def test_a2_a_misspelt_datastore_beside_a_right_host_moves_nothing(on_site: Modules) -> None:
    answer = on_site("vm_migrate", vm_name="app", destination_host="one-2", destination_datastore="nope")

    assert (answer.exit_code, answer.data["error_code"], answer.writes) == (1, "not_found", [])
    assert "nope" in answer.message
    assert seen(on_site.vcenter, "app")["host"] == "one-1"


def test_a3_a_vm_with_one_disk_elsewhere_is_not_unchanged(on_site: Modules) -> None:
    wish: dict[str, Any] = {"vm_name": "split", "destination_datastore": "ds1"}

    predicted = on_site("vm_migrate", check=True, **wish)
    assert (predicted.data["changed"], predicted.writes) == (True, []), predicted.text
    moved = on_site("vm_migrate", **wish)
    assert (moved.exit_code, moved.data["changed"], moved.data["datastore"]) == (0, True, "ds1"), moved.text
    assert seen(on_site.vcenter, "split")["datastores"] == {"ds1"}
    assert moved.data["diff"]["before"]["split"]["datastores"] != moved.data["diff"]["after"]["split"]["datastores"]

    again = on_site("vm_migrate", **wish)
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, [])
    assert again.data["datastore"] == "ds1"


def test_a4_a_resource_pool_alone_is_a_destination(on_site: Modules) -> None:
    with observing(on_site.vcenter) as observer:
        root = observer.vm("app").resourcePool
        pool = root.CreateResourcePool(name="silver", spec=root.config)
        moid = pool._moId

    answer = on_site("vm_migrate", vm_name="app", destination_resourcepool="silver")
    assert (answer.exit_code, answer.data["changed"], answer.data["running_host"]) == (0, True, "one-1"), answer.text
    with observing(on_site.vcenter) as observer:
        assert observer.vm("app").resourcePool._moId == moid

    again = on_site("vm_migrate", vm_name="app", resource_pool="silver")
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, [])


def test_a_cluster_and_a_datastore_cluster_are_chosen_in_together(on_site: Modules) -> None:
    wish: dict[str, Any] = {
        "vm_name": "app",
        "destination_cluster": "two",
        "destination_datastore_cluster": "pod",
        "datastore_placement": "ours",
    }

    moved = on_site("vm_migrate", **wish)
    assert (moved.exit_code, moved.data["changed"]) == (0, True), moved.text
    place = seen(on_site.vcenter, "app")
    assert (place["pool"], place["host"]) == ("two", moved.data["running_host"])
    assert place["datastores"] == {moved.data["datastore"]}
    assert moved.data["datastore"] in {"pod-a", "pod-b"}

    again = on_site("vm_migrate", **wish)
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, [])


@pytest.mark.nightly
def test_moves_of_a_list_have_datastores_and_clusters_of_their_own(on_site: Modules) -> None:
    moves = [{"vm": "app", "datastore": "ds1"}, {"vm": "split", "cluster": "two", "datastore": "ds0"}]

    answer = on_site("vm_migrate", moves=moves)

    assert (answer.exit_code, answer.data["changed"]) == (0, True), answer.text
    assert seen(on_site.vcenter, "app")["datastores"] == {"ds1"}
    split = seen(on_site.vcenter, "split")
    assert (split["pool"], split["datastores"]) == ("two", {"ds0"})


def test_a_plan_of_disks_and_networks_is_applied_as_the_command_has_made_it(
    on_site: Modules, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(on_site.vcenter)
    words = ("split", "--to-host", "two-1", "--disk", "2=ds0", "--network", "lan=other", "-O", "plan.json")
    assert run("plan", "migrate", *words).exit_code == 0
    path = str(run.home / "plan.json")

    predicted = on_site("plan_apply", check=True, path=path)
    assert (predicted.exit_code, predicted.data["changed"], predicted.writes) == (0, True, []), predicted.text
    after = predicted.data["diff"]["after"]["split"]
    assert (after["host"], after["disks"]) == ("two-1", {"Hard disk 1": "ds0", "Hard disk 2": "ds0"})
    ran = on_site("plan_apply", path=path)
    assert (ran.exit_code, ran.data["changed"]) == (0, True), ran.text
    found = seen(on_site.vcenter, "split")
    assert (found["host"], found["datastores"], found["pool"]) == ("two-1", {"ds0"}, "two")
    with observing(on_site.vcenter) as observer:
        assert [network.name for network in observer.vm("split").network] == ["other"]


@pytest.mark.nightly
def test_single_disks_and_networks_go_where_they_are_sent(on_site: Modules) -> None:
    wish: dict[str, Any] = {
        "vm_name": "app",
        "destination_host": "two-1",
        "disks": [{"disk": "1", "datastore": "ds1", "format": "thin"}],
        "networks": {"lan": "other"},
        "priority": "high",
    }

    moved = on_site("vm_migrate", **wish)
    assert (moved.exit_code, moved.data["changed"]) == (0, True), moved.text
    place = seen(on_site.vcenter, "app")
    assert (place["host"], place["datastores"]) == ("two-1", {"ds1"})
    with observing(on_site.vcenter) as observer:
        assert [network.name for network in observer.vm("app").network] == ["other"]
    assert moved.data["diff"]["after"]["app"]["networks"].popitem()[1] == "other"
    again = on_site("vm_migrate", **wish)
    assert (again.exit_code, again.data["changed"], again.writes) == (0, False, [])


INCUMBENT = """\
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    community.vmware.vmware_vmotion:
      hostname: "{{ vc_host }}"
      username: "{{ vc_user }}"
      password: "{{ vc_secret }}"
      port: "{{ vc_port }}"
  tasks:
    - name: A host
      community.vmware.vmware_vmotion: {vm_name: app, destination_host: one-2}
      register: to_host
    - name: A host, by the identifier
      community.vmware.vmware_vmotion: {moid: "{{ moid }}", destination: one-1}
      register: again
    - name: A host and a resource pool
      community.vmware.vmware_vmotion:
        moid: "{{ moid }}"
        destination_host: two-1
        destination_resourcepool: "{{ pool }}"
      register: pool_too
    - name: A datastore
      community.vmware.vmware_vmotion: {vm: app, datastore: ds1}
      register: datastore
    - name: A host and a datastore
      community.vmware.vmware_vmotion: {vm_name: app, destination_host: one-1, destination_datastore: ds0, timeout: 600}
      register: both
    - name: A cluster and a datastore cluster
      community.vmware.vmware_vmotion:
        vm_uuid: "{{ uuid }}"
        destination_cluster: two
        destination_datastore_cluster: pod
      register: clusters
    - name: A datastore of a datacenter
      community.vmware.vmware_vmotion:
        vm_name: app
        destination_datastore: ds0
        destination_datacenter: "{{ datacenter }}"
      register: of_datacenter
    - ansible.builtin.assert:
        that:
          - to_host is changed and to_host.running_host == 'one-2'
          - again is changed and again.running_host == 'one-1'
          - pool_too is changed and pool_too.running_host == 'two-1'
          - datastore is changed and datastore.datastore == 'ds1'
          - both is changed and both.running_host == 'one-1' and both.datastore == 'ds0'
          - clusters is changed and clusters.running_host in ['two-1', 'two-2']
          - clusters.datastore in ['pod-a', 'pod-b']
          - of_datacenter is changed and of_datacenter.datastore == 'ds0'
"""
"""Every use that the incumbent's page shows, as a playbook would be written for it."""


@pytest.mark.nightly
def test_a_playbook_for_the_incumbent_runs_with_the_name_of_the_module_changed(
    tmp_path: Path, vcenter_factory: VCenterFactory
) -> None:
    site = tmp_path / "places.yaml"
    site.write_text(SITE, encoding="utf-8")
    vcenter = vcenter_factory(scenario=site, speed=500)
    with observing(vcenter) as observer:
        vm = observer.vm("app")
        facts = {
            "moid": vm._moId,
            "uuid": vm.config.uuid,
            "pool": f"moid:{observer.host('two-1').parent.resourcePool._moId}",
        }
        facts["datacenter"] = observer.content.rootFolder.childEntity[0].name
    facts |= {
        "vc_host": vcenter.host,
        "vc_port": vcenter.port,
        "vc_user": vcenter.user,
        "vc_secret": vcenter.password,
    }
    home = tmp_path / "home"
    home.mkdir()
    place = checkout(home)
    playbook = home / "checkout" / "playbooks" / "theirs.yml"
    playbook.write_text(
        INCUMBENT.replace("community.vmware.vmware_vmotion", "vsphere.motion.vm_migrate"), encoding="utf-8"
    )

    played = place.run(
        str(playbook), "-e", json.dumps(facts), environment={"VSPHERE_MOTION_CA_FILE": str(vcenter.ca_file)}
    )

    assert played.exit_code == 0, played.text


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("wish", "words"),
    [
        pytest.param({"destination_host": "one-2", "destination_cluster": "two"}, "mutually exclusive", id="two hosts"),
        pytest.param(
            {"destination_datastore": "ds1", "destination_datastore_cluster": "pod"},
            "mutually exclusive",
            id="two stores",
        ),
        pytest.param({"destination_datastore_cluster": "pods"}, "pod", id="a misspelt datastore cluster"),
        pytest.param({"destination_host": "one-2", "networks": {"wan": "other"}}, "wan", id="a network nobody is on"),
        pytest.param({"destination_host": "one-2", "create_folder": True}, "destination_folder", id="no folder"),
    ],
)
def test_what_contradicts_itself_or_is_not_there_is_refused(on_site: Modules, wish: dict[str, Any], words: str) -> None:
    answer = on_site("vm_migrate", vm_name="app", **wish)

    assert (answer.exit_code, answer.writes) == (1, [])
    assert words in answer.message
