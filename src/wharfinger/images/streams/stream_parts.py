"""
What is read below a stream and of its images: secrets, layers, and one image of its history.

The secrets are those that imports into the stream may use: to read them takes a right of its own. The
layers say which blobs the images of a stream have, as tools that prune registries read it.
"""

# ruff: noqa: ARG002 (an endpoint need not look at all that it is told)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_streams import (
    IMAGE_STREAM,
    IMAGE_STREAM_IMAGE,
    IMAGE_STREAM_LAYERS,
    SECRET_LIST,
)
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.subject import Subject
from wharfinger.images.importing import secrets
from wharfinger.images.streams import shown
from wharfinger.images.streams.shown import FindImage
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.image_stream_names import InvalidImageStreamName, parse_image_name

_UNKNOWN_TYPE = "application/octet-stream"


class StreamSecrets(Endpoint):
    def __init__(self, objects: Objects) -> None:
        super().__init__(IMAGE_STREAM, "secrets")
        self._objects = objects

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        self._objects.get(IMAGE_STREAM, namespace, name)
        found = self._objects.cache.list(SECRET.resource, namespace)
        return {
            "apiVersion": SECRET_LIST.api_version,
            "kind": SECRET_LIST.kind,
            "metadata": {"resourceVersion": str(self._objects.cache.revision)},
            "items": secrets.for_images(found),
        }


class StreamLayers(Endpoint):
    def __init__(self, objects: Objects, streams: Streams) -> None:
        super().__init__(IMAGE_STREAM, "layers")
        self._objects = objects
        self._streams = streams

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        stream = self._objects.get(IMAGE_STREAM, namespace, name)
        blobs, images = layers(stream, self._streams.image)
        return {
            "apiVersion": IMAGE_STREAM_LAYERS.api_version,
            "kind": IMAGE_STREAM_LAYERS.kind,
            "metadata": {
                field: stream["metadata"][field]
                for field in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            },
            "blobs": blobs,
            "images": images,
        }


class StreamImages(Endpoint):
    def __init__(self, objects: Objects, streams: Streams) -> None:
        super().__init__(IMAGE_STREAM_IMAGE)
        self._objects = objects
        self._streams = streams

    async def get(self, subject: Subject, namespace: str, name: str) -> Object:
        try:
            named = parse_image_name(name)
        except InvalidImageStreamName:
            told = "ImageStreamImages must be retrieved with <name>@<id>"
            raise BadRequest(told, self.kind.resource, name) from None
        stream = self._objects.get(IMAGE_STREAM, namespace, named.name)
        return shown.stream_image(stream, named.id, self._streams.image)


def layers(stream: Object, find: FindImage) -> tuple[dict[str, Any], dict[str, Any]]:
    """The blobs of all images in the history of a stream, and what each image is made of."""
    blobs: dict[str, Any] = {}
    images: dict[str, Any] = {}
    waiting = list(dict.fromkeys(_digests(stream)))
    while waiting:
        digest = waiting.pop(0)
        if digest in images:
            continue
        image = find(digest)
        if image is None:
            images[digest] = {"imageMissing": True, "layers": None}
            continue
        found = image.get("dockerImageLayers") or ()
        images[digest] = {"layers": [layer["name"] for layer in found]}
        for layer in found:
            blobs[layer["name"]] = {"size": layer["size"], "mediaType": layer["mediaType"]}
        children = [one["digest"] for one in image.get("dockerImageManifests") or ()]
        if children:
            images[digest]["manifests"] = children
            waiting += children
        config = (image.get("dockerImageMetadata") or {}).get("Id") or ""
        if config.startswith("sha256:") and not children:
            images[digest]["config"] = config
            blobs.setdefault(config, {"mediaType": _UNKNOWN_TYPE})
    return blobs, images


def _digests(stream: Object) -> Iterator[str]:
    for tag in (stream.get("status") or {}).get("tags") or ():
        for event in tag.get("items") or ():
            if event.get("image"):
                yield event["image"]
