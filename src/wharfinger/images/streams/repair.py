"""
What makes streams and registry agree again after a crash, and follows what becomes of streams.

At the start, and once in a while, all tags of the registry are compared with all streams, in bulk: only
where they differ is anything read or written. In between a controller deletes the repository of a stream
that is deleted, whoever deletes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterable, Mapping
from typing import Final, NamedTuple

from wharfinger.cluster import metadata
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.kinds.openshift.stream_rules import stream_name
from wharfinger.cluster.watch import Event
from wharfinger.errors import WharfingerError
from wharfinger.images.streams import agreement
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.registry import Registry

_AT_A_STRETCH: Final = 50
"""How many repositories are compared before others come in between."""

logger = logging.getLogger(__name__)


class Gone(NamedTuple):
    """A stream that was deleted."""

    name: RepositoryName
    uid: str


class Repair:
    def __init__(self, cache: Cache, registry: Registry, streams: Streams) -> None:
        self._cache = cache
        self._registry = registry
        self._streams = streams

    async def all(self) -> None:
        """Compare everything, and repair what differs."""
        seen: set[RepositoryName] = set()
        after = ""
        while page := await self._registry.tagged(after, _AT_A_STRETCH):
            for name, tags in page:
                seen.add(name)
                if not self._agrees(name, tags):
                    await self._repair(name)
            after = str(page[-1][0])
            await asyncio.sleep(0)
        for number, name in enumerate(self._stream_names()):
            if name not in seen and not self._agrees(name, {}):
                await self._repair(name)
            if number % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)

    def _agrees(self, name: RepositoryName, tags: Mapping[Tag, Digest]) -> bool:
        if stream_name(name.rest) or not self._alive(name.project):
            return True
        stream = self._streams.find(name)
        if stream is None:
            return False
        texts = {tag.text: str(digest) for tag, digest in tags.items()}
        repository, public = self._streams.repository(name), self._streams.public(name)
        return agreement.agrees(stream, texts, repository, public)

    def _alive(self, project: str) -> bool:
        found = self._cache.get(NAMESPACE.resource, "", project)
        return found is not None and not metadata.deleting(found)

    async def _repair(self, name: RepositoryName) -> None:
        try:
            await self._streams.agree(name)
        except WharfingerError as error:
            logger.warning("the image stream %s is not repaired: %s", name, error)

    def _stream_names(self) -> list[RepositoryName]:
        found = (one["metadata"] for one in self._cache.list(IMAGE_STREAM.resource))
        return [RepositoryName(one["namespace"], one["name"]) for one in found]


class StreamEnds:
    """A controller; its keys are streams that were deleted."""

    follows = (IMAGE_STREAM.resource,)

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def everything(self) -> Iterable[Hashable]:
        # A repository without its stream may be a push that was not told: it gets one (`Repair`).
        return ()

    def concerned(self, event: Event) -> Iterable[Hashable]:
        if not event.deleted:
            return ()
        name = RepositoryName(event.key.namespace, event.key.name)
        return (Gone(name, event.object["metadata"]["uid"]),)

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, Gone)
        await self._streams.ended(key.name, key.uid)
        return None
