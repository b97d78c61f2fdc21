"""
Hold an object against the structural schema of its kind.

Decides what is unknown and what has the wrong type, in the paths and words that Kubernetes
clients know. Whether an unknown field is an error, a warning or nothing is the caller's choice
(`fieldValidation`); a wrong type is always an error. As in Go's decoding of JSON, a field that
is `null` is absent. Values are judged later, by the kind's own validators.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.kinds import quantity

Schema = Mapping[str, Any]

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
_LIMITS = {"int32": 1 << 31, "int64": 1 << 63}
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)


class Findings(NamedTuple):
    unknown: tuple[str, ...]  # paths: "metadata.foo", "rules[0].verb"
    errors: tuple[FieldError, ...]


def validate(kind: Kind, obj: Object) -> Findings:
    """List the unknown fields of `obj` and the values whose type is wrong."""
    unknown: list[str] = []
    errors: list[FieldError] = []
    for finding in _walk(kind.schema, obj, ""):
        if isinstance(finding, str):
            unknown.append(finding)
        else:
            errors.append(finding)
    return Findings(tuple(unknown), tuple(errors))


def prune(kind: Kind, obj: Object) -> None:
    """Drop, in place, what the schema does not know, and fields that are null.

    Quantities get the one form in which all who read them find them (`500m`, not `0.5`).
    """
    _prune(kind.schema, obj)


def _walk(schema: Schema, value: Any, path: str) -> Iterator[str | FieldError]:
    if value is None:
        return
    wrong = _type_error(schema, value)
    if wrong is not None:
        # The type stands for the value, which may be a secret.
        yield FieldError.wrong_type(path, _type_of(value), wrong)
    elif isinstance(value, dict):
        yield from _walk_object(schema, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk_item(schema.get("items", {}), item, f"{path}[{index}]")


def _walk_item(schema: Schema, item: Any, path: str) -> Iterator[str | FieldError]:
    """Judge an item of an array, which unlike a field cannot be left out."""
    if item is None:
        yield FieldError.wrong_type(path, "null", f'must be of type {schema["type"]}: "null"')
    yield from _walk(schema, item, path)


def _walk_object(schema: Schema, value: Mapping[str, Any], path: str) -> Iterator[str | FieldError]:
    fields: Schema = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    for name, item in value.items():
        if name in fields:
            yield from _walk(fields[name], item, f"{path}.{name}" if path else name)
        elif rest is not None:
            yield from _walk(rest, item, f"{path}[{name}]")
        elif _PRESERVE not in schema:
            yield f"{path}.{name}" if path else name


def _type_error(schema: Schema, value: Any) -> str | None:
    wanted = schema.get("type")
    if wanted is None:
        return None
    if schema.get("format") == quantity.FORMAT:
        return quantity.error(value)
    if schema.get("format") == "int-or-string" and isinstance(value, int):
        wanted, schema = "integer", {"format": "int32"}
    if not isinstance(value, _TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
        return f'must be of type {wanted}: "{_type_of(value)}"'
    if isinstance(value, str):
        return _format_error(schema.get("format"), value)
    limit = _LIMITS.get(schema.get("format", ""))
    if limit is not None and isinstance(value, int) and not -limit <= value < limit:
        return f"must fit into {schema['format']}"
    return None


def _format_error(form: str | None, value: str) -> str | None:
    if form == "byte" and not is_base64(value):
        return "must be base64 (RFC 4648, section 4)"
    if form == "date-time" and not is_time(value):
        return "must be a time as RFC 3339 has it (2006-01-02T15:04:05Z)"
    return None


def is_base64(value: str) -> bool:
    """Tell whether Go's standard decoder would take it: padded, line breaks ignored."""
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def is_time(value: str) -> bool:
    if _RFC3339.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _prune(schema: Schema, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _prune(schema.get("items", {}), item)
    elif isinstance(value, dict):
        _prune_object(schema, value)


def _prune_object(schema: Schema, value: dict[str, Any]) -> None:
    fields: Schema = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    for name in list(value):
        below = fields.get(name, rest)
        if below is None:
            if _PRESERVE not in schema:
                del value[name]
        elif value[name] is not None:
            if below.get("format") == quantity.FORMAT:
                value[name] = quantity.canonical(value[name])
            else:
                _prune(below, value[name])
        elif name in fields or below.get("format") == "date-time":
            del value[name]  # there is no time that could stand for none
        elif below.get("type") == "string":
            # As Go decodes a null in a map of texts or amounts.
            value[name] = "0" if below.get("format") == quantity.FORMAT else ""


def _type_of(value: Any) -> str:
    for name, types in _TYPES.items():
        if isinstance(value, types):
            return name
    return "null"
