"""`snapshot save`: the inventory as a file, to plan from without a vCenter."""

from __future__ import annotations

from pathlib import Path

import click

from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import CONTEXT_SETTINGS
from vsphere_motion.cli.options import command as declare

command = click.Group(
    "snapshot", help="Save the inventory, to plan without a vCenter.", context_settings=CONTEXT_SETTINGS
)


@declare("save")
@click.option("-O", "--out", "out", metavar="FILE", required=True, help="The file to write.")
def save(invocation: Invocation, /, *, out: str) -> int:
    """Read the whole inventory and write it to a file, readable by its owner only."""
    from vsphere_motion.service.plan_files import write_snapshot

    with open_vcenter(invocation) as vcenter:
        inventory = vcenter.snapshot()
    write_snapshot(Path(out), inventory)
    count = f"{len(inventory.vms)} VMs on {len(inventory.hosts)} hosts"
    invocation.console.note(f"{out}: {count}; plan from it with: vsphere-motion plan ... --from {out}")
    return ExitCode.OK


command.add_command(save)
