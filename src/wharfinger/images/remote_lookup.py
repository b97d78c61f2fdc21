"""
What a decision asks of the world beyond our own objects: one `Lookup` for one review.

It knows with whose logins it asks and until when. What is not told by then counts as not found, so
that there always is an answer in time, and it is the configuration that says what follows from that.
Image streams are asked of another lookup: that of our own API, or of a cluster that serves them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from wharfinger.errors import WharfingerError
from wharfinger.images.importing import secrets
from wharfinger.images.pull_accounts import PullAccount
from wharfinger.images.remote_images import RemoteImages
from wharfinger.oci.credentials import Credential, Keyring
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import (
    Image,
    Lookup,
    LookupFailed,
    SignatureKey,
    SignatureVerdict,
    Stream,
)

Found = TypeVar("Found")

DEFAULT_PULLER: Final = PullAccount()


class Keyrings(Protocol):
    async def keyring(
        self, namespace: str, puller: PullAccount, until: float | None = None
    ) -> Keyring:
        """The logins that pods of this account would pull with.

        Raise a `WharfingerError`, or `TimeoutError` at that moment of the event loop's clock.
        """
        ...


class NoKeyrings:
    """Registries are asked without a login."""

    async def keyring(
        self, _namespace: str, _puller: PullAccount, _until: float | None = None
    ) -> Keyring:
        return Keyring()


NO_KEYRINGS: Final = NoKeyrings()


class NoStreams:
    """Where nobody serves image streams."""

    async def stream(self, _namespace: str, name: str) -> Stream:
        raise _absent("imagestreams", name)

    async def stream_tag(self, _namespace: str, name: str, tag: str) -> Image:
        raise _absent("imagestreamtags", f"{name}:{tag}")

    async def stream_image(self, _namespace: str, name: str, digest: str) -> Image:
        raise _absent("imagestreamimages", f"{name}@{digest}")

    async def image(self, digest: str) -> Image:
        raise _absent("images", digest)


NO_STREAMS: Final = NoStreams()


class Streams(Protocol):
    """The part of a `Lookup` that is about objects of image.openshift.io."""

    async def stream(self, namespace: str, name: str) -> Stream: ...
    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image: ...
    async def stream_image(self, namespace: str, name: str, digest: str) -> Image: ...
    async def image(self, digest: str) -> Image: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLookup(Lookup):
    """`until` is a moment of the event loop's clock, None for a person who waits."""

    images: RemoteImages
    streams: Streams = NO_STREAMS
    keyrings: Keyrings = NO_KEYRINGS
    puller: PullAccount = DEFAULT_PULLER
    until: float | None = None

    async def stream(self, namespace: str, name: str) -> Stream:
        return await _told(self.streams.stream(namespace, name))

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        return await _told(self.streams.stream_tag(namespace, name, tag))

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        return await _told(self.streams.stream_image(namespace, name, digest))

    async def image(self, digest: str) -> Image:
        return await _told(self.streams.image(digest))

    async def remote(self, reference: ImageReference, namespace: str) -> Image:
        return await _told(self._remote(reference, namespace))

    async def signature(
        self, image: ImageReference, keys: Sequence[SignatureKey], namespace: str
    ) -> SignatureVerdict:
        return await _told(self._signature(image, keys, namespace))

    async def _remote(self, reference: ImageReference, namespace: str) -> Image:
        logins = await self._logins(reference, namespace)
        return await self.images.image(reference, logins, namespace, self.until)

    async def _signature(
        self, image: ImageReference, keys: Sequence[SignatureKey], namespace: str
    ) -> SignatureVerdict:
        logins = await self._logins(image, namespace)
        return await self.images.signature(image, keys, logins, namespace, self.until)

    async def _logins(self, reference: ImageReference, namespace: str) -> list[Credential]:
        keyring = await self.keyrings.keyring(namespace, self.puller, self.until)
        return secrets.logins(keyring, reference) if keyring else []


async def _told(asked: Awaitable[Found]) -> Found:
    """Raise `LookupFailed` for whatever comes instead of an answer."""
    try:
        return await asked
    except TimeoutError:
        raise LookupFailed("there was no answer in the time that a review has") from None
    except WharfingerError as error:
        raise LookupFailed(error.message) from error


def _absent(resource: str, name: str) -> LookupFailed:
    return LookupFailed(f'{resource}.image.openshift.io "{name}" not found', absent=resource)
