"""The options for everything that a move changes beside the host: files, networks, pool, folder, priority."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from vsphere_motion.model.move import DiskFormat, Encryption, Priority
from vsphere_motion.model.request import Placing, Wishes

_FORMATS = [form.value for form in DiskFormat]
_PLACES = (
    click.option("--to-datacenter", metavar="DATACENTER", help="The datacenter of the destination."),
    click.option("--to-pool", metavar="POOL", help="The resource pool."),
    click.option("--to-vapp", metavar="VAPP", help="The vApp."),
    click.option("--to-folder", metavar="FOLDER", help="The folder, such as Web/Prod."),
    click.option("--create-folder", is_flag=True, help="Make the folder where it does not exist."),
)
_FILES = (
    click.option("--to-datastore", metavar="DATASTORE", help="Where all files go; or a cluster of datastores."),
    click.option(
        "--disk",
        "disks",
        metavar="N=[DATASTORE][:FORMAT]",
        multiple=True,
        help="Where one disk goes, and how: 2=fast:thin (repeatable).",
    ),
    click.option("--config-to", "to_config", metavar="DATASTORE", help="Where the configuration files go."),
    click.option("--format", "form", type=click.Choice(_FORMATS), help="The format of the disks."),
    click.option("--storage-policy", "policy", metavar="POLICY", help="The storage policy of all files."),
    click.option(
        "--datastore-placement",
        "placing",
        type=click.Choice([one.value for one in Placing]),
        default=Placing.SDRS.value,
        help="Who chooses in a cluster of datastores [sdrs].",
    ),
)
_NETWORKS = (
    click.option(
        "--network",
        "networks",
        metavar="OLD=NEW",
        multiple=True,
        help="Attach adapters on OLD, or the one of that label, to NEW (repeatable).",
    ),
)
_MANNERS = (
    click.option(
        "--priority",
        type=click.Choice([one.value for one in Priority]),
        default=Priority.DEFAULT.value,
        help="How vCenter ranks the moves [default].",
    ),
    click.option(
        "--encryption",
        type=click.Choice([one.value for one in Encryption]),
        help="Set the VMs' encrypted vMotion first.",
    ),
)
_NAMES = (
    "to_datacenter",
    "to_pool",
    "to_vapp",
    "to_folder",
    "create_folder",
    "to_datastore",
    "disks",
    "to_config",
    "form",
    "policy",
    "placing",
    "networks",
    "priority",
    "encryption",
)


def wish_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare the options; the command gets them as `wishes`, a `Wishes`."""

    @functools.wraps(function)
    def with_wishes(*args: Any, **values: Any) -> int:
        return function(*args, wishes=wishes_of(**{name: values.pop(name) for name in _NAMES}), **values)

    for declare in reversed((*_PLACES, *_FILES, *_NETWORKS, *_MANNERS)):
        declare(with_wishes)
    return with_wishes


def wishes_of(
    *,
    disks: tuple[str, ...],
    form: str | None,
    networks: tuple[str, ...],
    placing: str,
    priority: str,
    encryption: str | None,
    **places: Any,
) -> Wishes:
    """The wishes in the person's words.

    Raises:
        UsageError: an option is not of its form, or two exclude each other.
    """
    if places["to_pool"] and places["to_vapp"]:
        raise click.UsageError("--to-pool and --to-vapp exclude each other; give one of them.")
    if places["create_folder"] and not places["to_folder"]:
        raise click.UsageError("--create-folder makes the folder of --to-folder, which is not given.")
    from vsphere_motion.planning.wish_text import disk_wishes, network_wish

    try:
        pairs, single = tuple(map(network_wish, networks)), disk_wishes(disks)
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from None
    return Wishes(
        disks=single,
        format=DiskFormat(form) if form else None,
        networks=pairs,
        placing=Placing(placing),
        priority=Priority(priority),
        encryption=Encryption(encryption) if encryption else None,
        **places,
    )
