# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run's result says, and what a person reads of a failure."""

from __future__ import annotations

from ansible_collections.vsphere.motion.plugins.module_utils.running import (
    MOST_MESSAGES,
    MOST_WARNINGS,
    failure_message,
    summary,
    warn,
)


def result(state, message="words", **more):
    return {"state": state, "message": message, "changed": False, **more}


def test_one_vm_has_its_keys_beside_the_list():
    whole = summary([{**result("moved"), "changed": True, "running_host": "esx2", "datastore": "san", "findings": []}])

    assert (whole["changed"], whole["running_host"], whole["datastore"]) == (True, "esx2", "san")
    assert "running_host" not in summary([result("moved"), result("moved")])


def test_a_failure_counts_and_names_the_ones_that_matter():
    failed = [result("failed", "web01 failed"), result("not_started", "web02 waits")]
    message = failure_message({"results": [*failed, result("moved")], "run": "r-1"}, failed)

    assert message == "2 of 3 VMs did not move: web01 failed"


def test_a_failure_of_many_names_some_and_counts_the_rest():
    failed = [result("failed", "vm%d failed" % number) for number in range(MOST_MESSAGES + 5)]
    message = failure_message({"results": failed, "run": "r-1"}, failed)

    assert message.endswith("; and 5 more")


def test_what_still_runs_says_how_to_go_on():
    failed = [result("running", "web01: esx1 -> esx2 is under way (task-1, 42% done)")]
    message = failure_message({"results": failed, "run": "r-1"}, failed)

    assert "42% done" in message
    assert "run: r-1" in message
    assert "vsphere.motion.migration_cancel" in message


def test_warnings_stay_a_number_that_can_be_read():
    module = Warned()

    warn(module, [str(number) for number in range(MOST_WARNINGS + 3)])

    assert len(module.said) == MOST_WARNINGS + 1
    assert module.said[-1].startswith("and 3 more")


class Warned:
    """A module that keeps what it warns of."""

    def __init__(self):
        self.said = []

    def warn(self, line):
        self.said.append(line)
