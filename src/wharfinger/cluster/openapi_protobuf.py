"""
OpenAPI version 2 in protobuf, the only form in which older `kubectl` takes it.

Without it `kubectl apply` of those versions cannot check objects and stops. The messages
are those of gnostic (`openapiv2/OpenAPIv2.proto`); we write the few fields that our document
has. Protobuf's wire format is small: a field is a number, a wire type and a value.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

CONTENT_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_ASKED_AS: Final = (CONTENT_TYPE, CONTENT_TYPE.replace(".v1.0", "@v1.0"))
"""Older clients ask with an @, which a content type may not have, and expect the other name."""

_VARINT: Final = 0
_BYTES: Final = 2
_METHODS: Final = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}


def accepted(accept: str) -> bool:
    """Tell whether a client asks for this encoding."""
    return any(name in accept for name in _ASKED_AS)


def encode(document: Mapping[str, Any]) -> bytes:
    """Write what `openapi.v2` made as the message Document."""
    paths = (_text(1, name) + _message(2, _path(item)) for name, item in document["paths"].items())
    info = document["info"]
    return (
        _text(1, document["swagger"])
        + _message(2, _text(1, info["title"]) + _text(2, info["version"]))
        + _message(8, _repeated(2, paths))
        + _message(9, _named_schemas(document["definitions"]))
    )


def _path(item: Mapping[str, Any]) -> bytes:
    return b"".join(
        _message(_METHODS[method], _operation(operation)) for method, operation in item.items()
    )


def _operation(operation: Mapping[str, Any]) -> bytes:
    return (
        _text(5, operation["operationId"])
        + _texts(6, operation["produces"])
        + _texts(7, operation.get("consumes", ()))
        + _repeated(8, (_message(1, _parameter(one)) for one in operation["parameters"]))
        + _message(9, _responses(operation["responses"]))
        + _extensions(13, operation)
    )


def _parameter(parameter: Mapping[str, Any]) -> bytes:
    description, place, name = (parameter.get(key, "") for key in ("description", "in", "name"))
    required = bool(parameter.get("required"))
    if place == "body":
        body = _text(1, description) + _text(2, name) + _text(3, place) + _flag(4, required)
        return _message(1, body + _message(5, _schema(parameter["schema"])))
    common = _flag(1, required) + _text(2, place) + _text(3, description) + _text(4, name)
    if place == "path":
        return _message(2, _message(4, common + _text(5, parameter["type"])))
    return _message(2, _message(3, common + _text(6, parameter["type"])))


def _responses(responses: Mapping[str, Any]) -> bytes:
    return _repeated(
        1,
        (
            _text(1, code) + _message(2, _message(1, _response(response)))
            for code, response in responses.items()
        ),
    )


def _response(response: Mapping[str, Any]) -> bytes:
    schema = _message(1, _schema(response["schema"]))
    return _text(1, response["description"]) + _message(2, schema)


def _named_schemas(schemas: Mapping[str, Any]) -> bytes:
    named = (_text(1, name) + _message(2, _schema(schema)) for name, schema in schemas.items())
    return _repeated(1, named)


def _schema(schema: Mapping[str, Any]) -> bytes:
    encoded = (
        _text(1, schema.get("$ref", ""))
        + _text(2, schema.get("format", ""))
        + _text(4, schema.get("description", ""))
        + _texts(19, schema.get("required", ()))
    )
    if "default" in schema:
        encoded += _message(5, _text(2, json.dumps(schema["default"])))
    if "additionalProperties" in schema:
        encoded += _message(21, _message(1, _schema(schema["additionalProperties"])))
    if "type" in schema:
        encoded += _message(22, _text(1, schema["type"]))
    if "items" in schema:
        encoded += _message(23, _message(1, _schema(schema["items"])))
    if "properties" in schema:
        encoded += _message(25, _named_schemas(schema["properties"]))
    return encoded + _extensions(31, schema)


def _extensions(number: int, holder: Mapping[str, Any]) -> bytes:
    """Write the `x-` fields as NamedAny, whose value is YAML: any JSON is."""
    return _repeated(
        number,
        (
            _text(1, name) + _message(2, _text(2, json.dumps(value)))
            for name, value in holder.items()
            if name.startswith("x-")
        ),
    )


def _text(number: int, value: str) -> bytes:
    return _message(number, value.encode()) if value else b""


def _texts(number: int, values: Iterable[str]) -> bytes:
    return b"".join(_message(number, value.encode()) for value in values)


def _flag(number: int, value: bool) -> bytes:
    return _varint(number << 3 | _VARINT) + b"\x01" if value else b""


def _repeated(number: int, messages: Iterable[bytes]) -> bytes:
    return b"".join(_message(number, message) for message in messages)


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
