# Copyright: the vsphere-motion maintainers
# SPDX-License-Identifier: Apache-2.0
"""Connecting to vCenter from a module: one argument spec, one way to open a session, one way to fail."""

from __future__ import annotations

import traceback
from contextlib import contextmanager

from ansible.module_utils.basic import env_fallback, missing_required_lib

try:
    from vsphere_motion import connect
    from vsphere_motion.errors import MotionError

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()


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
    }


@contextmanager
def open_vcenter(module):
    """An open vCenter; whatever goes wrong in the block ends the module with one clear message."""
    if IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("vsphere-motion"), exception=IMPORT_ERROR)
    _require_connection(module)
    try:
        with _connect(module.params) as vcenter:
            yield vcenter
    except MotionError as error:
        module.fail_json(msg=_message(error), error_code=error.code, details=list(error.details))


def _require_connection(module):
    missing = [name for name in ("hostname", "username", "password") if not module.params[name]]
    if missing:
        module.fail_json(
            msg="missing connection options: {0}; give them or set VMWARE_HOST, VMWARE_USER and VMWARE_PASSWORD".format(
                ", ".join(missing)
            )
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
    )


def _message(error):
    return "{0} ({1})".format(error.message, error.hint) if error.hint else error.message
