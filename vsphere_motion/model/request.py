"""What a person asks for, in the person's words, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vsphere_motion.model.list_file import ListFile


class Opinions(Enum):
    """Whose checks are asked: ours on the snapshot, vCenter's own checkers, or both."""

    CLIENT = "client"
    VCENTER = "vcenter"
    BOTH = "both"

    @property
    def has_client(self) -> bool:
        """Whether our checks run."""
        return self is not Opinions.VCENTER

    @property
    def has_vcenter(self) -> bool:
        """Whether vCenter's checkers are asked."""
        return self is not Opinions.CLIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """Virtual machines that should run on another host.

    Args:
        selectors: what names the VMs: a name, a glob, an inventory path, `moid:vm-42`, `uuid:...`, `re:...`, or a group
            such as `host:esx01`, `cluster:`, `folder:`, `pool:`, `datastore:` or `tag:category/name`.
        to_host: the destination: a host name, an inventory path or `moid:host-21`.
        exclude: what names VMs to leave out, in the same words.
        listed: a file that names the VMs and where each shall go, instead of `selectors`; `to_host` is for its lines
            that name no destination, and may be empty.
        skip_checks: ids of checks whose blockers the person overrides, each named.
        partial: move what can be moved when some VMs are blocked.
        strict: let `unknown` findings and warnings block as well.
        opinions: whose checks are asked.
    """

    selectors: tuple[str, ...]
    to_host: str
    exclude: tuple[str, ...] = ()
    skip_checks: tuple[str, ...] = ()
    partial: bool = False
    strict: bool = False
    opinions: Opinions = Opinions.BOTH
    listed: ListFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRequest:
    """Virtual machines to be checked against many hosts.

    Args:
        selectors, exclude: what names the VMs, as in `MoveRequest`.
        to_cluster: the cluster whose hosts are looked at; None: all hosts.
        skip_checks, strict, opinions: as in `MoveRequest`.
    """

    selectors: tuple[str, ...]
    to_cluster: str | None = None
    exclude: tuple[str, ...] = ()
    skip_checks: tuple[str, ...] = ()
    strict: bool = False
    opinions: Opinions = Opinions.BOTH
