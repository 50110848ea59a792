"""A report without names: what may leave the house. PURE.

Rules of this file: the same name becomes the same word in every report of one vCenter, and nobody can compute it
backwards without that vCenter's UUID. Names are replaced wherever they stand, in log lines and faults as well; so are
addresses, UUIDs and the account. Kinds, times, sizes, checks and migration IDs stay: they are what a report is for.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import re
from collections.abc import Iterator
from typing import Any, TypeVar, cast

from vsphere_motion.model.keepsakes import Attribute, TagName
from vsphere_motion.model.record import LogFailure, LogLine, MotionRecord
from vsphere_motion.model.refs import NamedRef, VmIdentity
from vsphere_motion.model.report import Report

T = TypeVar("T")

_ADDRESS = (
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
    r"|(?<![\w:.])(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:)[0-9a-fA-F:]{2,39}(?![\w:])"
)
_UUID = r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{2,12}){2,4}\b"
_MAC = r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b"
_WORD_END, _WORD_BEGIN = r"(?![\w])", r"(?<![\w])"
_NAMELESS = ("run", "tool_version", "operation_id", "task", "id", "kind", "moid", "migration_id", "log", "skipped")
_KEPT = frozenset((*_NAMELESS, "product", "version", "api_version", "tls", "code", "downtime_measure"))
"""Fields that hold no name of anybody's."""

_EVERYBODYS = frozenset(("vm", "host", "datastore", "network", "Resources", "Datacenters"))
"""Names that vCenter itself gives."""

_KINDS = {"VirtualMachine": "vm", "HostSystem": "host", "Datastore": "datastore", "ResourcePool": "pool"}


def redact_report(report: Report) -> Report:
    """The same report with a word such as `host-3fa2c81e` in the place of every name."""
    info = report.info
    words = dict(_names(report))
    words = {name: kind for name, kind in words.items() if name not in _EVERYBODYS}
    words |= {info.vcenter.host: "vcenter", info.user: "account", info.vcenter.instance_uuid: "uuid"}
    return _Redactor({name: kind for name, kind in words.items() if name}, salt=info.vcenter.instance_uuid).of(report)


def _names(value: object) -> Iterator[tuple[str, str]]:
    """Every name in the report, with the word for its kind."""
    if isinstance(value, VmIdentity):
        yield value.name, "vm"
        yield value.instance_uuid or "", "uuid"
    elif isinstance(value, NamedRef):
        yield value.name, _KINDS.get(value.ref.kind, "name")
    elif isinstance(value, MotionRecord):
        yield from ((value.source_host, "host"), (value.destination_host, "host"))
    elif isinstance(value, (LogLine, LogFailure)):
        yield value.host, "host"
    elif isinstance(value, (TagName, Attribute)):
        yield from _of_keepsake(value)
    if isinstance(value, tuple):
        for item in value:
            yield from _names(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _names(getattr(value, field.name))


def _of_keepsake(value: TagName | Attribute) -> Iterator[tuple[str, str]]:
    yield value.name, "tag" if isinstance(value, TagName) else "attribute"
    if isinstance(value, TagName):
        yield value.category, "category"


class _Redactor:
    """Replaces names in values of any shape."""

    def __init__(self, words: dict[str, str], *, salt: str) -> None:
        self._words = words
        self._salt = salt
        # a host is also known by its name without the domain
        self._words |= {name.partition(".")[0]: kind for name, kind in list(words.items()) if _has_domain(name, kind)}
        longest_first = sorted(self._words, key=len, reverse=True)
        names = "|".join(re.escape(name) for name in longest_first)
        self._found = re.compile(f"{_WORD_BEGIN}(?:{names}){_WORD_END}|{_MAC}|{_UUID}|{_ADDRESS}")
        self._exact = frozenset(self._words)

    def of(self, value: T) -> T:
        """The value, and everything in it, without names."""
        found: Any = value
        if isinstance(value, str):
            found = (
                self._word(value) if value in self._exact else self._found.sub(lambda one: self._word(one[0]), value)
            )
        elif isinstance(value, tuple):
            found = self._tuple(value)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            found = self._instance(value)
        return cast(T, found)

    def _tuple(self, value: Any) -> Any:
        names = getattr(value, "_fields", None)
        if names is None:
            return tuple(self.of(item) for item in value)
        return value._replace(**{name: self.of(getattr(value, name)) for name in names if name not in _KEPT})

    def _instance(self, value: Any) -> Any:
        if isinstance(value, Attribute):
            value = dataclasses.replace(value, value="")
        changed = {
            field.name: self.of(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init and field.name not in _KEPT
        }
        return dataclasses.replace(value, **changed)

    def _word(self, name: str) -> str:
        if name not in self._exact and name.count(":") > 1 and not _is_address(name):
            return name  # a time of day
        digest = hashlib.sha256(f"{self._salt}\0{name}".encode(errors="surrogatepass")).hexdigest()
        return f"{self._words.get(name, 'address')}-{digest[:8]}"


def _is_address(text: str) -> bool:
    if re.fullmatch(_MAC, text):
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _has_domain(name: str, kind: str) -> bool:
    return kind == "host" and "." in name and not name[0].isdigit()
