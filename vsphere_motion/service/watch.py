"""The story of a watch: every motion a vCenter runs, ours or not, as it goes on. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vsphere_motion.model.jsonform import format_time
from vsphere_motion.model.motion import WatchedMotion
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.report.metrics import motion_state
from vsphere_motion.run.before import who_started
from vsphere_motion.service.connection import VCenter

MOTION_SCHEMA = "vsphere-motion/motion/v1"

WAIT_S = 10.0
"""Longest single wait for updates; a change ends it at once."""


def watch_motions(vcenter: VCenter, *, once: bool = False) -> Iterator[WatchedMotion]:
    """Each relocation when it is first seen and whenever it changes; without end, unless `once`.

    At first come those that run or wait; one that had ended before is told with `once` alone.

    Raises:
        VCenterUnavailable: vCenter went away.
    """
    from vsphere_motion.vcenter.motions import MotionWatcher

    watcher = MotionWatcher(vcenter.session)
    try:
        found = watcher.wait_for_motions(timeout_s=WAIT_S)
        yield from (one for one in found if once or not one.is_over)
        while not once:
            yield from watcher.wait_for_motions(timeout_s=WAIT_S)
    finally:
        watcher.close()


def state_word(motion: WatchedMotion) -> str:
    """`queued`, `running`, or how it ended: `moved`, `failed`, `cancelled`, `unknown`."""
    state = motion.status.state
    if state is not None and not motion.is_over:
        return state.value
    return motion_state(motion).value


def motion_document(motion: WatchedMotion) -> dict[str, Any]:
    """A motion as one line of `watch -o jsonl`; durations in seconds, times are vCenter's."""
    status = motion.status
    times = {"queued_at": status.queued_at, "started_at": status.started_at, "completed_at": status.completed_at}
    return {
        "schema": MOTION_SCHEMA,
        "task": motion.task.moid,
        "kind": motion.kind,
        "vm": _named(motion.vm),
        "source": _named(motion.source),
        "destination": _named(motion.destination),
        "state": state_word(motion),
        "progress_percent": status.progress_percent,
        **{name: None if at is None else format_time(at) for name, at in times.items()},
        "duration_s": motion.duration_s,
        "started_by": who_started(motion.started),
        "operation_id": motion.started.operation_id,
        "fault": None if status.fault is None else {"kind": status.fault.kind, "message": status.fault.message},
    }


def _named(one: NamedRef | None) -> dict[str, str] | None:
    return None if one is None else {"moid": one.ref.moid, "name": one.name}
