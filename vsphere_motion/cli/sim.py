"""`sim start|stop|url`: a simulator to try things on."""

from __future__ import annotations

from typing import Any

import click

from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import CONTEXT_SETTINGS
from vsphere_motion.cli.options import command as declare
from vsphere_motion.errors import NotFound, UsageProblem

_SCENARIO_HELP = "A YAML file, or a shipped site: small, demo, brownfield, large, two-vcenters-a or two-vcenters-b."

command = click.Group("sim", help="Start, stop or find a simulator on this machine.", context_settings=CONTEXT_SETTINGS)


@declare("start", connects=False)
@click.option("--hosts", type=click.IntRange(min=1), metavar="N", help="Hosts of the generated site.")
@click.option("--vms", type=click.IntRange(min=0), metavar="N", help="Virtual machines of the generated site.")
@click.option("--clusters", type=click.IntRange(min=1), metavar="N", help="Clusters [one for every started 32 hosts].")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="P", help="TCP port; 0 picks a free one [0].")
@click.option("--scenario", metavar="FILE", help=_SCENARIO_HELP)
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Run its clock X times as fast [1]."
)
@click.option("--stock", is_flag=True, help="Plain govmomi behaviour, without migrations that take time.")
def start(invocation: Invocation, /, *, scenario: str | None, **options: Any) -> int:
    """Start a simulator, and print the export line that connects to it: eval "$(vsphere-motion sim start)"."""
    from vsphere_motion.sim.options import SimOptions
    from vsphere_motion.sim.start import start_simulator

    if scenario is not None and any(options[name] is not None for name in ("hosts", "vms", "clusters")):
        raise UsageProblem("--scenario names a whole site", hint="leave out --hosts, --vms and --clusters")
    state = start_simulator(SimOptions(scenario=scenario, **options), invocation.environment)
    invocation.console.result(state.export_line())
    invocation.console.note(
        f"A simulator runs at {state.url}; stop it with: vsphere-motion sim stop --port {state.port}"
    )
    return ExitCode.OK


@declare("stop", connects=False)
@click.option("--port", type=click.IntRange(1, 65535), metavar="P", help="The simulator on this port.")
@click.option("--all", "everything", is_flag=True, help="Every simulator of this user.")
def stop(invocation: Invocation, /, *, port: int | None, everything: bool) -> int:
    """Stop a simulator: the only one, else the one VMWARE_PORT names."""
    from vsphere_motion.sim.stop import stop_all, stop_simulator

    if everything and port is not None:
        raise UsageProblem("--all and --port do not go together", hint="give one of them")
    if everything:
        stopped = stop_all(invocation.environment)
    else:
        only = stop_simulator(invocation.environment, port=port)
        stopped = () if only is None else (only,)
    for state in stopped:
        invocation.console.note(f"Stopped the simulator at {state.url}")
        if state.is_named_by(invocation.environment):
            invocation.console.note(f"This shell still points at it: unset {' '.join(state.variables())}")
    if not stopped:
        invocation.console.note("No simulator runs.")
    return ExitCode.OK


@declare("url", connects=False)
@click.option("--port", type=click.IntRange(1, 65535), metavar="P", help="The simulator on this port.")
def url(invocation: Invocation, /, *, port: int | None) -> int:
    """Print the URL of a running simulator."""
    from vsphere_motion.sim.stop import choose_simulator

    state = choose_simulator(invocation.environment, port=port)
    if state is None:
        raise NotFound("no simulator runs", hint='start one with: eval "$(vsphere-motion sim start)"')
    invocation.console.result(state.url)
    return ExitCode.OK


command.add_command(start)
command.add_command(stop)
command.add_command(url)
