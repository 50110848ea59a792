"""Frozen option groups, and where each value came from: flag > environment > context file > default.

Rules of this file: `resolve` is pure; it gets the flags, the environment and the parsed files as mappings. Each value
is looked up by itself, in the order of its row in `_VARIABLES`; an empty variable counts as unset. No message repeats
the value that was found: a URL may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from vsphere_motion.errors import BadInput, UsageProblem
from vsphere_motion.model.address import Address, parse_address, parse_port, parse_thumbprint
from vsphere_motion.model.endpoint import DEFAULT_CALL_TIMEOUT_S, DEFAULT_PORT, Endpoint

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedServer:
    """What `login` keeps of a server besides the password, which lies in the keyring."""

    user: str | None = None
    thumbprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Every place a setting may come from, already read.

    Args:
        flags: values given on the command line, by the flag's name with underscores; None counts as not given.
        environment: the process environment.
        config: the parsed `config.toml`.
        known_hosts: thumbprints of the files that GOVC_TLS_KNOWN_HOSTS names, by `host:port`.
        remembered: what `login` remembered, by `host:port`.
    """

    flags: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    known_hosts: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, RememberedServer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One setting, its value as text and where it came from, such as `--server`, `VMWARE_HOST` or `default`."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything needed to find and trust one vCenter.

    Args:
        user: the account; None if no place names one.
        password_command: program and arguments that print the password; only the context file may name one.
        relogin: log in again when vCenter ends the session; without it the password is dropped after the login.
        session_reuse: keep the session between commands.
        provenance: where each value came from, in a fixed order.
    """

    endpoint: Endpoint
    user: str | None = None
    password_command: tuple[str, ...] = ()
    relogin: bool = True
    session_reuse: bool = False
    provenance: tuple[Provenance, ...] = ()

    def source_of(self, name: str) -> str:
        """Where the setting of this name came from."""
        return next((item.source for item in self.provenance if item.name == name), "default")


def resolve(sources: Sources) -> Settings:
    """The settings that win: flag > VSPHERE_MOTION_* > VMWARE_* > GOVC_* > VSPHERE_* > context > remembered > default.

    Raises:
        UsageProblem: no place names a server.
        BadInput: a value cannot be used; the message names the flag or variable it came from.
    """
    context = read_context(sources)
    server = _Lookup(sources, context).find("server", parse_address)
    if server is None:
        raise _no_server()
    context = _context_of(server, sources, context)
    lookup = _Lookup(sources, context)
    if server.rank == _FLAG and server.value.has_password:
        raise BadInput("--server holds a password, which every user of this machine can read", hint=_SAFE_WAYS)
    port = _port(server.value, server, lookup.find("port", parse_port))
    key = f"{server.value.host}:{port.value}"
    user = _user(lookup.find("user", str), sources.remembered.get(key, RememberedServer()), key)
    ca_file = lookup.find("ca_file", parse_single_path)
    thumbprint = _thumbprint(lookup.find("thumbprint", parse_thumbprint), sources, key)
    insecure = _insecure(lookup.find("insecure", parse_switch), ca_file, thumbprint)
    timeout = lookup.find("call_timeout", parse_duration) or _default_timeout()
    endpoint = Endpoint(
        host=server.value.host,
        port=port.value,
        ca_file=ca_file.value if ca_file else None,
        thumbprint=thumbprint.value if thumbprint else None,
        insecure=insecure.value,
        call_timeout_s=timeout.value,
    )
    relogin = lookup.find("relogin", parse_switch) or _by_default(value=True)
    reuse = lookup.find("session_reuse", parse_switch) or _by_default(value=False)
    named: dict[str, _Found[Any] | None] = {"server": server, "port": port, "user": user, "ca-file": ca_file}
    named["thumbprint"] = thumbprint
    return Settings(
        endpoint=endpoint,
        user=user.value if user else None,
        password_command=_password_command(context),
        relogin=relogin.value,
        session_reuse=reuse.value,
        provenance=tuple(
            _provenance(
                {**named, "insecure": insecure, "call-timeout": timeout, "relogin": relogin, "session-reuse": reuse}
            )
        ),
    )


def journal_mode(environment: Mapping[str, str]) -> str | None:
    """How SQLite keeps the journal, `wal` or `delete`: VSPHERE_MOTION_JOURNAL_MODE; None: by the file system.

    Raises:
        BadInput: it is another word.
    """
    named = environment.get("VSPHERE_MOTION_JOURNAL_MODE")
    if not named:
        return None
    if named.lower() not in {"wal", "delete"}:
        raise BadInput(f"VSPHERE_MOTION_JOURNAL_MODE={named} is no journal mode", hint="give wal or delete")
    return named.lower()


def state_directory(environment: Mapping[str, str]) -> Path:
    """The directory of the journal and of `servers.json`: VSPHERE_MOTION_STATE_DIR, else the platform's."""
    named = environment.get("VSPHERE_MOTION_STATE_DIR")
    if named:
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("vsphere-motion")


def config_path() -> Path:
    """Where the context file lies; `XDG_CONFIG_HOME` moves it on Linux."""
    from platformdirs import user_config_path

    return user_config_path("vsphere-motion") / "config.toml"


def read_config(path: Path) -> dict[str, Any]:
    """The parsed context file; empty if there is none.

    Raises:
        BadInput: it cannot be read or is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise BadInput(f"cannot read {path}: {problem}", hint="correct the file, or move it away") from problem


def read_context(sources: Sources) -> Mapping[str, Any]:
    """The context that `--context` or the file's `default` names; empty if neither does.

    Raises:
        BadInput: the named context does not exist, or the file has a key that means nothing.
    """
    name = sources.flags.get("context") or sources.config.get("default")
    contexts = sources.config.get("contexts", {})
    if not isinstance(contexts, Mapping):
        raise BadInput("config.toml: contexts is not a table", hint="write [contexts.NAME]")
    if name is None:
        return {}
    context = contexts.get(name)
    if not isinstance(context, Mapping):
        known = ", ".join(sorted(contexts)) or "none"
        raise BadInput(f"config.toml has no context {name!r}", hint=f"known contexts: {known}")
    unknown = sorted(set(context) - _CONTEXT_KEYS)
    if unknown:
        raise BadInput(
            f"config.toml: context {name!r} has the unknown key {unknown[0]!r}",
            hint="known keys: " + ", ".join(sorted(_CONTEXT_KEYS)),
        )
    return context


def parse_switch(text: str) -> bool:
    """A yes or no as environments spell it."""
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on", "y", "t"}:
        return True
    if word in {"0", "false", "no", "off", "n", "f"}:
        return False
    raise ValueError("expected true or false")


def parse_duration(text: str) -> float:
    """Seconds of a duration above zero such as `90`, `90s`, `1m30s`, `2h`, `7d` or `500ms`."""
    match = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(m?s)?)?", text.strip())
    if not match or not any(match.groups()):
        raise ValueError("expected a duration such as 90s, 5m or 1h30m")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups()[:4])
    total = days * 86400 + hours * 3600 + minutes * 60 + seconds / (1000 if match[5] == "ms" else 1)
    if total <= 0:
        raise ValueError("expected a duration above zero")
    return total


def parse_single_path(text: str) -> Path:
    """One file; a list as GOVC_TLS_CA_CERTS allows it is refused rather than cut short."""
    import os

    if os.pathsep in text:
        raise ValueError("several files are named; put the certificates into one file")
    return Path(text)


@dataclass(frozen=True, kw_only=True)
class _Found(Generic[T]):
    """A value with its source and the rank of that source: 0 is the strongest."""

    value: T
    source: str
    rank: int


class _Lookup:
    """Finds one setting after the other in all the places it may come from."""

    def __init__(self, sources: Sources, context: Mapping[str, Any]) -> None:
        self._sources = sources
        self._context = context

    def find(self, name: str, parse: Callable[[str], T]) -> _Found[T] | None:
        """The strongest value of this name, parsed; None if no place has one.

        Raises:
            BadInput: the strongest value cannot be used.
        """
        for text, source, rank in self._candidates(name):
            try:
                return _Found(value=parse(text), source=source, rank=rank)
            except ValueError as problem:
                raise BadInput(f"{source} cannot be used: {problem}", hint="correct it, or leave it out") from None
        return None

    def _candidates(self, name: str) -> Iterator[tuple[str, str, int]]:
        flag = self._sources.flags.get(name)
        if flag is not None and flag is not False:
            yield _text(flag), "--" + name.replace("_", "-"), _FLAG
        for variable, read in _VARIABLES[name]:
            text = self._sources.environment.get(variable, "")
            if text and (value := read(text)):
                yield value, variable, _rank(variable)
        if (kept := self._context.get(name)) is not None:
            yield _text(kept), f"config.toml: {name}", _CONTEXT


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rank(variable: str) -> int:
    return next(n for n, prefix in enumerate(_FAMILIES, start=1) if variable.startswith(prefix))


def _negated(text: str) -> str:
    try:
        return _text(not parse_switch(text))
    except ValueError:
        return text


def _user_in_url(text: str) -> str:
    try:
        return parse_address(text).user or ""
    except ValueError:
        return ""


_SAFE_WAYS = "give it with --password-stdin, VSPHERE_MOTION_PASSWORD, or store it with: vsphere-motion login"
_FLAG, _CONTEXT, _REMEMBERED, _DEFAULT = 0, 5, 6, 7
_FAMILIES = ("VSPHERE_MOTION_", "VMWARE_", "GOVC_", "VSPHERE_")
_VARIABLES: dict[str, tuple[tuple[str, Callable[[str], str]], ...]] = {
    "server": (
        ("VSPHERE_MOTION_SERVER", str),
        ("VSPHERE_MOTION_HOST", str),
        ("VMWARE_HOST", str),
        ("GOVC_URL", str),
        ("VSPHERE_SERVER", str),
    ),
    "port": (("VSPHERE_MOTION_PORT", str), ("VMWARE_PORT", str)),
    "user": (
        ("VSPHERE_MOTION_USER", str),
        ("VMWARE_USER", str),
        ("GOVC_USERNAME", str),
        ("GOVC_URL", _user_in_url),
        ("VSPHERE_USER", str),
    ),
    "ca_file": (("VSPHERE_MOTION_CA_FILE", str), ("GOVC_TLS_CA_CERTS", str)),
    "thumbprint": (("VSPHERE_MOTION_THUMBPRINT", str),),
    "insecure": (
        ("VSPHERE_MOTION_INSECURE", str),
        ("VMWARE_VALIDATE_CERTS", _negated),
        ("GOVC_INSECURE", str),
        ("VSPHERE_ALLOW_UNVERIFIED_SSL", str),
    ),
    "call_timeout": (("VSPHERE_MOTION_CALL_TIMEOUT", str),),
    "relogin": (("VSPHERE_MOTION_RELOGIN", str),),
    "session_reuse": (("VSPHERE_MOTION_SESSION_REUSE", str),),
}
_CONTEXT_KEYS = {*_VARIABLES, "password_command"}


def _no_server() -> UsageProblem:
    return UsageProblem(
        "no vCenter is named",
        hint="give --server HOST[:PORT], or set VSPHERE_MOTION_SERVER, VMWARE_HOST, GOVC_URL or VSPHERE_SERVER",
    )


def _context_of(server: _Found[Address], sources: Sources, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The context, unless it is merely the default and describes another server than the one that was chosen."""
    if server.rank == _CONTEXT or sources.flags.get("context"):
        return context
    own = _Lookup(Sources(), context).find("server", parse_address)
    return context if own is None or own.value.host == server.value.host else {}


def _by_default(*, value: bool) -> _Found[bool]:
    return _Found(value=value, source="default", rank=_DEFAULT)


def _default_timeout() -> _Found[float]:
    return _Found(value=DEFAULT_CALL_TIMEOUT_S, source="default", rank=_DEFAULT)


def _port(address: Address, server: _Found[Address], named: _Found[int] | None) -> _Found[int]:
    """A port in the address wins: it belongs to that address."""
    if address.port is not None:
        return _Found(value=address.port, source=server.source, rank=server.rank)
    return named or _Found(value=DEFAULT_PORT, source="default", rank=_DEFAULT)


def _user(named: _Found[str] | None, remembered: RememberedServer, key: str) -> _Found[str] | None:
    if named is None and remembered.user:
        return _Found(value=remembered.user, source=f"login {key}", rank=_REMEMBERED)
    return named


def _thumbprint(named: _Found[str] | None, sources: Sources, key: str) -> _Found[str] | None:
    """The pin: flag or variable, GOVC_TLS_KNOWN_HOSTS, the context, what `login --trust` remembered, in this order."""
    govc = sources.known_hosts.get(key)
    if govc and (named is None or named.rank >= _CONTEXT):
        return _Found(value=govc, source="GOVC_TLS_KNOWN_HOSTS", rank=_rank("GOVC_"))
    pin = sources.remembered.get(key, RememberedServer()).thumbprint
    if named is None and pin:
        return _Found(value=pin, source=f"login --trust {key}", rank=_REMEMBERED)
    return named


def _insecure(named: _Found[bool] | None, *trust: _Found[Any] | None) -> _Found[bool]:
    """Whether verification is off. A weaker place cannot switch off what a stronger one asked to be verified."""
    strongest = min((item.rank for item in trust if item), default=_DEFAULT)
    if named is None or named.rank > strongest:
        return _Found(value=False, source="default", rank=_DEFAULT)
    return named


def _password_command(context: Mapping[str, Any]) -> tuple[str, ...]:
    command = context.get("password_command", [])
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise BadInput("config.toml: password_command is not a list of words", hint='write ["pass", "show", "vc01"]')
    return tuple(command)


def _provenance(found: Mapping[str, _Found[Any] | None]) -> Iterator[Provenance]:
    for name, item in found.items():
        if item is None:
            yield Provenance(name=name, value="-", source="not set")
        else:
            yield Provenance(name=name, value=_text(item.value), source=item.source)
