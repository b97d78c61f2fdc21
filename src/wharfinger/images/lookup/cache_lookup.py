"""
What a decision on images may look up in our own objects: image streams, and what is known of images.

What an index says of itself is nothing, and which of its images a node will run nobody knows here. So an
index has the labels of its images if those all have the same, as with other registries
(`config_labels.py`); if they have not, an image of it is not resolved where labels decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectError
from wharfinger.cluster.kind import GroupResource, Kind, Object
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.images.lookup.cluster_view import image_of
from wharfinger.images.streams import shown
from wharfinger.policy.imagepolicy.model import Image, LookupFailed, Stream

_STREAM_IMAGE: Final = "imagestreamimages"
_NO_IMAGE: Final = "unknown"
"""The system that an index says for attestations and the like, which nobody can run."""


def _never() -> bool:
    return False


class CacheLookup:
    """The part of a `Lookup` that is about image streams; `labels` tells whether labels decide."""

    def __init__(self, cache: Cache, *, labels: Callable[[], bool] = _never) -> None:
        self._cache = cache
        self._labels = labels

    async def stream(self, namespace: str, name: str) -> Stream:
        found = self._stream(namespace, name)
        lookup = (found.get("spec") or {}).get("lookupPolicy") or {}
        repository = (found.get("status") or {}).get("dockerImageRepository") or ""
        return Stream(lookup.get("local") is True, repository)

    async def stream_tag(self, namespace: str, name: str, tag: str) -> Image:
        stream = self._stream(namespace, name)
        return self._shown(lambda: shown.stream_tag(stream, tag, self._find))

    async def stream_image(self, namespace: str, name: str, digest: str) -> Image:
        stream = self._stream(namespace, name)
        return self._shown(lambda: shown.stream_image(stream, digest, self._find))

    async def image(self, digest: str) -> Image:
        return self._image(self._found(IMAGE, "", digest))

    def _shown(self, show: Callable[[], Object]) -> Image:
        try:
            return self._image(show()["image"])
        except ObjectError as error:
            raise LookupFailed(error.message, absent=_plural(error.resource)) from None

    def _stream(self, namespace: str, name: str) -> Object:
        return self._found(IMAGE_STREAM, namespace, name)

    def _found(self, kind: Kind, namespace: str, name: str) -> Object:
        found = self._cache.get(kind.resource, namespace, name)
        if found is None:
            raise LookupFailed(f'{kind.resource} "{name}" not found', absent=kind.plural)
        return found

    def _find(self, digest: str) -> Object | None:
        return self._cache.get(IMAGE.resource, "", digest)

    def _image(self, found: Mapping[str, Any]) -> Image:
        image = image_of(found)
        if not found.get("dockerImageManifests") or not self._labels():
            return image
        return replace(image, config_labels=self._common_labels(image.digest, found))

    def _common_labels(self, digest: str, index: Mapping[str, Any]) -> Mapping[str, str] | None:
        told: list[Mapping[str, str] | None] = []
        for child in index["dockerImageManifests"]:
            if child.get("os") != _NO_IMAGE:
                found = self._find(child["digest"])
                told.append(None if found is None else image_of(found).config_labels)
        if not told or any(labels is None or labels != told[0] for labels in told):
            raise LookupFailed(
                f"{digest}: the labels of its images for several platforms are not known, or differ"
            )
        return told[0]


def _plural(resource: GroupResource | None) -> str:
    """The name of a resource, which an older answer may say in the singular."""
    name = "" if resource is None else resource.resource
    return _STREAM_IMAGE if name == "imagestreamimage" else name
