"""
What is shown of a stream by tag and by image: ImageStreamTag, ImageTag, ImageStreamImage.

Pure, but for the images, which are looked up. A tag is there once it has an image; what is shown of
its image has the notes of the tag besides, and says where this tag is pulled from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.openshift.image_streams import (
    IMAGE_STREAM_IMAGE,
    IMAGE_STREAM_TAG,
    IMAGE_TAG,
)
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.images.streams import history, pull_spec
from wharfinger.oci.image_stream_names import join_image, join_tag

FindImage = Callable[[str], Object | None]
"""An image by its digest, None if it is not known."""

_LARGE: Final = ("dockerImageManifest", "dockerImageConfig")
"""What is shown of an image only where it is asked for by its own name."""


def stream_tag(stream: Object, tag: str, find: FindImage) -> Object:
    """Raise `ObjectNotFound` with the resource that is absent."""
    event = history.latest(stream, tag)
    if event is None or not event.get("image"):
        raise ObjectNotFound(IMAGE_STREAM_TAG.resource, join_tag(stream["metadata"]["name"], tag))
    return _stream_tag(stream, tag, event, _known(find, event["image"]))


def written_stream_tag(stream: Object, tag: str, find: FindImage) -> Object:
    """A tag right after it was written, when its image may still have to come."""
    event = history.latest(stream, tag) or {}
    return _stream_tag(stream, tag, event, _if_known(find, event))


def stream_tags(stream: Object) -> Iterator[Object]:
    """Every tag that has a history, without what is known of its image."""
    for tag, alone in _each(stream):
        event = history.latest(alone, tag)
        if event is not None:
            yield _stream_tag(alone, tag, event, _unknown(event))


def image_tag(stream: Object, tag: str, find: FindImage) -> Object:
    """A tag that the spec or the history of a stream has."""
    spec, past = history.spec_tag(stream, tag), _past(stream, tag)
    if spec is None and past is None:
        raise ObjectNotFound(IMAGE_TAG.resource, join_tag(stream["metadata"]["name"], tag))
    return written_image_tag(stream, tag, find)


def written_image_tag(stream: Object, tag: str, find: FindImage) -> Object:
    """A tag that a write is about, whether or not it was there."""
    return _image_tag(stream, tag, _if_known(find, history.latest(stream, tag) or {}))


def image_tags(stream: Object) -> Iterator[Object]:
    for tag, alone in _each(stream):
        yield _image_tag(alone, tag, _unknown(history.latest(alone, tag) or {}))


def stream_image(stream: Object, identity: str, find: FindImage) -> Object:
    """An image of the history, by its digest or the beginning of it."""
    event = history.of_image(stream, identity)
    image = _known(find, event["image"])
    metadata = stream["metadata"]
    return {
        **_typed(IMAGE_STREAM_IMAGE),
        "metadata": {
            "name": join_image(metadata["name"], event["image"]),
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": image["metadata"].get("creationTimestamp"),
            **_given(annotations=annotations_of(stream), labels=metadata.get("labels")),
        },
        "image": _image(stream, _tag_of(stream, event), event, image),
    }


def _each(stream: Object) -> Iterator[tuple[str, Object]]:
    """Each tag, with the stream as if it had no other: of thousands, none is searched for."""
    spec, status = stream.get("spec") or {}, stream.get("status") or {}
    wanted = {one["name"]: [one] for one in spec.get("tags") or ()}
    past = {one["tag"]: [one] for one in status.get("tags") or ()}
    for tag in sorted({*wanted, *past}):
        alone = {"tags": wanted.get(tag, [])}, {"tags": past.get(tag, [])}
        yield tag, {**stream, "spec": spec | alone[0], "status": status | alone[1]}


def _tag_of(stream: Object, event: Mapping[str, Any]) -> str:
    """The tag of whose history an event is."""
    tags = (stream.get("status") or {}).get("tags") or ()
    return next((one["tag"] for one in tags if event in (one.get("items") or ())), "")


def _past(stream: Object, tag: str) -> Mapping[str, Any] | None:
    tags = (stream.get("status") or {}).get("tags") or ()
    return next((one for one in tags if one["tag"] == tag), None)


def _stream_tag(stream: Object, tag: str, event: Mapping[str, Any], image: Object) -> Object:
    spec, past = history.spec_tag(stream, tag), _past(stream, tag) or {}
    shown = {
        **_typed(IMAGE_STREAM_TAG),
        "metadata": {
            **_metadata(stream, tag, event),
            **_given(annotations=(spec or {}).get("annotations")),
        },
        "tag": spec,
        "generation": event.get("generation") or 0,
        "lookupPolicy": (stream.get("spec") or {}).get("lookupPolicy") or {"local": False},
        "image": _image(stream, tag, event, image),
    }
    return {**shown, **_given(conditions=past.get("conditions"))}


def _image_tag(stream: Object, tag: str, image: Object) -> Object:
    event = history.latest(stream, tag) or {}
    return {
        **_typed(IMAGE_TAG),
        "metadata": _metadata(stream, tag, event),
        "spec": history.spec_tag(stream, tag),
        "status": _past(stream, tag),
        "image": _image(stream, tag, event, image) if event.get("image") else None,
    }


def _metadata(stream: Object, tag: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The identity of a tag is that of its stream: a write that names a version is of that."""
    metadata = stream["metadata"]
    return {
        "name": join_tag(metadata["name"], tag),
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
        "creationTimestamp": event.get("created") or metadata.get("creationTimestamp"),
        # A stream that was made in a rehearsal has no version.
        **_given(labels=metadata.get("labels"), resourceVersion=metadata.get("resourceVersion")),
    }


def _image(stream: Object, tag: str, event: Mapping[str, Any], image: Object) -> Object:
    known = {
        field: value
        for field, value in image.items()
        if field not in (*_LARGE, "apiVersion", "kind")
    }
    notes = {
        **annotations_of(image),
        **((history.spec_tag(stream, tag) or {}).get("annotations") or {}),
    }
    metadata = {**image["metadata"], **_given(annotations=notes)}
    reference = pull_spec.of_event(stream, tag, event) if event else ""
    return {**known, "metadata": metadata, "dockerImageReference": reference}


def _unknown(event: Mapping[str, Any]) -> Object:
    return {"metadata": {"name": event.get("image") or ""}}


def _if_known(find: FindImage, event: Mapping[str, Any]) -> Object:
    return (find(event["image"]) if event.get("image") else None) or _unknown(event)


def _known(find: FindImage, digest: str) -> Object:
    found = find(digest)
    if found is None:
        raise ObjectNotFound(IMAGE.resource, digest)
    return found


def _typed(kind: Kind) -> dict[str, str]:
    return {"apiVersion": kind.api_version, "kind": kind.kind}


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
