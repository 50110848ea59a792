"""`plan ...`: make plans as files, show them, compare them, export them. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import CONTEXT_SETTINGS
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.placement_options import (
    cluster_argument,
    evenness_options,
    hosts_argument,
    placement_option,
    placement_options,
    plan_request,
    powered_off_option,
    sent_request,
)
from vsphere_motion.cli.plan_file_table import change_lines
from vsphere_motion.cli.planned_run import code_of_plan_file, show_plan_file
from vsphere_motion.cli.requests import places_of
from vsphere_motion.cli.selecting import Selecting, list_file_option
from vsphere_motion.cli.window_options import window_options
from vsphere_motion.model.plan_file import PlanKind
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.report.escape import json_text

command = click.Group(
    "plan", help="Make, show and compare plans as files; change nothing.", context_settings=CONTEXT_SETTINGS
)
out_option = click.option("-O", "--out", "out", metavar="FILE", help="Write the plan to this file.")
from_option = click.option(
    "--from", "source", metavar="SNAPSHOT", help="Plan from a file of `snapshot save`, without a vCenter."
)
_FORMATS = ("table", "json")


@declare("evacuate", formats=_FORMATS)
@hosts_argument
@click.option("--to-cluster", metavar="CLUSTER", help="Where the VMs go [the cluster of their host].")
@powered_off_option
@placement_option
@placement_options
@window_options
@out_option
@from_option
def evacuate(invocation: Invocation, /, *, words: tuple[str, ...], **given: Any) -> int:
    """Plan how to empty hosts."""
    return _make(invocation, PlanKind.EVACUATE, words, **given)


@declare("rebalance", formats=_FORMATS)
@cluster_argument
@evenness_options
@placement_option
@placement_options
@window_options
@out_option
@from_option
def rebalance(invocation: Invocation, /, *, words: str, **given: Any) -> int:
    """Plan how to even out the hosts of a cluster."""
    return _make(invocation, PlanKind.REBALANCE, (words,), **given)


@declare("spread", formats=_FORMATS)
@cluster_argument
@placement_options
@window_options
@out_option
@from_option
def spread(invocation: Invocation, /, *, words: str, **given: Any) -> int:
    """Plan how to make the rules of a cluster hold again."""
    return _make(invocation, PlanKind.SPREAD, (words,), **given)


@declare("migrate", formats=_FORMATS)
@click.argument("words", metavar="[VM...]", nargs=-1)
@list_file_option
@click.option("--to-host", metavar="HOST", help="The destination host.")
@click.option("--to-cluster", metavar="CLUSTER", help="Any host of this cluster.")
@placement_option
@placement_options
@window_options
@out_option
@from_option
def migrate(
    invocation: Invocation,
    /,
    *,
    words: tuple[str, ...],
    list_file: str | None,
    to_host: str | None,
    to_cluster: str | None,
    exclude: tuple[str, ...],
    placement: str,
    out: str | None,
    source: str | None,
    **given: Any,
) -> int:
    """Plan how to move VMs to a host, to hosts of a cluster, or each line of a list to its own destination."""
    chosen = Selecting(words=words, exclude=exclude, file=list_file).choose(invocation)
    return _write(invocation, sent_request(chosen, to_host, to_cluster, placement=placement, **given), out, source)


@declare("show", formats=_FORMATS, connects=False)
@click.argument("file", metavar="PLAN")
def show(invocation: Invocation, /, *, file: str) -> int:
    """Show a plan from a file."""
    from vsphere_motion.service.plan_files import read_plan

    plan = read_plan(Path(file))
    show_plan_file(invocation, plan)
    return code_of_plan_file(plan)


@declare("diff", formats=_FORMATS, connects=False)
@click.argument("before", metavar="PLAN")
@click.argument("after", metavar="PLAN")
def diff(invocation: Invocation, /, *, before: str, after: str) -> int:
    """Show which VMs two plans do not treat alike."""
    from vsphere_motion.planning.plan_diff import changes_between
    from vsphere_motion.service.plan_files import read_plan

    changes = changes_between(read_plan(Path(before)), read_plan(Path(after)))
    if invocation.wants("json"):
        invocation.console.result(json_text({"changes": [asdict(one) for one in changes]}, indent=2))
        return ExitCode.OK
    for line in change_lines(changes):
        invocation.console.result(line)
    return ExitCode.OK


@declare("export", connects=False)
@click.argument("file", metavar="PLAN")
@click.option("--csv", "table", metavar="FILE", required=True, help="Write the moves as CSV; - is standard output.")
def export(invocation: Invocation, /, *, file: str, table: str) -> int:
    """Write the moves of a plan as a table."""
    from vsphere_motion.service.plan_files import csv_text, read_plan, write_csv

    plan = read_plan(Path(file))
    if table == "-":
        invocation.console.result(csv_text(plan).rstrip("\n"))
    else:
        write_csv(Path(table), plan)
    return ExitCode.OK


def _make(
    invocation: Invocation,
    kind: PlanKind,
    words: tuple[str, ...],
    *,
    out: str | None,
    source: str | None,
    **given: Any,
) -> int:
    return _write(invocation, plan_request(kind, words, **given), out, source)


def _write(invocation: Invocation, request: PlanRequest, out: str | None, source: str | None) -> int:
    from vsphere_motion.service.plan_files import write_plan

    plan = _plan(invocation, source)(request)
    if out is not None:
        write_plan(Path(out), plan)
        invocation.console.note(f"{safe(out)} is written; run it with: vsphere-motion apply {safe(out)}")
    show_plan_file(invocation, plan)
    return code_of_plan_file(plan)


def _plan(invocation: Invocation, source: str | None) -> Callable[[PlanRequest], Any]:
    """Makes a plan, of a snapshot or of what vCenter has."""
    from vsphere_motion.service.placing import make_plan_file
    from vsphere_motion.service.plan_files import read_snapshot

    def make(request: PlanRequest) -> Any:
        with ExitStack() as stack:
            if source is not None:
                return make_plan_file(read_snapshot(Path(source)), request)
            vcenter = stack.enter_context(open_vcenter(invocation))
            return make_plan_file(vcenter.snapshot(), request, vcenter=vcenter, places=places_of(invocation))

    return make


for _one in (evacuate, rebalance, spread, migrate, show, diff, export):
    command.add_command(_one)
