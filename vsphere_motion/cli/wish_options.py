"""The options for everything that a move changes beside the host: files, networks, pool, folder, priority."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from vsphere_motion.model.move import DiskFormat, Encryption, Priority
from vsphere_motion.model.request import DiskWish, NetworkWish, Placing, Wishes

Declared = TypeVar("Declared", bound=Callable[..., Any])

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


def wish_options(function: Declared) -> Declared:
    """Declare the options; the command gets them as `wishes`, a `Wishes`."""

    @functools.wraps(function)
    def with_wishes(*args: Any, **values: Any) -> Any:
        return function(*args, wishes=wishes_of(**{name: values.pop(name) for name in _NAMES}), **values)

    for option in reversed((*_PLACES, *_FILES, *_NETWORKS, *_MANNERS)):
        with_wishes = option(with_wishes)
    return with_wishes  # type: ignore[return-value]


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
    wishes = tuple(map(disk_wish, disks))
    named = [wish.disk for wish in wishes]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise click.UsageError(f"--disk names disk {twice} twice.")
    return Wishes(
        disks=wishes,
        format=DiskFormat(form) if form else None,
        networks=tuple(map(network_wish, networks)),
        placing=Placing(placing),
        priority=Priority(priority),
        encryption=Encryption(encryption) if encryption else None,
        **places,
    )


def disk_wish(text: str) -> DiskWish:
    """`2=fast:thin` as a wish: a datastore, a format, or both.

    Raises:
        UsageError: it is not of that form.
    """
    disk, equals, rest = text.partition("=")
    store, form = rest, None
    head, colon, tail = rest.rpartition(":")
    if colon and tail in _FORMATS:
        store, form = head, DiskFormat(tail)
    if not disk.strip() or not equals or not (store or form):
        raise click.UsageError(f"--disk {text} is not of the form N=[DATASTORE][:FORMAT], such as 2=fast:thin.")
    return DiskWish(disk=disk.strip(), datastore=store or None, format=form)


def network_wish(text: str) -> NetworkWish:
    """`OLD=NEW` as a wish.

    Raises:
        UsageError: it is not of that form.
    """
    old, equals, new = text.partition("=")
    if not old or not equals or not new:
        raise click.UsageError(f"--network {text} is not of the form OLD=NEW.")
    return NetworkWish(old=old, new=new)
