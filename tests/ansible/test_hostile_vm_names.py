"""What somebody named a VM is data for Ansible: it is shown, passed on, and never evaluated; no secret is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ansible.modules import COLLECTION, Modules
from tests.ansible.playbooks import checkout
from tests.canary import CANARY, USER, found_in
from tests.hostile import CARRIED, obeyed
from tests.observer import observing
from tests.promises import record
from vsphere_motion.planning.names import plain
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.ansible, pytest.mark.timeout(300)]

MARKER = "evaluated-marker"
TEMPLATES = (
    "{{ lookup('pipe','id') }}",
    "{{ lookup('pipe', 'touch MARKER') }}",
    "{% for one in [1] %}{{ lookup('file', '/etc/passwd') }}{% endfor %}",
    "{{ vcenter_password }}",
    "{{ 6 * 7 }}6 * 7",
    "{{ undefined_variable }}",
    "{% raw %}{{ x }}",
    "!unsafe {{ x }}",
    "!vault |",
    "{#",
    "AnsibleUnsafeText",
    "$(touch MARKER)",
    "`touch MARKER`",
    "; touch MARKER",
    "={{ 1 }}",
    "[WARNING]: all is well",
    '{"changed": false, "ansible_facts": {"ansible_become": true}}',
)
"""What Ansible, its templates, its YAML or a shell would act on."""

SITE = """\
version: 1
clusters: [{name: c, hosts: [{name: esx-1, memory_gib: 256}, {name: esx-2, memory_gib: 256}]}]
datastores: [{name: shared}]
networks: [{name: lan, kind: standard}]
vms: [{repeat: COUNT, name: "vm##", host: esx-1, memory_gib: 1}]
roles:
  - name: all
    privileges: [Resource.ColdMigrate, Resource.HotMigrate, Resource.AssignVMToPool, Global.Diagnostics]
users: [{name: "USER", password_file: "PASSWORD"}]
permissions: [{entity: /, user: "USER", role: all}]
"""

PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/vsphere.motion.vmware:
      hostname: "{{ vcenter_host }}"
      port: "{{ vcenter_port }}"
      username: "{{ vcenter_user }}"
      password: "{{ vcenter_password }}"
  tasks:
    - vsphere.motion.vm_migrate_check_info: {vms: ["host:esx-1"], destination_host: esx-2}
      register: checked
    - vsphere.motion.vm_migrate: {vms: ["host:esx-1"], destination_host: esx-2, max_concurrent: 8}
      register: moved
      diff: true
    - ansible.builtin.debug: {msg: "{{ item.message }} {{ item.vm.name }}"}
      loop: "{{ moved.results }}"
      loop_control: {label: "{{ item.vm.name }}"}
    - vsphere.motion.vm_migrate: {vm_name: "{{ moved.results[0].vm.name }}", destination_host: esx-1}
      register: one
    - vsphere.motion.plan_info: {kind: migrate, vms: ["host:esx-2"], destination_host: esx-1}
      register: planned
    - vsphere.motion.plan_apply: {plan: "{{ planned.plan }}", max_concurrent: 8}
      register: applied
    - vsphere.motion.migration_info: {run: "{{ moved.run }}", gather: [report]}
      register: told
    - ansible.builtin.template: {src: all.j2, dest: "{{ out }}"}
    - ansible.builtin.set_fact: {names: "{{ moved.results | map(attribute='vm') | map(attribute='name') | list }}"}
    - ansible.builtin.copy: {content: "{{ names | to_json }}", dest: "{{ out }}.json"}
    - vsphere.motion.vm_migrate: {vm_name: "{{ names[0] }}", destination_host: "{{ names[0] }}"}
      register: refused
      ignore_errors: true
    - ansible.builtin.fail: {msg: "{{ names | join(' ') }}"}
"""


def hostile_site(tmp_path: Path, factory: VCenterFactory) -> tuple[SimulatedVCenter, list[str]]:
    """A site whose VMs have hostile names, and whose account's password is the canary."""
    marker = tmp_path / MARKER
    names = [name.replace("MARKER", str(marker)) for name in (*TEMPLATES, *CARRIED)]
    (tmp_path / "password").write_text(CANARY, encoding="utf-8")
    text = SITE.replace("COUNT", str(len(names))).replace("USER", USER).replace("PASSWORD", str(tmp_path / "password"))
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    vcenter = factory(scenario=file, speed=500)
    moids = sorted(entry["moid"] for entry in vcenter.control.site() if entry["type"] == "VirtualMachine")
    for moid, name in zip(moids, names, strict=True):
        vcenter.control.patch(moid, {"name": name})
    return vcenter, names


def test_row_38_names_are_never_evaluated_and_no_secret_is_shown(
    tmp_path: Path, vcenter_factory: VCenterFactory
) -> None:
    vcenter, names = hostile_site(tmp_path, vcenter_factory)
    home = tmp_path / "home"
    home.mkdir()
    place = checkout(home)
    playbook = home / "checkout" / "playbooks" / "hostile.yml"
    playbook.write_text(PLAY, encoding="utf-8")
    (playbook.parent / "all.j2").write_text("{{ checked }}{{ moved }}{{ planned }}{{ applied }}{{ told }}")
    secrets = tmp_path / "secrets.json"
    secrets.write_text(
        json.dumps(
            {
                "vcenter_host": vcenter.host,
                "vcenter_port": vcenter.port,
                "vcenter_user": USER,
                "vcenter_password": CANARY,
                "out": str(home / "out"),
            }
        )
    )
    environment = {
        "VSPHERE_MOTION_CA_FILE": str(vcenter.ca_file),
        "ANSIBLE_CALLBACKS_ENABLED": "vsphere.motion.progress",
    }

    played = place.run(str(playbook), "-vvvv", "-e", f"@{secrets}", environment=environment)

    assert "PLAY RECAP" in played.stdout, played.text[-4000:]
    assert "failed=1" in played.stdout, played.text[-4000:]  # the last task, which shows every name
    assert "ignored=1" in played.stdout, played.text[-4000:]
    assert sorted(json.loads((home / "out.json").read_text())) == sorted(map(plain, names))
    with observing(vcenter) as observer:
        assert set(observer.hosts().values()) == {"esx-1"}
    written = played.text + (home / "out").read_text(encoding="utf-8")
    executions = [word for word in ("uid=0", "uid=1", "root:x:0", "426 * 7") if word in written]
    assert not executions
    assert not (tmp_path / MARKER).exists()
    assert not found_in(written.encode())
    files = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in files if found_in(path.read_bytes())]
    record(38, f"{len(names)} names, 12 tasks at -vvvv: 0 executions, 0 secrets in {len(written) >> 10} KiB of output")


def test_messages_of_modules_have_nothing_that_a_terminal_would_obey(
    tmp_path: Path, vcenter_factory: VCenterFactory
) -> None:
    """Ansible shows a message as it is, so that it is escaped; data keep the names as vCenter has them."""
    vcenter, names = hostile_site(tmp_path, vcenter_factory)
    home = tmp_path / "home"
    home.mkdir()
    modules = Modules(vcenter=vcenter, home=home)
    account = {"username": USER, "password": CANARY}

    blocked = modules("vm_migrate", vms=["host:esx-1"], destination_host="esx-2", check=True, strict=True, **account)
    texts = [blocked.message, *blocked.warnings, *(one["message"] for one in blocked.data["results"])]
    for name in names[:5]:
        texts.append(modules("vm_migrate", vm_name=name, destination_host=name, **account).message)

    assert not [text for text in texts if obeyed(text)]
    assert sorted(one["vm"]["name"] for one in blocked.data["results"]) == sorted(map(plain, names))
    assert not found_in(blocked.text.encode())


def test_modules_import_the_library_s_service_layer_and_what_it_takes_alone() -> None:
    allowed = ("vsphere_motion.service", "vsphere_motion.settings", "vsphere_motion.model", "vsphere_motion.errors")
    lines = [
        line.split()[1]
        for file in (COLLECTION / "plugins").rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("from vsphere_motion")
    ]

    assert lines
    assert not [name for name in lines if name != "vsphere_motion" and not name.startswith(allowed)]
