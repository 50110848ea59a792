"""What the objects of one vCenter are called in another: a mapping file, as a person wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECTIONS = ("hosts", "clusters", "datastores", "networks", "folders", "pools")


@dataclass(frozen=True, slots=True, kw_only=True)
class VCenterMapping:
    """Names of the source, each with the name at the destination. What is not named is looked for by its own name.

    Args:
        name: the file, for people.
        folders: paths below the datacenter's topmost folder, such as `Web/Prod`.
    """

    name: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)
    datastores: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)


NO_MAPPING = VCenterMapping()
