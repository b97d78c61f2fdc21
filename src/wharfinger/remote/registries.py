"""
Other registries over HTTP: where a repository to read from, or to write to, is had.

`Reach` bounds where connections may go, `trust` says whose certificates count for which host. What is
found out about a registry (how it answers, which token it has given to which login) is kept for the
questions that follow, as long as these objects live.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Final, Self

from wharfinger.oci.credentials import Credential
from wharfinger.oci.reference import HUB, HUB_V1, HUB_V2, HUBS, ImageReference
from wharfinger.oci.registry_host import HTTPS_PORT, RegistryHost
from wharfinger.remote.connections import Connections
from wharfinger.remote.endpoint import Endpoint, Means
from wharfinger.remote.reach import Reach
from wharfinger.remote.reading import RemoteSource
from wharfinger.remote.repository import Source, Target
from wharfinger.remote.retry import USUAL, Retry, Wait
from wharfinger.remote.trust import Trust
from wharfinger.remote.writing import RemoteTarget

KEPT: Final = 256
"""Registries, with one set of logins each, of which is kept what was found out."""
LOGINS: Final = 8
"""Logins that are tried for one image."""


class Registries:
    """Opened by `async with`, in the event loop that uses it; many tasks may share one.

    `named` are hosts of token services that may see the login of a registry elsewhere.
    """

    def __init__(
        self,
        *,
        reach: Reach,
        trust: Callable[[RegistryHost], Trust] = lambda _: Trust(),
        retry: Retry = USUAL,
        named: Collection[str] = (),
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._connections = Connections(reach)
        self._means = Means(self._connections, lambda host: trust(_named(host)), retry, wait, named)
        self._endpoints: OrderedDict[
            tuple[RegistryHost, tuple[Credential, ...], bool], Endpoint
        ] = OrderedDict()

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._connections.__aexit__(*error)

    def source(
        self,
        name: ImageReference,
        *,
        logins: Sequence[Credential] = (),
        insecure: bool = False,
        seconds: float,
    ) -> Source:
        """The repository that `name` is in; its tag and digest do not matter.

        `logins` are tried in their order, and none besides: without one, we come as nobody. An
        `insecure` registry may show any certificate, or have no TLS. Raise `InvalidRegistry`.
        """
        full = name.with_client_defaults().as_repository()
        endpoint = self.endpoint(host_of(full), logins=logins, insecure=insecure)
        return RemoteSource(endpoint, full, seconds=seconds)

    def target(
        self,
        name: ImageReference,
        *,
        logins: Sequence[Credential] = (),
        insecure: bool = False,
        seconds: float,
    ) -> Target:
        """As `source`, to write to as well."""
        full = name.with_client_defaults().as_repository()
        endpoint = self.endpoint(host_of(full), logins=logins, insecure=insecure)
        return RemoteTarget(endpoint, full, seconds=seconds)

    def endpoint(
        self, registry: RegistryHost, *, logins: Sequence[Credential] = (), insecure: bool = False
    ) -> Endpoint:
        """A registry as such, for questions that are about no repository."""
        key = (registry, tuple(logins[:LOGINS]), insecure)
        found = self._endpoints.pop(key, None)
        if found is None:
            found = Endpoint(registry, self._means, logins=key[1], insecure=insecure)
        self._endpoints[key] = found
        if len(self._endpoints) > KEPT:
            self._endpoints.popitem(last=False)
        return found


def host_of(name: ImageReference) -> RegistryHost:
    """Where the registry of a full name answers. Docker Hub does so under another name than its own."""
    registry = RegistryHost.parse(name.registry)
    return RegistryHost(HUB_V2, registry.port) if registry.host in (HUB, HUB_V1) else registry


def _named(host: RegistryHost) -> RegistryHost:
    """The name that people know a registry by: without the usual port, and one for Docker Hub."""
    port = None if host.port == HTTPS_PORT else host.port
    return RegistryHost(HUB if host.host in HUBS else host.host, port)
