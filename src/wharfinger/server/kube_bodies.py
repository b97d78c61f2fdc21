"""
Read what clients of the object API send: JSON, YAML, and Kubernetes' protobuf.

A body has limits of size and depth in each form. YAML is the JSON that it stands for: no
anchors (a few of which stand for gigabytes) and one document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from starlette.requests import ClientDisconnect, Request

from wharfinger.cluster import protobuf
from wharfinger.cluster.errors import BadRequest, ObjectTooLarge
from wharfinger.cluster.objects import MAX_BYTES
from wharfinger.cluster.patch import PatchType
from wharfinger.oci import strict_json
from wharfinger.oci.errors import InvalidJson
from wharfinger.server.kube_errors import MediaTypeUnsupported

MAX_YAML_BYTES: Final = 32 * 1024  # a second of work: for more, send JSON
MAX_DEPTH: Final = 64
JSON: Final = "application/json"
YAML_TYPE: Final = "application/yaml"


async def read_object(request: Request, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The object in the body; `schema` is that of the kind it should be of."""
    data = await read(request)
    if not data:
        raise BadRequest("the request has no body, and needs an object")
    obj = await _decode(_media_type(request), data, schema)
    if not isinstance(obj, dict):
        raise BadRequest("the body of the request must be an object")
    return obj


async def read_options(request: Request, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The options in a body that may be absent."""
    return await read_object(request, schema) if await read(request) else {}


def patch_type(request: Request) -> PatchType:
    media_type = _media_type(request)
    if media_type not in list(PatchType):
        raise MediaTypeUnsupported(media_type, list(PatchType))
    return PatchType(media_type)


async def read_patch(request: Request) -> Any:
    data = await read(request)
    if patch_type(request) is not PatchType.APPLY:
        return _json(data)
    # By its type it is YAML; clients send JSON, which is YAML too, and is read much faster.
    try:
        return _json(data)
    except InvalidJson:
        if len(data) > MAX_YAML_BYTES and data.lstrip().startswith(b"{"):
            raise
    return await _decode(YAML_TYPE, data, {})


async def read(request: Request) -> bytes:
    """The body, once and for all; raise `ObjectTooLarge` as soon as it is known to be."""
    known: bytes | None = request.scope.get(_BODY)
    if known is not None:
        return known
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BYTES:
        raise ObjectTooLarge(MAX_BYTES)
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_BYTES:
                raise ObjectTooLarge(MAX_BYTES)
    except ClientDisconnect:
        raise BadRequest("the client left before the body was whole") from None
    request.scope[_BODY] = bytes(data)
    return bytes(data)


_BODY: Final = "wharfinger.kube.body"


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", JSON).partition(";")[0].strip().lower() or JSON


async def _decode(media_type: str, data: bytes, schema: Mapping[str, Any]) -> Any:
    if media_type == JSON:
        return _json(data)
    if media_type == protobuf.CONTENT_TYPE:
        return protobuf.decode(data, schema)
    if media_type in (YAML_TYPE, "text/yaml", "application/x-yaml"):
        if len(data) > MAX_YAML_BYTES:
            raise ObjectTooLarge(MAX_YAML_BYTES)
        return _json(await asyncio.to_thread(_yaml_as_json, data))
    raise MediaTypeUnsupported(media_type, (JSON, YAML_TYPE, protobuf.CONTENT_TYPE))


def _json(data: bytes) -> Any:
    return strict_json.decode(data, max_depth=MAX_DEPTH)


def _yaml_as_json(data: bytes) -> bytes:
    """The same document in JSON; dates become texts again."""
    try:
        _require_plain(data)
        return msgspec.json.encode(YAML(typ="safe", pure=True).load(data))
    except (YAMLError, TypeError, ValueError) as error:
        raise BadRequest(f"error converting YAML to JSON: {error}") from None


def _require_plain(data: bytes) -> None:
    """Read no further than the limits: the parser slows down with depth."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(data):
        if isinstance(event, AliasEvent):
            raise BadRequest("the YAML may not have anchors")
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BadRequest(f"the YAML is nested more than {MAX_DEPTH} levels deep")
