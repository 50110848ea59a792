"""`check`: say what would stop or hurt a migration, and change nothing."""

from __future__ import annotations

import json

from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.exit import code_of_plan
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.plan_table import plan_lines, summary_line
from vsphere_motion.cli.requests import move_request, skip_check_option, strict_option, to_host_option, vms_argument
from vsphere_motion.model.plan import Plan


@declare("check", formats=("table", "json"))
@vms_argument
@to_host_option
@strict_option
@skip_check_option
def command(
    invocation: Invocation, /, vms: tuple[str, ...], to_host: str, strict: bool, skip_checks: tuple[str, ...]
) -> int:
    """Say what would stop or hurt migrating the VMs to a host. Nothing is changed.

    VM is a name, a glob, an inventory path, moid:vm-42 or uuid:...; exit code 3 means blocked.
    """
    from vsphere_motion.service.check import check

    request = move_request(vms, to_host, skip_checks=skip_checks, strict=strict)
    with open_vcenter(invocation) as vcenter:
        plan = check(vcenter, request)
    show_plan(invocation, plan)
    return code_of_plan(plan)


def show_plan(invocation: Invocation, plan: Plan) -> None:
    """The plan on standard output, in the format that was asked for."""
    console = invocation.console
    if invocation.wants("json") or invocation.wants("jsonl"):
        from vsphere_motion.service.documents import plan_document

        indent = 2 if invocation.wants("json") else None
        console.result(json.dumps(plan_document(plan), ensure_ascii=False, indent=indent))
        return
    for line in plan_lines(plan, console.colour):
        console.result(line)
    console.result(summary_line(plan))
