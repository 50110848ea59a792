"""A list of virtual machines and where each shall go, as a person wrote it into a file."""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = (
    "vm",
    "host",
    "cluster",
    "datastore",
    "disk",
    "format",
    "config",
    "pool",
    "vapp",
    "folder",
    "network",
    "place",
    "window",
    "priority",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """One line of the file, in the person's words.

    Args:
        line: where it stands in the file, from 1.
        vm: what names the VMs, as on the command line.
        host, cluster, datastore, config, pool, vapp, folder: where they shall go; None where nothing is said.
        disk, network: single disks and pairs of networks, with `|` between several.
        format: of their disks.
        place: a host, a cluster or a datastore, where the file does not say which of them.
        window: when their moves may start, such as `22:00-05:00`.
        priority: smaller ones start first; 0 where nothing is said.
    """

    line: int
    vm: str
    host: str | None = None
    cluster: str | None = None
    datastore: str | None = None
    disk: str | None = None
    format: str | None = None
    config: str | None = None
    pool: str | None = None
    vapp: str | None = None
    folder: str | None = None
    network: str | None = None
    place: str | None = None
    window: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProblem:
    """What is wrong with one line; line 0 is the file as a whole."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A file that was read: its lines, and the problems of those that cannot be.

    Args:
        name: what people call it.
    """

    name: str
    lines: tuple[ListLine, ...]
    problems: tuple[LineProblem, ...] = ()
