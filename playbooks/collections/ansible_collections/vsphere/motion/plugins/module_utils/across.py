# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves to another vCenter: its account, whom to trust, what things are called there."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from ansible.module_utils.basic import env_fallback
from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import message_of

NAME = "to_vcenter"


def across_spec():
    """The argument spec."""
    options = {
        "hostname": {"type": "str", "required": True},
        "port": {"type": "int", "default": 443},
        "username": {"type": "str", "aliases": ["user"], "fallback": (env_fallback, ["VSPHERE_MOTION_TO_USER"])},
        "password": {
            "type": "str",
            "aliases": ["pass", "pwd"],
            "no_log": True,
            "fallback": (env_fallback, ["VSPHERE_MOTION_TO_PASSWORD"]),
        },
        "ca_file": {"type": "path", "fallback": (env_fallback, ["VSPHERE_MOTION_TO_CA_FILE"])},
        "thumbprint": {"type": "str", "fallback": (env_fallback, ["VSPHERE_MOTION_TO_THUMBPRINT"])},
        "mapping": {"type": "dict"},
        "keep_tags": {"type": "bool", "default": False},
        "keep_attributes": {"type": "bool", "default": False},
    }
    return {NAME: {"type": "dict", "options": options}}


@contextmanager
def meeting(module, vcenter):
    """The other vCenter, connected for as long as the block lasts, where one is named."""
    other = module.params[NAME]
    if not other:
        yield
        return
    missing = [name for name in ("username", "password") if not other[name]]
    if missing:
        module.fail_json(
            msg="missing in to_vcenter: {0}; give them or set VSPHERE_MOTION_TO_USER and "
            "VSPHERE_MOTION_TO_PASSWORD".format(", ".join(missing))
        )
    with ExitStack() as stack:
        _enter(module, stack, vcenter, other)
        yield


def _enter(module, stack, vcenter, other):
    """Connect it, and end the module where that does not work, in the words of this option."""
    from vsphere_motion.errors import MotionError

    try:
        stack.enter_context(
            vcenter.meeting(
                server=other["hostname"],
                port=other["port"],
                user=other["username"],
                password=other["password"],
                ca_file=other["ca_file"] or None,
                thumbprint=other["thumbprint"] or None,
                mapping=other["mapping"],
            )
        )
    except MotionError as error:
        words = message_of(error).replace("VMWARE_", "VSPHERE_MOTION_TO_")
        module.fail_json(msg="to_vcenter: {0}".format(words), error_code=error.code, details=list(error.details))


def with_vcenter(wishes, params):
    """The wishes, with the other vCenter where one is named and what the virtual machines are to have again there."""
    from dataclasses import replace

    other = params[NAME]
    if not other:
        return wishes
    return replace(
        wishes,
        to_vcenter=other["hostname"],
        keep_tags=other["keep_tags"],
        keep_attributes=other["keep_attributes"],
    )
