"""`estimate`: say how long migrations are expected to take, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from vsphere_motion.cli.columns import aligned
from vsphere_motion.cli.connection import open_vcenter
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.requests import move_request, places_of, require_destination, to_host_option
from vsphere_motion.cli.selecting import Selecting, selecting_options
from vsphere_motion.report.escape import json_text

if TYPE_CHECKING:
    from vsphere_motion.service.estimate import EstimatedMove

HEADER = ("VM", "FROM", "TO", "MEMORY", "DURATION", "STUN", "PRE-COPY", "BANDWIDTH")


@declare("estimate", formats=("table", "json"))
@selecting_options
@to_host_option
@click.option(
    "--at-once", type=click.IntRange(min=1), default=1, metavar="N", help="So many migrations share the links [1]."
)
def command(invocation: Invocation, /, *, vms: Selecting, to_host: str | None, at_once: int) -> int:
    """Say how long migrating the VMs to a host is expected to take. Nothing is changed.

    Each time has its range. Moves that were measured before count more than the speed of the link; where little is
    known, the range is wide and the reason is told.
    """
    from vsphere_motion.service.estimate import estimate, estimate_document

    chosen = vms.choose(invocation)
    require_destination(chosen, to_host)
    request = move_request(chosen, to_host or "", skip_checks=(), strict=False)
    with open_vcenter(invocation) as vcenter:
        moves = estimate(vcenter, request, places_of(invocation), at_once=at_once)
    if invocation.wants("json"):
        invocation.console.result(json_text(estimate_document(moves), indent=2))
        return ExitCode.OK
    for line in aligned([HEADER, *(_row(item) for item in moves)]):
        invocation.console.result(line)
    for line in reason_lines(moves):
        invocation.console.note(line)
    return ExitCode.OK


def reason_lines(moves: Sequence[EstimatedMove]) -> Iterator[str]:
    """Each reason for a wide range once, with the VMs that it concerns."""
    concerned: dict[str, list[str]] = {}
    for item in moves:
        for reason in item.forecast.reasons if item.forecast else ():
            concerned.setdefault(reason, []).append(item.move.vm.name)
    for reason, names in concerned.items():
        rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield f"note: {safe(', '.join(names[:3]))}{rest}: {safe(reason)}"


def _row(item: EstimatedMove) -> tuple[str, ...]:
    from vsphere_motion.report.forecast_form import CONVERGENCE_WORDS, basis_words, duration_words, stun_words
    from vsphere_motion.report.units import format_bytes

    move, one = item.move, item.forecast
    source, destination = move.source.host, move.destination.host
    names = (safe(move.vm.name), safe(source.name) if source else "-", safe(destination.name) if destination else "-")
    if one is None:
        return (*names, "-", "unchanged", "-", "-", "-")
    load = one.load
    memory = load.used_bytes if load.is_live and load.used_bytes is not None else load.memory_bytes
    words = CONVERGENCE_WORDS[one.convergence]
    return (*names, format_bytes(memory), duration_words(one), stun_words(one), words, basis_words(one))
