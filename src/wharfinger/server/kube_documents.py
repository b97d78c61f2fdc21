"""
What the object API says about itself: discovery, OpenAPI and the version.

The documents follow from the kinds alone, so each is encoded once, when it is first asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wharfinger.cluster import discovery, openapi, openapi_protobuf
from wharfinger.cluster.kind import Kind
from wharfinger.server.kube_paths import MethodUnsupported, NoSuchResource

_JSON = "application/json"


class Documents:
    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = tuple(kinds)
        self._openapi_v2 = functools.cache(lambda: openapi.v2(self._kinds))
        self._openapi_v3 = functools.cache(lambda path: _encoded(openapi.v3(self._kinds, path)))
        self._openapi_v3_index = functools.cache(lambda: _encoded(openapi.v3_index(self._kinds)))
        self._openapi_v2_protobuf = functools.cache(
            lambda: openapi_protobuf.encode(self._openapi_v2())
        )

    def has(self, path: str) -> bool:
        """Whether the path names a document, rather than a resource."""
        match path.strip("/").split("/"):
            case ["version"] | ["api"] | ["api", _] | ["apis"] | ["apis", _] | ["apis", _, _]:
                return True
            case ["openapi", *_]:
                return True
        return False

    def answer(self, request: Request) -> Response:
        """Raise `NoSuchResource` for a group or version that is not served."""
        if request.method != "GET":
            raise MethodUnsupported
        accept = request.headers.get("accept", "")
        match request.url.path.strip("/").split("/"):
            case ["version"]:
                return _respond(_encoded(discovery.version()))
            case [("api" | "apis") as root]:
                return self._root(request, accept, core=root == "api")
            case ["api", version]:
                return _respond(_encoded(discovery.resources(self._kinds, "", version)))
            case ["apis", group]:
                return _respond(_encoded(discovery.group(self._kinds, group)))
            case ["apis", group, version]:
                return _respond(_encoded(discovery.resources(self._kinds, group, version)))
            case ["openapi", "v2"]:
                return self._v2(accept)
            case ["openapi", "v3"]:
                return _respond(self._openapi_v3_index())
            case ["openapi", "v3", *parts]:
                return _respond(self._openapi_v3("/".join(parts)))
        raise NoSuchResource

    def _root(self, request: Request, accept: str, *, core: bool) -> Response:
        version = discovery.aggregated_version(accept)
        if version is not None:
            document = discovery.aggregated(self._kinds, version, core=core)
            return _respond(_encoded(document), discovery.aggregated_type(version))
        if core:
            return _respond(_encoded(discovery.core_versions(request.url.netloc)))
        return _respond(_encoded(discovery.groups(self._kinds)))

    def _v2(self, accept: str) -> Response:
        if openapi_protobuf.accepted(accept):
            return _respond(self._openapi_v2_protobuf(), openapi_protobuf.CONTENT_TYPE)
        return _respond(_encoded(self._openapi_v2()))


def _encoded(document: object | None) -> bytes:
    if document is None:
        raise NoSuchResource
    return msgspec.json.encode(document)


def _respond(body: bytes, media_type: str = _JSON) -> Response:
    return Response(body, media_type=media_type, headers={"vary": "Accept"})
