"""
Images by their digest, remembered for a minute.

What a digest means does not change, but annotations of an image do: so what is remembered is forgotten
soon. That something is not there is never remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy.model import (
    Image,
    Lookup,
    SignatureKey,
    SignatureVerdict,
    Stream,
)

SECONDS: Final = 60.0
SIZE: Final = 128


class CachedLookup(Lookup):
    """Answers for a digest from what another `Lookup` said of it, or of a stream that has it."""

    def __init__(
        self,
        inner: Lookup,
        *,
        clock: Callable[[], float],
        seconds: float = SECONDS,
        size: int = SIZE,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._seconds, self._size = seconds, size
        self._images: OrderedDict[str, tuple[float, Image]] = OrderedDict()

    async def stream(self, namespace: str, name: str) -> Stream:
        return await self._inner.stream(namespace, name)

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        return self._remember(await self._inner.stream_tag(namespace, name, tag))

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        return self._remember(await self._inner.stream_image(namespace, name, digest))

    async def image(self, digest: str) -> Image:
        known = self._images.get(digest)
        if known is not None and self._clock() < known[0]:
            self._images.move_to_end(digest)
            return known[1]
        return self._remember(await self._inner.image(digest))

    async def remote(self, reference: ImageReference, namespace: str) -> Image:
        return await self._inner.remote(reference, namespace)

    async def signature(
        self, image: ImageReference, keys: Sequence[SignatureKey], namespace: str
    ) -> SignatureVerdict:
        return await self._inner.signature(image, keys, namespace)

    def _remember(self, image: Image) -> Image:
        self._images[image.digest] = (self._clock() + self._seconds, image)
        self._images.move_to_end(image.digest)
        if len(self._images) > self._size:
            self._images.popitem(last=False)
        return image
