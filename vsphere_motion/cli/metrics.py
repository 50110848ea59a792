"""`--metrics FILE`: numbers of a run, or of a vCenter, for Prometheus, kept up to date while the program runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.console import Console
from vsphere_motion.errors import BadInput

if TYPE_CHECKING:
    from vsphere_motion.model.event import Event
    from vsphere_motion.model.motion import WatchedMotion

metrics_option = click.option(
    "--metrics", "metrics", metavar="FILE", help="Keep numbers for Prometheus in this file (text format)."
)


class Meter:
    """Counts what happens, and writes the file whenever a number changes; a file that cannot be written stops nothing.

    Args:
        path: the file; None counts nothing.
    """

    def __init__(self, path: Path | None, *, vcenter: str, console: Console) -> None:
        from vsphere_motion.report.metrics import Tally

        self._path = path
        self._console = console
        self._tally = Tally(vcenter=vcenter)
        self._has_warned = False
        self._write()

    def take(self, event: Event) -> None:
        """Count an event of a run."""
        if self._path is not None and self._tally.take_event(event):
            self._write()

    def take_motion(self, motion: WatchedMotion) -> None:
        """Count a motion of a vCenter."""
        if self._path is not None and self._tally.take_motion(motion, datetime.now(UTC)):
            self._write()

    def _write(self) -> None:
        from vsphere_motion.report.metrics import write_metrics

        if self._path is None:
            return
        try:
            write_metrics(self._path, self._tally)
        except OSError as problem:
            if not self._has_warned:
                self._has_warned = True
                self._console.warn(f"cannot write the metrics to {self._path}: {problem.strerror or problem}")


def metrics_file(name: str | None) -> Path | None:
    """The file of `--metrics`, refused before anything starts where it cannot be written.

    Raises:
        BadInput: its directory does not exist.
    """
    if name is None:
        return None
    path = Path(name)
    if not path.absolute().parent.is_dir():
        raise BadInput(f"there is no directory {path.parent} to write {path.name} to", hint="make it, or name another")
    return path
