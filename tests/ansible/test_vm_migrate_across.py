"""Moves to another vCenter from a playbook, seen by independent clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from tests.ansible.modules import Modules
from tests.ansible.playbooks import checkout
from tests.labels import labels
from tests.observer import observing
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible]

NAMES = {"datastores": {"a-vmfs1": "b-vmfs1", "a-vmfs2": "b-vmfs2"}, "networks": {"a-dmz": "b-dmz"}}


@pytest.fixture
def there(vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """The vCenter that VMs go to."""
    return vcenter_factory(scenario="two-vcenters-b", speed=500)


@pytest.fixture
def here(tmp_path: Path, vcenter_factory: VCenterFactory) -> Modules:
    """The modules, led to the vCenter that VMs come from."""
    home = tmp_path / "playing"
    home.mkdir()
    return Modules(vcenter=vcenter_factory(scenario="two-vcenters-a", speed=500), home=home)


def to(there: SimulatedVCenter, **more: Any) -> dict[str, Any]:
    """The option that names it."""
    return {
        "hostname": there.host,
        "port": there.port,
        "username": there.user,
        "password": there.password,
        "ca_file": str(there.ca_file),
        "mapping": NAMES,
        **more,
    }


def test_a_vm_goes_to_another_vcenter_with_its_tags_and_the_second_run_changes_nothing(
    here: Modules, there: SimulatedVCenter
) -> None:
    wish: dict[str, Any] = {
        "vm_name": "a-web01",
        "destination_host": "b-esx2",
        "to_vcenter": to(there, keep_tags=True, keep_attributes=True),
    }
    there.control.clear_trace()

    predicted = here("vm_migrate", check=True, **wish)
    assert (predicted.exit_code, predicted.data["changed"], predicted.writes) == (0, True, []), predicted.text
    moved = here("vm_migrate", **wish)

    assert (moved.exit_code, moved.data["changed"]) == (0, True), moved.text
    (result,) = moved.data["results"]
    assert result["keepsakes"]["state"] == "kept"
    assert "with 2 tags and 2 attributes" in result["message"]
    assert there.password not in moved.text + predicted.text
    with observing(there) as observer:
        assert observer.hosts()["a-web01"] == "b-esx2"
        assert labels(there, observer, "a-web01")["a-web01"].tags == {"env/prod", "owner/web team"}
    again = here("vm_migrate", **wish)
    assert (again.exit_code, again.data["changed"]) == (0, False), again.text
    assert len(here.vcenter.control.motions()) == 1


def test_a_check_looks_at_both_sides_and_names_what_is_missing(here: Modules, there: SimulatedVCenter) -> None:
    wish: dict[str, Any] = {"destination_cluster": "Compute", "to_vcenter": to(there, keep_tags=True)}

    answer = here("vm_migrate_check_info", vms=["a-web01", "a-db01"], **wish)

    assert (answer.exit_code, answer.writes) == (0, []), answer.text
    assert answer.data["blocked"] == ["a-db01"]
    found = {finding["id"] for result in answer.data["results"] for finding in result["findings"]}
    assert "keepsakes.tags" in found


def test_a_vm_that_went_without_a_tag_fails_the_task_after_it_has_moved(here: Modules, there: SimulatedVCenter) -> None:
    answer = here(
        "vm_migrate",
        vm_name="a-db01",
        destination_host="b-esx2",
        to_vcenter=to(there, keep_tags=True),
        skip_checks=["keepsakes.tags"],
    )

    assert (answer.exit_code, answer.data["changed"]) == (1, True), answer.text
    assert "without tag site/frankfurt" in answer.message
    with observing(there) as observer:
        assert "a-db01" in observer.read(vim.VirtualMachine)


@pytest.mark.timeout(300)
def test_the_playbook_moves_a_vm_with_what_it_has(here: Modules, there: SimulatedVCenter, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    home.mkdir()
    given = {"vm": "a-web01", "other": there.host, "other_port": there.port, "destination_cluster": "Compute"}
    secrets = {
        "VSPHERE_MOTION_TO_USER": there.user,
        "VSPHERE_MOTION_TO_PASSWORD": there.password,
        "VSPHERE_MOTION_TO_CA_FILE": str(there.ca_file),
    }

    played = checkout(home).play(
        "migrate_to_vcenter",
        "-e",
        json.dumps({**given, "mapping": NAMES}),
        environment={**here.vcenter.environment(), **secrets},
    )

    assert played.exit_code == 0, played.text
    assert "with 2 tags and 2 attributes" in played.stdout
    assert there.password not in played.text
    with observing(there) as observer:
        assert labels(there, observer, "a-web01")["a-web01"].attributes["cost centre"] == "4711"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        pytest.param({"password": "a wrong password"}, "login_refused", "or VSPHERE_MOTION_TO_USER", id="password"),
        pytest.param({"thumbprint": ":".join(["AB"] * 32)}, "pin_mismatch", "pinned", id="pin"),
        pytest.param({"ca_file": None}, "certificate_untrusted", "not trusted", id="nobody vouches for it"),
        pytest.param({"mapping": {"netwroks": {"a": "b"}}}, "bad_input", "networks", id="mapping"),
        pytest.param({"username": None}, None, "VSPHERE_MOTION_TO_USER", id="no account"),
    ],
)
def test_what_is_wrong_with_the_other_vcenter_is_said_and_nothing_moves(
    changes: dict[str, Any], code: str | None, words: str, here: Modules, there: SimulatedVCenter
) -> None:
    answer = here("vm_migrate", vm_name="a-web01", destination_host="b-esx2", to_vcenter=to(there, **changes))

    assert answer.exit_code == 1
    assert answer.data.get("error_code") == code, answer.text
    assert words in answer.message
    assert answer.message.startswith("to_vcenter: ") or code is None
    assert there.password not in answer.text
    assert here.vcenter.control.motions() == []
