"""What other programs put around a host's log line: terminal colours, JSON objects of log shippers.

Rules of this file: what is not wrapped comes back as it is, and nothing raises. The time stamp that a shipper took off
a line is put back in front of it. A relay's words in front of a line are `prefix.py`'s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

MAX_DEPTH = 3
MAX_FIELDS = 200

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", re.ASCII)
_HEAD_CHARACTERS = 256
_BYTE_ORDER_MARK = "\ufeff"

# As written by journald, Docker, Fluent Bit, Logstash, Elastic's agents and Splunk.
_MESSAGES = ("message", "msg", "MESSAGE", "log", "_raw", "text", "original", "body")
_TIMES = ("@timestamp", "timestamp", "time", "_time", "eventTime", "date")
_HOLDERS = ("event", "result", "fields", "_source", "record", "data", "log")


def unwrapped(text: str) -> tuple[str, ...]:
    """The log lines that a line of a file holds: itself, or what a program has put into it."""
    bare = _COLOUR.sub("", text) if "\x1b[" in text else text
    bare = bare.removeprefix(_BYTE_ORDER_MARK)
    start = bare.lstrip(" \t[,")
    if not start.startswith("{"):
        return (bare,)
    message = _message_of(start)
    return (bare,) if message is None else tuple(message.splitlines()) or ("",)


def _message_of(text: str) -> str | None:
    try:
        record, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    objects = list(_objects_in(record, MAX_DEPTH))
    message = _first(objects, _MESSAGES)
    if message is None or _STAMP.search(message[:_HEAD_CHARACTERS]):
        return message
    stamp = _first(objects, _TIMES)
    return f"{stamp} {message}" if stamp and _STAMP.match(stamp) else message


def _objects_in(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """An object and the ones that shippers nest the message in, outermost first."""
    if not isinstance(value, dict):
        return
    yield value
    for key in _HOLDERS if depth > 1 else ():
        yield from _objects_in(value.get(key), depth - 1)


def _first(objects: list[Mapping[str, Any]], keys: tuple[str, ...]) -> str | None:
    named = (record.get(key) for record in islice(objects, MAX_FIELDS) for key in keys)
    return next((value for value in named if isinstance(value, str) and value), None)
