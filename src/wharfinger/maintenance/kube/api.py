"""
The requests of an evacuation, made to any Kubernetes API.

Nothing is retried here, but for a list that expired between two pages: what a request may have
done decides whether it is made again, and that is for the runner to know. Lists are read page by
page, and each page becomes values at once, so that a large cluster fits into memory.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Self

import msgspec

from wharfinger.errors import NotFound
from wharfinger.maintenance.api import Api, ApiFault, ApiRefused, Eviction, PodEvent, WatchExpired
from wharfinger.maintenance.kube import answers as kube_answers
from wharfinger.maintenance.kube import objects as kube_objects
from wharfinger.maintenance.kube import requests as kube_requests
from wharfinger.maintenance.kube import watch as kube_watch
from wharfinger.maintenance.kube.answers import Document
from wharfinger.maintenance.kube.objects import Kind, Value
from wharfinger.maintenance.kube.requests import list_path, node_path, on_node, pod_path
from wharfinger.maintenance.kube.server import Server
from wharfinger.maintenance.kube.transport import JSON, Transport
from wharfinger.maintenance.model import Budget, Name, Node, Object, Pod

PAGE: Final = 500
TIMEOUT: Final = 30.0
QUIET: Final = 90.0
"""Seconds of silence that end a watch. A server sends bookmarks about every minute."""
WATCH: Final = 300
"""Seconds after which the server ends a watch."""

_MERGE_PATCH: Final = "application/merge-patch+json"


class KubeApi(Api):
    """Opened by `async with`; many tasks may share one."""

    def __init__(
        self,
        server: Server,
        *,
        timeout: float = TIMEOUT,
        quiet: float = QUIET,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.server = server.url
        self._transport = Transport(server, timeout=timeout)
        self._quiet, self._now = quiet, now
        self._evictions: str | None = None
        self._looking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._transport.__aexit__(*error)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = JSON,
    ) -> Document:
        """Any request for an object; raise `NotFound`, `AlreadyExists` and `Conflict` as well."""
        return await self._ask(
            method, path, f"{method} {path}", query=query, body=body, content_type=content_type
        )

    async def node(self, name: str) -> Node:
        what = f"read node {name!r}"
        reply = await self._transport.send("GET", node_path(name), what)
        return kube_answers.node(reply, name, what, writes=False)

    async def nodes(self, selector: str = "") -> list[Node]:
        path = list_path("v1", "nodes")
        with _served():
            found, _ = await self._list(path, kube_objects.NODES, labelSelector=selector)
        return found

    async def pods(self, *, node: str = "", namespace: str = "") -> tuple[list[Pod], str]:
        path = list_path("v1", "pods", namespace)
        with _served():
            return await self._list(path, kube_objects.PODS, fieldSelector=on_node(node))

    async def budgets(self, namespace: str = "") -> list[Budget]:
        for version in kube_requests.POLICY:
            path = list_path(version, "poddisruptionbudgets", namespace)
            try:
                found, _ = await self._list(path, kube_objects.BUDGETS)
            except NotFound:
                continue  # a cluster from before that version, or without policies
            return found
        return []

    async def daemon_sets(self, namespace: str = "") -> frozenset[Name]:
        path = list_path("apps/v1", "daemonsets", namespace)
        with _served():
            found, _ = await self._list(path, kube_objects.DAEMON_SETS)
        return frozenset(found)

    async def watch_pods(
        self, revision: str, *, node: str = "", namespace: str = ""
    ) -> AsyncIterator[PodEvent]:
        what = "watch pods"
        query = {
            "watch": "1",
            "resourceVersion": revision,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH),
            **_given(fieldSelector=on_node(node)),
        }
        path = list_path("v1", "pods", namespace)
        with _served():
            async with (
                self._transport.open(path, what, query=query) as content,
                aclosing(kube_watch.events(content, what, self._quiet)) as events,
            ):
                async for event in events:
                    yield event

    async def evict(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        version = await self._eviction_version()
        body = kube_requests.eviction(pod, version, grace, dry_run)
        what = f"evict pod {pod.name}"
        reply = await self._transport.send(
            "POST", f"{pod_path(pod.name)}/eviction", what, body=msgspec.json.encode(body)
        )
        return kube_answers.eviction(reply, pod, what)

    async def delete(self, pod: Pod, *, grace: int = -1, dry_run: bool = False) -> Eviction:
        body = kube_requests.deletion(pod, grace, dry_run)
        what = f"delete pod {pod.name}"
        reply = await self._transport.send(
            "DELETE", pod_path(pod.name), what, body=msgspec.json.encode(body)
        )
        return kube_answers.eviction(reply, pod, what)

    async def patch_node(self, node: Node, patch: Mapping[str, Any]) -> Node:
        body, what = kube_requests.change(node, patch), f"change node {node.name!r}"
        reply = await self._transport.send(
            "PATCH",
            node_path(node.name),
            what,
            body=msgspec.json.encode(body),
            content_type=_MERGE_PATCH,
        )
        return kube_answers.node(reply, node.name, what, writes=True)

    async def create_event(self, node: Node, *, reason: str, message: str, warning: bool) -> None:
        name = f"{node.name}.{secrets.token_hex(8)}"
        body = kube_requests.event(
            node, name, reason=reason, message=message, warning=warning, now=self._now()
        )
        what = f"tell an event of node {node.name!r}"
        with _served():
            await self._ask("POST", kube_requests.EVENTS, what, body=body)

    async def _eviction_version(self) -> str:
        """Looked up once: a cluster before 1.22 knows an eviction by its older version only."""
        async with self._looking:
            if self._evictions is None:
                with _served():
                    found = await self._ask("GET", "/api/v1", "see how pods are evicted")
                self._evictions = kube_requests.eviction_version(found.get("resources") or ())
            return self._evictions

    async def _list(self, path: str, kind: Kind[Value], **query: str) -> tuple[list[Value], str]:
        """All of a list with its revision; begun anew, once, if it expires between two pages."""
        try:
            return await self._pages(path, kind, query)
        except WatchExpired:
            pass
        try:
            return await self._pages(path, kind, query)
        except WatchExpired as error:
            raise ApiFault(
                f"cannot list {kind.words}: they change faster than they can be read"
            ) from error

    async def _pages(
        self, path: str, kind: Kind[Value], query: Mapping[str, str]
    ) -> tuple[list[Value], str]:
        found: list[Value] = []
        what, asked = f"list {kind.words}", {"limit": str(PAGE), **_given(**query)}
        while True:
            reply = await self._transport.send("GET", path, what, query=asked)
            try:
                page = kind.page.decode(kube_answers.accepted(reply, what, writes=False).body)
                found.extend(map(kind.read, page.items or ()))
            except (msgspec.MsgspecError, LookupError, ValueError, RecursionError) as error:
                raise ApiFault(f"cannot {what}: the answer is no list of them") from error
            if not page.metadata.more:
                return found, page.metadata.revision
            asked["continue"] = page.metadata.more

    async def _ask(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = JSON,
    ) -> Document:
        content = msgspec.json.encode(body) if body is not None else None
        reply = await self._transport.send(
            method, path, what, query=query, body=content, content_type=content_type
        )
        return kube_answers.accepted(reply, what, writes=method != "GET").document(what)


@contextmanager
def _served() -> Iterator[None]:
    """What every cluster has is not there: it is no cluster."""
    try:
        yield
    except NotFound as error:
        remedy = "see that the address is that of a Kubernetes API"
        raise ApiRefused(error.message, status=HTTPStatus.NOT_FOUND, remedy=remedy) from error


def _given(**query: str) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}
