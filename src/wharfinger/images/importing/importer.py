"""
One import, from the request to the stream: fetch all, then write once.

If somebody else wrote the stream meanwhile, what came is put into what is there now, unless the request
named the version that it is about. An import that fails in part is written in part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from wharfinger.cluster import metadata
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectConflict, ObjectNotFound
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.subject import Subject
from wharfinger.errors import WharfingerError
from wharfinger.images.importing import outcome, permits, secrets
from wharfinger.images.importing.fetching import Fetched, FetchedRepository, Fetching, Sources
from wharfinger.images.importing.outcome import Outcome
from wharfinger.images.importing.platforms import Platform
from wharfinger.images.importing.request import ImportRequest, Wanted
from wharfinger.images.importing.trust import Bundle, Bundles
from wharfinger.images.importing.turns import Turns
from wharfinger.images.streams import agreement, generations, history
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.digest import Digest
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy.import_list import ImportList
from wharfinger.policy.import_policy import ImportPolicy

Opening = Callable[[Bundle], AbstractAsyncContextManager[Sources]]
"""Opens what reaches other registries, with these certificates besides the public ones."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of each entry, and of the repository; `stream` is None if nothing was stored."""

    images: tuple[Outcome, ...]
    tags: tuple[Outcome, ...] = ()
    repository: Object | None = None
    stream: Object | None = None

    def status(self) -> Object:
        """The status of an ImageStreamImport."""
        told = {"import": self.stream, "repository": self.repository}
        shown = {"images": [one.shown() for one in self.images]} if self.images else {}
        return {key: value for key, value in told.items() if value is not None} | shown


def _now() -> datetime:
    return datetime.now(UTC)


class Importer:
    def __init__(
        self,
        cache: Cache,
        streams: Streams,
        *,
        policy: ImportPolicy,
        bundles: Bundles,
        opening: Opening,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._cache, self._streams = cache, streams
        self._policy, self._bundles, self._opening = policy, bundles, opening
        self._turns = Turns()
        self._now = now

    @property
    def allowed(self) -> ImportList | None:
        """From where images may come, our own registry among it."""
        allowed = self._policy.allowed
        return None if allowed is None else allowed.beside(self._policy.internal)

    async def run(
        self, request: ImportRequest, *, subject: Subject, exempt: bool = False
    ) -> Imported:
        """Raise `ObjectNotFound` or `ObjectConflict` if the request is about another stream.

        Who is `exempt` may import from everywhere. What others may not is a failure of its entry.
        """
        stream = self._stream(request)
        now = metadata.timestamp(self._now())
        found = await self._fetched(request, stream, now, exempt=exempt)
        if not request.stores:
            return found
        kept = (*found.tags, *found.images)
        await self._streams.keep_images(outcome.images(kept))
        written = await self._streams.apply(
            request.namespace,
            request.stream,
            lambda there: self._changed(request, there, kept, now),
            subject=subject,
            create=not (request.uid or request.resource_version),
        )
        return Imported(found.images, found.tags, found.repository, written)

    async def meanings(
        self, stream: Object, wanted: Sequence[Wanted]
    ) -> list[tuple[Wanted, Digest | None]]:
        """What each tag means now; None for what cannot be told, or may not be asked for."""
        refused, bundle = self._before(
            stream["metadata"]["namespace"], stream, wanted, exempt=False
        )

        async def ask(fetching: Fetching, one: Wanted) -> tuple[Wanted, Digest | None]:
            try:
                return one, None if one in refused else await fetching.digest(one)
            except (WharfingerError, InvalidReference):
                return one, None

        async with self._fetching(stream["metadata"]["namespace"], stream, bundle) as fetching:
            return await asyncio.gather(*(ask(fetching, one) for one in wanted))

    def _stream(self, request: ImportRequest) -> Object | None:
        """The stream that the request is about, None if it is to be made."""
        found = self._cache.get(IMAGE_STREAM.resource, request.namespace, request.stream)
        _require_same(request, found)
        return found

    def _changed(
        self, request: ImportRequest, there: Object | None, outcomes: Sequence[Outcome], now: str
    ) -> Object | None:
        """The stream that is there now, with what came."""
        _require_same(request, there)
        stream = agreement.begun(request.namespace, request.stream) if there is None else there
        written = outcome.applied(stream, outcomes, now=now)
        if written is None:
            return None
        return agreement.trimmed(generations.prepared(written, there), agreement.MOST_EVENTS)

    async def _fetched(
        self, request: ImportRequest, stream: Object | None, now: str, *, exempt: bool
    ) -> Imported:
        """Ask for all that is wanted and permitted."""
        repository = request.repository
        wanted = request.images if repository is None else (*request.images, repository)
        refused, bundle = self._before(request.namespace, stream, wanted, exempt=exempt)
        async with self._fetching(request.namespace, stream, bundle) as fetching:
            images = asyncio.gather(
                *(_image(fetching, one, refused.get(one), now) for one in request.images)
            )
            if repository is None:
                return Imported(tuple(await images))
            (told, tags), found = await asyncio.gather(
                self._repository(fetching, repository, refused.get(repository), now), images
            )
            return Imported(tuple(found), tags, told)

    async def _repository(
        self, fetching: Fetching, wanted: Wanted, refused: WharfingerError | None, now: str
    ) -> tuple[Object, tuple[Outcome, ...]]:
        if not wanted.fetched:
            return {"status": outcome.skipped(wanted).status, "images": []}, ()
        try:
            if refused is None:
                found = await fetching.repository(wanted, self._policy.max_images)
            else:
                reference = ImageReference.parse(wanted.name)
                found = FetchedRepository(wanted, reference, error=refused)
        except InvalidReference as error:
            return {"status": outcome.unreadable(wanted, error).status, "images": []}, ()
        return outcome.of_repository(found, now=now)

    def _before(
        self, namespace: str, stream: Object | None, wanted: Iterable[Wanted], *, exempt: bool
    ) -> tuple[Mapping[Wanted, WharfingerError], Bundle]:
        """What need not be asked for, and whose certificates count for the rest."""
        try:
            bundle = self._bundles.of(namespace, stream)
        except WharfingerError as error:
            return dict.fromkeys(wanted, error), Bundle()
        judged = {one: permits.judge(one, self.allowed, exempt=exempt) for one in wanted}
        return {one: refused for one, refused in judged.items() if refused is not None}, bundle

    @asynccontextmanager
    async def _fetching(
        self, namespace: str, stream: Object | None, bundle: Bundle
    ) -> AsyncIterator[Fetching]:
        keyring = secrets.of_project(self._cache, namespace)

        def preferred(tag: str) -> Platform:
            return Platform.of_tag(
                (history.spec_tag(stream or {}, tag) or {}).get("annotations") or {}
            )

        async with self._opening(bundle) as sources:
            yield Fetching(
                sources,
                logins=lambda image: secrets.logins(keyring, image),
                turn=lambda: self._turns.of(namespace),
                preferred=preferred,
            )


async def _image(
    fetching: Fetching, wanted: Wanted, refused: WharfingerError | None, now: str
) -> Outcome:
    if not wanted.fetched:
        return outcome.skipped(wanted)
    try:
        if refused is None:
            found = await fetching.image(wanted)
        else:
            reference = ImageReference.parse(wanted.name)
            found = Fetched(wanted, reference, reference.tag, error=refused)
    except InvalidReference as error:
        return outcome.unreadable(wanted, error)
    return outcome.of_image(found, now=now)


def _require_same(request: ImportRequest, stream: Object | None) -> None:
    """Raise if this is not the stream that the request is about."""
    if stream is None:
        if request.uid or request.resource_version:
            raise ObjectNotFound(IMAGE_STREAM.resource, request.stream)
        return
    found = stream["metadata"]
    if request.uid and request.uid != found["uid"]:
        raise ObjectNotFound(IMAGE_STREAM.resource, request.stream)
    version = found["resourceVersion"]
    if request.resource_version and request.resource_version != version:
        reason = f'the image stream was updated from "{request.resource_version}" to "{version}"'
        raise ObjectConflict(IMAGE_STREAM.resource, request.stream, reason)
