"""The table of all checks, and what holds for every one of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from dataclasses import fields

import pytest

from tests import build
from vsphere_motion import preflight
from vsphere_motion.model.finding import Finding, Severity, Verdict
from vsphere_motion.model.inventory import (
    BackingKind,
    ConnectionState,
    DeviceKind,
    Host,
    Inventory,
    PowerState,
    RuleKind,
    Vm,
)
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.preflight.check import GRAVITY, Check
from vsphere_motion.preflight.registry import CHECKS, known_ids, run_checks


def _rotten() -> Inventory:
    """A VM for which every check of ours that can meet the others on one VM has something to say."""
    devices = (
        build.disk(),
        build.nic(),
        build.cdrom(connected=True),
        *(
            build.cdrom(n, kind=kind, label=kind.value, backing=BackingKind.HOST_DEVICE, connected=True)
            for n, kind in enumerate(
                (DeviceKind.FLOPPY, DeviceKind.SERIAL, DeviceKind.USB, DeviceKind.PASSTHROUGH, DeviceKind.VGPU), 2
            )
        ),
    )
    vm = build.vm(
        connection_state=ConnectionState.INACCESSIBLE,
        is_template=True,
        cpu_count=512,
        cpu_reservation_mhz=100_000,
        memory_bytes=1024 * build.GIB,
        memory_reservation_bytes=1024 * build.GIB,
        devices=devices,
        snapshot_count=2,
        question="Did you move it or copy it?",
        disabled_methods=("RelocateVM_Task",),
        running_tasks=(build.task(),),
        consolidation_needed=True,
        failover_in_progress=True,
        tools_installer_mounted=True,
        heartbeat="red",
        has_affinity=True,
    )
    nic = build.vmknic(2, address="10.99.0.2", mtu_bytes=1500, net_stack="vmotion")
    destination = build.host(
        2,
        connection_state=ConnectionState.NOT_RESPONDING,
        in_maintenance_mode=True,
        in_quarantine_mode=True,
        cpu_used_mhz=83_000,
        vmotion_nics=(nic,),
        datastores=(),
        networks=(),
    )
    partners = (build.vm_ref(1), build.vm_ref(2))
    rules = (
        build.rule(RuleKind.VM_HOST_MUST, hosts=(build.host_ref(1),)),
        build.rule(RuleKind.VM_HOST_SHOULD_NOT, hosts=(build.host_ref(2),)),
        build.rule(RuleKind.AFFINITY, vms=(build.vm_ref(1), build.vm_ref(3))),
        build.rule(RuleKind.ANTI_AFFINITY, vms=partners),
    )
    return build.site(
        vm=vm,
        destination=destination,
        others=(build.vm(2, host=build.host_ref(2)), build.vm(3)),
        clusters=(build.cluster(1, rules=rules), build.cluster(2)),
    )


def _found(site: Inventory, to: int = 2) -> tuple[Finding, ...]:
    return run_checks(site, build.move(site, to=to))


def _verdict(site: Inventory) -> Verdict:
    return PlannedMove(move=build.move(site), findings=_found(site)).verdict


def test_the_ids_are_unique() -> None:
    assert [check_id for check_id, count in Counter(known_ids()).items() if count > 1] == []


def test_every_id_begins_with_the_name_of_its_file() -> None:
    for module in pkgutil.iter_modules(preflight.__path__):
        room = importlib.import_module(f"vsphere_motion.preflight.{module.name}")
        if module.name != "registry":
            strange = [check.id for check in getattr(room, "CHECKS", ()) if check.id.split(".")[0] != module.name]
            assert strange == []


def test_every_file_with_checks_is_in_the_table() -> None:
    listed = {
        check.id
        for module in pkgutil.iter_modules(preflight.__path__)
        for check in getattr(importlib.import_module(f"vsphere_motion.preflight.{module.name}"), "CHECKS", ())
    }
    assert listed == set(known_ids())


@pytest.mark.parametrize("check", CHECKS, ids=known_ids())
def test_every_check_says_what_it_looks_for_and_where_that_comes_from(check: Check) -> None:
    assert check.title
    assert check.source
    assert bool(check.reads) == (check.function is not None)


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert _found(build.inventory()) == ()
    assert _verdict(build.inventory()) is Verdict.OK


PLANTED = {
    "vm.connection",
    "vm.template",
    "vm.snapshots",
    "vm.consolidation",
    "vm.disabled-method",
    "vm.running-task",
    "vm.question",
    "vm.failover",
    "guest.tools-installer",
    "guest.heartbeat",
    "host.connection",
    "host.maintenance",
    "host.quarantine",
    "memory.admission",
    "memory.reservation",
    "memory.large",
    "cpu.threads",
    "cpu.capacity",
    "cpu.reservation",
    "cpu.load",
    "cpu.affinity",
    "storage.reachable",
    "network.present",
    "vmknic.stack",
    "vmknic.subnet",
    "vmknic.mtu",
    "devices.cdrom",
    "devices.floppy",
    "devices.port",
    "devices.usb",
    "devices.passthrough",
    "devices.vgpu",
    "cluster.must-rule",
    "cluster.should-rule",
    "cluster.affinity",
    "cluster.anti-affinity",
}


def test_all_that_is_wrong_is_found_in_one_run() -> None:
    found = {finding.id for finding in _found(_rotten()) if finding.severity is not Severity.UNKNOWN}
    assert found == PLANTED


def test_the_gravest_finding_comes_first() -> None:
    severities = [finding.severity for finding in _found(_rotten())]
    assert severities == sorted(severities, key=GRAVITY.index)


def test_no_check_is_graver_than_its_row() -> None:
    worst = {check.id: check.severity for check in CHECKS}
    order = [Severity.BLOCKER, Severity.UNKNOWN, Severity.WARNING, Severity.INFO]
    for finding in _found(_rotten()):
        assert order.index(finding.severity) >= order.index(worst[finding.id]), finding


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(_rotten(), id="everything wrong"),
        pytest.param(build.inventory(vms=(), hosts=()), id="nothing read"),
        pytest.param(build.site(vm=build.vm(host=None, power_state=PowerState.OFF)), id="on no host"),
        pytest.param(build.site(vm=build.vm(snapshot_count=1), destination=build.host(2, vmotion_nics=())), id="some"),
    ],
)
@pytest.mark.parametrize("to", [1, 2, 3])
def test_every_finding_has_a_message_a_remedy_and_a_known_id(site: Inventory, to: int) -> None:
    move = build.move(build.site(), to=to)
    for finding in run_checks(site, move):
        assert finding.message
        assert finding.remedy
        assert finding.id in known_ids()


def test_of_an_unread_vm_and_host_nothing_is_said_but_unknown() -> None:
    """What is silent here has something else that says unknown first; each has a case of its own in `cases.py`."""
    found = run_checks(build.inventory(vms=(), hosts=()), build.move(build.site()))
    assert {finding.severity for finding in found} == {Severity.UNKNOWN}
    assert len({finding.id for finding in found}) > 60
    assert {"vm.power-state", "host.connection", "memory.reservation", "network.present"} <= {f.id for f in found}


@pytest.mark.parametrize("name", [field.name for field in fields(Vm) if field.name not in {"ref", "name", "unread"}])
def test_no_unread_property_of_the_vm_stops_the_checks(name: str) -> None:
    site = build.site(vm=build.unread(build.vm(), name))
    assert all(finding.severity in {Severity.UNKNOWN, Severity.BLOCKER} for finding in _found(site))


@pytest.mark.parametrize("name", [field.name for field in fields(Host) if field.name not in {"ref", "name", "unread"}])
def test_no_unread_property_of_the_destination_stops_the_checks(name: str) -> None:
    site = build.site(destination=build.unread(build.host(2), name))
    assert all(finding.severity is Severity.UNKNOWN for finding in _found(site))


IDENTITY = {"ref", "name", "unread", "path"}
VM_NOT_JUDGED = IDENTITY | {
    "instance_uuid",  # compared under Fault Tolerance alone
    "bios_uuid",
    "folder",
    "pool",  # judged where the move leaves the cluster
    "vmx_path",
    "question",  # unset is the usual; refused is in `unread`
    "required_evc_mode",  # as the question
    "memory_overhead_bytes",  # as the question
    "ft_instance_uuids",  # judged under Fault Tolerance alone
    "app_notification_timeout_s",  # judged where the notification is on
    "committed_bytes",  # judged where files move
    "cpu_used_mhz",  # placement alone counts it
}
HOST_NOT_JUDGED = IDENTITY | {
    "build",
    "vms",
    "datastores",  # the datastore's own list of hosts stands in
    "networks",  # the network's own list of hosts stands in
    "evc_mode",  # the highest mode stands in; refused is in `unread`
    "max_evc_mode",  # judged without an EVC mode
    "local_swap_datastore",  # unset is the usual; refused is in `unread`
    "crypto_state",  # judged for an encrypted VM
    "suspended_relocate_supported",  # judged for a suspended VM
    "encrypted_vmotion_supported",  # as the encryption mode
    "unshared_swap_supported",  # judged for a swap file that the host keeps
    "per_vm_swap_supported",  # as the unshared swap file
    "storage_vmotion_supported",  # judged where files move
    "full_storage_vmotion_supported",  # judged where files move
    "delta_disks_supported",  # judged where files with snapshots move
    "network_change_supported",  # judged where a running VM changes its network
    "snapshot_relayout_supported",  # judged where files with snapshots move
    "switches",  # judged for an adapter on a distributed switch
    "nested_hv_supported",  # judged for a VM that wants it
    "cpu_counters_supported",  # as hardware virtualization
    "luns",  # judged for a raw device mapping
    "vgpu_profiles",  # judged for a vGPU
}


@pytest.mark.parametrize("name", [field.name for field in fields(Vm) if field.name not in VM_NOT_JUDGED])
def test_a_vm_of_which_something_was_not_read_is_never_ok(name: str) -> None:
    assert _verdict(build.site(vm=build.unread(build.vm(), name))) is not Verdict.OK


@pytest.mark.parametrize("name", [field.name for field in fields(Host) if field.name not in HOST_NOT_JUDGED])
def test_a_destination_of_which_something_was_not_read_is_never_ok(name: str) -> None:
    assert _verdict(build.site(destination=build.unread(build.host(2), name))) is not Verdict.OK
