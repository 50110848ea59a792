"""`demo`: the main job on a simulator, each step beside the command it stands for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation, Surroundings
from vsphere_motion.cli.options import command as declare
from vsphere_motion.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vsphere_motion.sim.state import SimState

SCENARIO = "demo"
SPEED = 2.0
DESTINATION = "esx04.prod.example"
UNMOVABLE = "build01"
MOVED = ("web01", "app01", "queue01")
PAGE = "vsphere-motion-demo.html"


@declare("demo", connects=False)
@click.option("--report", "page", metavar="FILE", default=PAGE, show_default=True, help="The HTML report to write.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=SPEED, help="Simulated seconds in one.")
def command(invocation: Invocation, /, *, page: str, speed: float) -> int:
    """Start a simulator with a small site, check, migrate three VMs, show the hosts' logs, and write a report.

    Nothing but the simulator is touched, and it is stopped at the end, also after Ctrl-C.
    """
    with _simulator(invocation, speed) as state:
        surroundings = Surroundings(environment=demo_environment(invocation, state))
        return Story(invocation, surroundings, _general_words()).tell(Path(page))


class Story:
    """The steps of the demo, run as the commands they are shown as.

    Args:
        surroundings: the environment in which the commands find the simulator.
        words: options that every command gets, such as --no-color.
    """

    def __init__(self, invocation: Invocation, surroundings: Surroundings, words: tuple[str, ...]) -> None:
        self._console = invocation.console
        self._surroundings = surroundings
        self._words = words

    def tell(self, page: Path) -> int:
        """Every step in turn; the exit code of the first that ends otherwise than it should."""
        steps: tuple[tuple[str, tuple[str, ...], int], ...] = (
            (
                f"Can {MOVED[0]} and {UNMOVABLE} move? A check changes nothing, and names a remedy for what it finds.",
                ("check", MOVED[0], UNMOVABLE, "--to-host", DESTINATION),
                ExitCode.BLOCKED,
            ),
            (
                f"{UNMOVABLE} stays. Three others go, several at once, each verified on its destination.",
                ("migrate", *MOVED, "--to-host", DESTINATION, "--yes", "--report", str(page)),
                ExitCode.OK,
            ),
            (
                "Why did it take that long? Both hosts' vmkernel logs say it, joined by the migration ID.",
                ("logs", MOVED[0]),
                ExitCode.OK,
            ),
            (
                "The same request again finds nothing to do.",
                ("migrate", MOVED[0], "--to-host", DESTINATION, "--yes"),
                ExitCode.OK,
            ),
        )
        for text, words, expected in steps:
            self._console.result(f"\n# {text}\n$ vsphere-motion {' '.join(words)}")
            code = self._call(words)
            if code != expected:
                return code
        self._console.result(f"\n# The report of the run is in {page}: one file, no network needed to read it.")
        return ExitCode.OK

    def _call(self, words: tuple[str, ...]) -> int:
        from vsphere_motion.cli.main import cli

        code = cli.main(
            [*self._words, *words], prog_name="vsphere-motion", standalone_mode=False, obj=self._surroundings
        )
        return int(code or 0)
