"""
What the object API says about itself: discovery, OpenAPI and the version.

The documents follow from the kinds alone, so each is made once, when it is first asked for, and
in a thread, since those of OpenAPI take a while. Each has an ETag, by which clients keep what they
have; one of OpenAPI version 3 that is asked for by its hash never changes under that address.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from wharfinger.cluster import discovery, openapi, openapi_paths, openapi_protobuf
from wharfinger.cluster.kind import Kind
from wharfinger.server import kube_accept, kube_gzip
from wharfinger.server.kube_paths import MethodUnsupported, NoSuchResource

_JSON: Final = "application/json"
_FOR_EVER: Final = "private, immutable, max-age=31536000"
_ASK_AGAIN: Final = "no-cache, private"


@dataclass(frozen=True, slots=True)
class Document:
    body: bytes
    packed: bytes | None  # compressed, if that is worth it
    etag: str
    media_type: str
    hash: str = ""  # by which an address of version 3 names it

    @classmethod
    def of(cls, body: bytes, media_type: str, hash_: str = "") -> Document:
        etag = hashlib.sha256(body).hexdigest()
        packed = kube_gzip.compress(body) if len(body) >= kube_gzip.LEAST_BYTES else None
        return cls(body, packed, etag, media_type, hash_)


class Documents:
    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = tuple(kinds)
        self._paths = {openapi_paths.group_path(kind) for kind in self._kinds if kind.verbs}
        self._made: dict[tuple[str, str], asyncio.Task[Document]] = {}

    def has(self, path: str) -> bool:
        """Whether the path names a document, rather than a resource."""
        match path.strip("/").split("/"):
            case ["version"] | ["api"] | ["api", _] | ["apis"] | ["apis", _] | ["apis", _, _]:
                return True
            case ["openapi", *_]:
                return True
        return False

    async def answer(self, request: Request) -> Response:
        """Raise `NoSuchResource` for a group or version that is not served."""
        if request.method != "GET":
            raise MethodUnsupported
        accept = request.headers.get("accept", "")
        match request.url.path.strip("/").split("/"):
            case ["version"]:
                return _respond(request, _encoded(discovery.version()))
            case [("api" | "apis") as root]:
                return self._root(request, accept, core=root == "api")
            case ["api", version]:
                return _respond(request, _encoded(discovery.resources(self._kinds, "", version)))
            case ["apis", group]:
                return _respond(request, _encoded(discovery.group(self._kinds, group)))
            case ["apis", group, version]:
                return _respond(request, _encoded(discovery.resources(self._kinds, group, version)))
            case ["openapi", "v2"] if openapi_protobuf.accepted(accept):
                return _respond(request, await self._once("v2", "protobuf", self._v2_protobuf))
            case ["openapi", "v2"]:
                return _respond(request, await self._once("v2", "json", self._v2))
            case ["openapi", "v3"]:
                return _respond(request, await self._once("v3", "", self._v3_index))
            case ["openapi", "v3", *parts]:
                return await self._group(request, "/".join(parts))
        raise NoSuchResource

    def _root(self, request: Request, accept: str, *, core: bool) -> Response:
        version = discovery.aggregated_version(accept)
        if version is not None:
            document = discovery.aggregated(self._kinds, version, core=core)
            return _respond(request, _encoded(document, discovery.aggregated_type(version)))
        if core:
            return _respond(request, _encoded(discovery.core_versions(request.url.netloc)))
        return _respond(request, _encoded(discovery.groups(self._kinds)))

    async def _group(self, request: Request, path: str) -> Response:
        if path not in self._paths:
            raise NoSuchResource
        document = await self._once("v3", path, partial(self._v3, path))
        asked = request.query_params.get("hash")
        if asked is None:
            return _respond(request, document)
        if asked != document.hash:  # of an older server
            return RedirectResponse(f"/openapi/v3/{path}?hash={document.hash}", 301)
        return _respond(request, document, _FOR_EVER)

    async def _once(self, family: str, name: str, make: Callable[[], Document]) -> Document:
        """The document, made by the first who asks; a client that leaves does not stop it."""
        task = self._made.get((family, name))
        if task is None:
            task = self._made[family, name] = asyncio.create_task(asyncio.to_thread(make))
        return await asyncio.shield(task)

    def _v2(self) -> Document:
        return _encoded(openapi.v2(self._kinds))

    def _v2_protobuf(self) -> Document:
        encoded = openapi_protobuf.encode(openapi.v2(self._kinds))
        return Document.of(encoded, openapi_protobuf.CONTENT_TYPE)

    def _v3_index(self) -> Document:
        return _encoded(openapi.v3_index(self._kinds))

    def _v3(self, path: str) -> Document:
        document = openapi.v3(self._kinds, path)
        return Document.of(msgspec.json.encode(document), _JSON, openapi.hash_of(document))


def _encoded(document: object | None, media_type: str = _JSON) -> Document:
    if document is None:
        raise NoSuchResource
    return Document.of(msgspec.json.encode(document), media_type)


def _respond(request: Request, document: Document, caching: str = _ASK_AGAIN) -> Response:
    packed = document.packed if kube_accept.gzip(request.headers.get("accept-encoding")) else None
    etag = f'"{document.etag}{"-gzip" if packed is not None else ""}"'
    headers = {"vary": "Accept, Accept-Encoding", "etag": etag, "cache-control": caching}
    if etag in _known(request):
        return Response(status_code=304, headers=headers)
    if packed is None:
        return Response(document.body, media_type=document.media_type, headers=headers)
    headers["content-encoding"] = "gzip"
    return Response(packed, media_type=document.media_type, headers=headers)


def _known(request: Request) -> set[str]:
    """What the client has already, as `If-None-Match` says (RFC 9110, section 13.1.2)."""
    told = request.headers.get("if-none-match", "")
    return {one.strip().removeprefix("W/") for one in told.split(",")}
