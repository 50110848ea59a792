"""A small judge for the JSON Schemas of the reference: the keywords they use, and nothing they do not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[3] / "docs" / "reference" / "schemas"
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SILENT = {"$schema", "$id", "$defs", "title", "description", "type", "required", "additionalProperties"}


def load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return schema


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """Every place where the value breaks the schema; a key the schema does not know is one too."""
    return list(_problems(schema, schema, value, "$"))


def _problems(root: dict[str, Any], schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    wrong = list(_type(root, schema, schema["type"], value, path)) if "type" in schema else []
    yield from wrong
    for keyword, wanted in schema.items():
        if not wrong and keyword not in SILENT:
            yield from KEYWORDS[keyword](root, schema, wanted, value, path)


def _ref(root: dict[str, Any], schema: dict[str, Any], wanted: str, value: Any, path: str) -> Iterator[str]:
    yield from _problems(root, root["$defs"][wanted.removeprefix("#/$defs/")], value, path)


def _one_of(root: dict[str, Any], schema: dict[str, Any], wanted: list[Any], value: Any, path: str) -> Iterator[str]:
    found = [list(_problems(root, option, value, path)) for option in wanted]
    if sum(1 for option in found if not option) != 1:
        yield from found[0]


def _type(root: dict[str, Any], schema: dict[str, Any], wanted: Any, value: Any, path: str) -> Iterator[str]:
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(TYPES[name](value) for name in names):
        yield f"{path} is {value!r}, not {names}"


def _properties(root: dict[str, Any], schema: dict[str, Any], wanted: Any, value: Any, path: str) -> Iterator[str]:
    for name in schema["required"]:
        if name not in value:
            yield f"{path}.{name} is missing"
    for name, item in value.items():
        if name in wanted:
            yield from _problems(root, wanted[name], item, f"{path}.{name}")
        else:
            yield f"{path}.{name} is not in the schema"


def _items(root: dict[str, Any], schema: dict[str, Any], wanted: Any, value: Any, path: str) -> Iterator[str]:
    for number, item in enumerate(value):
        yield from _problems(root, wanted, item, f"{path}[{number}]")


def _judge(is_good: Callable[[Any, Any], bool]) -> Callable[..., Iterator[str]]:
    def judged(root: dict[str, Any], schema: dict[str, Any], wanted: Any, value: Any, path: str) -> Iterator[str]:
        if value is not None and not is_good(wanted, value):
            yield f"{path} is {value!r}, wanted {wanted!r}"

    return judged


KEYWORDS: dict[str, Callable[..., Iterator[str]]] = {
    "$ref": _ref,
    "oneOf": _one_of,
    "properties": _properties,
    "items": _items,
    "const": _judge(lambda wanted, value: bool(value == wanted)),
    "enum": _judge(lambda wanted, value: value in wanted),
    "pattern": _judge(lambda wanted, value: re.search(wanted, value) is not None),
    "minimum": _judge(lambda wanted, value: bool(value >= wanted)),
    "format": _judge(lambda _, value: TIME.fullmatch(value) is not None),
}
