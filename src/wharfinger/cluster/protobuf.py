"""
Read objects that clients send in Kubernetes' protobuf.

Newer `kubectl` (1.35) sends what its own commands make (`create token`, `create secret`,
`auth can-i`) in it and does not fall back to JSON when refused. It takes answers as JSON, so we
only read. The schema says of which type a field is, `kinds/wire` which number it has, and whether
a zero in it says something. What comes out is what the same client would have sent as JSON: a
message that is there is an object, even an empty one (`emptyDir: {}`).
https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds import quantity
from wharfinger.cluster.kinds.shapes import Record, Schema
from wharfinger.cluster.kinds.wire import FIELDS, Field
from wharfinger.errors import BadInput, Unsupported

CONTENT_TYPE: Final = "application/vnd.kubernetes.protobuf"

_MAGIC: Final = b"k8s\x00"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: Final = {0: "number", 1: "fixed64", 2: "bytes", 5: "fixed32"}


class Malformed(BadInput):
    code = "protobuf-malformed"

    def __init__(self, detail: str) -> None:
        super().__init__(f"cannot read the object: {detail} in protobuf")


class NoProtobuf(Unsupported):
    """The kind has no protobuf form, in Kubernetes neither."""

    code = "protobuf-unsupported"

    def __init__(self, model: str) -> None:
        super().__init__(f"cannot read {model} in protobuf", remedy="send application/json")


def decode(body: bytes, schema: Schema) -> Object:
    """Read one object whose schema is known (from the path it was sent to)."""
    if not isinstance(schema, Record) or schema.model not in FIELDS:
        model = schema.model if isinstance(schema, Record) else "this kind"
        raise NoProtobuf(model)
    if not body.startswith(_MAGIC):
        raise Malformed("the magic number is missing")
    envelope = dict(_fields(body[len(_MAGIC) :]))
    if envelope.get(3) or envelope.get(4, b"") not in (b"", CONTENT_TYPE.encode()):
        raise Malformed("the content is encoded in another way")
    named = dict(_fields(_bytes(envelope.get(1, b""))))
    obj: Object = {"apiVersion": _text(named.get(1, b"")), "kind": _text(named.get(2, b""))}
    return obj | _record(_bytes(envelope.get(2, b"")), schema)


def _record(data: bytes, schema: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _read(found, data, schema.model, schema["properties"])
    return found


def _read(found: dict[str, Any], data: bytes, model: str, schemas: Mapping[str, Schema]) -> None:
    """Read a message of `model` into the record whose fields have these schemas."""
    known = FIELDS.get(model, {})
    for number, value in _fields(data):
        field = known.get(number)
        if field is None:
            continue
        if field.embedded:
            _read(found, _bytes(value), field.embedded, schemas)
        elif field.name in schemas:
            _put(found, field, value, schemas[field.name])


def _put(found: dict[str, Any], field: Field, value: int | bytes, schema: Schema) -> None:
    name = field.name
    if schema["type"] == "array":
        found.setdefault(name, []).append(_value(value, schema["items"]))
    elif "additionalProperties" in schema:
        entry = dict(_fields(_bytes(value)))
        kept = _map_value(entry.get(2, b""), schema["additionalProperties"])
        found.setdefault(name, {})[_text(entry.get(1, b""))] = kept
    else:
        one = _value(value, schema)
        # A message says something by being there, and so a port or a percentage of 0 does.
        says_zero = field.says_zero or schema.get("format") == "int-or-string"
        if one is not None and (says_zero or one not in ("", 0, False)):
            found[name] = one


def _map_value(value: int | bytes, schema: Schema) -> Any:
    if schema["type"] == "array":  # a map of lists has a message around each list
        return [_text(item) for _, item in _fields(_bytes(value))]
    return _value(value, schema)


def _value(value: int | bytes, schema: Schema) -> Any:
    if isinstance(schema, Record):
        return _record(_bytes(value), schema)
    match schema["type"], schema.get("format"):
        case "boolean", _:
            return bool(_number(value))
        case "integer", _:
            return _number(value)
        case "string", "byte":
            return base64.b64encode(_bytes(value)).decode()
        case "string", "date-time":
            return _time(_bytes(value))
        case "string", "int-or-string":
            return _int_or_string(_bytes(value))
        case "string", quantity.FORMAT:
            return _text(dict(_fields(_bytes(value))).get(1, b"0"))
        case "string", _:
            return _text(value)
    return None  # free-form fields: nothing we serve reads them


def _int_or_string(data: bytes) -> int | str:
    """Read {1: whether it is a text, 2: the number, 3: the text}."""
    parts = dict(_fields(data))
    if _number(parts.get(1, 0)):
        return _text(parts.get(3, b""))
    return _number(parts.get(2, 0))


def _time(data: bytes) -> str | None:
    parts = dict(_fields(data))
    if 1 not in parts:
        return None
    try:
        moment = _EPOCH + timedelta(seconds=_number(parts[1]))
    except OverflowError:
        raise Malformed("a time is out of range") from None
    nanoseconds = _number(parts.get(2, 0))
    fraction = f".{nanoseconds // 1000:06d}" if nanoseconds else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise Malformed("a text is not UTF-8") from None


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("a number stands where bytes belong")
    return value


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise Malformed("bytes stand where a number belongs")
    return value - (1 << 64) if value >> 63 else value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """List the fields of a message: their number, and a number or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        match _TYPES.get(key & 7):
            case "number":
                value, at = _varint(data, at)
            case "bytes":
                size, at = _varint(data, at)
                value, at = _slice(data, at, size)
            case "fixed32":
                value, at = _slice(data, at, 4)
            case "fixed64":
                value, at = _slice(data, at, 8)
            case _:
                raise Malformed("an unknown wire type")
        yield key >> 3, value


def _slice(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if size > len(data) - at:
        raise Malformed("a field ends early")
    return data[at : at + size], at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & ((1 << 64) - 1), at + index + 1
    raise Malformed("a number has no end")
