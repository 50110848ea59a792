"""The table of all checks, and what holds for every one of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from vsphere_motion.preflight.check import Check
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


def test_all_that_is_wrong_is_found_in_one_run() -> None:
    cannot_meet = {"vm.power-state", "vm.host", "vm.same-host", "vmknic.missing", "cluster.pool"}
    ours = {check.id for check in CHECKS if check.function} - cannot_meet
    assert {finding.id for finding in _found(_rotten())} == ours


def test_the_gravest_finding_comes_first() -> None:
    severities = [finding.severity for finding in _found(_rotten())]
    assert severities == sorted(severities, key=[Severity.BLOCKER, Severity.UNKNOWN, Severity.WARNING].index)


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


def test_of_an_unread_vm_and_host_every_check_says_unknown_and_none_ok() -> None:
    """Checks that need both ends to compare, or that have nothing to say of unread things, are named here."""
    silent = {"vm.host", "vm.same-host", "vm.question", "vmknic.stack", "vmknic.subnet", "vmknic.mtu"}
    found = run_checks(build.inventory(vms=(), hosts=()), build.move(build.site()))
    assert {finding.severity for finding in found} == {Severity.UNKNOWN}
    assert {check.id for check in CHECKS if check.function} - {finding.id for finding in found} == silent


@pytest.mark.parametrize("name", [field.name for field in fields(Vm) if field.name not in {"ref", "name", "unread"}])
def test_no_unread_property_of_the_vm_stops_the_checks(name: str) -> None:
    site = build.site(vm=build.unread(build.vm(), name))
    assert all(finding.severity in {Severity.UNKNOWN, Severity.BLOCKER} for finding in _found(site))


@pytest.mark.parametrize("name", [field.name for field in fields(Host) if field.name not in {"ref", "name"}])
def test_no_unread_property_of_the_destination_stops_the_checks(name: str) -> None:
    site = build.site(destination=build.unread(build.host(2), name))
    assert all(finding.severity is Severity.UNKNOWN for finding in _found(site))


ORDER = (Verdict.OK, Verdict.UNKNOWN, Verdict.BLOCKED)
GIBS = st.integers(min_value=0, max_value=64).map(lambda size: size * build.GIB)
MHZ = st.integers(min_value=0, max_value=20_000)


@st.composite
def destinations(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of a destination, from plenty to nothing."""
    return {
        "memory_bytes": draw(GIBS),
        "memory_used_bytes": draw(GIBS),
        "cpu_threads": draw(st.integers(min_value=1, max_value=64)),
        "cpu_mhz": draw(MHZ),
        "cpu_used_mhz": draw(MHZ),
        "vmotion_nics": draw(st.sampled_from([(), (build.vmknic(2),), (build.vmknic(2, mtu_bytes=1500),)])),
        "datastores": draw(st.sampled_from([(), (build.datastore_ref(1),)])),
        "networks": draw(st.sampled_from([(), (build.network_ref(1),)])),
        "in_maintenance_mode": draw(st.booleans()),
    }


LESS: dict[str, Callable[[Any], Any]] = {
    "memory_bytes": lambda value: value // 2,
    "memory_used_bytes": lambda value: value + build.GIB,
    "cpu_threads": lambda value: max(1, value // 2),
    "cpu_mhz": lambda value: value // 2,
    "cpu_used_mhz": lambda value: value + 1_000,
    "vmotion_nics": lambda value: (),
    "datastores": lambda value: (),
    "networks": lambda value: (),
    "in_maintenance_mode": lambda value: True,
}


@settings(max_examples=200, deadline=None)
@given(destination=destinations(), field=st.sampled_from(sorted(LESS)), reserved=MHZ)
def test_the_verdict_never_gets_better_when_the_destination_can_do_less(
    destination: dict[str, Any], field: str, reserved: int
) -> None:
    vm = build.vm(cpu_reservation_mhz=reserved, memory_reservation_bytes=4 * build.GIB)
    before = build.site(vm=vm, destination=build.host(2, **destination))
    weaker = replace(before.hosts[1], **{field: LESS[field](destination[field])})
    after = build.site(vm=vm, destination=weaker)
    assert ORDER.index(_verdict(after)) >= ORDER.index(_verdict(before))


@settings(max_examples=100, deadline=None)
@given(destination=destinations(), field=st.sampled_from(sorted(LESS)))
def test_a_property_that_cannot_be_read_never_makes_a_move_ok(destination: dict[str, Any], field: str) -> None:
    site = build.site(destination=build.host(2, **destination | {field: None}))
    findings = _found(site)
    assert _verdict(site) is not Verdict.OK or field in {"datastores", "networks"}, findings
