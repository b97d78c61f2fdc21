"""
An event on a stream when one of its tags moves, by a push, an import or a hand: for people who look, and
for triggers that watch events.

Each tag has one event, which counts; so a tag that moves every minute leaves no heap behind. They go with
their stream. Like every event it may be lost, by a crash between the move and the telling: whoever has
to know follows the streams themselves.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from wharfinger.cluster import metadata
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.event import EVENT
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.watch import Event

MOVED: Final = "TagMoved"
COMPONENT: Final = "image-streams"
_LONGEST_PREFIX: Final = 200


@dataclass(frozen=True, slots=True)
class Move:
    """Of a tag, from one image to another, by their digests."""

    namespace: str
    stream: str
    uid: str
    tag: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """Of the event: a tag may have letters that no name may."""
        known = hashlib.sha256(self.tag.encode()).hexdigest()[:16]
        return f"{self.stream[:_LONGEST_PREFIX].rstrip('.-_')}.tag-{known}"


def moves(new: Object, old: Object | None) -> Iterator[Move]:
    """The tags that mean another image than before; a tag that is new has not moved."""
    before, found = _images(old or {}), new["metadata"]
    for tag, image in _images(new).items():
        if before.get(tag) not in (None, image):
            yield Move(found["namespace"], found["name"], found["uid"], tag, before[tag], image)


class TagMoves:
    """A controller; its keys are moves."""

    follows = (IMAGE_STREAM.resource,)

    def __init__(
        self, objects: Objects, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._objects, self._now = objects, now

    def everything(self) -> Iterable[Hashable]:
        """What moved while we were away, nobody can say."""
        return ()

    def concerned(self, event: Event) -> Iterable[Hashable]:
        return () if event.deleted else tuple(moves(event.object, event.previous))

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, Move)
        cache = self._objects.cache
        if cache.get(IMAGE_STREAM.resource, key.namespace, key.stream) is None:
            return None
        now = metadata.timestamp(self._now())
        known = cache.get(EVENT.resource, key.namespace, key.name)
        if known is None or known["involvedObject"].get("uid") != key.uid:
            if known is not None:
                await self._objects.delete(EVENT, key.namespace, key.name, SYSTEM)
            await self._objects.create(EVENT, key.namespace, told(key, now), SYSTEM)
            return None
        again = copy.deepcopy(known)
        again |= {"message": words(key), "count": known["count"] + 1, "lastTimestamp": now}
        await self._objects.update(EVENT, key.namespace, key.name, again, SYSTEM)
        return None


def words(move: Move) -> str:
    return f"Tag {move.tag!r} moved from {move.old} to {move.new}"


def told(move: Move, now: str) -> Object:
    """The event of a tag that has not moved before."""
    stream = {
        "apiVersion": IMAGE_STREAM.api_version,
        "kind": IMAGE_STREAM.kind,
        "name": move.stream,
        "uid": move.uid,
    }
    return {
        "metadata": {"name": move.name, "ownerReferences": [stream]},
        "involvedObject": {**stream, "namespace": move.namespace},
        "reason": MOVED,
        "message": words(move),
        "type": "Normal",
        "source": {"component": COMPONENT},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def _images(stream: Object) -> Mapping[str, str]:
    """What each tag means; tags without an image are left out."""
    return {
        one["tag"]: items[0]["image"]
        for one in (stream.get("status") or {}).get("tags") or ()
        if (items := one.get("items") or ()) and items[0].get("image")
    }
