"""Which vCenter this is."""

from __future__ import annotations

from typing import NamedTuple


class VCenterIdentity(NamedTuple):
    """Which server was read: its address, its instance UUID and what it says of itself."""

    host: str
    instance_uuid: str
    product: str
    version: str
    api_version: str
