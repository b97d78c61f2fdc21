"""
The streams as the server itself writes them: after a push, after an import, at a repair.

A stream is an object, and which images its repository has is known by the registry. Whatever changes
the registry tells it here before the client reads its answer, and what a crash left unsaid is said
by `repair.py`: both only make the stream agree with the registry as it is now (`agreement.py`), so it
does not matter who comes first, or twice.

A repository whose name can be no stream's (`team/a/b`, `team/a--b`) has none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

from wharfinger.cluster import metadata
from wharfinger.cluster.errors import (
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
    ObjectTooLarge,
)
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.kinds.openshift.stream_rules import stream_name
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.subject import SYSTEM, Subject
from wharfinger.errors import BadInput, Conflict, NotFound, TooLarge
from wharfinger.images.streams import agreement, history, shown
from wharfinger.images.streams.pushed_images import PushedImages
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.registry.errors import ManifestUnknown, RepositoryUnknown
from wharfinger.registry.registry import Registry

WHOLE: Final = replace(IMAGE_STREAM, subresources=())
"""A stream with its status, as only the server writes it; no path leads there."""

logger = logging.getLogger(__name__)

_TRIES: Final = 50


class PushUndone(Conflict):
    code = "push-undone"

    def __init__(self, name: RepositoryName) -> None:
        super().__init__(
            f"cannot keep the image: the repository {str(name)!r} was deleted during the push",
            remedy="push again",
        )


@dataclass(slots=True)
class _Batch:
    """What is to be written into one stream next, in the order in which it came."""

    tags: list[tuple[Tag, Digest | None]] = field(default_factory=list)
    written: asyncio.Task[None] | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Streams:
    """`objects` asks nobody for leave beyond the life of namespaces: who calls has asked.

    `policy.internal` is the name, `host[:port]`, by which clients know our registry.
    """

    def __init__(
        self,
        objects: Objects,
        registry: Registry,
        *,
        policy: ImportPolicy,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.policy = policy
        self._objects = objects
        self._cache = objects.cache
        self._registry = registry
        self._images = PushedImages(registry)
        self._now = now
        self._dropping: dict[RepositoryName, asyncio.Event] = {}
        self._turns: WeakValueDictionary[RepositoryName, asyncio.Lock] = WeakValueDictionary()
        self._batches: dict[RepositoryName, _Batch] = {}
        self._ended: set[str] = set()
        """The streams whose repository has been dropped by one of two who do."""

    def repository(self, name: RepositoryName) -> str:
        """The name by which clients pull from a repository of ours."""
        return f"{self.policy.internal}/{name}"

    def public(self, name: RepositoryName) -> str:
        return f"{self.policy.external}/{name}" if self.policy.external else ""

    def find(self, name: RepositoryName) -> Object | None:
        return self._cache.get(IMAGE_STREAM.resource, name.project, name.rest)

    def known(self, name: RepositoryName) -> bool:
        """Whether there is such a stream: a push then makes nothing new."""
        return self.find(name) is not None

    async def pushed(self, name: RepositoryName, tag: Tag | None, digest: Digest) -> None:
        """A client has put a manifest; raise `PushUndone` if it is gone by now."""
        if stream_name(name.rest):
            return
        if tag is None:
            await self._write(name, lambda stream: self._changed(name, stream))
        else:
            await self._record(name, {tag: digest})
            if agreement.copies(self.find(name) or {}):
                await self._follow(name)
        await self._dropped(name)
        if tag is not None:
            await self.moved(name, tag)
        if not await self._has(name, digest if tag is None else tag):
            raise PushUndone(name)

    async def moved(self, name: RepositoryName, tag: Tag) -> None:
        """A tag of the registry has perhaps moved or gone."""
        if stream_name(name.rest):
            return
        digest = await self._registry.tag(name, tag)
        while digest is not None or self.known(name):
            await self._record(name, {tag: digest})
            before, digest = digest, await self._registry.tag(name, tag)
            if digest == before:
                return

    async def agree(self, name: RepositoryName) -> None:
        """Make stream and repository agree, whatever was left unsaid or undone before."""
        if stream_name(name.rest):
            return
        await self._dropped(name)
        await self._follow(name)
        tags = await self._registry.all_tags(name)
        while self.known(name) or await self._registry.exists(name):
            stream = self.find(name) or {}
            ours = agreement.our_tags(stream, self.repository(name))
            gone: dict[Tag, Digest | None] = dict.fromkeys(map(Tag, ours))
            await self._record(name, {**gone, **tags})
            before, tags = tags, await self._registry.all_tags(name)
            if tags == before:
                return

    async def _follow(self, name: RepositoryName) -> None:
        """Move the tags of the repository that its stream has moved on.

        A copy of an image of ours is linked here, so that it can be pulled by its new tag: who wrote
        the copy may pull its source. A tag of an image of elsewhere is none of ours any more.
        """
        stream = self.find(name)
        if stream is None:
            return
        tags, repository = await self._registry.all_tags(name), self.repository(name)
        for told in (stream.get("status") or {}).get("tags") or ():
            tag = Tag.find(told["tag"])
            if tag is None:
                continue
            digest = tags.get(tag)
            if not agreement.left_behind(told, str(digest) if digest else None, repository):
                continue
            newest = told["items"][0]
            with suppress(NotFound, BadInput, TooLarge):
                if not agreement.is_ours(newest, repository):
                    if digest is not None:
                        await self._registry.delete_manifest(name, tag)
                elif (source := agreement.source(stream, tag.text)) is not None:
                    await self._registry.link_image(
                        name, Digest.parse(newest["image"]), source, tag
                    )

    async def drop(self, name: RepositoryName, uid: str) -> None:
        """Delete the repository of a stream, by its uid, that was deleted just now."""
        self._ended.add(uid)
        await self._drop(name)

    async def ended(self, name: RepositoryName, uid: str) -> None:
        """A stream was seen to be deleted; what `drop` has done already is not done again.

        By then the repository may be there anew, with the first blobs of a push.
        """
        if uid in self._ended:
            self._ended.remove(uid)
        else:
            await self._drop(name)

    async def _drop(self, name: RepositoryName) -> None:
        await self._dropped(name)
        if self.known(name):
            return
        ended = self._dropping[name] = asyncio.Event()
        try:
            with suppress(RepositoryUnknown):
                await self._registry.delete_repository(name)
        finally:
            del self._dropping[name]
            ended.set()

    async def _dropped(self, name: RepositoryName) -> None:
        """Wait for the end of `drop`, if one is under way."""
        while (ending := self._dropping.get(name)) is not None:
            await ending.wait()

    async def apply(
        self,
        namespace: str,
        name: str,
        change: Callable[[Object | None], Object | None],
        *,
        subject: Subject,
        create: bool,
    ) -> Object:
        """Write what `change` makes of the stream that is there (None: there is none).

        It is called again when the stream has changed meanwhile, and may return None for nothing to
        write. Without `create` a stream that is not there is `ObjectNotFound`. Tags that came to
        stand for an image of elsewhere are taken from the registry.
        """

        def changed(stream: Object | None) -> Object | None:
            if stream is None and not create:
                raise ObjectNotFound(IMAGE_STREAM.resource, name)
            new = change(stream)
            if new is None:
                return None
            return self._changed(repository, new) or new

        repository = RepositoryName(namespace, name)
        await self._write(repository, changed, subject=subject)
        written = self.find(repository)
        if written is None:
            raise ObjectNotFound(IMAGE_STREAM.resource, name)
        await self._follow(repository)
        return written

    async def keep_images(self, images: Iterable[Object]) -> None:
        """Keep images that are not known yet; what is known of others stays."""
        await asyncio.gather(*map(self._keep_image, images))

    async def tag_image(self, namespace: str, stream: str, tag: str) -> Object:
        """The `ImageStreamTag`; raise `ObjectNotFound` with the resource that is absent."""
        found = self._objects.get(IMAGE_STREAM, namespace, stream)
        return shown.stream_tag(found, tag, self.image)

    def image(self, digest: str) -> Object | None:
        """What is known of an image."""
        return self._cache.get(IMAGE.resource, "", digest)

    async def _keep_image(self, image: Object) -> None:
        if self.image(image["metadata"]["name"]) is None:
            with suppress(ObjectExists):
                await self._objects.create(IMAGE, "", image, SYSTEM)

    async def _record(self, name: RepositoryName, tags: Mapping[Tag, Digest | None]) -> None:
        """Say in the stream which image each of some tags of the registry is; None: none."""
        images: dict[str, Object] = {}
        for tag, digest in tags.items():
            if digest is not None and not self._recorded(name, tag, digest):
                found = await self._images.of(name, digest, self.repository(name))
                images |= {image["metadata"]["name"]: image for image in found}
        try:
            # Together they wait for one sync of the store.
            await asyncio.gather(self.keep_images(images.values()), self._tell(name, tags))
        except ObjectTooLarge:
            # The registry has what the stream has no room for: it is pulled as before.
            logger.warning("the image stream %s has no room for more tags", name)

    async def _tell(self, name: RepositoryName, tags: Mapping[Tag, Digest | None]) -> None:
        """Write into the stream, in one go with what others have to say of it meanwhile."""
        batch = self._batches.get(name)
        if batch is None:
            batch = self._batches[name] = _Batch()
            batch.written = asyncio.create_task(self._write_batch(name, batch))
        batch.tags += tags.items()
        assert batch.written is not None
        await asyncio.shield(batch.written)

    async def _write_batch(self, name: RepositoryName, batch: _Batch) -> None:
        def close() -> None:
            """Whoever comes from now on is for the next one."""
            if self._batches.get(name) is batch:
                del self._batches[name]

        def changed(stream: Object | None) -> Object | None:
            close()
            return self._changed(name, stream, batch.tags)

        try:
            await self._write(name, changed)
        finally:
            close()

    def _recorded(self, name: RepositoryName, tag: Tag, digest: Digest) -> bool:
        newest = history.latest(self.find(name) or {}, tag.text)
        if newest is None or newest["image"] != str(digest):
            return False
        return self.image(str(digest)) is not None

    def _changed(
        self,
        name: RepositoryName,
        stream: Object | None,
        tags: Iterable[tuple[Tag, Digest | None]] = (),
    ) -> Object | None:
        """The stream with what is to be said of it; None if it says so already."""
        repository, created = self.repository(name), metadata.timestamp(self._now())
        new = agreement.begun(name.project, name.rest) if stream is None else stream
        new = agreement.named(new, repository, self.public(name)) or new
        texts = [(tag.text, None if digest is None else str(digest)) for tag, digest in tags]
        new = agreement.tagged(new, texts, repository=repository, created=created) or new
        return None if new is stream else new

    async def _write(
        self,
        name: RepositoryName,
        change: Callable[[Object | None], Object | None],
        *,
        subject: Subject = SYSTEM,
    ) -> None:
        async with self._turns.setdefault(name, asyncio.Lock()):
            await self._write_in_turn(name, change, subject)

    async def _write_in_turn(
        self,
        name: RepositoryName,
        change: Callable[[Object | None], Object | None],
        subject: Subject,
    ) -> None:
        for _ in range(_TRIES):
            old = self.find(name)
            new = change(old)
            if new is None:
                return
            try:
                await self._put(name, new, old, subject)
            except (ObjectConflict, ObjectExists, ObjectNotFound):
                if _version(self.find(name)) == _version(old):
                    raise  # not that somebody was faster
                continue
            return
        raise ObjectConflict(IMAGE_STREAM.resource, name.rest)

    async def _put(
        self, name: RepositoryName, new: Object, old: Object | None, subject: Subject
    ) -> None:
        if old is None:
            await self._objects.create(WHOLE, name.project, new, subject)
            return
        try:
            await self._objects.update(WHOLE, name.project, name.rest, new, subject)
        except ObjectTooLarge:
            # Better to lose what was before than to refuse what is now.
            short = agreement.trimmed(new, 1)
            await self._objects.update(WHOLE, name.project, name.rest, short, subject)

    async def _has(self, name: RepositoryName, reference: Digest | Tag) -> bool:
        try:
            await self._registry.manifest(name, reference)
        except (ManifestUnknown, RepositoryUnknown):
            return False
        return True


def _version(stream: Object | None) -> str:
    return "" if stream is None else str(stream["metadata"]["resourceVersion"])
