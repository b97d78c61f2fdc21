"""
Wire the server: the one place that picks implementations and says which path goes where.

`services` opens the stores and starts what works in the background; `create_app` puts the edge
around the handlers. The first segment of a path chooses who answers, so that a pull passes one
dictionary and no router that is not its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from wharfinger.cluster import virtual
from wharfinger.cluster.admission import NAMESPACES, NamespaceLifecycle
from wharfinger.cluster.authenticate import Authenticator
from wharfinger.cluster.authorize import Access
from wharfinger.cluster.bootstrap import bootstrap
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.controllers import Runner
from wharfinger.cluster.escalation import EscalationCheck
from wharfinger.cluster.htpasswd import HtpasswdFile
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.openshift.codes import Codes
from wharfinger.cluster.passwords import Passwords
from wharfinger.cluster.pod_accounts import PodAccounts
from wharfinger.cluster.provision import Provisioner
from wharfinger.cluster.rbac import RbacAuthorizer
from wharfinger.cluster.sessions import Sessions
from wharfinger.cluster.stores.sqlite import SqliteStore
from wharfinger.cluster.tokens import Tokens
from wharfinger.errors import NotFound
from wharfinger.images import endpoints as images
from wharfinger.images.streams.repair import Repair, StreamEnds
from wharfinger.images.streams.stream_writes import StreamWrites
from wharfinger.images.streams.streams import Streams
from wharfinger.images.streams.tag_events import TagMoves
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.disk import DiskBlobStore
from wharfinger.registry.stores.sqlite import SqliteMetadataStore
from wharfinger.server import (
    console,
    guard,
    image_policy,
    import_settings,
    imports,
    kube,
    kube_errors,
    metrics,
    oauth,
    v2_errors,
)
from wharfinger.server.addresses import Addresses
from wharfinger.server.answering import answering
from wharfinger.server.audit_log import AuditFile, AuditLog
from wharfinger.server.audited import Audited
from wharfinger.server.directory import StateDirectory
from wharfinger.server.drain import Drain
from wharfinger.server.errors import ErrorBody, ErrorEdge
from wharfinger.server.gate import Gate
from wharfinger.server.handlers import first_segment
from wharfinger.server.health import health_of
from wharfinger.server.kube import Kube
from wharfinger.server.logging import AccessLog
from wharfinger.server.measured import MeasuredBlobStore
from wharfinger.server.metrics import Metrics
from wharfinger.server.observe import Observed
from wharfinger.server.policy_file import LOOK_SECONDS
from wharfinger.server.settings import Settings
from wharfinger.server.state import Services
from wharfinger.server.tasks import Tasks
from wharfinger.server.v2 import V2

_OBJECT_API = ("api", "apis", "oapi", "openapi", "version")
_PURGE_SECONDS = 60 * 60
_REPAIR_SECONDS = 60 * 60
_SWEEP_SECONDS = 10 * 60


class NoSuchPath(NotFound):
    code = "no-such-path"


@asynccontextmanager
async def services(
    settings: Settings,
    directory: StateDirectory,
    addresses: Addresses,
    *,
    trust: bytes | None = None,
) -> AsyncIterator[Services]:
    """Open everything that requests are served from, and close it in reverse.

    `trust` is the PEM by which clients know us, None without TLS.
    """
    async with AsyncExitStack() as stack:
        measured = Metrics()
        registry = open_registry(directory, measured)
        stack.push_async_callback(registry.close)
        audit = AuditLog(AuditFile(directory.audit), measured) if settings.audit else None
        if audit is not None:
            stack.push_async_callback(audit.close)
        cache = await Cache.open(SqliteStore(directory.objects))
        stack.push_async_callback(cache.close)
        authorizer = RbacAuthorizer(cache)
        policy = import_settings.policy(settings.import_policy)
        policy = replace(policy, internal=policy.internal or addresses.registry)
        lifecycle, writes = NamespaceLifecycle(cache), StreamWrites(cache, authorizer, policy)
        rights = EscalationCheck(authorizer)
        judged = await stack.enter_async_context(
            image_policy.opened(settings, cache, measured, policy)
        )
        reviews = (judged.review,) if judged is not None else ()
        objects = Objects(cache, (lifecycle, PodAccounts(cache), rights, writes), reviews)
        streams = Streams(Objects(cache, (lifecycle,)), registry, policy=policy)
        tokens, sessions = Tokens(directory.signing_key()), Sessions(cache)
        file = HtpasswdFile(settings.htpasswd) if settings.htpasswd is not None else None
        authenticator = Authenticator(
            cache, tokens=tokens, sessions=sessions, passwords=Passwords(file)
        )
        tasks = Tasks(measured)
        stack.push_async_callback(tasks.stop)
        provisioner = Provisioner(
            objects,
            tokens=tokens,
            hosts=addresses.hosts,
            on_project_deleted=registry.delete_project,
            authority=(trust or b"").decode(),
        )
        first = cache.revision == 0
        await bootstrap(objects)
        if first:
            await provisioner.settle()  # so that the roles are whole when the first request comes
        imported = imports.imports(
            objects,
            registry,
            streams,
            authorizer=authorizer,
            settings=settings,
            hosts=addresses.hosts,
            active=partial(project_active, cache),
        )
        stack.push_async_callback(imported.content.close)
        opened = Services(
            settings=settings,
            addresses=addresses,
            registry=registry,
            cache=cache,
            objects=objects,
            streams=streams,
            imports=imported,
            virtual=(
                *virtual.resources(
                    objects, authorizer=authorizer, authenticator=authenticator, tokens=tokens
                ),
                *images.resources(objects, registry, streams=streams, authorizer=authorizer),
                imported.endpoint,
            ),
            authorizer=authorizer,
            authenticator=authenticator,
            sessions=sessions,
            codes=Codes(),
            tokens=tokens,
            metrics=measured,
            audit=audit,
            tasks=tasks,
        )
        start_tasks(opened, provisioner)
        if judged is not None:
            tasks.start("image-policy", every(LOOK_SECONDS, judged.file.again))
        yield opened


def open_registry(directory: StateDirectory, measured: Metrics) -> Registry:
    blobs = DiskBlobStore(directory.registry)  # makes the directory that the other needs
    metadata = SqliteMetadataStore(directory.registry / "metadata.sqlite")
    return Registry(blobs=MeasuredBlobStore(blobs, measured, "filesystem"), metadata=metadata)


def start_tasks(opened: Services, provisioner: Provisioner) -> None:
    """What goes on behind the requests."""

    async def purge() -> None:
        await opened.registry.start()

    opened.tasks.start("provisioner", provisioner.run)
    repair = Repair(opened.cache, opened.registry, opened.streams)
    ends = Runner(opened.cache, StreamEnds(opened.streams))
    opened.tasks.start("streams", ends.run)
    opened.tasks.start("tag-events", Runner(opened.cache, TagMoves(opened.objects)).run)
    opened.tasks.start("imports", opened.imports.background.run)
    opened.tasks.start("stream-repair", every(_REPAIR_SECONDS, repair.all))
    opened.tasks.start("uploads", every(_PURGE_SECONDS, purge))
    if opened.audit is not None:
        opened.tasks.start("audit", opened.audit.run)
    opened.tasks.start("sessions", every(_SWEEP_SECONDS, opened.sessions.sweep))


def every(
    seconds: float, work: Callable[[], Coroutine[Any, Any, None]]
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Work at once, and again after each pause."""

    async def forever() -> None:
        while True:
            await work()
            await asyncio.sleep(seconds)

    return forever


def create_app(opened: Services, *, drain: Drain, log: AccessLog) -> ASGIApp:
    """Put the edge around the handlers."""
    checks = health_of(state=opened.settings.state, tasks=opened.tasks, drain=drain)
    registry = V2(
        registry=opened.registry,
        authorizer=opened.authorizer,
        identify=guard.grant,
        active=partial(project_active, opened.cache),
        streams=opened.streams,
        content=opened.imports.content,
    )
    objects = Kube(kube.endpoints(opened.objects, opened.virtual), gate=Gate(opened.metrics))
    apps: dict[str, ASGIApp] = {
        "v2": registry,
        **dict.fromkeys(_OBJECT_API, objects),
        **dict.fromkeys(("oauth", "openshift", ".well-known"), Router(oauth.ROUTES)),
        **dict.fromkeys(("livez", "readyz", "healthz"), answering(checks.handle)),
        "metrics": answering(show_metrics),
        **dict.fromkeys(("", "console"), Router(console.ROUTES)),
    }
    bodies = error_bodies(opened)
    edge = ErrorEdge(Dispatch(opened, apps), bodies)
    audited = Audited(edge, _OBJECT_API, opened.audit)
    return Observed(audited, metrics=opened.metrics, log=log, drain=drain, bodies=bodies)


def error_bodies(opened: Services) -> Mapping[str, ErrorBody]:
    """Who shapes the errors of which paths."""

    def realm(host: str | None) -> str:
        return f"{opened.addresses.base_for(host)}/oauth/token"

    return {
        "v2": v2_errors.answer(realm),
        **dict.fromkeys(_OBJECT_API, kube_errors.body),
        **dict.fromkeys(("oauth", "openshift"), oauth.error_body),
    }


def project_active(cache: Cache, project: str) -> bool:
    """Whether a project is there and not being deleted."""
    found = cache.get(NAMESPACES, "", project)
    return found is not None and found["metadata"].get("deletionTimestamp") is None


async def show_metrics(request: Request) -> Response:
    await guard.require(request, Access("get", path="/metrics"))
    opened: Services = request.app.state
    return Response(opened.metrics.render(), media_type=metrics.CONTENT_TYPE)


class Dispatch:
    """Hand a request to the app of its first segment; `request.app.state` are the services."""

    def __init__(self, state: Services, apps: Mapping[str, ASGIApp]) -> None:
        self.state = state
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        app = self._apps.get(first_segment(scope["path"]))
        if app is None:
            raise NoSuchPath("cannot find this path")
        await app(scope, receive, send)
