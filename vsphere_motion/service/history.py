"""The story of a history: which runs the journal has, without asking vCenter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from vsphere_motion.model.jsonform import format_time
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.locks import find_alive
from vsphere_motion.run.records import RunSummary, Watch

HISTORY_SCHEMA = "vsphere-motion/history/v1"
LOCKS_SCHEMA = "vsphere-motion/locks/v1"


def read_history(journal: Journal, *, since: datetime | None = None, vm: str | None = None) -> tuple[RunSummary, ...]:
    """The runs of a journal, the newest first.

    Args:
        since: only those that started then or later, by vCenter's clock.
        vm: only those with a VM of this name, glob or `moid:...`, as it was called then.
    """
    found = journal.history()
    runs = [_without_dead(journal, run) for run in found if since is None or run.info.started_at >= since]
    if vm is None:
        return tuple(runs)
    vms = journal.vms_of_runs()
    return tuple(run for run in runs if any(_is_meant(vm, *one) for one in vms.get(run.info.run, ())))


def history_document(journal: Journal, runs: Sequence[RunSummary]) -> dict[str, Any]:
    """What `history -o json` prints."""
    return {"schema": HISTORY_SCHEMA, "runs": [_run_document(journal, run) for run in runs]}


def locks_document(journal: Journal, watches: Sequence[Watch]) -> dict[str, Any]:
    """What `unlock -o json` prints without a run."""
    locks = [watch_document(watch, is_alive=find_alive(journal, watch)) for watch in watches]
    return {"schema": LOCKS_SCHEMA, "locks": locks}


def watch_document(watch: Watch, *, is_alive: bool | None) -> dict[str, Any]:
    """Who watches a run; `is_alive` is null where it is another machine, which cannot be seen from here."""
    return {
        "run": watch.run,
        "owner": watch.owner,
        "host": watch.host,
        "pid": watch.pid,
        "since": format_time(watch.since),
        "seen_at": format_time(watch.seen_at),
        "is_alive": is_alive,
    }


def _run_document(journal: Journal, run: RunSummary) -> dict[str, Any]:
    info = run.info
    return {
        "run": info.run,
        "vcenter": {"host": info.vcenter.host, "instance_uuid": info.vcenter.instance_uuid},
        "user": info.user,
        "started_at": format_time(info.started_at),
        "ended_at": format_time(info.ended_at) if info.ended_at else None,
        "is_finished": run.is_finished,
        "counts": dict(run.counts),
        "lock": watch_document(run.watch, is_alive=find_alive(journal, run.watch)) if run.watch else None,
    }


def _without_dead(journal: Journal, run: RunSummary) -> RunSummary:
    """The run, watched by nobody where the process that watched it was killed."""
    is_dead = run.watch is not None and find_alive(journal, run.watch) is False
    return replace(run, watch=None) if is_dead else run


def _is_meant(wanted: str, moid: str, name: str) -> bool:
    if wanted.startswith("moid:"):
        return wanted.removeprefix("moid:") == moid
    return name == wanted or fnmatchcase(name.lower(), wanted.lower())
