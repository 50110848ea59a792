"""`doctor` looks at the whole site: what differs between the hosts of a cluster is named, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.program import READS, Done, Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

VMOTION = "config.virtualNicManagerInfo.netConfig[vmotion]"
VMKNIC = f"{VMOTION}.candidateVnic[0].spec"


def doctor(vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> tuple[Done, dict[str, Any]]:
    """One diagnosis, with the lines that are not ok by topic."""
    vcenter.control.clear_trace()
    done = program(vcenter)("doctor", "-o", "json")
    assert {call["method"] for call in vcenter.control.trace()} <= READS
    return done, {line["topic"]: line for line in done.json["lines"] if line["state"] != "ok"}


def test_a_site_without_trouble_is_ok_line_by_line(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done, trouble = doctor(shared_vcenter, program)
    topics = {line["topic"] for line in done.json["lines"]}
    assert topics >= {"hosts", "vmknic", "vMotion", "version", "privileges", "host log"}
    assert trouble.keys() <= {"keyring", "clock"}, "a simulator that is faster than life is ahead of it"
    assert done.exit_code == 0


def test_each_kind_of_trouble_is_a_line_that_names_the_host(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    hosts = [vcenter.control.moid("HostSystem", f"esx-00{number}") for number in (1, 2, 3, 4)]
    vcenter.control.patch(hosts[0], {f"{VMKNIC}.mtu": 1500})
    vcenter.control.patch(hosts[1], {f"{VMOTION}.selectedVnic": []})
    vcenter.control.patch(hosts[2], {"config.product.version": "7.0.3"})
    vcenter.control.patch(hosts[3], {"runtime.inMaintenanceMode": True})

    done, trouble = doctor(vcenter, program)

    assert "esx-001 (1500)" in trouble["vMotion"]["text"]
    assert trouble["vmknic"]["text"].endswith("on esx-002")
    assert "1 with 7.0.3, 3 with 8.0.3" in trouble["version"]["text"]
    assert "in maintenance mode: esx-004" in trouble["hosts"]["text"]
    assert all(line["remedy"] for topic, line in trouble.items())
    assert done.exit_code == 0


def test_a_cluster_in_which_nothing_can_move_fails(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    for number in (1, 2, 3):
        host = vcenter.control.moid("HostSystem", f"esx-00{number}")
        vcenter.control.patch(host, {f"{VMOTION}.selectedVnic": []})
    done, trouble = doctor(vcenter, program)
    assert trouble["vmknic"]["state"] == "fail"
    assert done.exit_code == 3
