"""On plain govmomi behaviour: what it has is read, what it lacks is found, and a named override moves the VM."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.observer import observing
from tests.program import Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


def pick(vcenter: SimulatedVCenter) -> tuple[str, str, str]:
    """A VM of a cluster, its host, and another host of that cluster."""
    with observing(vcenter) as observer:
        hosts = observer.hosts()
        vm, source = next((vm, host) for vm, host in sorted(hosts.items()) if host.startswith("DC0_C0_H"))
        other = next(name for name in sorted(observer.vms_of_hosts()) if name.startswith("DC0_C0_H") and name != source)
    return vm, source, other


def test_exactly_the_missing_vmknic_and_the_connected_cdrom_block(
    stock_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vm, source, destination = pick(stock_vcenter)

    done = program(stock_vcenter)("check", vm, "--to-host", destination, "-o", "json")

    assert done.exit_code == 3, done.text
    (move,) = done.json["moves"]
    blockers = {finding["id"] for finding in move["findings"] if finding["severity"] == "blocker"}
    assert blockers == {"vmknic.missing", "devices.cdrom"}
    assert move["source"]["host"]["name"] == source


def test_with_both_named_the_vm_moves_and_the_report_has_no_motion(
    stock_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vm, _, destination = pick(stock_vcenter)
    skips = ("--skip-check", "vmknic.missing", "--skip-check", "devices.cdrom")

    done = program(stock_vcenter)("migrate", vm, "--to-host", destination, "--yes", *skips, "-o", "json")

    assert done.exit_code == 0, done.text
    (outcome,) = done.json["outcomes"]
    assert outcome["state"] == "moved"
    assert outcome["motion"] is None
    assert outcome["migration_id"] is None
    with observing(stock_vcenter) as observer:
        assert observer.hosts()[vm] == destination
