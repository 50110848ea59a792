"""Every playbook that people copy, run against the simulator: from a fresh checkout, and from what is installed."""

from __future__ import annotations

import email
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import ROOT
from tests.ansible.playbooks import Place, Played, checkout, installed, mail_sink
from tests.hostile import NAMES, elements_of
from tests.observer import observing
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible, pytest.mark.timeout(300)]

SITE = """\
version: 1
clusters:
  - name: cluster
    hosts: [{repeat: 3, name: "esx#", cores: 16, memory_gib: 64}]
datastores: [{name: shared}]
networks: [{name: lan}]
vms:
  - {name: web01, host: esx1, memory_gib: 1}
  - {name: web02, host: esx2, memory_gib: 1}
  - {name: stuck, host: esx3, memory_gib: 1, cdrom: {kind: host, connected: true, path: /vmfs/devices/cdrom/x}}
tags:
  categories: [{name: env}]
  tags: [{name: prod, category: env}]
  attachments: [{tag: env/prod, kind: vm, names: [web01, web02]}]
"""


@pytest.fixture
def site(tmp_path: Path, vcenter_factory: VCenterFactory) -> SimulatedVCenter:
    """Three hosts, two VMs that can move, and one that cannot."""
    file = tmp_path / "site.yaml"
    file.write_text(SITE, encoding="utf-8")
    return vcenter_factory(scenario=file)


@pytest.fixture(
    params=[pytest.param(checkout, id="checkout"), pytest.param(installed, id="installed", marks=pytest.mark.nightly)]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the playbooks are run from."""
    home = tmp_path / "home"
    home.mkdir()
    make: Callable[[Path], Place] = request.param
    return make(home)


def play(place: Place, vcenter: SimulatedVCenter, name: str, *words: str, **variables: Any) -> Played:
    return place.play(name, *words, "-e", json.dumps(variables), environment=vcenter.environment())


def hosts(vcenter: SimulatedVCenter) -> dict[str, str]:
    with observing(vcenter) as observer:
        return observer.hosts()


def maintained(vcenter: SimulatedVCenter) -> set[str]:
    """The hosts that are in maintenance mode."""
    from pyVmomi import vim

    with observing(vcenter) as observer:
        found = observer.read(vim.HostSystem, "runtime.inMaintenanceMode")
    return {name for name, host in found.items() if host["runtime.inMaintenanceMode"]}


def test_every_playbook_of_the_checkout_has_a_test_and_its_like_in_the_collection() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    names = {file.stem for file in (ROOT / "playbooks").glob("*.yml")}
    theirs = (ROOT / "playbooks/collections/ansible_collections/vsphere/motion/playbooks").glob("*.yml")

    assert names == {file.stem for file in theirs}
    assert not [name for name in names if f'"{name}"' not in text]


@pytest.mark.nightly
def test_one_vm_by_tag_and_with_its_logs(place: Place, site: SimulatedVCenter) -> None:
    moved = play(place, site, "migrate_vm", vm="web01", destination_host="esx3")
    assert moved.exit_code == 0, moved.text
    assert "web01: moved esx1 -> esx3" in moved.stdout
    assert hosts(site)["web01"] == "esx3"

    checked = play(place, site, "migrate_by_tag", "--check", "--diff", tag="env/prod", destination_host="esx1")
    assert checked.exit_code == 0, checked.text
    assert hosts(site)["web01"] == "esx3"
    tagged = play(place, site, "migrate_by_tag", tag="env/prod", destination_host="esx1")
    assert tagged.exit_code == 0, tagged.text
    assert {hosts(site)[name] for name in ("web01", "web02")} == {"esx1"}
    assert hosts(site)["stuck"] == "esx3"

    explained = play(place, site, "migrate_and_explain", vm="web02", destination_host="esx2")
    assert explained.exit_code == 0, explained.text
    assert "Stopping pre-copy" in explained.stdout
    assert "downtime" in explained.stdout


@pytest.mark.nightly
def test_a_failed_move_is_explained_too(place: Place, site: SimulatedVCenter) -> None:
    site.control.plant_faults(
        {"match": {"vm": "web01", "count": 1}, "when": {"percent": 40}, "network_loss": {"seconds": 30}}
    )

    explained = play(place, site, "migrate_and_explain", vm="web01", destination_host="esx2")

    assert explained.exit_code == 2
    assert "web01 failed at " in explained.stdout
    assert '"next_steps"' in explained.stdout


def test_a_host_is_emptied_patched_and_filled(place: Place, site: SimulatedVCenter, tmp_path: Path) -> None:
    note, before = tmp_path / "patched", hosts(site)
    variables = {"esxi_host": "esx1", "patch_command": ["/usr/bin/tee", str(note)], "reports": str(tmp_path)}

    shown = {"ANSIBLE_CALLBACKS_ENABLED": "vsphere.motion.progress", "TMPDIR": str(place.home)}
    words = ("-e", json.dumps(variables))
    patched = place.play("patch_host", *words, environment={**site.environment(), **shown})

    assert patched.exit_code == 0, patched.text
    assert re.search(r"^  web01 started task-\d+ esx1 -> esx\d", patched.stderr, re.MULTILINE)
    assert re.search(r"^  web01: moved esx1 -> esx\d in ", patched.stderr, re.MULTILINE)
    assert not list(place.home.glob("vsphere-motion-*/progress"))
    assert note.exists()
    assert (hosts(site), maintained(site)) == (before, set())
    assert "web01" in (tmp_path / "esx1-evacuated.html").read_text(encoding="utf-8")

    tasks = tmp_path / "tasks.yml"
    tasks.write_text("- ansible.builtin.fail:\n    msg: 'no patch for {{ rolling_hosts_host }}'\n", encoding="utf-8")
    failed = play(place, site, "patch_host", esxi_host="esx1", patch_tasks=str(tasks))
    assert failed.exit_code == 2
    assert "no patch for esx1" in failed.text
    assert maintained(site) == {"esx1"}
    assert hosts(site)["web01"] != "esx1"
    again = play(place, site, "patch_host", esxi_host="esx1", patch_command=["/bin/true"])
    assert again.exit_code == 0, again.text
    assert (hosts(site), maintained(site)) == (before, set())


@pytest.mark.nightly
def test_a_cluster_is_worked_on_host_by_host_and_stops_at_the_first_that_cannot_be_emptied(
    place: Place, site: SimulatedVCenter, tmp_path: Path
) -> None:
    order, before = tmp_path / "order", hosts(site)
    words = ["/bin/sh", "-c", f"echo $0 >> {order}", "{host}"]

    rolled = play(place, site, "rolling_update", cluster="cluster", patch_command=words)

    assert rolled.exit_code == 2
    assert order.read_text(encoding="utf-8").split() == ["esx1", "esx2"]
    assert "stuck cannot leave esx3" in rolled.text
    assert (hosts(site), maintained(site)) == (before, set())


@pytest.mark.nightly
def test_a_host_that_is_not_well_is_waited_for_and_ends_the_play(
    place: Place, site: SimulatedVCenter, tmp_path: Path
) -> None:
    variables = {"esxi_hosts": ["esx1", "esx2"], "cluster": "cluster", "patch_command": ["/bin/true"]}
    settings = {"rolling_hosts_health_retries": 1, "rolling_hosts_health_delay": 0}

    rolled = play(place, site, "rolling_update", health_command=["/bin/false"], **variables, **settings)

    assert rolled.exit_code == 2
    assert maintained(site) == {"esx1"}


@pytest.mark.nightly
def test_vms_are_moved_in_a_window_of_the_days_that_are_named(place: Place, site: SimulatedVCenter) -> None:
    wish: dict[str, Any] = {"vms": ["web*"], "destination_host": "esx3", "window": "00:00-24:00"}

    moved = play(place, site, "weekend_window", days=[0, 1, 2, 3, 4, 5, 6], timezone="Europe/Berlin", **wish)
    assert moved.exit_code == 0, moved.text
    assert {hosts(site)[name] for name in ("web01", "web02")} == {"esx3"}
    none = play(place, site, "weekend_window", days=[], **wish)
    assert none.exit_code == 2
    assert "none of the days" in none.text


@pytest.mark.nightly
def test_a_plan_is_made_handed_on_and_run(place: Place, site: SimulatedVCenter, tmp_path: Path) -> None:
    file, before = tmp_path / "plan.json", hosts(site)
    stuck = play(place, site, "plan_evacuation", hosts_to_empty=["esx3"], plan_file=str(file))
    assert stuck.exit_code == 2
    assert "These cannot leave: stuck" in stuck.text
    assert not file.exists()

    planned = play(place, site, "plan_evacuation", hosts_to_empty="esx1", plan_file=str(file))
    assert planned.exit_code == 0, planned.text
    assert hosts(site) == before
    applied = play(place, site, "apply_plan", vsphere_motion_plan=json.loads(file.read_text(encoding="utf-8")))
    assert applied.exit_code == 0, applied.text
    assert "esx1" not in hosts(site).values()
    again = play(place, site, "apply_plan", plan_file=str(file))
    assert again.exit_code == 0, again.text
    filled = play(place, site, "fill_host", esxi_host="esx1")
    assert filled.exit_code == 0, filled.text
    assert hosts(site) == before


@pytest.mark.nightly
def test_several_vcenters_are_moved_in_at_once(
    place: Place, site: SimulatedVCenter, vcenter_factory: VCenterFactory, tmp_path: Path
) -> None:
    other = vcenter_factory(hosts=2, vms=2)
    with observing(other) as observer:
        away = {vm: host for vm, host in observer.hosts().items() if host != "esx-002"}
    members = {
        "first": (site, {"vms": ["web*"], "destination_host": "esx3"}),
        "second": (other, {"vms": sorted(away), "destination_host": "esx-002"}),
    }
    inventory = tmp_path / "vcenters.json"
    inventory.write_text(json.dumps({"vcenters": {"hosts": {name: lead(*one) for name, one in members.items()}}}))

    played = place.play("many_vcenters", "-i", str(inventory), environment={})

    assert played.exit_code == 0, played.text
    assert "2 of 2 virtual machines moved" in played.stdout
    assert {hosts(site)[name] for name in ("web01", "web02")} == {"esx3"}
    assert {hosts(other)[name] for name in away} == {"esx-002"}


def lead(vcenter: SimulatedVCenter, wish: dict[str, Any]) -> dict[str, Any]:
    """The variables of a vCenter's host in an inventory."""
    return {
        "vcenter_hostname": vcenter.host,
        "vcenter_port": vcenter.port,
        "vcenter_username": vcenter.user,
        "vcenter_password": vcenter.password,
        "vcenter_ca_file": str(vcenter.ca_file),
        **wish,
    }


@pytest.mark.nightly
def test_a_report_is_written_and_mailed_and_names_in_it_are_text(
    place: Place, site: SimulatedVCenter, tmp_path: Path
) -> None:
    file = tmp_path / "preflight.html"
    wish: dict[str, Any] = {"cluster": "cluster", "report": str(file)}
    plain = play(place, site, "preflight_report", **wish)
    assert plain.exit_code == 0, plain.text
    page = file.read_text(encoding="utf-8")
    assert "1 of 3 virtual machines can go to no other host" in page
    hostile = next(name for name in NAMES if name.startswith("<img"))
    site.control.patch(site.control.moid("VirtualMachine", "web01"), {"name": hostile})

    with mail_sink() as sink:
        mail = {"mail_to": ["ops@example.com"], "smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_tls": False}
        mailed = play(place, site, "preflight_report", **wish, **mail)

    assert mailed.exit_code == 0, mailed.text
    ((recipients, text),) = sink.mails
    message = email.message_from_string(text)
    assert recipients == ["ops@example.com"]
    assert message["Subject"] == "vMotion pre-flight of cluster: 1 of 3 virtual machines cannot move"
    assert file.name in [part.get_filename() for part in message.walk()]
    assert elements_of(file.read_text(encoding="utf-8")) == elements_of(page)
    assert "&lt;img" in file.read_text(encoding="utf-8")
