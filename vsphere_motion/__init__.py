"""Check, run, verify and explain VMware vMotion migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsphere_motion.service.connection import VCenter, connect

__version__ = "0.1.0"

__all__ = ["VCenter", "__version__", "connect"]


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `import vsphere_motion` stays cheap."""
    if name in {"VCenter", "connect"}:
        from vsphere_motion.service import connection

        return getattr(connection, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
