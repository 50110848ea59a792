# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting to vCenter from a module: one argument spec, one way to open a session, one way to fail."""

from __future__ import annotations

import re
import traceback
from contextlib import contextmanager

from ansible.module_utils.basic import env_fallback, missing_required_lib

try:
    from vsphere_motion import connect
    from vsphere_motion.errors import MotionError

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

OPTION_OF_FLAG = {
    "--call-timeout": "call_timeout",
    "--ca-file": "ca_file",
    "--context": "hostname",
    "--exit-maintenance": "exit_maintenance",
    "--insecure": "validate_certs: false",
    "--no-wait": "wait: false",
    "--partial": "partial: true",
    "--replan": "replan: true",
    "--server": "hostname",
    "--skip-check": "skip_checks:",
    "--thumbprint": "thumbprint",
    "--to-host": "destination_host",
    "--use-ha-reserve": "use_ha_reserve: true",
    "--user": "username",
}
"""What the command line's words in a hint are called here."""

COMMANDS = {
    "vsphere-motion resume": "the command vsphere-motion resume",
    "vsphere-motion cancel": "the module vsphere.motion.migration_cancel with run:",
    "vsphere-motion status": "the module vsphere.motion.migration_info with run:",
}


def connection_spec():
    """The argument spec of the connection options, with their environment variables."""
    return {
        "hostname": {"type": "str", "fallback": (env_fallback, ["VMWARE_HOST"])},
        "username": {"type": "str", "aliases": ["user", "admin"], "fallback": (env_fallback, ["VMWARE_USER"])},
        "password": {
            "type": "str",
            "aliases": ["pass", "pwd"],
            "no_log": True,
            "fallback": (env_fallback, ["VMWARE_PASSWORD"]),
        },
        "port": {"type": "int", "default": 443, "fallback": (env_fallback, ["VMWARE_PORT"])},
        "validate_certs": {"type": "bool", "default": True, "fallback": (env_fallback, ["VMWARE_VALIDATE_CERTS"])},
        "ca_file": {"type": "path", "fallback": (env_fallback, ["VSPHERE_MOTION_CA_FILE"])},
        "thumbprint": {"type": "str", "fallback": (env_fallback, ["VSPHERE_MOTION_THUMBPRINT"])},
        "call_timeout": {"type": "float", "default": 60.0},
        "proxy_host": {"type": "str", "fallback": (env_fallback, ["VMWARE_PROXY_HOST"])},
        "proxy_port": {"type": "int", "fallback": (env_fallback, ["VMWARE_PROXY_PORT"])},
        "state_dir": {"type": "path", "fallback": (env_fallback, ["VSPHERE_MOTION_STATE_DIR"])},
    }


@contextmanager
def open_vcenter(module):
    """An open vCenter; whatever goes wrong in the block ends the module with one clear message."""
    require_library(module)
    with failing_clearly(module):
        _require_connection(module)
        with _connect(module.params) as vcenter:
            yield vcenter


def require_library(module):
    """End the module where the library is not installed for this Python."""
    if IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("vsphere-motion"), exception=IMPORT_ERROR)


@contextmanager
def failing_clearly(module):
    """An error of the library in the block ends the module with its words, its details and what to do."""
    try:
        yield
    except MotionError as error:
        module.fail_json(msg=message_of(error), error_code=error.code, details=list(error.details), changed=False)


def message_of(error):
    """An error in one text: what happened, each detail, what to do in the words of a playbook."""
    from vsphere_motion.service.results import error_words

    hint = HINTS.get(error.code, error.hint)
    return error_words(error, in_playbook_words(hint) if hint else None)


HINTS = {
    "login_refused": "check username and password, or VMWARE_USER and VMWARE_PASSWORD; vCenter locks an account, by "
    "default for 15 minutes after 5 refusals in 3 minutes",
}
"""What is said in a playbook in the place of the command line's advice."""


def in_playbook_words(text):
    """A hint with options of modules in the place of the command line's flags."""
    for command, module in COMMANDS.items():
        text = text.replace(command, module)
    return re.sub(r"--[a-z][a-z-]*", lambda found: OPTION_OF_FLAG.get(found[0], found[0]), text)


def _require_connection(module):
    missing = [name for name in ("hostname", "username", "password") if not module.params[name]]
    if missing:
        module.fail_json(
            msg="missing connection options: {0}; give them or set VMWARE_HOST, VMWARE_USER and VMWARE_PASSWORD".format(
                ", ".join(missing)
            )
        )
    if module.params["proxy_host"]:
        module.fail_json(
            msg="proxy_host is given, and vSphere-motion connects to vCenter without a proxy; run the task on a host "
            "that reaches vCenter (delegate_to), and leave proxy_host and VMWARE_PROXY_HOST out"
        )


def _connect(params):
    return connect(
        server=params["hostname"],
        user=params["username"],
        password=params["password"],
        port=params["port"],
        ca_file=params["ca_file"] or None,
        thumbprint=params["thumbprint"] or None,
        insecure=not params["validate_certs"],
        call_timeout_s=params["call_timeout"],
    )
