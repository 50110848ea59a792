"""`plan ...`: make plans as files, show them, compare them, export them. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from vsphere_motion.cli.across import NO_OTHER, Other, across_options, keeping_options, open_both
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
from vsphere_motion.cli.requests import places_of, strict_option
from vsphere_motion.cli.rolling_options import rolling_options, rolling_request
from vsphere_motion.cli.selecting import Selecting, list_file_option
from vsphere_motion.cli.window_options import window_options
from vsphere_motion.cli.wish_options import wish_options
from vsphere_motion.model.plan_file import PlanKind
from vsphere_motion.model.request import NO_WISHES, Wishes
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.model.inventory import Inventory
    from vsphere_motion.model.plan_file import PlanFile
    from vsphere_motion.model.plan_request import PlanRequest
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.service.surroundings import Places

Planner: TypeAlias = "Callable[[Inventory, VCenter | None, Places], PlanFile]"
"""Makes a plan of an inventory; the vCenter is None where it is a snapshot from a file."""

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
@wish_options
@across_options
@keeping_options
@placement_option
@placement_options
@strict_option
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
    wishes: Wishes,
    other: Other,
    keep_tags: bool,
    keep_attributes: bool,
    exclude: tuple[str, ...],
    placement: str,
    out: str | None,
    source: str | None,
    **given: Any,
) -> int:
    """Plan how to move VMs to a host, to hosts of a cluster, or each line of a list to its own destination.

    Whatever `migrate` can change besides the host is planned as well: files, networks, pool, folder, the vCenter.
    """
    if source is not None and other.to_vcenter:
        raise click.UsageError("moves to another vCenter are planned with both of them; leave --from out.")
    chosen = Selecting(words=words, exclude=exclude, file=list_file).choose(invocation)
    wishes = other.in_wishes(wishes, keep_tags=keep_tags, keep_attributes=keep_attributes)
    given |= {"wishes": wishes, "mapped": Path(other.mapping).name if other.mapping else ""}
    request = sent_request(chosen, to_host, to_cluster, placement=placement, **given)
    return _write(invocation, _planner(request), out, source, other)


@declare("rolling", formats=_FORMATS)
@click.argument("cluster")
@rolling_options
@out_option
@from_option
def rolling(invocation: Invocation, /, *, cluster: str, out: str | None, source: str | None, **given: Any) -> int:
    """Plan how to work on the hosts of a cluster, one after the other."""
    from vsphere_motion.service.rolling_plan import make_rolling_plan

    request = rolling_request(cluster, **given)
    return _write(
        invocation,
        lambda inventory, vcenter, places: make_rolling_plan(inventory, request, vcenter=vcenter, places=places),
        out,
        source,
    )


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
    from vsphere_motion.report.plan_words import destinations
    from vsphere_motion.service.plan_files import read_plan

    changes = changes_between(read_plan(Path(before)), read_plan(Path(after)), destinations)
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
    return _write(invocation, _planner(plan_request(kind, words, **given)), out, source)


def _planner(request: PlanRequest) -> Planner:
    def make(inventory: Inventory, vcenter: VCenter | None, places: Places) -> PlanFile:
        from vsphere_motion.service.placing import make_plan_file

        return make_plan_file(inventory, request, vcenter=vcenter, places=places)

    return make


def _write(
    invocation: Invocation, planner: Planner, out: str | None, source: str | None, other: Other = NO_OTHER
) -> int:
    """Make a plan of a snapshot, or of what vCenter has; write it, if that is wanted, and show it."""
    from vsphere_motion.service.apply import snapshot_for
    from vsphere_motion.service.plan_files import read_snapshot, write_plan
    from vsphere_motion.service.surroundings import NOWHERE

    if source is not None:
        plan = planner(read_snapshot(Path(source)), None, NOWHERE)
    else:
        with open_both(invocation, other) as vcenter:
            wishes = other.in_wishes(NO_WISHES)
            plan = planner(snapshot_for(vcenter, wishes), vcenter, places_of(invocation))
    if out is not None:
        write_plan(Path(out), plan)
        invocation.console.note(f"{safe(out)} is written; run it with: vsphere-motion apply {safe(out)}")
    show_plan_file(invocation, plan)
    return code_of_plan_file(plan)


for _one in (evacuate, rebalance, spread, migrate, rolling, show, diff, export):
    command.add_command(_one)
