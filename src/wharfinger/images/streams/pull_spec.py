"""
From where a consumer pulls what a tag of a stream means.

The newest event says where the image is. A tag with the reference policy `Local` is pulled from our own
registry by digest, which fetches what it does not have (pull-through); that takes an image that is
known and a registry that the stream knows. A tag without any image is pulled by its name from the
stream's repository, where a push may put one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.errors import Conflict
from wharfinger.images.streams import history
from wharfinger.oci import image_stream_names
from wharfinger.oci.reference import DEFAULT_TAG, ImageReference, InvalidReference

_DEFAULT_NAMESPACE: Final = "default"


class NoRepository(Conflict):
    code = "no-image-repository"

    def __init__(self) -> None:
        super().__init__("no image repository has been set on the image stream status")


class PullSpecUnknown(Conflict):
    code = "pull-spec-unknown"

    def __init__(self) -> None:
        super().__init__("the pull spec cannot be determined yet")


@dataclass(frozen=True, slots=True)
class PullSpec:
    """`newer`: a newer word on the tag is not imported yet. `imported`: `text` is an image that was
    imported or pushed. `empty`: nothing has been; `text` is where a push would put it.
    """

    text: str
    newer: bool = False
    imported: bool = False
    empty: bool = False


def repository(stream: Object, registry: str) -> str:
    """Where our registry (`host[:port]`, "" if there is none) has the stream's images."""
    if not registry:
        return (stream.get("spec") or {}).get("dockerImageRepository") or ""
    meta = stream.get("metadata") or {}
    return _repository(registry, meta.get("namespace") or _DEFAULT_NAMESPACE, meta)


def public_repository(stream: Object, registry: str) -> str:
    """The same as those outside know it; "" if our registry has no name for them."""
    meta = stream.get("metadata") or {}
    return _repository(registry, meta.get("namespace") or "", meta) if registry else ""


def of_latest(stream: Object, tag: str) -> str | None:
    """What the tag means now; None if it has had no image. What waits to be imported is not seen."""
    event = history.latest(stream, tag)
    if event is None:
        return None
    return of_event(stream, tag, event)


def of_event(stream: Object, tag: str, event: Mapping[str, Any]) -> str:
    """Where to pull what an event of the tag tells of, also if it is not the newest."""
    return _of_event(stream, history.spec_tag(stream, tag or DEFAULT_TAG) or {}, event)


def of_tag(stream: Object, tag: str, *, external: bool = False, newest: bool = False) -> PullSpec:
    """What the tag means, or will mean.

    `newest`: what was asked for last, also if it has not been imported. `external`: a tag without
    any image is pulled by our name for those outside. Raise `PullSpecUnknown` or `NoRepository`.
    """
    tag = tag or DEFAULT_TAG
    event, wanted = history.latest(stream, tag), history.spec_tag(stream, tag) or {}
    newer = event is not None and _generation(wanted) > _generation(event)
    if event is not None and not (newer and newest):
        return PullSpec(_of_event(stream, wanted, event), newer=newer, imported=True)
    origin = wanted.get("from") or {}
    if origin.get("kind") == "DockerImage" and not _is_local(wanted):
        return PullSpec(origin.get("name") or "")
    if newer:
        raise PullSpecUnknown
    status = stream.get("status") or {}
    place = (external and status.get("publicDockerImageRepository")) or status.get(
        "dockerImageRepository"
    )
    if not place:
        raise NoRepository
    return PullSpec(image_stream_names.join_tag(place, tag), empty=True)


def _of_event(stream: Object, wanted: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    source: str = event.get("dockerImageReference") or ""
    local = (stream.get("status") or {}).get("dockerImageRepository") or ""
    image = event.get("image") or ""
    if not _is_local(wanted) or not local or not image:
        return source
    try:
        return replace(ImageReference.parse(local), tag="", id=image).exact()
    except InvalidReference:
        return source


def _repository(registry: str, namespace: str, meta: Mapping[str, Any]) -> str:
    return str(ImageReference(registry, namespace, meta.get("name") or ""))


def _is_local(wanted: Mapping[str, Any]) -> bool:
    return (wanted.get("referencePolicy") or {}).get("type") == "Local"


def _generation(holder: Mapping[str, Any]) -> int:
    return holder.get("generation") or 0
