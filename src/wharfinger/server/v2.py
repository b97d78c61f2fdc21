"""
The registry's HTTP interface: its routes, and what happens between a request and its handler.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md

For each request: find the route, parse the name, prove who asks, ask for the right that the
route needs, call the handler, send its answer. Errors are raised, and shaped in one place
(`server/errors.py` with the table of `v2_errors.py`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection, Request
from starlette.types import Receive, Scope, Send

from wharfinger.cluster.authenticate import Grant
from wharfinger.cluster.authorize import Authorizer
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.registry import Registry
from wharfinger.server import v2_policy
from wharfinger.server.v2_content import (
    delete_blob,
    delete_manifest,
    get_blob,
    get_manifest,
    put_manifest,
)
from wharfinger.server.v2_errors import CHALLENGE
from wharfinger.server.v2_http import (
    JSON,
    Answer,
    Call,
    Content,
    Handler,
    MethodNotAllowed,
    NoSuchRoute,
    Told,
)
from wharfinger.server.v2_lists import catalog, list_tags, referrers
from wharfinger.server.v2_policy import Need, Policy
from wharfinger.server.v2_uploads import (
    delete_upload,
    get_upload,
    patch_upload,
    post_upload,
    put_upload,
)


async def ping(_: Call) -> Answer:
    """Tell that this is a registry, and whether the credentials hold."""
    return Answer(headers={"content-type": JSON}, body=b"{}")


class Route(NamedTuple):
    method: str  # GET answers HEAD too
    path: re.Pattern[str]
    handler: Handler
    need: Need


def _path(template: str) -> re.Pattern[str]:
    """`{name}` takes slashes, other parameters do not."""
    pattern = template.replace("{name}", "(?P<name>.+)")
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern))


ROUTES: Final = (
    Route("GET", _path("/v2/?"), ping, Need.LOGIN),
    Route("GET", _path("/v2/_catalog"), catalog, Need.CATALOG),
    Route("GET", _path("/v2/{name}/manifests/{reference}"), get_manifest, Need.PULL),
    Route("PUT", _path("/v2/{name}/manifests/{reference}"), put_manifest, Need.PUSH),
    Route("DELETE", _path("/v2/{name}/manifests/{reference}"), delete_manifest, Need.DELETE),
    Route("POST", _path("/v2/{name}/blobs/uploads/?"), post_upload, Need.PUSH),
    Route("GET", _path("/v2/{name}/blobs/uploads/{upload}"), get_upload, Need.PUSH),
    Route("PATCH", _path("/v2/{name}/blobs/uploads/{upload}"), patch_upload, Need.PUSH),
    Route("PUT", _path("/v2/{name}/blobs/uploads/{upload}"), put_upload, Need.PUSH),
    Route("DELETE", _path("/v2/{name}/blobs/uploads/{upload}"), delete_upload, Need.CANCEL),
    Route("GET", _path("/v2/{name}/blobs/{digest}"), get_blob, Need.PULL),
    Route("DELETE", _path("/v2/{name}/blobs/{digest}"), delete_blob, Need.DELETE),
    Route("GET", _path("/v2/{name}/tags/list"), list_tags, Need.PULL),
    Route("GET", _path("/v2/{name}/referrers/{digest}"), referrers, Need.PULL),
)


class V2:
    """The ASGI app of `/v2`.

    `identify` proves who asks and what their token is bounded to; `active` tells whether a
    project is there and not being deleted. `streams` are told of what changes. `content` is what is read, the registry itself if nothing
    stands over it.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        authorizer: Authorizer,
        identify: Callable[[HTTPConnection], Awaitable[Grant]],
        active: Callable[[str], bool],
        streams: Told,
        content: Content | None = None,
    ) -> None:
        self._registry = registry
        self._content = registry if content is None else content
        self._policy = Policy(authorizer, active)
        self._identify = identify
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route, parameters = find(scope["method"], scope["path"])
        text = parameters.get("name")
        name = None if text is None else RepositoryName.parse(text)
        scope[CHALLENGE] = v2_policy.scope(route.need, name)
        request = Request(scope, receive)
        call = Call(
            request=request,
            registry=self._registry,
            content=self._content,
            streams=self._streams,
            policy=self._policy,
            caller=await self._identify(request),
            need=route.need,
            parameters=parameters,
            named=name,
        )
        await call.require()
        answer = await route.handler(call)
        await answer.send(scope, receive, send)


def find(method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """The route of a request, and the parameters in its path."""
    wanted = "GET" if method == "HEAD" else method
    for route in ROUTES:
        if route.method == wanted and (match := route.path.fullmatch(path)):
            return route, match.groupdict()
    allowed = sorted({route.method for route in ROUTES if route.path.fullmatch(path)})
    raise MethodNotAllowed(method, allowed) if allowed else NoSuchRoute
