"""JSON Schemas of documents that are read back, made from the types that read them: plans and snapshots."""

from __future__ import annotations

import inspect
import json
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from vsphere_motion.model import snapshot
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.plan_file import SCHEMA, PlanFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_files() -> dict[str, str]:
    """Each schema by its file name."""
    return {"schemas/plan-v1.json": _text(plan_schema()), "schemas/snapshot-v1.json": _text(snapshot_schema())}


def plan_schema() -> dict[str, Any]:
    """The schema of `vsphere-motion/plan/v1`."""
    defs: dict[str, Any] = {}
    body = _record(PlanFile, defs)
    return {
        "$schema": DIALECT,
        "$id": "urn:vsphere-motion:plan:v1",
        "title": "A plan: which VM goes where, in which order, and what that relies on",
        "description": "Written by plan ... -O FILE, shown by plan show -o json, run by apply. relies_on names moves "
        "by their place in moves, from 0. source and destination are hosts; place is where a VM goes besides its host, "
        "and null where the host alone is decided. Sizes are bytes, times seconds.",
        "type": "object",
        "required": ["schema", *body["required"]],
        "properties": {"schema": {"const": SCHEMA}, **body["properties"]},
        "$defs": defs,
    }


def snapshot_schema() -> dict[str, Any]:
    """The schema of `vsphere-motion/snapshot/v1`."""
    defs: dict[str, Any] = {}
    inventory = _type(Inventory, defs)
    return {
        "$schema": DIALECT,
        "$id": "urn:vsphere-motion:snapshot:v1",
        "title": "The inventory of a vCenter at one moment",
        "description": "Written by snapshot save, read by plan ... --from FILE. null is what could not be read, and "
        "never 0. Sizes are bytes.",
        "type": "object",
        "required": ["schema", "inventory"],
        "properties": {"schema": {"const": snapshot.SCHEMA}, "inventory": inventory},
        "$defs": defs,
    }


def _record(kind: type, defs: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    names, required = _names(kind)
    description = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
    return {
        "type": "object",
        "description": description,
        "required": required,
        "properties": {name: _type(hints[name], defs) for name in names},
    }


def _names(kind: Any) -> tuple[list[str], list[str]]:
    """The fields of a record, and those of them without a default."""
    if is_dataclass(kind):
        own = fields(kind)
        bare = [one.name for one in own if one.default is MISSING and one.default_factory is MISSING]
        return [one.name for one in own], bare
    return list(kind._fields), [name for name in kind._fields if name not in kind._field_defaults]


def _type(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        (one,) = (part for part in parts if part is not type(None))
        return _or_null(_type(one, defs))
    if origin is tuple:
        assert parts[1:] == (Ellipsis,), "arrays of documents have one kind of items"
        return {"type": "array", "items": _type(parts[0], defs)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    if kind in SCALARS:
        return {"type": SCALARS[kind]}
    if kind.__name__ not in defs:
        defs[kind.__name__] = {}
        defs[kind.__name__] = _record(kind, defs)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema or schema.get("type") == "array":
        return {"oneOf": [schema, {"type": "null"}]}
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2) + "\n"
