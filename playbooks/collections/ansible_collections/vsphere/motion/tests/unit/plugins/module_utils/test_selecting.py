# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name virtual machines become the library's words."""

from __future__ import annotations

import pytest
from ansible_collections.vsphere.motion.plugins.module_utils.selecting import selecting_spec, selectors_of

NOTHING = dict.fromkeys(selecting_spec()) | {"use_instance_uuid": False, "exclude": []}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"vm_name": "web*"}, ("name:web*",)),
        ({"vm_uuid": "42"}, ("bios-uuid:42",)),
        ({"vm_uuid": "42", "use_instance_uuid": True}, ("instance-uuid:42",)),
        ({"moid": "vm-42"}, ("moid:vm-42",)),
        ({"vms": ["web*", "tag:env/prod"]}, ("web*", "tag:env/prod")),
    ],
)
def test_what_names_vms(given, words):
    assert selectors_of({**NOTHING, **given}) == words
