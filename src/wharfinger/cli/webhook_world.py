"""
What `wharf webhook` may look up: the API of its cluster, and other registries with the site's trust.

The cluster is only read, one object at a time. What we may not read there is as if it were not there:
then a registry is asked without a login, and no rule is ignored. What we never may, as without rights
on namespaces, is told once in the log.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from wharfinger.cli import site_registries
from wharfinger.errors import NotFound
from wharfinger.hosts.site.model import Site
from wharfinger.images.lookup.cluster_view import ClusterView
from wharfinger.images.lookup.remote_images import RemoteImages, Result
from wharfinger.maintenance.api import ApiRefused
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.kube.server import Server
from wharfinger.remote.reach import Reach
from wharfinger.remote.registries import Registries
from wharfinger.server.webhook.judge import World
from wharfinger.server.webhook.world import KnownCluster, NoCluster

_API_SECONDS: Final = 10.0
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,400}")
"""What names of objects are made of. Anything else, as a step up in a path, names none."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedWorld:
    """How to open it; `server` is None for a webhook that may not ask its cluster."""

    server: Server | None
    site: Site
    reach: Reach

    @asynccontextmanager
    async def __call__(
        self, *, labels: Callable[[], bool], count: Callable[[Result], None]
    ) -> AsyncIterator[World]:
        async with AsyncExitStack() as stack:
            registries = await stack.enter_async_context(
                Registries(
                    reach=self.reach, trust=lambda host: site_registries.trust_of(self.site, host)
                )
            )
            images = RemoteImages(
                site_registries.SiteRegistries(registries, self.site), labels=labels, count=count
            )
            stack.push_async_callback(images.close)
            if self.server is None:
                yield NoCluster(images)
                return
            api = await stack.enter_async_context(KubeApi(self.server, timeout=_API_SECONDS))
            view = ClusterView(KubeCluster(api))
            stack.push_async_callback(view.close)
            yield KnownCluster(images, view)


class KubeCluster:
    """`images.pull_accounts.Cluster` over any Kubernetes API."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._refused: set[str] = set()

    async def get(
        self, group: str, version: str, resource: str, namespace: str, name: str
    ) -> dict[str, Any] | None:
        if not _NAME.fullmatch(name) or not (namespace == "" or _NAME.fullmatch(namespace)):
            return None
        below = f"/namespaces/{namespace}" if namespace else ""
        return await self._read(f"{_root(group, version)}{below}/{resource}/{name}", resource)

    async def serves(self, group: str, version: str) -> bool:
        return await self._read(_root(group, version), group) is not None

    async def _read(self, path: str, what: str) -> dict[str, Any] | None:
        try:
            return await self._api.ask("GET", path)
        except NotFound:
            return None
        except ApiRefused as error:
            if error.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST):
                raise
            if what not in self._refused:
                self._refused.add(what)
                logger.warning("the cluster does not let us read %s: %s", what, error.message)
            return None


def _root(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"
