"""`--window` and `--tz`: when moves may start."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vsphere_motion.cli.selecting import Chosen
    from vsphere_motion.model.list_file import ListFile
    from vsphere_motion.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When moves may start, in the person's words; None where nothing was said.

    Args:
        span: such as `22:00-05:00`; a list file may have others for its lines.
        zone: whose clock is meant, such as `Europe/Berlin`.
    """

    span: str | None
    zone: str | None

    def require_watching(self, chosen: Chosen, *, is_watching: bool) -> None:
        """As `require`, for VMs that may come from a list; also refuse what nobody would wait for.

        Raises:
            BadInput: the window or the zone cannot be read.
            UsageError: nobody waits for a window to open, or a zone is given without one.
        """
        has_lines = has_windows(chosen.listed)
        self.require(has_own=has_lines)
        if not is_watching and (self.span or has_lines):
            raise click.UsageError("--no-wait leaves at once, and somebody has to wait for the window to open.")

    def require(self, *, has_own: bool = False) -> None:
        """Refuse what cannot be read, before anything is connected.

        Args:
            has_own: moves may have windows of their own that the zone is for.

        Raises:
            BadInput: the window or the zone cannot be read.
            UsageError: a zone is given without a window.
        """
        from vsphere_motion.service.windows import parse_zone, written_window

        parse_zone(self.zone)
        written_window(self.span or "", self.zone)
        if self.zone and not (self.span or has_own):
            raise click.UsageError("--tz says whose clock --window means; give --window as well.")

    @property
    def written(self) -> str:
        """The window with its zone, as plans and the journal keep it; empty where nothing was said."""
        from vsphere_motion.service.windows import written_window

        return written_window(self.span or "", self.zone)

    def applied(self, plan: Plan) -> Plan:
        """The plan with the windows of its moves, and a note where they are shut."""
        from vsphere_motion.service.run_ports import utc_now
        from vsphere_motion.service.windows import in_windows, next_start, parse_zone

        planned = in_windows(plan, self.span, self.zone)
        first = next_start(planned, utc_now())
        if first is None:
            return planned
        note = f"no move starts before {_words(first.astimezone(parse_zone(self.zone)))}, when its window opens"
        return replace(planned, notes=(*planned.notes, note))


NO_WINDOW = Window(span=None, zone=None)


def has_windows(listed: ListFile | None) -> bool:
    """Whether a line of the list says when its moves may start."""
    return listed is not None and any(line.window for line in listed.lines)


def window_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare --window and --tz; the command gets them as `window`, a `Window`."""

    @functools.wraps(function)
    def with_window(*args: Any, window: str | None, zone: str | None, **more: Any) -> int:
        return function(*args, window=Window(span=window, zone=zone), **more)

    for declare in reversed(_DECLARATIONS):
        declare(with_window)
    return with_window


_DECLARATIONS = (
    click.option("--window", metavar="HH:MM-HH:MM", help="Start moves only between these times of a day."),
    click.option("--tz", "zone", metavar="ZONE", help="Whose clock --window means, such as Europe/Berlin [UTC]."),
)


def _words(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M %Z")
