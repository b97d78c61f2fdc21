"""
What a decision asks of the world beyond our own objects: one `Lookup` for one review.

It knows with whose logins it asks and until when. What is not told by then counts as not found, so
that there always is an answer in time, and it is the configuration that says what follows from that.
Image streams are asked of another lookup: that of our own API, or of a cluster that serves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from wharfinger.errors import WharfingerError
from wharfinger.images.importing import secrets
from wharfinger.images.lookup.pull_accounts import PullAccount
from wharfinger.images.lookup.remote_images import RemoteImages
from wharfinger.oci.credentials import Keyring
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import (
    Image,
    Lookup,
    LookupFailed,
    SignatureKey,
    SignatureVerdict,
    Stream,
)

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


class RemoteLookup(Lookup):
    """`until` is a moment of the event loop's clock, None for a person who waits.

    Whatever comes instead of an answer is a `LookupFailed`.
    """

    def __init__(
        self,
        *,
        images: RemoteImages,
        streams: Streams = NO_STREAMS,
        keyrings: Keyrings = NO_KEYRINGS,
        puller: PullAccount = DEFAULT_PULLER,
        until: float | None = None,
    ) -> None:
        self._images, self._streams, self._keyrings = images, streams, keyrings
        self._puller, self._until = puller, until
        self._keyring: Keyring | None = None

    async def stream(self, namespace: str, name: str) -> Stream:
        try:
            return await self._streams.stream(namespace, name)
        except (WharfingerError, TimeoutError) as error:
            raise _failed(error) from error

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        try:
            return await self._streams.stream_tag(namespace, name, tag)
        except (WharfingerError, TimeoutError) as error:
            raise _failed(error) from error

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        try:
            return await self._streams.stream_image(namespace, name, digest)
        except (WharfingerError, TimeoutError) as error:
            raise _failed(error) from error

    async def image(self, digest: str) -> Image:
        try:
            return await self._streams.image(digest)
        except (WharfingerError, TimeoutError) as error:
            raise _failed(error) from error

    async def remote(self, reference: ImageReference, namespace: str) -> Image:
        try:
            keyring = self._keyring
            if keyring is None:
                keyring = await self._own_keyring(namespace)
            logins = secrets.logins(keyring, reference) if keyring else ()
            return await self._images.image(reference, logins, namespace, self._until)
        except (WharfingerError, TimeoutError) as error:
            raise _failed(error) from error

    async def signature(
        self, image: ImageReference, keys: Sequence[SignatureKey], namespace: str
    ) -> SignatureVerdict:
        try:
            keyring = self._keyring
            if keyring is None:
                keyring = await self._own_keyring(namespace)
            logins = secrets.logins(keyring, image) if keyring else ()
            return await self._images.signature(image, keys, logins, namespace, self._until)
        except (WharfingerError, TimeoutError) as error:
            raise _failed(error) from error

    async def _own_keyring(self, namespace: str) -> Keyring:
        """All images of one review are pulled with the same logins."""
        self._keyring = await self._keyrings.keyring(namespace, self._puller, self._until)
        return self._keyring


def _failed(error: Exception) -> LookupFailed:
    if isinstance(error, WharfingerError):
        return LookupFailed(error.message)
    return LookupFailed("there was no answer in the time that a review has")


def _absent(resource: str, name: str) -> LookupFailed:
    return LookupFailed(f'{resource}.image.openshift.io "{name}" not found', absent=resource)
