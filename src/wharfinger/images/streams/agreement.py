"""
What an image stream must say, by what its repository in our registry has.

The registry is the truth of its tags: the newest event of a tag that the registry has names that
image, and a tag whose newest image was ours is gone from the stream when it is gone there. Images of
other registries are none of its business: their tags are in the stream alone.

Pure. `repository` is the name that our registry is known by to clients, with that of the stream.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.images.streams import history
from wharfinger.images.streams.history import Draft
from wharfinger.oci.names import RepositoryName

MOST_EVENTS: Final = 100
"""How many images of one tag are remembered: a stream is one object, and a push writes all of it."""

_MARKS: Final = {"ImageStreamTag": ":", "ImageStreamImage": "@"}


def begun(namespace: str, name: str) -> Object:
    """A stream for a repository that has none."""
    return {"metadata": {"namespace": namespace, "name": name}}


def named(stream: Object, repository: str, public: str) -> Object | None:
    """Say where the stream is pulled from; None if it says so already.

    Events that name our registry as it was called before are of the images of today.
    """
    status = stream.get("status") or {}
    before = status.get("dockerImageRepository") or ""
    if before == repository and (status.get("publicDockerImageRepository") or "") == public:
        return None
    new = copy.deepcopy(stream)
    status = new.setdefault("status", {})
    status["dockerImageRepository"] = repository
    status.pop("publicDockerImageRepository", None)
    if public:
        status["publicDockerImageRepository"] = public
    for event in _events(status) if before else ():
        if event["dockerImageReference"].startswith(f"{before}@"):
            event["dockerImageReference"] = f"{repository}@{event['image']}"
    return new


def tagged(
    stream: Object, tags: Sequence[tuple[str, str | None]], *, repository: str, created: str
) -> Object | None:
    """The stream after its repository had a digest, or nothing, under each of these tags in turn.

    None if it says so already.
    """
    heads = history.heads(stream)
    if all(_says(heads.get(tag), digest, repository) for tag, digest in tags):
        return None
    draft = Draft(stream)
    for tag, digest in tags:
        newest = next(iter(draft.events(tag)), None)
        if _says(newest, digest, repository):
            continue
        if digest is None:
            _empty(draft, tag)
            continue
        draft.move(tag, {
            "created": created,
            "dockerImageReference": f"{repository}@{digest}",
            "image": digest,
            "generation": stream["metadata"].get("generation") or 1,
        })  # fmt: skip
    return trimmed(draft.object, MOST_EVENTS)


def _empty(draft: Draft, tag: str) -> None:
    """Forget the history of a tag; where the tag comes from stays wanted."""
    wanted = draft.spec_tags.get(tag)
    draft.remove(tag)
    if wanted is not None and wanted.get("from"):
        draft.spec_tags[tag] = wanted


def _says(newest: Mapping[str, Any] | None, digest: str | None, repository: str) -> bool:
    """Whether the newest event of a tag agrees with what the registry has under it."""
    if newest is None or not is_ours(newest, repository):
        return digest is None
    return bool(newest["image"] == digest)


def left_behind(told: Mapping[str, Any], digest: str | None, repository: str) -> bool:
    """Whether the stream has moved a tag of its status on, and the registry still has what it was.

    What an import or a copy has moved is written in the stream first. So an image that is in its
    history already is the older one, and one that is not was pushed and not yet told.
    """
    newest, *older = told.get("items") or (None,)
    if newest is None or (is_ours(newest, repository) and newest["image"] == digest):
        return False
    return digest is None or any(
        is_ours(one, repository) and one["image"] == digest for one in older
    )


def agrees(stream: Object, present: Mapping[str, str], repository: str, public: str) -> bool:
    """Whether the stream says what its repository has: `present`, a digest for each tag."""
    if named(stream, repository, public) is not None:
        return False
    if any(tag not in present for tag in our_tags(stream, repository)):
        return False
    heads = history.heads(stream)
    return all(_says(heads.get(tag), digest, repository) for tag, digest in present.items())


def source(stream: Object, tag: str) -> RepositoryName | None:
    """The repository of ours that a tag copies from, if it copies from a stream."""
    origin = (history.spec_tag(stream, tag) or {}).get("from") or {}
    mark = _MARKS.get(origin.get("kind") or "")
    if mark is None:
        return None
    metadata = stream["metadata"]
    holder, found, _ = (origin.get("name") or "").partition(mark)
    return RepositoryName(
        origin.get("namespace") or metadata["namespace"], holder if found else metadata["name"]
    )


def copies(stream: Object) -> bool:
    """Whether some tag copies from a stream, and so may move with another."""
    tags = (stream.get("spec") or {}).get("tags") or ()
    return any((tag.get("from") or {}).get("kind") in _MARKS for tag in tags)


def trimmed(stream: Object, most: int) -> Object:
    """The stream with at most so many events for each tag, the newest."""
    status = stream.get("status") or {}
    if all(len(one["items"] or ()) <= most for one in status.get("tags") or ()):
        return stream
    kept = [{**one, "items": (one["items"] or [])[:most]} for one in status["tags"]]
    return {**stream, "status": {**status, "tags": kept}}


def is_ours(event: Mapping[str, Any] | None, repository: str) -> bool:
    """Whether an event is of an image that our registry has for the stream."""
    return event is not None and event["dockerImageReference"].startswith(f"{repository}@")


def our_tags(stream: Object, repository: str) -> list[str]:
    """The tags whose newest image is ours."""
    found = (stream.get("status") or {}).get("tags") or ()
    return [one["tag"] for one in found if one["items"] and is_ours(one["items"][0], repository)]


def _events(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [event for one in status.get("tags") or () for event in one["items"] or ()]
