# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module connects alike, and vm_migrate takes what community.vmware.vmware_vmotion takes."""

from __future__ import annotations

import importlib

import pytest

MODULES = (
    "cluster_rebalance",
    "host_evacuate",
    "host_restore",
    "migration_cancel",
    "migration_info",
    "plan_apply",
    "plan_info",
    "vm_migrate",
    "vm_migrate_check_info",
)
INCUMBENT = {
    "hostname": [],
    "username": ["user", "admin"],
    "password": ["pass", "pwd"],
    "port": [],
    "validate_certs": [],
    "proxy_host": [],
    "proxy_port": [],
    "vm_name": ["vm"],
    "vm_uuid": ["uuid"],
    "use_instance_uuid": [],
    "moid": [],
    "destination_host": ["destination"],
    "destination_cluster": [],
    "destination_datastore": ["datastore"],
    "destination_datastore_cluster": [],
    "destination_datacenter": [],
    "destination_resourcepool": ["resource_pool"],
    "timeout": [],
}


def spec_of(name):
    return importlib.import_module("ansible_collections.vsphere.motion.plugins.modules." + name).argument_spec()


@pytest.mark.parametrize("name", MODULES)
def test_every_module_connects_alike(name):
    spec = spec_of(name)

    assert spec["password"]["no_log"] is True
    assert {"hostname", "username", "validate_certs", "ca_file", "thumbprint", "state_dir"} <= set(spec)


def test_vm_migrate_takes_every_option_and_alias_of_the_incumbent():
    spec = spec_of("vm_migrate")

    assert {name: spec[name].get("aliases", []) for name in INCUMBENT} == INCUMBENT
