"""What a person asks for, in the person's words, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """Virtual machines that should run on another host.

    Args:
        selectors: what names the VMs: a name, a glob, an inventory path, `moid:vm-42` or `uuid:...`.
        to_host: the destination: a host name, an inventory path or `moid:host-21`.
        skip_checks: ids of checks whose blockers the person overrides, each named.
        partial: move what can be moved when some VMs are blocked.
        strict: let `unknown` findings and warnings block as well.
    """

    selectors: tuple[str, ...]
    to_host: str
    skip_checks: tuple[str, ...] = ()
    partial: bool = False
    strict: bool = False
