"""
Imports and pull-through, put together from what the settings say of them.

Tenants name where images come from, so this reaches public addresses and what the administrator has
listed: the networks of `import_inside`, and the registries that the import policy names in full, its
mirrors among them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

from wharfinger.cluster.authorize import Authorizer
from wharfinger.cluster.kind import Object
from wharfinger.cluster.objects import Objects
from wharfinger.images.importing import permits
from wharfinger.images.importing.background import Background
from wharfinger.images.importing.endpoint import StreamImports
from wharfinger.images.importing.fetching import Sources
from wharfinger.images.importing.importer import Importer
from wharfinger.images.importing.mirrors import MirroredSources
from wharfinger.images.importing.trust import Bundle, Bundles
from wharfinger.images.pulls import candidates
from wharfinger.images.pulls.candidates import Candidate
from wharfinger.images.pulls.origins import Origins
from wharfinger.images.pulls.pull_through import PullThrough
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.registry_host import InvalidRegistry, RegistryHost
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.registry.registry import Registry
from wharfinger.remote.reach import Reach
from wharfinger.server import import_settings
from wharfinger.server.settings import Settings

_GLOB = frozenset("*?")


@dataclass(frozen=True, slots=True)
class Imports:
    endpoint: StreamImports
    background: Background
    content: PullThrough
    """What readers of the registry read."""


def imports(
    objects: Objects,
    registry: Registry,
    streams: Streams,
    *,
    authorizer: Authorizer,
    settings: Settings,
    hosts: Collection[str],
    active: Callable[[str], bool],
) -> Imports:
    """`hosts` are our own addresses; `active` tells whether a project is there."""
    cache, policy = objects.cache, streams.policy
    site = import_settings.authorities(settings.import_policy, policy.additional_ca)
    bundles = Bundles(cache, site)
    opening = opening_within(Reach.outside(settings.import_inside, named_in_full(policy)), policy)
    importer = Importer(cache, streams, policy=policy, bundles=bundles, opening=opening)

    def connected(namespace: str, stream: Object) -> AbstractAsyncContextManager[Sources]:
        return opening(bundles.of(namespace, stream))

    def places(stream: Object) -> Sequence[Candidate]:
        return list(_places(stream, {*hosts, policy.internal}, policy))

    origins = Origins(cache, connected=connected, places=places)
    return Imports(
        StreamImports(objects, importer, authorizer),
        Background(cache, importer, policy),
        PullThrough(registry, cache, origins, active=active),
    )


def opening_within(
    reach: Reach, policy: ImportPolicy
) -> Callable[[Bundle], AbstractAsyncContextManager[Sources]]:
    @asynccontextmanager
    async def opening(bundle: Bundle) -> AsyncIterator[Sources]:
        # Slow to import, and most servers never ask another registry.
        from wharfinger.remote.registries import Registries

        async with Registries(reach=reach, trust=bundle.trust) as registries:
            yield MirroredSources(registries, policy)

    return opening


def named_in_full(policy: ImportPolicy) -> list[str]:
    """The registries that the list names without wildcards, and the mirrors, as `host:port`."""
    found = [str(line) for line in policy.allowed.lines] if policy.allowed is not None else []
    found += [mirror.partition("/")[0] for rule in policy.mirrors for mirror in rule.mirrors]
    return [text for text in found if not _GLOB & set(text) and _is_registry(text)]


def _is_registry(text: str) -> bool:
    try:
        RegistryHost.parse(text)
    except InvalidRegistry:
        return False
    return True


def _places(stream: Object, own: Collection[str], policy: ImportPolicy) -> Iterator[Candidate]:
    """Where the images of a stream may be; insecure only where the list says so."""
    for older in (False, True):
        for place in candidates.of_stream(stream, own=own, older=older):
            allowed = permits.may_be_insecure(place.reference, policy.allowed)
            yield replace(place, insecure=place.insecure and allowed)
