"""The doors of pre-flight: one VM, a matrix, JUnit; whose checks; unknown and strict. The server is left as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.observer import observing
from tests.program import READS, Done, Program
from vsphere_motion.preflight.registry import CHECKS, known_ids
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

MakeProgram = Callable[[SimulatedVCenter], Program]
VMOTION = "config.virtualNicManagerInfo.netConfig[vmotion]"
QUESTION = {
    "id": "1",
    "text": "moved or copied?",
    "choice": {"choiceInfo": [{"_typeName": "ElementDescription", "label": "Moved", "summary": "", "key": "1"}]},
}
HOST_CDROM = {
    "config.hardware.device[3000].connectable.connected": True,
    "config.hardware.device[3000].backing": {"_typeName": "VirtualCdromAtapiBackingInfo", "deviceName": "cdrom0"},
}


def moid(vcenter: SimulatedVCenter, name: str) -> str:
    return vcenter.control.moid("HostSystem" if name.startswith("esx") else "VirtualMachine", name)


def plant(vcenter: SimulatedVCenter, name: str, values: dict[str, Any]) -> None:
    vcenter.control.patch(moid(vcenter, name), values)


def check(vcenter: SimulatedVCenter, program: MakeProgram, *words: str) -> Done:
    """One call of `check`, with the proof that it changed nothing."""
    vcenter.control.clear_trace()
    done = program(vcenter)("check", *words)
    mine = {call["method"] for call in vcenter.control.trace()}
    assert mine <= READS, mine - READS
    return done


def findings(done: Done) -> dict[str, dict[str, Any]]:
    (move,) = done.json["moves"]
    return {finding["id"]: finding for finding in move["findings"]}


def plant_ten(vcenter: SimulatedVCenter) -> set[str]:
    """Ten problems of vm-001 on its way to esx-002; returns the ids of the checks that find them."""
    plant(vcenter, "vm-001", {"runtime.question": QUESTION, "disabledMethod": ["RelocateVM_Task"], **HOST_CDROM})
    plant(vcenter, "vm-001", {"config.hardware.memoryMB": 600 * 1024, "config.hardware.numCPU": 256})
    plant(vcenter, "esx-002", {"runtime.inMaintenanceMode": True, "runtime.inQuarantineMode": True})
    plant(vcenter, "esx-002", {f"{VMOTION}.selectedVnic": []})
    ours = moid(vcenter, "esx-002")
    with observing(vcenter) as observer:
        vm = observer.vm("vm-001")
        for datastore in vm.datastore:
            vcenter.control.patch(datastore._moId, {f"host[{ours}].mountInfo.accessible": False})
        for network in vm.network:
            left = [{"type": "HostSystem", "value": host._moId} for host in network.host if host._moId != ours]
            vcenter.control.patch(network._moId, {"host": left})
        kept = [network for network in observer.host("esx-002").network if network not in vm.network]
        refs = [{"type": type(one)._wsdlName, "value": one._moId} for one in kept]
    vcenter.control.patch(ours, {"network": refs})
    return {
        "vm.question", "vm.disabled-method", "devices.cdrom", "memory.admission", "cpu.threads",
        "host.maintenance", "host.quarantine", "vmknic.missing", "storage.reachable", "network.present",
    }  # fmt: skip


def test_ten_problems_are_ten_findings_of_one_run(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    planted = plant_ten(vcenter)
    assert len(planted) == 10

    done = check(vcenter, program, "vm-001", "--to-host", "esx-002", "-o", "json")

    found = findings(done)
    assert done.exit_code == 3, done.text
    assert planted <= found.keys(), planted - found.keys()
    assert all(found[check_id]["message"] and found[check_id]["remedy"] for check_id in planted)


def test_each_side_can_be_asked_alone(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    plant(vcenter, "vm-001", {"runtime.question": QUESTION})
    words = ("vm-001", "--to-host", "esx-002", "-o", "json", "--checks")

    ours = check(vcenter, program, *words, "client")
    asked = Counter(call["method"] for call in vcenter.control.trace())
    assert [name for name in asked if name.startswith(("Check", "QueryVMotion"))] == []
    theirs = check(vcenter, program, *words, "vcenter")
    both = check(vcenter, program, *words, "both")

    assert [done.exit_code for done in (ours, theirs, both)] == [3, 3, 3]
    assert findings(ours)["vm.question"]["origin"] == "client"
    assert findings(theirs)["vm.question"]["origin"] == "vcenter"
    assert findings(both)["vm.question"]["origin"] == "client"
    assert findings(both)["vm.question"]["evidence"]["vcenter"]


def test_unknown_is_shown_and_no_failure_unless_strict(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    words = ("vm-001", "--to-host", "esx-002")
    plant(vcenter, "esx-002", {"summary.hardware": None})

    shown = check(vcenter, program, *words)
    assert shown.exit_code == 0, shown.text
    assert "unknown: esx-002: summary.hardware.memorySize could not be read [memory.admission]" in shown.stdout
    assert shown.stdout.endswith("0 ok, 0 blocked, 0 warnings, 1 unknown. Nothing was changed.\n")

    strict = check(vcenter, program, *words, "--strict", "-o", "json")
    assert strict.exit_code == 3, strict.text
    assert {"memory.admission", "cpu.threads"} <= set(strict.json["moves"][0]["blockers"])


def test_an_unknown_of_a_matrix_is_marked_and_strict_makes_it_a_reason(
    vcenter: SimulatedVCenter, program: MakeProgram
) -> None:
    plant(vcenter, "esx-002", {"summary.hardware": None})
    row = check(vcenter, program, "vm-001", "--all-hosts").stdout.splitlines()[1].split()
    assert row[:3] == ["vm-001", "here", "?"]
    assert row[3].startswith(("memory.", "cpu."))
    document = check(vcenter, program, "vm-001", "--all-hosts", "--strict", "-o", "json").json
    assert [cell["verdict"] for cell in document["vms"][0]["cells"]] == ["ok", "blocked", "ok", "ok"]


def test_a_matrix_has_the_shortest_reason_in_each_cell(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    plant(vcenter, "esx-003", {"runtime.inMaintenanceMode": True})
    plant(vcenter, "vm-002", {"runtime.question": QUESTION})

    done = check(vcenter, program, "vm-00[12]", "--to-cluster", "cluster-01")

    table = [line.split() for line in done.stdout.splitlines()]
    assert table[0] == ["VM", "esx-001", "esx-002", "esx-003", "esx-004"]
    assert table[1] == ["vm-001", "here", "ok", "host.maintenance", "ok"]
    assert table[2][:3] == ["vm-002", "vm.question", "here"]
    assert "1 of 2 VMs can go to another host, 1 stuck. Nothing was changed." in done.stdout
    assert done.exit_code == 3


def test_a_matrix_as_a_document_has_the_findings_of_each_pair(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    plant(vcenter, "esx-003", {"runtime.inMaintenanceMode": True})

    done = check(vcenter, program, "vm-001", "--all-hosts", "-o", "json")

    assert done.exit_code == 0, done.text
    assert [host["name"] for host in done.json["hosts"]] == ["esx-001", "esx-002", "esx-003", "esx-004"]
    (row,) = done.json["vms"]
    assert [cell["verdict"] for cell in row["cells"]] == ["ok", "ok", "blocked", "ok"]
    assert [cell["unchanged"] for cell in row["cells"]] == [True, False, False, False]
    closed = row["cells"][2]
    assert closed["blockers"] == ["host.maintenance"]
    assert closed["reason"]["id"] == "host.maintenance"
    assert row["stuck"] is False


def test_a_matrix_and_a_move_agree(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    plant(vcenter, "esx-003", {f"{VMOTION}.selectedVnic": []})
    plant(vcenter, "vm-001", HOST_CDROM)

    matrix = check(vcenter, program, "vm-001", "--all-hosts", "-o", "json").json
    for host, cell in zip(matrix["hosts"], matrix["vms"][0]["cells"], strict=True):
        move = check(vcenter, program, "vm-001", "--to-host", host["name"], "-o", "json").json["moves"][0]
        assert cell["verdict"] == move["verdict"]
        assert cell["blockers"] == move["blockers"]
        assert Counter(f["id"] for f in cell["findings"]) == Counter(f["id"] for f in move["findings"])


def test_the_calls_of_a_matrix_grow_with_vms_and_hosts_and_not_with_their_product(
    vcenter_factory: VCenterFactory, program: MakeProgram
) -> None:
    calls = {}
    for size in (4, 8):
        vcenter = vcenter_factory(hosts=size, vms=size)
        done = check(vcenter, program, "vm-*", "--all-hosts", "-o", "json")
        assert done.exit_code == 0, done.text
        assert sum(len(row["cells"]) for row in done.json["vms"]) == size * size
        calls[size] = Counter(call["method"] for call in vcenter.control.trace())
    assert calls[8].total() <= 2 * calls[4].total()
    for method in ("CheckRelocate_Task", "CheckMigrate_Task"):
        assert (calls[4][method], calls[8][method]) == (4, 8)
    assert calls[4]["QueryVMotionCompatibilityEx_Task"] == calls[8]["QueryVMotionCompatibilityEx_Task"] == 1


def test_junit_parses_and_agrees_with_the_document(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    planted = plant_ten(vcenter)
    words = ("vm-001", "vm-003", "--to-host", "esx-002", "-o")

    document = check(vcenter, program, *words, "json").json
    done = check(vcenter, program, *words, "junit")

    assert done.exit_code == 3
    root = ET.fromstring(done.stdout.encode())
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["vm-001 to esx-002", "vm-003 to esx-002"]
    for suite, move in zip(suites, document["moves"], strict=True):
        assert [case.get("name") for case in suite] == list(known_ids())
        failed = {case.get("name") for case in suite if case.find("failure") is not None}
        assert failed == set(move["blockers"])
        assert suite.get("failures") == str(len(failed))
    failed = {case.get("name") for case in suites[0] if case.find("failure") is not None}
    assert planted - failed == {"host.quarantine"}  # a warning, which passes and is said
    assert root.get("tests") == str(2 * len(CHECKS))
    assert root.get("failures") == str(len(list(root.iter("failure"))))


def test_junit_of_our_checks_alone_has_no_case_for_what_only_vcenter_says(
    shared_vcenter: SimulatedVCenter, program: MakeProgram
) -> None:
    done = program(shared_vcenter)("check", "vm-001", "--to-host", "esx-002", "--checks", "client", "-o", "junit")
    cases = [case.get("name") for case in ET.fromstring(done.stdout.encode()).iter("testcase")]
    assert cases == [row.id for row in CHECKS if row.function is not None]


def test_junit_of_a_matrix_has_a_suite_for_each_pair(shared_vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    done = program(shared_vcenter)("check", "vm-001", "--all-hosts", "-o", "junit")
    suites = ET.fromstring(done.stdout.encode()).findall("testsuite")
    assert [suite.get("name") for suite in suites] == [f"vm-001 to esx-00{number}" for number in (2, 3, 4)]


def test_an_overridden_check_is_named_and_no_reason_of_a_cell(vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    plant(vcenter, "vm-001", HOST_CDROM)
    words = ("vm-001", "--to-cluster", "cluster-01", "-o", "json")

    assert check(vcenter, program, *words).exit_code == 3
    done = check(vcenter, program, *words, "--skip-check", "devices.cdrom")

    assert done.exit_code == 0, done.text
    assert done.json["skip_checks"] == ["devices.cdrom"]
    assert [cell["skipped"] for cell in done.json["vms"][0]["cells"]] == [[]] + [["devices.cdrom"]] * 3


def test_a_cluster_that_is_not_there_is_named(shared_vcenter: SimulatedVCenter, program: MakeProgram) -> None:
    done = program(shared_vcenter)("check", "vm-001", "--to-cluster", "cluster-9")
    assert done.exit_code == 2
    assert "no cluster is called cluster-9" in done.stderr
    assert "did you mean cluster-01?" in done.stderr
