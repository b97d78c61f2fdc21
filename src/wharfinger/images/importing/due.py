"""
Which tags of a stream are to be imported: those that were asked for and not yet fetched, and those
that the clock asks for.

Pure. A tag is pending while the generation that somebody asked for is newer than what is known of it,
an image or a failure. A scheduled tag is looked at again and again, except one that names a digest
that is there: it will never mean anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.kinds.openshift import image_sources
from wharfinger.images import generations
from wharfinger.images.importing.request import DOCKER_IMAGE, ImportRequest, Wanted
from wharfinger.oci.reference import ImageReference, InvalidReference

CHECKED: Final = "openshift.io/image.dockerRepositoryCheck"
"""The annotation that says when a stream was imported last; whoever takes it away asks for all."""

Tag = Mapping[str, Any]


def pending(stream: Object) -> ImportRequest | None:
    """What somebody has asked for and nobody has fetched; None if there is nothing."""
    spec = stream.get("spec") or {}
    repository, fresh = None, not annotations_of(stream).get(CHECKED)
    if fresh and (name := spec.get("dockerImageRepository")):
        repository = Wanted(DOCKER_IMAGE, name, insecure=image_sources.is_insecure(stream))
    images = [
        _wanted(tag)
        for tag in _importable(stream)
        if repository is not None or _is_pending(stream, tag, fresh=fresh)
    ]
    return _request(stream, images, repository)


def scheduled(stream: Object) -> list[Wanted]:
    """The tags that are to be looked at by the clock."""
    return [
        _wanted(tag)
        for tag in _importable(stream)
        if (tag.get("importPolicy") or {}).get("scheduled")
        and not (_by_digest(tag) and arrived(stream, tag["name"]) is not None)
    ]


def arrived(stream: Object, tag: str) -> str | None:
    """The digest that a tag has now, unless the last attempt to fetch it has failed."""
    history = _history(stream, tag)
    failed = any(
        one.get("type") == "ImportSuccess" and one.get("status") == "False"
        for one in history.get("conditions") or ()
    )
    items = history.get("items") or ()
    return str(items[0].get("image") or "") if items and not failed else None


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


def _is_pending(stream: Object, tag: Tag, *, fresh: bool) -> bool:
    return generations.pending(stream, tag["name"]) or (fresh and not tag.get("generation"))


def _history(stream: Object, tag: str) -> Mapping[str, Any]:
    for one in (stream.get("status") or {}).get("tags") or ():
        if one.get("tag") == tag:
            found: Mapping[str, Any] = one
            return found
    return {}


def _by_digest(tag: Tag) -> bool:
    try:
        return bool(ImageReference.parse(tag["from"].get("name") or "").id)
    except InvalidReference:
        return False
