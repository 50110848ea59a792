"""Which check a fault speaks for where its class can stand for several: the one that our own functions find."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from vsphere_motion.model.compat import CompatVerdict
from vsphere_motion.model.finding import Finding, Origin
from vsphere_motion.model.inventory import ConnectionState, Device, DeviceKind, Inventory, RuleKind
from vsphere_motion.model.task import Fault
from vsphere_motion.preflight.check import Scope
from vsphere_motion.preflight.faults import FAULTS
from vsphere_motion.preflight.naming import CANDIDATES, asked
from vsphere_motion.preflight.registry import known_ids, run_checks
from vsphere_motion.preflight.subject import subject_of
from vsphere_motion.preflight.vcenter import findings_from_verdict, merge

MTU_WORDS = "The source and destination hosts have different vMotion vNIC MTU configurations."
STACK = (build.vmknic(2, net_stack="vmotion"),)
TPM = Device(key=11000, kind=DeviceKind.TPM, label="Virtual TPM")


def _theirs(site: Inventory, *errors: Fault, warnings: tuple[Fault, ...] = ()) -> tuple[Finding, ...]:
    verdict = CompatVerdict(vm=build.vm_ref(1), errors=errors, warnings=warnings)
    return findings_from_verdict(site, build.move(site), verdict)


def _fault(kind: str, *details: str, message: str = "no") -> Fault:
    return Fault(kind=kind, message=message, details=details)


def _id(site: Inventory, kind: str, *details: str) -> str:
    (finding,) = _theirs(site, _fault(kind, *details))
    return finding.id


def _there(**changes: Any) -> Inventory:
    return build.site(destination=build.host(2, **changes))


def _ruled(*kinds: RuleKind) -> Inventory:
    """Mandatory rules about vm1 and vm2, both broken by the move: vm2 is on host1 for affinity, else on host2."""
    rules = tuple(
        build.rule(kind, name=f"rule {kind.value}", mandatory=True, vms=(build.vm_ref(1), build.vm_ref(2 + place)))
        for place, kind in enumerate(kinds)
    )
    others = tuple(
        build.vm(2 + place, host=build.host_ref(1 if kind is RuleKind.AFFINITY else 2))
        for place, kind in enumerate(kinds)
    )
    return build.site(others=others, clusters=(build.cluster(1, rules=rules), build.cluster(2)))


BOTH_RULES = (RuleKind.AFFINITY, RuleKind.ANTI_AFFINITY)


@pytest.mark.parametrize(
    ("site", "kind", "check_id"),
    [
        pytest.param(build.site(vm=build.vm(is_template=True)), "NotSupported", "vm.template", id="a template"),
        pytest.param(build.site(), "NotSupported", "vcenter.fault", id="not a template"),
        pytest.param(build.site(vm=build.vm(is_template=None)), "NotSupported", "vcenter.fault", id="unread"),
        pytest.param(
            build.site(vm=build.vm(connection_state=ConnectionState.ORPHANED)),
            "InvalidState",
            "vm.connection",
            id="an orphan",
        ),
        pytest.param(build.site(), "InvalidState", "vcenter.fault", id="another state"),
        pytest.param(_there(power_state="standBy"), "InvalidHostState", "host.power", id="standby"),
        pytest.param(_there(in_maintenance_mode=True), "InvalidHostState", "host.maintenance", id="maintenance"),
        pytest.param(
            _there(running_tasks=(build.task(name="EnterMaintenanceMode_Task"),)),
            "InvalidHostState",
            "host.entering-maintenance",
            id="entering",
        ),
        pytest.param(
            _there(power_state="standBy", in_maintenance_mode=True), "InvalidHostState", "host.maintenance", id="both"
        ),
        pytest.param(_there(), "InvalidHostState", "host.maintenance", id="neither"),
        pytest.param(_there(vmotion_nics=STACK), "VMotionNotConfigured", "vmknic.stack", id="another stack"),
        pytest.param(_there(vmotion_nics=()), "VMotionNotConfigured", "vmknic.missing", id="no vmknic"),
        pytest.param(_ruled(RuleKind.AFFINITY), "RuleViolation", "cluster.affinity", id="affinity"),
        pytest.param(_ruled(RuleKind.ANTI_AFFINITY), "RuleViolation", "cluster.anti-affinity", id="anti-affinity"),
        pytest.param(_ruled(*BOTH_RULES), "RuleViolation", "cluster.must-rule", id="one of two rules"),
        pytest.param(build.site(), "InsufficientMemoryResourcesFault", "pool.memory", id="some pool"),
        pytest.param(
            build.site(vm=build.vm(memory_reservation_bytes=513 * build.GIB)),
            "InsufficientMemoryResourcesFault",
            "memory.reservation",
            id="the host",
        ),
        pytest.param(
            build.site(vm=build.vm(devices=(TPM,)), destination=build.host(2, crypto_state="incapable")),
            "EncryptionKeyRequired",
            "encryption.vtpm",
            id="virtual TPM",
        ),
        pytest.param(
            build.site(
                vm=build.vm(migrate_encryption="required"),
                destination=build.host(2, encrypted_vmotion_supported=False),
            ),
            "MigrationFeatureNotSupported",
            "encryption.vmotion",
            id="encrypted vMotion",
        ),
        pytest.param(
            build.site(source=build.host(1, vmotion_supported=False)),
            "MigrationFeatureNotSupported",
            "host.feature",
            id="vMotion",
        ),
    ],
)
def test_a_fault_takes_the_id_of_the_one_check_of_ours_that_fires(site: Inventory, kind: str, check_id: str) -> None:
    assert _id(site, kind) == check_id


@pytest.mark.parametrize(
    ("rule", "check_id"),
    [("rule affinity", "cluster.affinity"), ("rule anti_affinity", "cluster.anti-affinity")],
)
def test_of_two_rules_the_one_that_the_fault_names_counts(rule: str, check_id: str) -> None:
    assert _id(_ruled(*BOTH_RULES), "RuleViolation", f"rule: {rule}") == check_id


def test_of_two_checks_the_one_as_grave_as_the_fault_counts() -> None:
    task = build.task(name="EnterMaintenanceMode_Task")
    site = _there(power_state="standBy", running_tasks=(task,))
    assert _id(site, "InvalidHostState") == "host.power"
    (warning,) = _theirs(site, warnings=(_fault("InvalidHostState"),))
    assert warning.id == "host.entering-maintenance"


def test_what_is_wrong_with_one_host_names_no_fault_of_the_other() -> None:
    site = _there(power_state="standBy")
    assert _id(site, "InvalidHostState", "host: host-1") == "host.maintenance"
    assert _id(site, "InvalidHostState", "host: host-2") == "host.power"


def test_a_warning_of_different_mtus_is_known_by_its_words() -> None:
    site = _there(vmotion_nics=(build.vmknic(2, mtu_bytes=1500),))
    theirs = _theirs(site, warnings=(_fault("GenericVmConfigFault", message=MTU_WORDS),))
    merged = merge(run_checks(site, build.move(site)), theirs)
    mtu = [one for one in merged if one.id == "vmknic.mtu"]
    assert [(one.severity.value, one.origin) for one in mtu] == [("warning", Origin.CLIENT)]
    assert dict(mtu[0].evidence)["vcenter"] == (MTU_WORDS,)
    assert _id(site, "GenericVmConfigFault") == "vcenter.fault"


def test_a_named_fault_has_the_remedy_of_its_check() -> None:
    (finding,) = _theirs(_there(power_state="standBy"), _fault("InvalidHostState", "host: host-2"))
    assert finding.remedy == "power the host on (DPM puts hosts in standby), or choose another host"
    assert (finding.subject.name, finding.origin) == ("host2", Origin.VCENTER)


def test_a_vm_on_no_host_has_no_route_to_ask_about() -> None:
    site = build.site(vm=build.vm(host=None), destination=build.host(2, vmotion_nics=STACK))
    assert _id(site, "VMotionNotConfigured") == "vmknic.missing"


def test_every_candidate_is_a_check_of_ours() -> None:
    checks = {check.id: check for candidates in CANDIDATES.values() for check in candidates}
    assert checks.keys() <= set(known_ids())
    assert Scope.VCENTER not in {check.scope for check in checks.values()}


def test_a_class_with_candidates_has_its_own_id_among_them_or_none() -> None:
    """A class whose id no candidate has would be filed under three ids."""
    own = {kind: FAULTS[kind].id for kind in CANDIDATES if kind in FAULTS}
    odd = {kind for kind, check_id in own.items() if check_id not in {check.id for check in CANDIDATES[kind]}}
    assert odd == set()


@pytest.mark.parametrize("candidates", CANDIDATES.values(), ids=list(CANDIDATES))
def test_of_a_move_that_nothing_is_wrong_with_no_candidate_says_anything(candidates: tuple[Any, ...]) -> None:
    subject = subject_of(build.site(), build.move(build.site()))
    assert [finding for check in candidates for finding in asked(check, subject)] == []
