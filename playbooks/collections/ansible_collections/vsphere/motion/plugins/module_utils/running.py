# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running moves from a module: the options of a run, its progress while it lasts, its result or why it failed."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.vsphere.motion.plugins.module_utils.vcenter import in_playbook_words

MOST_WARNINGS = 20
MOST_MESSAGES = 10
PROGRESS_SOCKET = "VSPHERE_MOTION_PROGRESS_SOCKET"
"""Names the socket at which the callback vsphere.motion.progress takes lines."""


def running_spec():
    """The argument spec of how moves are run."""
    return {
        "partial": {"type": "bool", "default": False},
        "skip_checks": {"type": "list", "elements": "str", "default": []},
        "max_concurrent": {"type": "int"},
        "max_per_host": {"type": "int"},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "int"},
        "on_timeout": {"type": "str", "choices": ["leave", "cancel"], "default": "leave"},
        "outage_limit": {"type": "int"},
        "stall_after": {"type": "int"},
        "on_stall": {"type": "str", "choices": ["report", "cancel"], "default": "report"},
        "max_stun": {"type": "float"},
        "canary": {"type": "int"},
        "drs_override": {"type": "bool", "default": False},
        "logs": {"type": "str", "choices": ["none", "summary", "full"], "default": "summary"},
        "report": {"type": "list", "elements": "path", "default": []},
    }


def options_of(params, *, of_plan=False):
    """The options of a run.

    Args:
        of_plan: a plan knows what each move costs each host, so that its own limits take the place of one for all.
    """
    from dataclasses import replace

    from vsphere_motion.model.plan_request import MOST_AT_ONCE, MOST_PER_HOST
    from vsphere_motion.service.run_options import run_options

    options = run_options(
        max_concurrent=params["max_concurrent"] or (MOST_AT_ONCE if of_plan else None),
        timeout_s=params["timeout"],
        outage_limit_s=params["outage_limit"],
        stall_after_s=params["stall_after"],
        on_stall=params["on_stall"],
        max_stun_s=params["max_stun"],
        canary=params["canary"],
        drs_override=params["drs_override"],
        logs=params["logs"],
    )
    per_host = params["max_per_host"] or (MOST_PER_HOST if of_plan else None)
    return replace(options, is_watching=params["wait"], max_per_host=per_host)


def environment_of(params):
    """What the library reads of the environment; `state_dir` says where the journal is."""
    named = {"VSPHERE_MOTION_STATE_DIR": params["state_dir"]} if params["state_dir"] else {}
    return {**os.environ, **named}


def places_of(params):
    """Where the checks may look on this machine."""
    from vsphere_motion.service.surroundings import Places
    from vsphere_motion.settings import state_directory

    return Places(state_dir=state_directory(environment_of(params)))


@contextmanager
def journal_of(params):
    """The journal of runs."""
    from vsphere_motion.service.state import open_state_journal

    with open_state_journal(environment_of(params)) as journal:
        yield journal


class Leaving:
    """A control that SIGTERM and SIGINT set: the run is left in order, and what was started goes on in vCenter."""

    def __init__(self):
        self.is_halting = False
        self.is_detaching = False

    def leave(self, number, frame):
        """What the signals do."""
        self.is_halting = True
        self.is_detaching = True


def run(module, vcenter, start):
    """Run to its end with progress, and return the result.

    Args:
        start: called with the journal and a control; returns the events.
    """
    from vsphere_motion.service.follow import follow
    from vsphere_motion.service.report import require_files, write_files

    params, control = module.params, Leaving()
    files = [Path(file) for file in params["report"]]
    require_files(files)
    previous = {number: signal.signal(number, control.leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with journal_of(params) as journal, _progress() as tell:
            followed = follow(start(journal, control), tell)
            if _is_late(params, followed, control):
                followed = _cancelled(vcenter, journal, followed, control, tell)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if followed.report is not None:
        write_files(followed.report, files)
    return run_result(module, followed)


def run_result(module, followed):
    """What a run has done, as a module's result."""
    from vsphere_motion.service.results import difference, run_results

    results = run_results(followed)
    warn(module, followed.warnings)
    return {
        **summary(results),
        "run": followed.run,
        "is_finished": not [one for one in results if one["state"] in ("running", "not_started", "unknown")],
        "is_breached": followed.is_breached,
        "diff": difference(results),
    }


def plan_result(results):
    """What would be done, as a module's result."""
    from vsphere_motion.service.results import difference

    return {**summary(results), "run": None, "is_finished": True, "diff": difference(results)}


def summary(results):
    """What every result says of its VMs; where there is one, also beside the others' keys."""
    result = {"changed": any(one["changed"] for one in results), "results": results}
    if len(results) == 1:
        result.update((name, results[0].get(name)) for name in ("running_host", "datastore", "findings"))
    return result


def finish(module, result, *, is_left=False):
    """End the module: well, or with what went wrong with each VM.

    Args:
        is_left: the moves were to be started and left to vCenter.
    """
    from vsphere_motion.service.results import failures

    failed = failures(result["results"], is_left=is_left)
    if not failed and not result.get("is_breached"):
        module.exit_json(**result)
    module.fail_json(msg=failure_message(result, failed), **result)


def failure_message(result, failed):
    """Which VMs, how far, why, and how to go on with a run that is not over."""
    told = [one for one in failed if one["state"] != "not_started"] or failed
    words = "; ".join(one["message"] for one in told[:MOST_MESSAGES])
    count, run_id = len(result["results"]), result.get("run")
    verb = "did not move as asked" if any(one["state"] == "moved" for one in failed) else "did not move"
    text = words if count == 1 else "{0} of {1} VMs {2}: {3}".format(len(failed), count, verb, words)
    if len(told) > MOST_MESSAGES:
        text += "; and {0} more".format(len(told) - MOST_MESSAGES)
    if not failed:
        text = "the run stopped by itself; see the warnings"
    if any(one["state"] == "running" for one in failed):
        text += (
            ". What was started goes on in vCenter: see vsphere.motion.migration_info with run: {0}, or stop it with "
            "vsphere.motion.migration_cancel".format(run_id)
        )
    return in_playbook_words(text)


def warn(module, lines):
    """Warn of each, up to a number that can be read."""
    for line in lines[:MOST_WARNINGS]:
        module.warn(line)
    if len(lines) > MOST_WARNINGS:
        module.warn("and {0} more; see findings in the result".format(len(lines) - MOST_WARNINGS))


def _is_late(params, followed, control):
    """Whether the time is over, moves still run, and they are to be cancelled then."""
    if params["on_timeout"] != "cancel" or not params["timeout"] or not params["wait"] or control.is_detaching:
        return False
    moves = followed.report.moves if followed.report else ()
    return any(item.outcome.completed_at is None and item.outcome.task is not None for item in moves)


def _cancelled(vcenter, journal, followed, control, tell):
    from vsphere_motion.service.cancel import cancel
    from vsphere_motion.service.follow import follow

    after = follow(cancel(vcenter, journal, followed.run, control=control), tell)
    after.percents = {**followed.percents, **after.percents}
    after.warnings = followed.warnings + after.warnings
    return after


@contextmanager
def _progress():
    """Tells lines to whoever listens for them; a listener that is not there, or slow, never stops a run."""
    address = os.environ.get(PROGRESS_SOCKET)
    if not address:
        yield lambda line: None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)

        def tell(line):
            try:
                sender.sendto(line.encode("utf-8", "replace")[:2000], address)
            except OSError:
                return

        yield tell
