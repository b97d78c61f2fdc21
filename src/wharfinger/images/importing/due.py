"""
Which tags of a stream are to be imported: those that were asked for and not yet fetched, and those
that the clock asks for.

Pure. A tag is pending while the generation that somebody asked for is newer than what is known of it,
an image or a failure. A scheduled tag is looked at again and again, except one that names a digest
that is there: it will never mean anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.openshift import image_sources
from wharfinger.images.importing.outcome import CHECKED
from wharfinger.images.importing.request import DOCKER_IMAGE, ImportRequest, Wanted
from wharfinger.images.streams import generations
from wharfinger.images.streams.history import IMPORT_SUCCESS
from wharfinger.oci.reference import ImageReference, InvalidReference

Tag = Mapping[str, Any]


def pending(stream: Object) -> ImportRequest | None:
    """What somebody has asked for and nobody has fetched; None if there is nothing."""
    spec = stream.get("spec") or {}
    repository, fresh = None, not annotations_of(stream).get(CHECKED)
    if fresh and (name := spec.get("dockerImageRepository")):
        repository = Wanted(DOCKER_IMAGE, name, insecure=image_sources.is_insecure(stream))
    waiting = generations.waiting(stream)
    images = [
        _wanted(tag)
        for tag in _importable(stream)
        if repository is not None or tag["name"] in waiting or (fresh and not tag.get("generation"))
    ]
    return _request(stream, images, repository)


def scheduled(stream: Object) -> list[Wanted]:
    """The tags that are to be looked at by the clock."""
    there = arrivals(stream)
    return [
        _wanted(tag)
        for tag in _importable(stream)
        if (tag.get("importPolicy") or {}).get("scheduled")
        and not (_by_digest(tag) and tag["name"] in there)
    ]


def arrivals(stream: Object) -> dict[str, str]:
    """The digest that each tag has now, but for those whose last attempt has failed."""
    return {
        told["tag"]: str(told["items"][0].get("image") or "")
        for told in (stream.get("status") or {}).get("tags") or ()
        if told.get("items") and not _has_failed(told)
    }


def request(stream: Object, images: list[Wanted]) -> ImportRequest | None:
    """An import of these tags; None if there are none."""
    return _request(stream, images, None)


def _request(
    stream: Object, images: list[Wanted], repository: Wanted | None
) -> ImportRequest | None:
    if not images and repository is None:
        return None
    metadata = stream["metadata"]
    return ImportRequest(
        namespace=metadata["namespace"],
        stream=metadata["name"],
        images=tuple(images),
        repository=repository,
        uid=metadata.get("uid") or "",
    )


def _importable(stream: Object) -> Iterator[Tag]:
    for tag in (stream.get("spec") or {}).get("tags") or ():
        if (tag.get("from") or {}).get("kind") == DOCKER_IMAGE and not tag.get("reference"):
            yield tag


def _wanted(tag: Tag) -> Wanted:
    return Wanted.read({**tag, "to": {"name": tag["name"]}})


def _has_failed(told: Mapping[str, Any]) -> bool:
    return any(
        one.get("type") == IMPORT_SUCCESS and one.get("status") == "False"
        for one in told.get("conditions") or ()
    )


def _by_digest(tag: Tag) -> bool:
    try:
        return bool(ImageReference.parse(tag["from"].get("name") or "").id)
    except InvalidReference:
        return False
