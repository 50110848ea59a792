#!/usr/bin/python
# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vm_migrate
short_description: Move virtual machines with vMotion
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Moves virtual machines, live where they are powered on, and verifies that each arrived.
  - All pre-flight checks run first, vCenter's and the library's; one blocker and nothing is changed.
  - A name that several virtual machines share is an error that lists them.
  - It takes the parameters of M(community.vmware.vmware_vmotion) and returns what that returns, so that a playbook
    changes the name of the module and nothing else.
options:
  moves:
    description:
      - Moves with destinations of their own, instead of O(vms) and one destination.
    type: list
    elements: dict
    suboptions:
      vm:
        description: What names the virtual machines, as in O(vms).
        type: str
        required: true
      host:
        description: The host to move to. Without it O(destination_host).
        type: str
      cluster:
        description: The cluster to move to, instead of a host.
        type: str
      datastore:
        description: The datastore, or datastore cluster, that all files go to.
        type: str
      pool:
        description: The resource pool to move to.
        type: str
      folder:
        description: The folder to move to.
        type: str
      window:
        description: When its move may start, such as V(22:00-05:00).
        type: str
      priority:
        description: Smaller ones start first.
        type: int
        default: 0
  destination_host:
    description:
      - Name, inventory path or V(moid:host-21) of the host to move to.
      - A host of another cluster means that cluster's root resource pool.
    type: str
    aliases: [destination]
  destination_cluster:
    description:
      - Cluster to move to. Each virtual machine goes to the host of it that fits best, whether DRS is on or not.
    type: str
  destination_datastore:
    description:
      - Datastore that all files go to. A file that is there already stays.
    type: str
    aliases: [datastore]
  destination_datastore_cluster:
    description:
      - Datastore cluster of which a datastore is chosen for each virtual machine.
    type: str
  destination_datacenter:
    description:
      - Datacenter that every other destination is looked for in.
    type: str
  destination_resourcepool:
    description:
      - Resource pool to move to, by name, path or V(moid:resgroup-8).
      - With it alone the host stays where the pool allows.
    type: str
    aliases: [resource_pool]
  destination_vapp:
    description:
      - The vApp to move to.
    type: str
  destination_folder:
    description:
      - Folder to move to, such as V(Web/Prod).
    type: str
  create_folder:
    description:
      - Make O(destination_folder) where it does not exist.
    type: bool
  config_datastore:
    description:
      - Datastore that the configuration files go to, if not with the disks.
    type: str
  disks:
    description:
      - Where single disks go.
    type: list
    elements: dict
    suboptions:
      disk:
        description: Number of the disk, as V(2) of C(Hard disk 2), or its whole label.
        type: str
        required: true
      datastore:
        description: Where it goes. Without it where all files go, or where it is.
        type: str
      format:
        description: Format it gets. Without it as it is.
        type: str
        choices: [thin, thick, eager]
  disk_format:
    description:
      - Format that all moved disks get. Without it as they are.
    type: str
    choices: [thin, thick, eager]
  storage_policy:
    description:
      - Name of the storage policy of all files.
    type: str
  datastore_placement:
    description:
      - Who chooses in a datastore cluster, Storage DRS or this library.
    type: str
    choices: [sdrs, ours]
    default: sdrs
  networks:
    description:
      - Networks to change, from the network that adapters are on, or the label of one adapter, to the new network.
    type: dict
  priority:
    description:
      - How vCenter ranks the moves among others.
    type: str
    choices: [default, high, low]
    default: default
  encryption:
    description:
      - Set the virtual machines' encrypted vMotion first. Without it as it is set.
    type: str
    choices: [disabled, opportunistic, required]
  strict:
    description:
      - Let warnings and unknown findings block as well.
    type: bool
    default: false
  window:
    description:
      - Times of a day between which moves may start, such as V(22:00-05:00). The module waits for it to open.
    type: str
  timezone:
    description:
      - Whose clock O(window) means, such as V(Europe/Berlin). Without it UTC.
    type: str
extends_documentation_fragment:
  - vsphere.motion.vcenter
  - vsphere.motion.attributes
  - vsphere.motion.selecting
  - vsphere.motion.running
  - vsphere.motion.placing
  - vsphere.motion.across
seealso:
  - module: vsphere.motion.vm_migrate_check_info
  - module: vsphere.motion.migration_info
  - module: vsphere.motion.migration_cancel
"""

EXAMPLES = r"""
- name: Move web01 to esx05
  vsphere.motion.vm_migrate:
    hostname: vc01.example.com
    username: administrator@vsphere.local
    password: "{{ vcenter_password }}"
    vm_name: web01
    destination_host: esx05.example.com

- name: Move every production web server, two at once, and write a report
  vsphere.motion.vm_migrate:
    vms: ["tag:env/prod"]
    exclude: ["db*"]
    destination_cluster: Production-B
    max_concurrent: 2
    report: [/srv/reports/web.html]

- name: Move the disks, and the second one to a faster datastore as thin
  vsphere.motion.vm_migrate:
    vm_name: db01
    destination_datastore: san-2
    disks:
      - {disk: 2, datastore: flash-1, format: thin}

- name: Move to another cluster with other networks
  vsphere.motion.vm_migrate:
    vm_name: web01
    destination_host: esx11.example.com
    networks:
      prod-web: stage-web

- name: Move to another vCenter, and keep tags and custom attributes
  vsphere.motion.vm_migrate:
    vms: ["tag:env/prod"]
    destination_cluster: Compute
    to_vcenter:
      hostname: vc-b.example.com
      username: mover@vsphere.local
      password: "{{ other_password }}"
      thumbprint: "{{ other_thumbprint }}"
      mapping:
        datastores: {san-1: flash-1}
        networks: {prod-web: web}
      keep_tags: true
      keep_attributes: true

- name: Start a long move, and look after it later
  vsphere.motion.vm_migrate:
    vm_name: sap01
    destination_host: esx05.example.com
    wait: false
  register: started

- name: Wait until it has ended
  vsphere.motion.migration_info:
    run: "{{ started.run }}"
  register: run
  until: run.is_finished
  retries: 240
  delay: 30

- name: Moves with destinations of their own, at night
  vsphere.motion.vm_migrate:
    moves:
      - {vm: web01, host: esx05.example.com, priority: 1}
      - {vm: web02, host: esx06.example.com, priority: 2}
    window: "22:00-05:00"
    timezone: Europe/Berlin
"""

RETURN = r"""
running_host:
  description: Name of the host the virtual machine is on now, or would be on after the move in check mode.
  returned: where one virtual machine is named
  type: str
  sample: esx05.example.com
datastore:
  description: Name of the datastore with the virtual machine's files, or the first of them.
  returned: where one virtual machine is named
  type: str
  sample: san-1
findings:
  description: What the checks found.
  returned: where one virtual machine is named
  type: list
  elements: dict
results:
  description:
    - One entry for each virtual machine, with C(vm), C(changed), C(state), C(running_host), C(datastore), C(source),
      C(destination), C(findings) and a C(message) that says in a sentence what became of it.
    - After a run also C(task), C(progress_percent), C(duration_s), C(fault), C(motion) with what the hosts' logs say,
      and C(diagnoses) of a failure.
    - C(keepsakes) has the tags and custom attributes that a virtual machine is to have again at another vCenter, and
      what became of them; one that lacks some makes the task fail after all have moved.
    - C(state) is V(planned), V(blocked), V(unchanged), V(not_started), V(moved), V(running), V(failed), V(cancelled) or
      V(unknown).
  returned: always
  type: list
  elements: dict
plan:
  description:
    - The plan as C(vsphere-motion migrate --dry-run -o json) prints it; with O(destination_cluster) and no other
      destination as C(vsphere-motion plan migrate -o json) prints it.
  returned: always
  type: dict
run:
  description: The run's id in the journal.
  returned: when something was started
  type: str
  sample: r-7f3a9c
is_finished:
  description: Whether nothing of the run still runs or waits.
  returned: when something was started
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vsphere.motion.plugins.module_utils import placing
from ansible_collections.vsphere.motion.plugins.module_utils.across import across_spec, meeting, with_vcenter
from ansible_collections.vsphere.motion.plugins.module_utils.running import (
    finish,
    options_of,
    places_of,
    plan_result,
    run,
    running_spec,
    warn,
)
from ansible_collections.vsphere.motion.plugins.module_utils.selecting import ONE_OF, selecting_spec, selectors_of
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import connection_spec, open_vcenter
from ansible_collections.vsphere.motion.plugins.module_utils.wishes import (
    PLACES,
    wishes_beside_cluster,
    wishes_of,
    wishes_spec,
)


def argument_spec():
    """The options of this module."""
    return {
        **connection_spec(),
        **selecting_spec(),
        **running_spec(),
        **placing.placing_spec(),
        "moves": {
            "type": "list",
            "elements": "dict",
            "options": {
                "vm": {"type": "str", "required": True},
                "host": {"type": "str"},
                "cluster": {"type": "str"},
                "datastore": {"type": "str"},
                "pool": {"type": "str"},
                "folder": {"type": "str"},
                "window": {"type": "str"},
                "priority": {"type": "int", "default": 0},
            },
        },
        "destination_host": {"type": "str", "aliases": ["destination"]},
        **wishes_spec(),
        **across_spec(),
        "strict": {"type": "bool", "default": False},
        "window": {"type": "str"},
        "timezone": {"type": "str"},
    }


def request_of(params):
    """What is asked for, in the library's words."""
    from vsphere_motion.model.request import MoveRequest
    from vsphere_motion.service.checks import require_known

    for check_id in params["skip_checks"]:
        require_known("skip_checks", check_id)
    return MoveRequest(
        selectors=selectors_of(params),
        exclude=tuple(params["exclude"]),
        listed=listed(params["moves"]) if params["moves"] else None,
        to_host=params["destination_host"] or "",
        skip_checks=tuple(params["skip_checks"]),
        strict=params["strict"],
        partial=params["partial"],
        wishes=with_vcenter(wishes_of(params), params),
    )


def listed(moves):
    """Moves with destinations of their own, as a list of the library."""
    from vsphere_motion.model.list_file import ListFile, ListLine

    lines = (ListLine(line=number, **move) for number, move in enumerate(moves, start=1))
    return ListFile(name="moves", lines=tuple(lines))


def to_hosts(module, vcenter):
    """Check, and move where that is wanted and nothing stops it."""
    from vsphere_motion.service.check import check
    from vsphere_motion.service.documents import plan_document
    from vsphere_motion.service.migrate import run as run_plan
    from vsphere_motion.service.results import plan_warnings, planned_results
    from vsphere_motion.service.windows import in_windows

    params, options = module.params, options_of(module.params)
    plan = check(vcenter, request_of(params), places_of(params))
    plan = in_windows(plan, params["window"], params["timezone"])
    warn(module, plan_warnings(plan))
    document = {"plan": plan_document(plan)}
    if module.check_mode or not plan.runnable():
        return {**plan_result(planned_results(plan)), **document}
    result = run(
        module,
        vcenter,
        lambda journal, control: run_plan(vcenter, plan, journal=journal, control=control, options=options),
    )
    return {**result, **document}


def is_cluster_alone(params):
    """Whether a cluster is all that is asked for, so that each virtual machine is held against each host of it."""
    more = wishes_beside_cluster(params) or params["window"] or params["to_vcenter"]
    return bool(params["destination_cluster"]) and not more


def to_cluster(module, vcenter):
    """Plan who goes to which host of a cluster, and run that."""
    params = module.params
    request = placing.plan_request("migrate", selectors_of(params), params)
    ready = placing.plan_now(module, vcenter, request)
    placing.refuse_stuck(module, ready.file)
    if module.check_mode:
        return placing.preview(ready.file)
    return placing.perform(module, vcenter, ready)


def main():
    """Read the arguments, act, answer."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_one_of=[(*ONE_OF, "moves"), ("destination_host", *PLACES, "moves", "to_vcenter")],
        mutually_exclusive=[
            (*ONE_OF, "moves"),
            ("destination_host", "destination_cluster"),
            ("destination_datastore", "destination_datastore_cluster"),
            ("destination_resourcepool", "destination_vapp"),
            *(("moves", place) for place in PLACES),
        ],
        required_by={"create_folder": ["destination_folder"]},
        supports_check_mode=True,
    )
    with open_vcenter(module) as vcenter, meeting(module, vcenter):
        act = to_cluster if is_cluster_alone(module.params) else to_hosts
        finish(module, act(module, vcenter), is_left=not module.params["wait"])


if __name__ == "__main__":
    main()
