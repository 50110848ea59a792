"""Each cause is found by the words it shows, before every other."""

from __future__ import annotations

import pytest

from tests.unit.report.samples import make_motion, make_outcome
from vsphere_motion.model.diagnosis import Symptoms
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.record import LogFailure
from vsphere_motion.motionlog.codes import CODES
from vsphere_motion.motionlog.diagnosis import CAUSES, GENERAL_KINDS, diagnose
from vsphere_motion.motionlog.symptoms import OTHER_ADDRESS, diagnose_outcome, first_to_fail, symptoms_in

BY_WORDS = {
    "network.mtu-differs": "The source and destination hosts have different vMotion vNIC MTU configured.",
    "network.one-way": "The destination host did not receive data from the source host on the vMotion network.",
    "network.stream-starved": "vob.vmotion.stream.keepalive.read.fail: vMotion migration stream keepalive failed",
    "network.connect-failed": "The ESX hosts failed to connect over the VMotion network (0xbad010b)",
    "network.connection-lost": "Connection closed by remote host, possibly due to timeout (195887167)",
    "network.data-timeout": "Timed out waiting for migration data.",
    "switchover.low-limit": "The migration has exceeded the maximum switchover time of 8 second(s).",
    "switchover.vgpu": "vmiop_log: Start restoring vGPU state",
    "switchover.too-long": "The migration has exceeded the maximum switchover time of 100 second(s).",
    "switchover.checkpoint-too-big": "Failed waiting for data. Error bad0006. Limit exceeded.",
    "precopy.no-progress": "Failed: Lack of pre-copy forward progress (0xbad0109)",
    "destination.low-memory": "World 4 waited 23.610 seconds to leave low memory state on dest host during pre-copy.",
    "destination.admission": "The migration failed to start due to lack of cpu or memory resources (195887268)",
    "destination.out-of-memory": "Migration failed: Out of memory (0xbad0014)",
    "destination.no-space": "Could not create the swap file: No space left on device",
    "destination.bios-file": "msg.loader.biosfd: the file could not be opened",
    "destination.failed-to-resume": "The source detected that the destination failed to resume.",
    "disk.chain": "Cannot open the disk '/vmfs/volumes/x/a.vmdk' or one of the snapshot disks it depends on.",
    "disk.copy-failed": "Failed to copy one or more of the virtual machine's disks.",
    "network.nfc": "[NFC ERROR]NfcNewAuthdConnectionEx: Failed to connect to server 192.0.2.9:902",
    "network.across-sites": "Compatibility check took too long",
    "encryption.key-provider": "Failed to decrypt the key",
    "devices.serial-proxy": "The vSPC proxy did not acknowledge the move",
    "storage.policy-service": "A general system error occurred: PBM error occurred during PreMigrateCheckCallback",
    "network.firewall-state": "DFW export of the VM failed",
    "vm.latency-sensitive": "latency sensitivity is high: Failed to power on VM",
    "disk.change-tracking": "changed block tracking could not be enabled",
    "host.memory-page": "failed to add memory page 0x1234: Bad parameter",
    "host.agents": "Failed waiting for data. Error 16. Invalid argument",
    "network.unreachable": "Operation timed out",
    "vm.cancelled": "Throw vmodl.fault.RequestCanceled",
    "vmx.see-its-log": "Migration considered a failure by the VMX.  It is most likely a timeout",
    "io.aborted": "Failed: IO was aborted (0xbad00e0)",
    "network.switch-version": "The destination distributed switch has a different version or vendor than the source.",
    "vm.snapshot-in-maintenance": "VM web01: Host esx01.example.com is in maintenance mode",
    "placement.pool": "A required parameter spec.pool is missing",
    "storage.local": "The VM is on a local datastore",
    "vm.stale-port": "A specified parameter was not correct.",
    "network.reconnect": "Could not connect network adapter 1",
    "host.stale-agent": "The operation is not allowed in the current state of the VM.",
}
BY_PERCENT = {"network.vlan-or-mtu": 14}
BY_KIND = {
    kind: cause.id for cause in CAUSES for kind in cause.kinds if kind not in {"InvalidState", "InvalidPowerState"}
}


@pytest.mark.parametrize(("cause", "words"), BY_WORDS.items(), ids=list(BY_WORDS))
def test_words_lead_to_their_cause_first(cause: str, words: str) -> None:
    assert diagnose(symptoms_in((words,)))[0].id == cause


@pytest.mark.parametrize(("kind", "cause"), BY_KIND.items(), ids=list(BY_KIND))
def test_a_fault_class_leads_to_its_cause_first(kind: str, cause: str) -> None:
    assert diagnose(Symptoms(kinds=(kind,)))[0].id == cause


def test_the_percentage_is_the_last_hint() -> None:
    assert [one.id for one in diagnose(Symptoms(percent=14))] == ["network.vlan-or-mtu"]
    both = diagnose(Symptoms(kinds=("NoPermission",), percent=14))
    assert [one.id for one in both] == ["permissions.missing", "network.vlan-or-mtu"]


def test_every_cause_has_a_case() -> None:
    assert {cause.id for cause in CAUSES} == {*BY_WORDS, *BY_PERCENT, *BY_KIND.values()}
    assert len({cause.id for cause in CAUSES}) == len(CAUSES)


def test_every_cause_says_what_to_do_and_where_it_is_from() -> None:
    assert [cause.id for cause in CAUSES if not cause.next_steps or not cause.reference] == []


def test_every_code_a_cause_names_is_in_the_table() -> None:
    names = {code.name for code in CODES}
    assert {name for cause in CAUSES for name in cause.codes} <= names


def test_text_comes_before_the_code_whose_number_moved() -> None:
    symptoms = symptoms_in(("Maximum switchover time for migration exceeded(0xbad0109) @0x41801d8a",))
    assert [one.id for one in diagnose(symptoms)] == ["switchover.too-long", "precopy.no-progress"]


def test_a_consequence_comes_after_its_cause() -> None:
    symptoms = symptoms_in(("IO was aborted (0xbad00e0)", "Migration considered a failure by the VMX", "Out of memory"))
    found = [one.id for one in diagnose(symptoms)]
    assert found[0] == "destination.out-of-memory"
    assert set(found[1:]) == {"io.aborted", "vmx.see-its-log"}


def test_a_general_class_says_nothing() -> None:
    assert all(diagnose(Symptoms(kinds=(kind,))) == () for kind in GENERAL_KINDS)


def test_what_nobody_knows_has_no_diagnosis() -> None:
    assert diagnose(symptoms_in(("something else",))) == ()


CLOSED = ("esx02", "Connection closed by remote host, possibly due to timeout", "0xbad003f")
ABORTED = ("esx01", "failed to end preCopy stream: IO was aborted", None)
NO_SPACE = ("esx01", "No space left on device", "0xbad00d7")


def test_that_the_peer_was_gone_is_no_cause_where_the_peer_says_why() -> None:
    assert first_to_fail((ABORTED, NO_SPACE, CLOSED)) == (ABORTED[1], *NO_SPACE[1:])


@pytest.mark.parametrize("failures", [(CLOSED,), (ABORTED, CLOSED), (("esx01", *CLOSED[1:]), CLOSED)])
def test_that_the_peer_was_gone_is_all_there_is_to_say(failures: tuple[tuple[str, str, str | None], ...]) -> None:
    assert CLOSED[1] in first_to_fail(failures)


def outcome_of(**changes: object) -> Outcome:
    failures = (LogFailure(host="esx02", at=None, text="The ESX hosts failed to connect over the VMotion network"),)
    return make_outcome(state=OutcomeState.FAILED, motion=make_motion(failures=failures, **changes))


def test_commands_have_the_addresses_that_the_logs_name() -> None:
    first = diagnose_outcome(outcome_of())[0]
    assert first.next_steps[:3] == (
        "on esx02: vmkping -I VMK -S vmotion 192.0.2.15 (no -S on the default TCP/IP stack)",
        "on esx05: vmkping -I VMK -S vmotion 192.0.2.12 (no -S on the default TCP/IP stack)",
        "on esx02: nc -z 192.0.2.15 8000; open TCP 8000 between the vMotion addresses",
    )


def test_where_the_logs_name_none_the_commands_say_what_to_put_there() -> None:
    first = diagnose_outcome(outcome_of(destination_address=None))[0]
    assert OTHER_ADDRESS in first.next_steps[0]


def test_every_place_for_an_address_can_be_filled() -> None:
    for cause in CAUSES:
        for step in cause.next_steps:
            assert OTHER_ADDRESS not in step or step.partition(": ")[0] in {"on both hosts", "on the source"}, step
