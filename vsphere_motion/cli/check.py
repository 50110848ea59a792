"""`check`: say what would stop or hurt a migration, and change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from vsphere_motion.cli.across import Other, across_options, keeping_options, open_both
from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import code_of_matrix, code_of_plan
from vsphere_motion.cli.explain import explain, list_checks
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.matrix_table import matrix_lines, matrix_summary
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.plan_table import plan_lines, summary_line
from vsphere_motion.cli.requests import (
    matrix_request,
    move_request,
    places_of,
    require_one_destination,
    skip_check_option,
    strict_option,
)
from vsphere_motion.cli.selecting import Selecting, selecting_options
from vsphere_motion.cli.wish_options import wish_options
from vsphere_motion.model.matrix import Matrix
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.request import MatrixRequest, Opinions, Wishes
from vsphere_motion.report.escape import json_text

_WHOSE = [opinions.value for opinions in Opinions]


@declare("check", formats=("table", "json", "junit"))
@selecting_options
@click.option("--to-host", metavar="HOST", help="The destination host.")
@click.option("--to-cluster", metavar="CLUSTER", help="Look at every host of this cluster.")
@click.option("--all-hosts", is_flag=True, help="Look at every host.")
@wish_options
@across_options
@keeping_options
@strict_option
@skip_check_option
@click.option("--checks", type=click.Choice(_WHOSE), default="both", help="Our checks, vCenter's own, or both [both].")
@click.option("--list-checks", is_flag=True, help="List every check and stop; connects to nothing.")
@click.option("--explain", "explained", metavar="ID", help="Explain one check and stop; connects to nothing.")
def command(
    invocation: Invocation,
    /,
    *,
    vms: Selecting,
    to_host: str | None,
    to_cluster: str | None,
    all_hosts: bool,
    wishes: Wishes,
    other: Other,
    keep_tags: bool,
    keep_attributes: bool,
    strict: bool,
    skip_checks: tuple[str, ...],
    checks: str,
    list_checks: bool,
    explained: str | None,
) -> int:
    """Say what would stop or hurt migrating the VMs to a host. Nothing is changed.

    VM is a name, a glob, an inventory path, moid:vm-42, uuid:..., re:REGEX, host:, cluster:, folder:, pool:,
    datastore:, tag:CATEGORY/NAME, or - for names on standard input; exit code 3 means blocked. With --to-cluster or
    --all-hosts the answer is a table of VMs and hosts, and 3 means that a VM can go to none of the others. With
    --to-vcenter both vCenters are looked at, and --to-cluster names the cluster there whose host is chosen for each VM.
    """
    if list_checks or explained:
        return _tell(invocation, explained)
    chosen = vms.choose(invocation)
    wishes = other.in_wishes(wishes, keep_tags=keep_tags, keep_attributes=keep_attributes)
    if wishes.to_vcenter:
        to_cluster, wishes = None, replace(wishes, to_cluster=to_cluster)
    require_one_destination(chosen, wishes, to_host=to_host, to_cluster=to_cluster, all_hosts=all_hosts)
    opinions = Opinions(checks)
    if to_cluster or all_hosts:
        request = matrix_request(
            chosen, to_cluster=to_cluster, skip_checks=skip_checks, strict=strict, opinions=opinions
        )
        return _check_matrix(invocation, request)
    from vsphere_motion.service.check import check

    wanted = move_request(
        chosen, to_host or "", skip_checks=skip_checks, strict=strict, opinions=opinions, wishes=wishes
    )
    with open_both(invocation, other) as vcenter:
        plan = check(vcenter, wanted, places_of(invocation))
    show_plan(invocation, plan, opinions)
    return code_of_plan(plan)


def show_plan(invocation: Invocation, plan: Plan, opinions: Opinions = Opinions.BOTH) -> None:
    """The plan on standard output, in the format that was asked for."""
    from vsphere_motion.service.documents import plan_document, plan_junit

    console = invocation.console
    if invocation.wants("junit"):
        console.result(plan_junit(plan, opinions))
        return
    if invocation.wants("json") or invocation.wants("jsonl"):
        _show_json(invocation, plan_document(plan))
        return
    for line in plan_lines(plan, console.colour):
        console.result(line)
    console.result(summary_line(plan))
    _show_notes(invocation, plan.notes)


def _check_matrix(invocation: Invocation, request: MatrixRequest) -> int:
    from vsphere_motion.service.matrix import check_matrix

    with open_vcenter(invocation) as vcenter:
        matrix = check_matrix(vcenter, request, places_of(invocation))
    _show_matrix(invocation, matrix, request.opinions)
    return code_of_matrix(matrix)


def _show_matrix(invocation: Invocation, matrix: Matrix, opinions: Opinions) -> None:
    from vsphere_motion.service.documents import matrix_as_document, matrix_junit

    console = invocation.console
    if invocation.wants("junit"):
        console.result(matrix_junit(matrix, opinions))
        return
    if invocation.wants("json"):
        _show_json(invocation, matrix_as_document(matrix))
        return
    for line in matrix_lines(matrix, console.colour, width=console.width):
        console.result(line)
    console.result(matrix_summary(matrix))
    _show_notes(invocation, matrix.notes)


def _show_json(invocation: Invocation, document: dict[str, Any]) -> None:
    indent = None if invocation.wants("jsonl") else 2
    invocation.console.result(json_text(document, indent=indent))


def _show_notes(invocation: Invocation, notes: tuple[str, ...]) -> None:
    for note in notes:
        invocation.console.note(f"note: {safe(note)}")


def _tell(invocation: Invocation, explained: str | None) -> int:
    if invocation.wants("junit"):
        raise click.UsageError("a list of checks is no test result; give -o table or -o json")
    return list_checks(invocation) if explained is None else explain(invocation, explained)
