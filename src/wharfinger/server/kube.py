"""
The object API over HTTP: `/api`, `/apis`, `/openapi` and `/version`.

A request is authenticated, its path and method become one question to the authoriser, and only
then is looked whether there is such a resource. What it does is asked of an `Endpoint`; here
are only the words of HTTP. Errors pass through: `kube_errors.body` makes a Status of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from wharfinger.cluster import kinds, outside, paging
from wharfinger.cluster.authorize import Access, Authorizer
from wharfinger.cluster.endpoint import Endpoint, Stored
from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.meta import DELETE_OPTIONS
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.paging import Page
from wharfinger.cluster.subject import Subject
from wharfinger.errors import Forbidden
from wharfinger.server import (
    audit,
    fairness,
    guard,
    kube_bodies,
    kube_gzip,
    kube_options,
    kube_paths,
)
from wharfinger.server.gate import Gate
from wharfinger.server.kube_accept import negotiate
from wharfinger.server.kube_answers import Shape, included, respond
from wharfinger.server.kube_documents import Documents
from wharfinger.server.kube_paths import MethodUnsupported, NoSuchResource, Target
from wharfinger.server.kube_watch import WatchResponse
from wharfinger.server.state import Services

_Name = tuple[str, str, str, str]
_ACROSS: Final = ("list", "watch")  # what is done to all namespaces at once


class PathForbidden(Forbidden):
    code = "path-forbidden"

    def __init__(self, subject: Subject, access: Access) -> None:
        super().__init__(
            f'forbidden: User "{subject.name}" cannot {access.verb} path "{access.path}"'
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One permitted request to one endpoint."""

    request: Request
    subject: Subject
    target: Target
    endpoint: Endpoint
    shape: Shape
    require: Callable[[], None]  # raises when the right is gone meanwhile
    warnings: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.target.namespace

    @property
    def agent(self) -> str:
        return self.request.headers.get("user-agent", "")

    def require_create(self) -> None:
        """Raise unless the subject may also create what it applies."""
        services: Services = self.request.app.state
        require(services.authorizer, self.subject, self.target.access("create"))

    @property
    def everywhere(self) -> str | None:
        """The namespace of a list: None where a namespaced kind is asked for in all of them."""
        return None if self.endpoint.kind.namespaced and not self.namespace else self.namespace


class Kube:
    """The ASGI app; `scope["app"].state` are the services."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        served: Iterable[Kind] = kinds.SERVED,
        *,
        gate: Gate | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoints = {_name(endpoint): endpoint for endpoint in endpoints}
        self._kinds = tuple(served)
        self._documents = Documents(self._kinds)
        self._gate = gate or Gate()
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with ExitStack() as held:
            response = await self._answer(request, held)
            await response(scope, receive, send)

    async def _answer(self, request: Request, held: ExitStack) -> ASGIApp:
        services: Services = request.app.state
        subject = await guard.subject(request)
        path = request.scope["path"]
        if self._documents.has(path):
            _require_path(request, subject)
            return await self._documents.answer(request)
        target = kube_paths.parse(path)
        verb = kube_paths.verb(
            request.method, target, watch=kube_options.watches(request.query_params)
        )
        self._refuse_outside(target, verb)
        trail = audit.trail(request.scope)
        trail.verb, trail.target = verb, target
        trail.name = kube_options.named(request.query_params) if verb in ("list", "watch") else ""
        access = target.access(verb, trail.name)
        trail.decision = services.authorizer.decide(subject, access)
        if not trail.decision.allowed:
            raise guard.refused(subject, access)
        permitted = partial(require, services.authorizer, subject, access)
        endpoint = self._find(target, verb)
        shape = Shape(
            self._kind_sent(endpoint),
            negotiate(request.headers.get("accept")),
            included(request.query_params.get("includeObject")),
            self._now(),
        )
        call = Call(request, subject, target, endpoint, shape, permitted)
        proven: Subject = request.scope.get(guard.PROVEN, subject)
        if verb == "watch":
            held.enter_context(self._gate.watch(proven))
        if request.method != "GET":
            await kube_bodies.read(request)  # before it takes a seat: a client may send slowly
        async with self._gate.seat(proven, _seats(call, verb, trail.name)) as waited:
            if waited:
                permitted()  # which it may not be any more
            return await kube_gzip.fitted(request, await _VERBS[verb](call))

    def _refuse_outside(self, target: Target, verb: str) -> None:
        """Say of what we do not serve what to do instead, before rights come into it."""
        endpoint = self._endpoints.get(_asked(target))
        if endpoint is None or verb not in _verbs(endpoint):
            told = outside.sentence(*_asked(target))
            if told is not None:
                raise NoSuchResource(told)

    def _find(self, target: Target, verb: str) -> Endpoint:
        endpoint = self._endpoints.get(_asked(target))
        if endpoint is None or _misplaced(endpoint.kind, target):
            raise NoSuchResource
        across = endpoint.kind.namespaced and not target.namespace
        if verb not in _verbs(endpoint) or (across and verb not in _ACROSS):
            raise MethodUnsupported
        return endpoint

    def _kind_sent(self, endpoint: Endpoint) -> Kind:
        """The kind of what is sent and answered: a subresource may have one of its own."""
        for below in endpoint.kind.subresources:
            if below.name == endpoint.subresource and below.kind is not None:
                named = (below.group, below.version, below.kind)
                return next(
                    kind for kind in self._kinds if (kind.group, kind.version, kind.kind) == named
                )
        return endpoint.kind


def endpoints(objects: Objects, virtual: Iterable[Endpoint]) -> list[Endpoint]:
    """All that is served: the stored kinds with their parts, and what is computed."""
    stored = [Stored(objects, kind) for kind in kinds.ALL]
    parts = [
        Stored(objects, kind, below.name)
        for kind in kinds.ALL
        for below in kind.subresources
        if below.kind is None
    ]
    return [*stored, *parts, *virtual]


def require(authorizer: Authorizer, subject: Subject, access: Access) -> None:
    """Raise, in the words of Kubernetes, unless the subject may."""
    if not authorizer.decide(subject, access).allowed:
        raise guard.refused(subject, access)


def _require_path(request: Request, subject: Subject) -> None:
    access = Access(request.method.lower(), path=request.scope["path"])
    services: Services = request.app.state
    decision = services.authorizer.decide(subject, access)
    audit.trail(request.scope).decision = decision
    if not decision.allowed:
        raise PathForbidden(subject, access)


def _name(endpoint: Endpoint) -> _Name:
    kind = endpoint.kind
    return (kind.group, kind.version, kind.plural, endpoint.subresource)


def _asked(target: Target) -> _Name:
    return (target.group, target.version, target.resource, target.subresource)


def _verbs(endpoint: Endpoint) -> tuple[str, ...]:
    if not endpoint.subresource:
        return endpoint.kind.verbs
    return next(
        below.verbs for below in endpoint.kind.subresources if below.name == endpoint.subresource
    )


def _seats(call: Call, verb: str, named: str) -> int:
    query = call.request.query_params
    limit = kube_options.limit(query) if verb in ("list", "deletecollection") else 0
    return fairness.seats(verb, limit=limit, named=bool(call.target.name or named))


def _misplaced(kind: Kind, target: Target) -> bool:
    """Whether the path has a namespace that the kind cannot be in, or lacks the one it needs."""
    if not kind.namespaced:
        return bool(target.namespace)
    return not target.namespace and (bool(target.name) or "list" not in kind.verbs)


async def _get(call: Call) -> ASGIApp:
    if version := call.request.query_params.get("resourceVersion"):
        services: Services = call.request.app.state
        paging.require_reached(services.cache, version)
    obj = await call.endpoint.get(call.subject, call.namespace, call.target.name)
    return respond(call.shape.object(obj))


async def _list(call: Call) -> ASGIApp:
    options = kube_options.of_list(call.endpoint.kind, call.request.query_params)
    found = await call.endpoint.list(call.subject, call.everywhere, options)
    return respond(call.shape.list(found) if isinstance(found, Page) else found)


async def _watch(call: Call) -> ASGIApp:
    query = call.request.query_params
    options = kube_options.of_watch(call.endpoint.kind, query)
    longest = kube_options.MAX_WATCH_SECONDS
    seconds = kube_options.number("timeoutSeconds", query.get("timeoutSeconds"), 0, 1 << 31)
    feed = await call.endpoint.watch(call.subject, call.everywhere, options)
    return WatchResponse(
        feed,
        call.shape,
        require=call.require,
        seconds=min(seconds or longest, longest),
        bookmarks=options.bookmarks,
    )


async def _create(call: Call) -> ASGIApp:
    options = kube_options.of_write(
        call.request.query_params, call.warnings.append, agent=call.agent, kind="CreateOptions"
    )
    obj = await kube_bodies.read_object(call.request, call.shape.kind.schema)
    made = await call.endpoint.create(call.subject, call.namespace, call.target.name, obj, options)
    audit.trail(call.request.scope).made(made)
    return respond(call.shape.object(made), 201, call.warnings)


async def _update(call: Call) -> ASGIApp:
    options = kube_options.of_write(
        call.request.query_params, call.warnings.append, agent=call.agent
    )
    obj = await kube_bodies.read_object(call.request, call.shape.kind.schema)
    stored = await call.endpoint.update(
        call.subject, call.namespace, call.target.name, obj, options
    )
    return respond(call.shape.object(stored), 200, call.warnings)


async def _patch(call: Call) -> ASGIApp:
    patch_type = kube_bodies.patch_type(call.request)
    options = kube_options.of_patch(
        call.request.query_params, patch_type, call.warnings.append, agent=call.agent
    )
    made: list[bool] = []
    stored = await call.endpoint.patch(
        call.subject,
        call.namespace,
        call.target.name,
        patch_type,
        await kube_bodies.read_patch(call.request),
        replace(
            options,
            allow_creation=call.require_create,
            tell_created=lambda: made.append(True),
        ),
    )
    return respond(call.shape.object(stored), 201 if made else 200, call.warnings)


async def _delete(call: Call) -> ASGIApp:
    body = await kube_bodies.read_options(call.request, DELETE_OPTIONS)
    options = kube_options.of_delete(call.request.query_params, body, call.warnings.append)
    deletion = await call.endpoint.delete(call.subject, call.namespace, call.target.name, options)
    if deletion.removed:
        return respond(_success(call.endpoint.kind, deletion), 200, call.warnings)
    return respond(call.shape.object(deletion.object), 200, call.warnings)


async def _delete_collection(call: Call) -> ASGIApp:
    body = await kube_bodies.read_options(call.request, DELETE_OPTIONS)
    query = call.request.query_params
    page = await call.endpoint.delete_collection(
        call.subject,
        call.everywhere,
        kube_options.of_list(call.endpoint.kind, query),
        kube_options.of_delete(query, body, call.warnings.append),
    )
    return respond(call.shape.list(page), 200, call.warnings)


def _success(kind: Kind, deletion: Deletion) -> dict[str, object]:
    metadata = deletion.object["metadata"]
    details = {"name": metadata["name"], "kind": kind.plural, "uid": metadata.get("uid", "")}
    if kind.group:
        details["group"] = kind.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


_VERBS: Final = {
    "get": _get,
    "list": _list,
    "watch": _watch,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}
