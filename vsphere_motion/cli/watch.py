"""`watch`: all motions a vCenter runs, ours or not, as they go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.console import Console, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.metrics import Meter, metrics_file, metrics_option
from vsphere_motion.cli.options import command as declare
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.progress import Progress, TaskID

    from vsphere_motion.model.motion import WatchedMotion
    from vsphere_motion.model.refs import NamedRef


class Shows(Protocol):
    """Shows motions, one change after the other."""

    def show(self, motion: WatchedMotion) -> None:
        """Show what changed."""
        ...


@declare("watch", formats=("table", "jsonl"))
@click.option("--once", is_flag=True, help="Show what there is now, with what ended in the last minutes, and stop.")
@metrics_option
def command(invocation: Invocation, /, *, once: bool, metrics: str | None) -> int:
    """Show every migration this vCenter runs, whoever started it: this program, people, DRS. Nothing is changed.

    One line for each change, moving bars on a terminal. Ctrl-C leaves.
    """
    from vsphere_motion.service.watch import watch_motions

    file = metrics_file(metrics)
    console = invocation.console
    with open_vcenter(invocation) as vcenter:
        meter = Meter(file, vcenter=vcenter.identity.host, console=console)
        if not once:
            console.note(f"Watching the migrations of {safe(vcenter.identity.host)}; Ctrl-C leaves.")
        with (
            closing(_generator(watch_motions(vcenter, once=once))) as motions,
            _showing(console, as_jsonl=invocation.wants("jsonl"), live=not once) as shows,
        ):
            number = 0
            for number, motion in enumerate(motions, start=1):  # noqa: B007 - the last number counts
                meter.take_motion(motion)
                shows.show(motion)
    if once and not number:
        console.note("No migration runs, and none has ended in the last minutes.")
    return ExitCode.OK


@contextmanager
def _showing(console: Console, *, as_jsonl: bool, live: bool) -> Iterator[Shows]:
    if as_jsonl:
        yield JsonLines(console)
    elif live and console.draws_bars:
        with _bars() as bars:
            yield bars
    else:
        yield Lines(console)


class JsonLines:
    """One JSON object a change on standard output."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, motion: WatchedMotion) -> None:
        """One line."""
        from vsphere_motion.service.watch import motion_document

        self._console.result(json_text(motion_document(motion)))


class Lines:
    """`2026-11-22T19:56:12Z task-1181 web01 running 40% esx02 by ann`, one line a change on standard output."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, motion: WatchedMotion) -> None:
        """One line, with the time of what it tells by vCenter's clock."""
        from vsphere_motion.model.jsonform import format_time

        status = motion.status
        at = status.completed_at or status.started_at or status.queued_at
        time = format_time(at.replace(microsecond=0)) if at else "-"
        self._console.result(f"{time} {safe(motion.task.moid)} {_vm_name(motion)} {motion_words(motion)}")


class Bars:
    """One bar a motion, drawn by rich on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def show(self, motion: WatchedMotion) -> None:
        """Move its bar."""
        moid = motion.task.moid
        if moid not in self._bars:
            self._bars[moid] = self._progress.add_task(_vm_name(motion), total=100, words="")
        percent = motion.status.progress_percent
        words = motion_words(motion, with_percent=False)
        self._progress.update(self._bars[moid], completed=percent, words=words)
        if motion.is_over:
            self._progress.stop_task(self._bars[moid])


def motion_words(motion: WatchedMotion, *, with_percent: bool = True) -> str:
    """`running 40%  esx02 -> ?  by ann`, `moved  esx02 -> esx05 in 32s  by vCenter itself (such as DRS)`."""
    from vsphere_motion.report.units import format_duration
    from vsphere_motion.run.before import who_started
    from vsphere_motion.service.watch import state_word

    status, word = motion.status, state_word(motion)
    percent = f" {status.progress_percent}%" if with_percent and word == "running" and status.progress_percent else ""
    route = f"{_name(motion.source)} -> {_name(motion.destination)}"
    took = "" if motion.duration_s is None else f" in {format_duration(motion.duration_s)}"
    fault = "" if status.fault is None else f"  {safe(status.fault.kind)}: {safe(status.fault.message)}"
    return f"{word}{percent}  {route}{took}  by {safe(who_started(motion.started))}{fault}"


def _vm_name(motion: WatchedMotion) -> str:
    return safe(motion.vm.name) if motion.vm else "-"


def _name(one: NamedRef | None) -> str:
    return safe(one.name) if one else "?"


@contextmanager
def _bars() -> Iterator[Bars]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", markup=False),
    )
    with Progress(*columns, console=RichConsole(stderr=True), redirect_stdout=False, redirect_stderr=False) as progress:
        yield Bars(progress)


def _generator(motions: Iterator[WatchedMotion]) -> Generator[WatchedMotion, None, None]:
    """The motions as a generator, so that closing it closes theirs."""
    yield from motions
