"""`demo`: the main job on a simulator, each step beside the command it stands for."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation, Surroundings
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.requests import report_files

if TYPE_CHECKING:
    from vsphere_motion.sim.state import SimState

SCENARIO = "demo"
SPEED = 2.0
DESTINATION = "esx04.prod.example"
UNMOVABLE = "build01"
MOVED = ("web01", "app01", "queue01")
PAGE = "vsphere-motion-demo.html"
KEPT = ("VSPHERE_MOTION_STATE_DIR", "VSPHERE_MOTION_SIM_BINARY", "VSPHERE_MOTION_SIM_IMAGE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of the demo: what it shows, its words, and the exit code it is expected to end with."""

    text: str
    words: tuple[str, ...]
    expected: ExitCode = ExitCode.OK


@declare("demo", connects=False)
@click.option("--report", "page", metavar="FILE", help=f"The HTML report to write [{PAGE}].")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=SPEED, help="Simulated seconds in one.")
def command(invocation: Invocation, /, *, page: str | None, speed: float) -> int:
    """Start a simulator with a small site, check, migrate three VMs, show the hosts' logs, and write a report.

    Nothing but that simulator is touched, and it is stopped at the end, also after Ctrl-C.
    """
    (file,) = report_files((page or default_page(),))
    with _simulator(invocation, speed) as surroundings:
        for step in steps(file):
            invocation.console.result(f"\n# {step.text}\n$ vsphere-motion {' '.join(step.words)}")
            code = _call(surroundings, step.words)
            if code != step.expected:
                return code
    invocation.console.result(f"\n# The report of the run is in {file}: one file that needs no network to be read.")
    return ExitCode.OK


def steps(page: Path) -> tuple[Step, ...]:
    """The demo's commands, in their order."""
    first, count = MOVED[0], len(MOVED)
    return (
        Step(
            text=f"Can {first} and {UNMOVABLE} move? A check changes nothing, and names a remedy for what it finds.",
            words=("check", first, UNMOVABLE, "--to-host", DESTINATION),
            expected=ExitCode.BLOCKED,
        ),
        Step(
            text=f"{UNMOVABLE} stays. {count} others go, several at once, and each is verified where it arrives.",
            words=("migrate", *MOVED, "--to-host", DESTINATION, "--yes", "--report", str(page)),
        ),
        Step(
            text="Why did it take that long? Both hosts' vmkernel logs say it, joined by the migration ID.",
            words=("logs", first),
        ),
        Step(
            text="The same request again finds nothing to do.",
            words=("migrate", first, "--to-host", DESTINATION, "--yes"),
        ),
    )


def default_page() -> str:
    """The report's file in this directory, or in a new temporary one where this one cannot be written to."""
    if os.access(Path.cwd(), os.W_OK):
        return PAGE
    return str(Path(tempfile.mkdtemp(prefix="vsphere-motion-demo-")) / PAGE)


def demo_environment(invocation: Invocation) -> dict[str, str]:
    """The environment without any setting that leads to another vCenter or simulator."""
    foreign = ("VSPHERE_", "VMWARE_", "GOVC_")
    kept = {
        name: value for name, value in invocation.environment.items() if name in KEPT or not name.startswith(foreign)
    }
    return {**kept, "NO_COLOR": "1"} if invocation.console.is_plain else kept


@contextlib.contextmanager
def _simulator(invocation: Invocation, speed: float) -> Iterator[Surroundings]:
    """A running simulator with the demo's site, stopped at the end of the block whatever happens in it."""
    from vsphere_motion.sim.options import SimOptions
    from vsphere_motion.sim.start import start_simulator
    from vsphere_motion.sim.stop import stop_simulator

    environment = demo_environment(invocation)
    invocation.console.result("# A simulated vCenter with two clusters, eight hosts and twenty virtual machines.")
    invocation.console.result(f"$ vsphere-motion sim start --scenario {SCENARIO} --speed {speed:g}")
    state = start_simulator(SimOptions(scenario=SCENARIO, speed=speed), environment)
    try:
        invocation.console.result(_shown(state))
        yield Surroundings(environment={**environment, **state.variables()})
    finally:
        stop_simulator(environment, port=state.port)
        invocation.console.note(f"\nStopped the simulator at {state.url}")


def _shown(state: SimState) -> str:
    """The export line without the password: nobody else needs to reach the demo's simulator."""
    shown = {**state.variables(), "VMWARE_PASSWORD": "..."}
    return "export " + " ".join(f"{name}={value}" for name, value in shown.items())


def _call(surroundings: Surroundings, words: tuple[str, ...]) -> int:
    from vsphere_motion.cli.main import cli

    code = cli.main(list(words), prog_name="vsphere-motion", standalone_mode=False, obj=surroundings)
    return int(code or 0)
