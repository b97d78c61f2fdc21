"""
Where the images of a stream came from, asked again for what we lack.

Places are asked in their order, with the logins of the project, and once more without any where these
do not serve. One that lacks it, does not answer or lies sends us to the next. What is told in the end
says nothing of logins: who pulls from us has none there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol, TypeVar

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kind import Object
from wharfinger.errors import NotFound, TooManyRequests, Unavailable, WharfingerError
from wharfinger.images.importing import secrets
from wharfinger.images.importing.fetching import SECONDS, Sources
from wharfinger.images.pulls.candidates import Candidate
from wharfinger.oci.credentials import Credential
from wharfinger.oci.manifest import Descriptor
from wharfinger.remote.errors import RemoteError, TooBusy
from wharfinger.remote.repository import Source

MOST_PLACES: Final = 8

Answer = TypeVar("Answer")


class Absent(NotFound):
    """No place has it."""

    code = "absent-at-source"


class SourceUnavailable(Unavailable):
    """What we lack cannot be had from where it is, now."""

    code = "source-unavailable"

    def __init__(self, error: WharfingerError) -> None:
        reason = error.reason if isinstance(error, RemoteError) else error.message
        super().__init__(f"cannot fetch this from where it was imported from: {reason}")


class SourceBusy(TooManyRequests):
    code = "source-busy"

    def __init__(self) -> None:
        super().__init__("cannot fetch this now: its source takes no more requests of ours")


class Connected(Protocol):
    """Opens what reaches other registries, with the trust that a stream has."""

    def __call__(self, namespace: str, stream: Object) -> AbstractAsyncContextManager[Sources]: ...


class Origins:
    """`places` says where the images of a stream may be, the best first."""

    def __init__(
        self, cache: Cache, *, connected: Connected, places: Callable[[Object], Sequence[Candidate]]
    ) -> None:
        self._cache, self._connected, self._places = cache, connected, places

    async def ask(self, stream: Object, question: Callable[[Source], Awaitable[Answer]]) -> Answer:
        """The first answer; raise `Absent`, `SourceBusy` or `SourceUnavailable`."""
        errors: list[WharfingerError] = []
        async with self._sources(stream) as sources:
            for source in sources:
                try:
                    return await question(source)
                except WharfingerError as error:
                    errors.append(error)
        raise _told(errors)

    async def blob(self, stream: Object, blob: Descriptor) -> AsyncGenerator[bytes, None]:
        """The bytes, from one place from the first to the last; raise as `ask` does."""
        errors: list[WharfingerError] = []
        async with self._sources(stream) as sources:
            for source in sources:
                begun = False
                try:
                    async for part in source.blob(blob.digest, blob.size):
                        begun = True
                        yield part
                except WharfingerError as error:
                    errors.append(error)
                    if begun:
                        break
                else:
                    return
        raise _told(errors)

    @asynccontextmanager
    async def _sources(self, stream: Object) -> AsyncIterator[list[Source]]:
        namespace = stream["metadata"]["namespace"]
        keyring = secrets.of_project(self._cache, namespace)
        async with self._connected(namespace, stream) as registries:
            found: list[Source] = []
            for place in self._places(stream)[:MOST_PLACES]:
                name = place.reference
                logins = secrets.logins(keyring, name)
                attempts: tuple[Sequence[Credential], ...] = (logins, ()) if logins else ((),)
                found += [
                    registries.source(name, logins=one, insecure=place.insecure, seconds=SECONDS)
                    for one in attempts
                ]
            yield found


def _told(errors: Sequence[WharfingerError]) -> WharfingerError:
    """What to say when no place has served: what may pass before what will not."""
    if any(isinstance(error, TooBusy) for error in errors):
        return SourceBusy()
    for error in errors:
        if not isinstance(error, NotFound):
            return SourceUnavailable(error)
    return Absent("cannot find this where it was imported from")
