"""The snapshot of a simulated vCenter: what is in it, what it costs, and what becomes of what cannot be read."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.observer import observing
from tests.sim.reading import as_it_is, move_away, rewritten, session_with, unset, withhold
from tests.sim.transport import servers
from tests.sim.transport.canned import fault
from vsphere_motion.errors import SessionEnded, VCenterFault
from vsphere_motion.model.inventory import (
    BackingKind,
    ConnectionState,
    Device,
    DeviceKind,
    DrsRule,
    Inventory,
    PowerState,
    RuleKind,
    RunningTask,
    Vm,
    VmkNic,
)
from vsphere_motion.model.jsonform import from_json, to_json
from vsphere_motion.testing.plugin import VCenterFactory, make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.collector import PAGE_SIZE, read_all, read_objects
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator

pytestmark = pytest.mark.vcsim

GIB = 1024**3
OVERLOADED = servers.send(fault("SystemError", "overloaded", "<reason>overloaded</reason>"))
SITE = """
version: 1
clusters:
- name: prod
  drs: {automation: partiallyAutomated}
  ha: {enabled: true}
  hosts:
  - name: esx01
    vmotion: {address: 10.1.2.3/22, mtu: 1500, stack: vmotion}
    cores: 8
    memory_gib: 64
    cpu_mhz: 2000
  - {name: esx02, maintenance: true}
  - {name: esx03, vmotion: null}
- name: old
  drs: {enabled: false}
  hosts:
  - {name: esx04, connection: notResponding}
datastores:
- {name: shared, capacity_gib: 100}
- {name: local01, hosts: [esx01]}
networks:
- {name: prod-net}
- {name: old-net, kind: standard, hosts: [esx01, esx02]}
vms:
- name: web01
  host: esx01
  folder: shop/web
  cpus: 4
  memory_gib: 8
  datastore: local01
  networks: [prod-net, old-net]
  cdrom: {kind: iso, path: "[shared] tools.iso", connected: true}
  floppy: {kind: client, connected: false}
  devices: [passthrough, vgpu, usb]
  snapshots: 3
  reservation: {memory_mib: 2048, cpu_mhz: 500}
  disabled_methods: [RelocateVM_Task, MigrateVM_Task]
  question: "msg.uuid.altered: moved or copied?"
- {name: db01, host: esx01, power: "off"}
- {name: sleepy, host: esx03, power: suspended}
rules:
- {cluster: prod, name: licence, kind: vm-host-must, vms: [db01], hosts: [esx01, esx02]}
- {cluster: prod, name: nearby, kind: vm-host-should, vms: [db01], hosts: [esx01], enabled: false}
- {cluster: prod, name: pair, kind: affinity, vms: [web01, db01]}
- {cluster: prod, name: apart, kind: anti-affinity, vms: [web01, sleepy]}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("site") / "site.yaml"
    file.write_text(SITE)
    return file


def snapshot_of(vcenter: SimulatedVCenter) -> Inventory:
    with session_with(vcenter) as session:
        return take_snapshot(session)


def named(inventory: Inventory, name: str) -> Vm:
    return next(vm for vm in inventory.vms if vm.name == name)


def test_a_site_with_everything_is_read_whole(vcenter_factory: VCenterFactory, site: Path) -> None:
    inventory = snapshot_of(vcenter_factory(scenario=site))

    assert [vm.name for vm in sorted(inventory.vms, key=lambda vm: vm.name)] == ["db01", "sleepy", "web01"]
    assert inventory.unreadable == ()
    assert all(vm.unread == () for vm in inventory.vms)
    _check_vm(inventory)
    _check_devices(inventory)
    _check_hosts(inventory)
    _check_clusters(inventory)
    _check_storage_and_networks(inventory)
    assert from_json(Inventory, to_json(inventory)) == inventory


def _check_vm(inventory: Inventory) -> None:
    web01 = named(inventory, "web01")
    hosts = {host.name: host for host in inventory.hosts}
    assert web01.path == "/DC0/vm/shop/web/web01"
    assert (web01.power_state, web01.connection_state) == (PowerState.ON, ConnectionState.CONNECTED)
    assert (web01.is_template, web01.host) == (False, hosts["esx01"].ref)
    assert (web01.cpu_count, web01.memory_bytes) == (4, 8 * GIB)
    assert (web01.memory_reservation_bytes, web01.cpu_reservation_mhz) == (2 * GIB, 500)
    assert web01.snapshot_count == 3
    assert (web01.hardware_version, web01.cores_per_socket, web01.heartbeat) == ("vmx-13", 1, "green")
    assert (web01.is_encrypted, web01.has_affinity, web01.ft_state) == (False, False, "notConfigured")
    assert (web01.swap_placement, web01.managed_by, web01.features) == ("inherit", "", ())
    assert web01.committed_bytes
    assert web01.uncommitted_bytes
    assert web01.question == "msg.uuid.altered: moved or copied?"
    assert web01.disabled_methods == ("RelocateVM_Task", "MigrateVM_Task")
    assert web01.running_tasks == ()
    assert web01.instance_uuid
    assert web01.instance_uuid != web01.bios_uuid
    db01 = named(inventory, "db01")
    assert (db01.power_state, db01.snapshot_count, db01.question) == (PowerState.OFF, 0, None)
    assert named(inventory, "sleepy").power_state is PowerState.SUSPENDED


def _check_devices(inventory: Inventory) -> None:
    by_kind: dict[DeviceKind, list[Device]] = {}
    for device in named(inventory, "web01").devices or ():
        by_kind.setdefault(device.kind, []).append(device)
    (cdrom,), (floppy,), (disk,) = (by_kind[kind] for kind in (DeviceKind.CDROM, DeviceKind.FLOPPY, DeviceKind.DISK))
    assert (cdrom.backing, cdrom.connected, cdrom.detail) == (BackingKind.FILE, True, "[shared] tools.iso")
    assert (floppy.backing, floppy.connected) == (BackingKind.CLIENT, False)
    local01 = next(one for one in inventory.datastores if one.name == "local01")
    assert disk.datastore == local01.ref
    assert disk.capacity_bytes
    assert {nic.detail for nic in by_kind[DeviceKind.NIC]} == {"prod-net", "old-net"}
    assert {nic.network for nic in by_kind[DeviceKind.NIC]} <= {network.ref for network in inventory.networks}
    assert {DeviceKind.PASSTHROUGH, DeviceKind.VGPU, DeviceKind.USB} <= by_kind.keys()


def _check_hosts(inventory: Inventory) -> None:
    hosts = {host.name: host for host in inventory.hosts}
    esx01 = hosts["esx01"]
    nic = VmkNic(
        device="vmk1",
        address="10.1.2.3",
        prefix_length=22,
        mtu_bytes=1500,
        net_stack="vmotion",
        link_bps=10_000_000_000,
        switch_mtu_bytes=1500,
    )
    assert esx01.vmotion_nics == (nic,)
    assert (esx01.memory_bytes, esx01.cpu_mhz) == (64 * GIB, 8 * 2000)
    assert (esx01.in_maintenance_mode, esx01.in_quarantine_mode) == (False, False)
    assert set(esx01.vms or ()) == {named(inventory, name).ref for name in ("web01", "db01")}
    assert (esx01.cpu_cores, esx01.cpu_packages, esx01.cpu_vendor) == (8, 2, "intel")
    assert (esx01.max_evc_mode, esx01.evc_mode) == ("intel-skylake", None)
    assert (esx01.vmotion_supported, esx01.unshared_swap_supported) == (True, True)
    assert (esx01.reboot_required, esx01.running_tasks, esx01.luns) == (False, (), None)
    assert "old-net" in {portgroup.name for portgroup in esx01.portgroups or ()}
    assert all(portgroup.uplink_count for portgroup in esx01.portgroups or ())
    assert hosts["esx02"].in_maintenance_mode is True
    assert hosts["esx03"].vmotion_nics == ()
    assert hosts["esx04"].connection_state is ConnectionState.NOT_RESPONDING


def _check_clusters(inventory: Inventory) -> None:
    prod, old = sorted(inventory.clusters, key=lambda cluster: cluster.name, reverse=True)
    hosts = {host.name: host.ref for host in inventory.hosts}
    web01, db01, sleepy = (named(inventory, name).ref for name in ("web01", "db01", "sleepy"))
    assert (prod.is_cluster, prod.drs_enabled, prod.drs_automation, prod.ha_enabled) == (
        True,
        True,
        "partiallyAutomated",
        True,
    )
    assert (old.drs_enabled, old.ha_enabled, old.rules) == (False, False, ())
    assert (prod.swap_placement, prod.vsan_enabled, prod.drs_overrides) == ("vmDirectory", False, ())
    assert prod.ha_admission is not None
    assert inventory.find_pool(prod.root_pool) is not None
    assert {(rule.name, rule.kind, rule.enabled) for rule in prod.rules or ()} == {
        ("licence", RuleKind.VM_HOST_MUST, True),
        ("nearby", RuleKind.VM_HOST_SHOULD, False),
        ("pair", RuleKind.AFFINITY, True),
        ("apart", RuleKind.ANTI_AFFINITY, True),
    }
    rules: dict[str, DrsRule] = {rule.name: rule for rule in prod.rules or ()}
    assert (rules["licence"].vms, set(rules["licence"].hosts)) == ((db01,), {hosts["esx01"], hosts["esx02"]})
    assert set(rules["apart"].vms) == {web01, sleepy}


def _check_storage_and_networks(inventory: Inventory) -> None:
    hosts = {host.name: host.ref for host in inventory.hosts}
    stores = {store.name: store for store in inventory.datastores}
    assert stores["shared"].capacity_bytes == 100 * GIB
    assert {mount.host for mount in stores["shared"].mounts or ()} == set(hosts.values())
    assert [(mount.host, mount.accessible) for mount in stores["local01"].mounts or ()] == [(hosts["esx01"], True)]
    networks = {network.name: network for network in inventory.networks}
    assert networks["old-net"].ref.kind == "Network"
    assert set(networks["old-net"].hosts or ()) == {hosts["esx01"], hosts["esx02"]}
    assert networks["prod-net"].ref.kind == "DistributedVirtualPortgroup"
    assert networks["prod-net"].portgroup_key
    assert networks["prod-net"].switch_uuid


def calls_of_a_snapshot(vcenter: SimulatedVCenter) -> Counter[str]:
    with session_with(vcenter) as session:
        vcenter.control.clear_trace()
        take_snapshot(session)
        return Counter(call["method"] for call in vcenter.control.trace())


def test_a_larger_site_costs_no_more_calls(vcenter_factory: VCenterFactory) -> None:
    small = calls_of_a_snapshot(vcenter_factory(hosts=4, vms=8))
    large = calls_of_a_snapshot(vcenter_factory(hosts=8, vms=40))
    assert small == large
    assert small["CreateContainerView"] == small["DestroyView"] == 1
    assert small["RetrievePropertiesEx"] <= 2
    assert small.total() <= 5


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    """A site of more objects than one page holds."""
    environment = {**os.environ, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("large"))}
    with ExitStack() as stack:
        yield make_factory(stack, environment)(hosts=4, vms=PAGE_SIZE + 10)


def test_a_site_of_more_than_a_page_is_read_whole(large: SimulatedVCenter) -> None:
    with session_with(large) as session:
        large.control.clear_trace()
        inventory = take_snapshot(session)
        calls = Counter(call["method"] for call in large.control.trace())
    assert len({vm.ref for vm in inventory.vms}) == len(inventory.vms) == PAGE_SIZE + 10
    assert calls["ContinueRetrievePropertiesEx"] == calls["DestroyView"] == 1
    assert {host.in_quarantine_mode for host in inventory.hosts} == {False}, "unset is unset on later pages as well"


def test_a_page_that_fails_gives_no_half_inventory(large: SimulatedVCenter, tmp_path: Path) -> None:
    with rewritten(large, tmp_path, as_it_is) as (session, server):
        server.faults["ContinueRetrievePropertiesEx"] = [OVERLOADED]
        with pytest.raises(VCenterFault, match="overloaded"):
            read_all(session, {"VirtualMachine": ("name",)})
        assert server.methods[-2:] == ["CancelRetrievePropertiesEx", "DestroyView"]


def test_a_read_that_fails_leaves_no_view_behind(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        server.faults["RetrievePropertiesEx"] = [OVERLOADED]
        with pytest.raises(VCenterFault, match="overloaded"):
            take_snapshot(session)
        assert server.methods[-1] == "DestroyView"


def test_a_clean_up_that_fails_hides_nothing(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    with rewritten(shared_vcenter, tmp_path, as_it_is) as (session, server):
        server.faults["DestroyView"] = [OVERLOADED]
        assert len(take_snapshot(session).vms) == 8


def test_it_says_when_it_was_taken_by_vcenters_clock(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        before = session.now()
        taken_at = take_snapshot(session).taken_at
        after = session.now()
    assert before <= taken_at <= after
    assert taken_at.utcoffset() == timedelta(0)


def test_a_relocation_that_runs_is_a_running_task_of_its_vm(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=2, vms=2, speed=0.1)
    with session_with(vcenter) as session:
        first = take_snapshot(session)
        task = VCenterRelocator(session).start_relocation(move_away(first, first.vms[0]), op_id="op-1")
        second = take_snapshot(session)
    assert [vm.running_tasks for vm in first.vms] == [(), ()]
    assert second.vms[0].running_tasks == (RunningTask(ref=task, name="RelocateVM_Task"),)
    assert second.vms[1].running_tasks == ()


def terminate_others(vcenter: SimulatedVCenter) -> None:
    """End every session of the server but the one that does it."""
    with observing(vcenter) as observer:
        manager = observer.content.sessionManager
        own = manager.currentSession.key
        manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])


def test_an_ended_session_is_no_empty_inventory(vcenter: SimulatedVCenter) -> None:
    with session_with(vcenter, relogin=False) as session:
        inventory = take_snapshot(session)
        terminate_others(vcenter)
        with pytest.raises(SessionEnded):
            take_snapshot(session)
        with pytest.raises(SessionEnded):
            read_all(session, {"VirtualMachine": ("name",)})
        with pytest.raises(SessionEnded):
            read_objects(session, [vm.ref for vm in inventory.vms], ("name",))


def test_a_session_that_ends_in_the_middle_of_a_read_is_no_empty_inventory(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    def lose_view(method: str, body: bytes) -> bytes:
        """What a server says that no longer knows the view: success, and nothing in it."""
        return re.sub(rb"<objects>.*</objects>", b"", body) if method == "RetrievePropertiesEx" else body

    with rewritten(shared_vcenter, tmp_path, lose_view) as (session, server):
        with pytest.raises(SessionEnded):
            take_snapshot(session)
        assert server.methods.count("CreateContainerView") == server.methods.count("DestroyView") == 3
        assert session.logins == 1


def test_what_an_account_may_not_read_is_unread_and_not_unset(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    whole = snapshot_of(shared_vcenter)
    vm, host = whole.vms[3], whole.hosts[1]
    withheld = {
        vm.ref.moid: ("disabledMethod", "recentTask", "config.hardware.device"),
        host.ref.moid: ("config.virtualNicManagerInfo.netConfig", "vm"),
    }

    def rewrite(method: str, body: bytes) -> bytes:
        for moid, paths in withheld.items() if method == "RetrievePropertiesEx" else ():
            for path in paths:
                body = withhold(body, moid, path)
        return body

    with rewritten(shared_vcenter, tmp_path, rewrite) as (session, _):
        inventory = take_snapshot(session)
    seen, seen_host = inventory.vms[3], inventory.hosts[1]
    assert seen.unread == ("config.hardware.device", "disabledMethod", "recentTask")
    assert (seen.disabled_methods, seen.running_tasks, seen.devices) == (None, None, None)
    assert (seen_host.vmotion_nics, seen_host.vms) == (None, None)
    assert [one.name for one in inventory.vms] == [one.name for one in whole.vms]
    assert [one for one in inventory.vms if one.ref != seen.ref] == [one for one in whole.vms if one.ref != seen.ref]
    assert [line.split(":")[0] for line in inventory.unreadable] == [
        f"HostSystem {host.name} ({host.ref.moid})",
        f"VirtualMachine {vm.name} ({vm.ref.moid})",
    ]


def test_snapshots_that_may_not_be_read_are_not_none(
    vcenter_factory: VCenterFactory, site: Path, tmp_path: Path
) -> None:
    vcenter = vcenter_factory(scenario=site)
    moid = vcenter.control.moid("VirtualMachine", "web01")
    path = "snapshot.rootSnapshotList"
    with rewritten(vcenter, tmp_path, lambda _, body: withhold(body, moid, path)) as (session, _):
        web01 = named(take_snapshot(session), "web01")
    assert (web01.snapshot_count, web01.unread) == (None, (path,))


def test_what_vcenter_has_no_configuration_for_is_not_concluded_from(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    whole = snapshot_of(shared_vcenter)
    vm, away, empty = whole.vms[0], whole.hosts[0], whole.hosts[1]

    def rewrite(method: str, body: bytes) -> bytes:
        body = unset(body, vm.ref.moid, "config.hardware.device")
        for host in (away, empty):
            body = unset(body, host.ref.moid, "config.virtualNicManagerInfo.netConfig")
        disconnected = re.compile(rb"(<obj [^>]*>%s</obj>(?:(?!</objects>).)*?)>connected<" % away.ref.moid.encode())
        return disconnected.sub(rb"\1>notResponding<", body)

    with rewritten(shared_vcenter, tmp_path, rewrite) as (session, _):
        inventory = take_snapshot(session)
    assert (inventory.vms[0].devices, inventory.vms[0].unread) == (None, ("config.hardware.device",))
    assert inventory.hosts[0].connection_state is ConnectionState.NOT_RESPONDING
    assert inventory.hosts[0].vmotion_nics is None
    assert inventory.hosts[1].vmotion_nics == ()
    assert inventory.unreadable == ()


def test_a_value_this_program_does_not_know_costs_that_value_alone(
    shared_vcenter: SimulatedVCenter, tmp_path: Path
) -> None:
    whole = snapshot_of(shared_vcenter)
    odd = whole.vms[2]
    pattern = re.compile(
        rb"(<obj [^>]*>%s</obj>(?:(?!</objects>).)*?<name>runtime.powerState</name><val [^>]*>)poweredOn"
        % odd.ref.moid.encode(),
        re.DOTALL,
    )

    def rewrite(method: str, body: bytes) -> bytes:
        return pattern.sub(rb"\1hibernating", body)

    with rewritten(shared_vcenter, tmp_path, rewrite) as (session, server):
        inventory = take_snapshot(session)
        assert server.methods.count("RetrievePropertiesEx") < 40
    assert (inventory.vms[2].power_state, inventory.vms[2].unread) == (None, ("runtime.powerState",))
    assert inventory.unreadable == (f"VirtualMachine {odd.name} ({odd.ref.moid}): runtime.powerState (protocol_error)",)
    assert [vm for vm in inventory.vms if vm.ref != odd.ref] == [vm for vm in whole.vms if vm.ref != odd.ref]
    assert (inventory.hosts, inventory.clusters, inventory.networks) == (whole.hosts, whole.clusters, whole.networks)


def test_a_path_that_the_server_does_not_know_is_unread(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        readings = read_all(session, {"VirtualMachine": ("name", "runtime.weather")})
    assert len(readings) == 8
    assert all(one.unread == {"runtime.weather": "InvalidProperty"} and one.get("name") for one in readings.values())


def test_a_vm_that_a_paged_read_left_out_is_read_once_more(shared_vcenter: SimulatedVCenter, tmp_path: Path) -> None:
    whole = snapshot_of(shared_vcenter)
    skipped = whole.vms[5]
    pattern = re.compile(
        rb"<objects><obj [^>]*>%s</obj>(?:(?!</objects>).)*</objects>" % skipped.ref.moid.encode(), re.DOTALL
    )
    answers = []

    def rewrite(method: str, body: bytes) -> bytes:
        if method != "RetrievePropertiesEx":
            return body
        answers.append(pattern.sub(b"", body, count=1) if not answers else body)
        return answers[-1]

    with rewritten(shared_vcenter, tmp_path, rewrite) as (session, _):
        inventory = take_snapshot(session)
    assert b">%s</obj>" % skipped.ref.moid.encode() not in answers[0]
    assert inventory.vms == whole.vms


def test_an_object_that_vanished_is_left_out(shared_vcenter: SimulatedVCenter) -> None:
    with session_with(shared_vcenter) as session:
        refs = [vm.ref for vm in take_snapshot(session).vms]
        ghost = type(refs[0])(kind="VirtualMachine", moid="vm-999999")
        assert read_objects(session, [refs[0], ghost, refs[1]], ("name",)).keys() == {refs[0], refs[1]}
