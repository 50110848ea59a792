"""How people write a server and the SHA-256 of its certificate. No message repeats the text: it may hold a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server as a person writes it; `user` only where the value was a URL that names one.

    Args:
        has_password: the URL held a password, which is not kept here.
    """

    host: str
    port: int | None = None
    user: str | None = None
    has_password: bool = False

    def __str__(self) -> str:
        return self.host


def parse_address(text: str) -> Address:
    """`HOST`, `HOST:PORT`, `[IPv6]:PORT`, a bare IPv6 address, or a URL such as `https://user@host/sdk`.

    Raises:
        ValueError: it is none of these; the message does not repeat the text.
    """
    stripped = text.strip()
    if _is_bare_ipv6(stripped):
        return Address(host=stripped)
    split = _split_url(stripped)
    if split.scheme != "https":
        raise ValueError("only https is spoken")
    if not split.hostname or not re.fullmatch(r"[A-Za-z0-9._:%-]+", split.hostname):
        raise ValueError("expected HOST or HOST:PORT")
    if split.port == 0:
        raise ValueError("expected a port from 1 to 65535")
    user = unquote(split.username) if split.username else None
    return Address(host=split.hostname, port=split.port, user=user, has_password=split.password is not None)


def password_in_url(text: str) -> str | None:
    """The password of a URL such as `user:password@host`; None if it has none or is no URL."""
    try:
        password = _split_url(text.strip()).password
    except ValueError:
        return None
    return unquote(password) if password else None


def parse_port(text: str) -> int:
    """A TCP port, 1 to 65535."""
    if not re.fullmatch(r"[0-9]{1,5}", text.strip()) or not 1 <= int(text) <= 65535:
        raise ValueError("expected a port from 1 to 65535")
    return int(text)


def parse_thumbprint(text: str) -> str:
    """A SHA-256 as 64 hex digits with or without colons; returned in upper case with colons."""
    digits = text.strip().replace(":", "").upper()
    if not re.fullmatch(r"[0-9A-F]{64}", digits):
        raise ValueError("expected the SHA-256 of a certificate, 64 hex digits, colons allowed")
    return ":".join(digits[n : n + 2] for n in range(0, 64, 2))


def parse_known_hosts(text: str) -> dict[str, str]:
    """Thumbprints by `host:port` of a known-hosts file of govc. SHA-1 lines are left out."""
    pins = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and not line.startswith("#"):
            try:
                pins[words[0]] = parse_thumbprint(words[1])
            except ValueError:
                continue
    return pins


def _is_bare_ipv6(text: str) -> bool:
    return text.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+", text) is not None


def _split_url(text: str) -> SplitResult:
    try:
        split = urlsplit(text if "://" in text else f"https://{text}")
        _ = split.port
    except ValueError:
        raise ValueError("expected HOST or HOST:PORT") from None
    return split
