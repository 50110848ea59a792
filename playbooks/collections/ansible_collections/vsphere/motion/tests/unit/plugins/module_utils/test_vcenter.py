# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the library in the words of a playbook."""

from __future__ import annotations

from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import (
    connection_spec,
    in_playbook_words,
    message_of,
)

from vsphere_motion.errors import Ambiguous, LoginRefused


def test_hints_name_options_of_modules():
    assert in_playbook_words("add --skip-check devices.cdrom, or --partial to move the others") == (
        "add skip_checks: devices.cdrom, or partial: true to move the others"
    )
    assert "vsphere.motion.migration_cancel" in in_playbook_words("stop it with: vsphere-motion cancel r-1")


def test_a_message_has_what_happened_every_candidate_and_what_to_do():
    error = Ambiguous("2 virtual machines are called web", hint="say which one", details=("a (moid:vm-1)", "b\x1b[2J"))

    assert message_of(error) == "2 virtual machines are called web: a (moid:vm-1); b\\x1b[2J (say which one)"


def test_a_refused_login_advises_what_a_playbook_can_change():
    message = message_of(LoginRefused("Could not log in", hint="it is the first of --password-stdin, ..."))

    assert "VMWARE_PASSWORD" in message
    assert "--password-stdin" not in message


def test_the_password_is_never_logged():
    assert connection_spec()["password"]["no_log"] is True
