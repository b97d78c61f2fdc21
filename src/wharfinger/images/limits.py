"""
How much a project's images and image streams may be: the `LimitRange` types of OpenShift.

    openshift.io/Image         max.storage                  bytes of one image that is pushed
    openshift.io/ImageStream   max.openshift.io/images      different images in the status of a stream
                               max.openshift.io/image-tags  different references in its spec

Of several limits the smallest holds. A stream that is over a limit already may be changed as long as
nothing of that kind is added to it: it can always be made smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds import quantity
from wharfinger.errors import BadInput
from wharfinger.oci import image_stream_names
from wharfinger.oci.reference import ImageReference, InvalidReference

IMAGE: Final = "openshift.io/Image"
IMAGE_STREAM: Final = "openshift.io/ImageStream"
IMAGES: Final = "openshift.io/images"
IMAGE_TAGS: Final = "openshift.io/image-tags"
STORAGE: Final = "storage"


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that something would go beyond."""

    resource: str
    type: str
    requested: str
    limit: str

    @property
    def text(self) -> str:
        """Clients know it by the words "exceeds the maximum limit"."""
        return (
            f"requested usage of {self.resource} exceeds the maximum limit per {self.type} "
            f"({self.requested} > {self.limit})"
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What a stream uses: the references of its spec, the images of its status."""

    tags: frozenset[str]
    images: frozenset[str]


class UnknownReference(BadInput):
    """A reference of a kind, or a form, that stands for no image."""

    code = "unknown-image-reference"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"cannot read {name!r} as the name of a {kind or 'reference'}")


def limits(ranges: Sequence[Object], kind: str) -> dict[str, str]:
    """The smallest maximum of each resource, as it is written."""
    found: dict[str, str] = {}
    for name, value in _maxima(ranges, kind):
        if name in _COUNTED[kind] and (
            name not in found or quantity.amount(value) < quantity.amount(found[name])
        ):
            found[name] = value
    return found


def image_excess(size: int | str, ranges: Sequence[Object]) -> Excess | None:
    """What an image of `size` bytes goes beyond; as large as the limit is fine."""
    most = limits(ranges, IMAGE).get(STORAGE)
    if most is None or quantity.amount(size) <= quantity.amount(most):
        return None
    return Excess(STORAGE, IMAGE, quantity.canonical(size), most)


def stream_excesses(new: Object, old: Object | None, maxima: Mapping[str, str]) -> list[Excess]:
    """What a stream goes beyond by what is added to it."""
    now, before = usage(new), usage({} if old is None else old)
    counted = ((IMAGES, now.images, before.images), (IMAGE_TAGS, now.tags, before.tags))
    return [
        Excess(name, IMAGE_STREAM, str(len(used)), maxima[name])
        for name, used, known in counted
        if name in maxima and used - known and len(used) > quantity.amount(maxima[name])
    ]


def usage(stream: Object) -> Usage:
    namespace = (stream.get("metadata") or {}).get("namespace") or ""
    tags = (stream.get("spec") or {}).get("tags") or ()
    return Usage(
        frozenset(_references(tags, namespace)),
        frozenset(
            event["image"]
            for tag in (stream.get("status") or {}).get("tags") or ()
            for event in tag.get("items") or ()
            if event.get("image")
        ),
    )


def canonical(reference: Mapping[str, Any], namespace: str) -> str:
    """What a reference of a spec stands for, however it is written. Raise `UnknownReference`."""
    kind, name = reference.get("kind") or "", reference.get("name") or ""
    holder = reference.get("namespace") or namespace
    prefix = f"{holder}/" if holder else ""
    try:
        match kind:
            case "ImageStreamTag":
                return prefix + ":".join(image_stream_names.parse_tag_name(name))
            case "ImageStreamImage":
                return prefix + "@".join(image_stream_names.parse_image_name(name))
            case "DockerImage":
                full = ImageReference.parse(name).with_client_defaults()
                return full.daemon_minimal().exact()
    except (InvalidReference, image_stream_names.InvalidImageStreamName):
        raise UnknownReference(kind, name) from None
    raise UnknownReference(kind, name)


_COUNTED: Final = {IMAGE: (STORAGE,), IMAGE_STREAM: (IMAGES, IMAGE_TAGS)}


def _maxima(ranges: Sequence[Object], kind: str) -> Iterator[tuple[str, str]]:
    for one in ranges:
        for limit in (one.get("spec") or one).get("limits") or ():
            if limit.get("type") == kind:
                yield from (limit.get("max") or {}).items()


def _references(tags: Sequence[Mapping[str, Any]], namespace: str) -> Iterator[str]:
    for tag in tags:
        if tag.get("from") is not None:
            try:
                yield canonical(tag["from"], namespace)
            except UnknownReference:
                continue
