"""How to reach and trust one vCenter.

A named tuple, not a dataclass: it is needed for every connection, and dataclasses would be half of what we add to the
start of one (docs/decisions/0002-own-transport.md). The same holds for `account.py` and `vcenter.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

DEFAULT_PORT = 443
DEFAULT_CALL_TIMEOUT_S = 60.0
DEFAULT_CONNECT_TIMEOUT_S = 10.0


class Endpoint(NamedTuple):
    """How to reach and trust one vCenter.

    Args:
        host: name or address.
        port: TCP port of the HTTPS service.
        ca_file: PEM file of the authorities to trust instead of the system's.
        thumbprint: SHA-256 of the server's certificate, 64 hex digits, colons allowed; must match whatever the CA says.
        insecure: do not verify the certificate. A pin, where given, is still checked.
        call_timeout_s: the deadline of every single call.
        connect_timeout_s: the deadline of TCP and TLS set-up.
    """

    host: str
    port: int = DEFAULT_PORT
    ca_file: Path | None = None
    thumbprint: str | None = None
    insecure: bool = False
    call_timeout_s: float = DEFAULT_CALL_TIMEOUT_S
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S

    @property
    def address(self) -> str:
        """Host and port as people write them: the port only when it is not 443."""
        return self.host if self.port == DEFAULT_PORT else f"{self.host}:{self.port}"
