"""What somebody named a VM is data for Ansible: it is shown, and never evaluated."""

from __future__ import annotations

import re

import pytest

from tests.ansible.test_migrate_vm import Play, host_of, play, read_inventory  # noqa: F401 - `play` is a fixture
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]


def test_a_name_with_a_template_in_it_is_no_template(vcenter: SimulatedVCenter, play: Play) -> None:  # noqa: F811
    inventory = read_inventory(vcenter)
    vm, name = inventory.vms[0], "{{ lookup('pipe','id') }}{{ 7*7 }}\x9b31m\u202e<b>"
    destination = next(host for host in inventory.hosts if host.ref != vm.host)
    vcenter.control.patch(vm.ref.moid, {"name": name})

    played = play("-v", vm=f"moid:{vm.ref.moid}", destination_host=destination.name)

    assert played.exit_code == 0, played.text
    assert host_of(vcenter, name) == destination.name
    assert re.search(r"\buid=\d", played.text) is None
    assert "49" not in [word for value in played.result.values() for word in str(value).split()]
    assert "<b>" in str(played.result)
