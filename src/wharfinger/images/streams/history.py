"""
What a stream has had under each tag: events, the newest first, as its status tells them.

    event := {created, dockerImageReference, image, generation}

An event is put in front only if both where the image is and which one it is have changed. If one of
them has, the newest event is corrected in place: it is the same move, told better. Older events are
never searched, so going back to an older image is a move like any other. Tags of the stream that
follow another one (`from: ImageStreamTag`) move with it.

Pure: streams go in and come out as decoded JSON, and nothing that came in is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.errors import ObjectConflict, ObjectNotFound
from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.oci.reference import DEFAULT_TAG

Event = dict[str, Any]

IMPORT_SUCCESS: Final = "ImportSuccess"
_STREAM_IMAGE: Final = GroupResource("image.openshift.io", "imagestreamimage")
_SHOWN: Final = 10


def events(stream: Object, tag: str) -> Sequence[Mapping[str, Any]]:
    """The events of a tag, the newest first; none if it has had no image."""
    for one in (stream.get("status") or {}).get("tags") or ():
        if one.get("tag") == (tag or DEFAULT_TAG):
            return one.get("items") or ()
    return ()


def latest(stream: Object, tag: str) -> Event | None:
    """What the tag means now. An empty tag means `latest`."""
    found = events(stream, tag)
    return dict(found[0]) if found else None


def heads(stream: Object) -> dict[str, Event]:
    """What each tag that has had an image means now."""
    return {
        one.get("tag") or "": dict(one["items"][0])
        for one in (stream.get("status") or {}).get("tags") or ()
        if one.get("items")
    }


def spec_tag(stream: Object, tag: str) -> Mapping[str, Any] | None:
    """What is wanted of the tag."""
    for one in (stream.get("spec") or {}).get("tags") or ():
        if one.get("name") == tag:
            return dict(one)
    return None


def of_image(stream: Object, identity: str) -> Event:
    """The event of an image by its digest, or so much of it as says which one is meant.

    Raise `ObjectNotFound`, or `ObjectConflict` if several images begin so.
    """
    found: dict[str, Event] = {}
    for tag in (stream.get("status") or {}).get("tags") or ():
        for event in tag.get("items") or ():
            if _begins(event.get("image") or "", identity):
                found[event["image"]] = dict(event)
    if not found:
        raise ObjectNotFound(_STREAM_IMAGE, identity)
    if len(found) > 1:
        names = sorted(found)
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        reason = f'multiple images match the prefix "{identity}": {shown}'
        raise ObjectConflict(_STREAM_IMAGE, identity, reason)
    return found.popitem()[1]


def same_head(new: Sequence[Mapping[str, Any]], old: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a tag means now what it meant before."""
    return bool(new[0] == old[0]) if new and old else not new and not old


class Draft:
    """A stream while it is changed: what was given stays as it is.

    `object` is the changed one, with its tags in order.
    """

    def __init__(self, stream: Object) -> None:
        self._stream = stream
        spec, status = stream.get("spec") or {}, stream.get("status") or {}
        self.spec_tags = {one.get("name") or "": dict(one) for one in spec.get("tags") or ()}
        self._held = {one.get("tag") or "": dict(one) for one in status.get("tags") or ()}
        # A stream may have thousands of tags, and each of them may move in one write.
        self._followers: dict[str, list[str]] = {}
        for name in sorted(self.spec_tags):
            target = self._followed(name)
            if target is not None:
                self._followers.setdefault(target, []).append(name)

    @property
    def object(self) -> Object:
        changed = dict(self._stream)
        for part, tags in (("spec", self.spec_tags), ("status", self._held)):
            held = changed.get(part) or {}
            if tags:
                changed[part] = {**held, "tags": [tags[name] for name in sorted(tags)]}
            elif held.get("tags"):
                changed[part] = {key: value for key, value in held.items() if key != "tags"}
        return changed

    def events(self, tag: str) -> Sequence[Event]:
        return (self._held.get(tag) or {}).get("items") or ()

    def differs(self, tag: str, event: Event) -> bool:
        """Would the event tell something new of the tag?"""
        newest = next(iter(self.events(tag)), None)
        return newest is None or not all(_same(newest, event, part) for part in _PLACE)

    def add(self, tag: str, event: Event) -> bool:
        """Tell of a move of the tag; False if it says nothing new."""
        items = list(self.events(tag))
        if not items:
            items = [event]
        else:
            newest = items[0]
            same = [_same(newest, event, part) for part in _PLACE]
            if all(same) and _generation(newest) == _generation(event):
                return False
            if any(same):
                items[0] = {**newest, **{part: event.get(part) for part in (*_PLACE, "generation")}}
            else:
                items.insert(0, event)
        self._held[tag] = {**self._held.get(tag, {"tag": tag}), "items": items}
        return True

    def move(self, tag: str, event: Event) -> tuple[str, ...]:
        """As `add`, and so for the tags that follow this one; which tags moved."""
        if not self.add(tag, event):
            return ()
        return (tag, *self.follow(tag))

    def follow(self, tag: str) -> tuple[str, ...]:
        """Move the tags that follow `tag` to where it is, as the stream came; which ones moved."""
        newest = self.events(tag)[0]
        return tuple(
            name
            for name in self._followers.get(tag, ())
            if self._followed(name) == tag and self.add(name, dict(newest))
        )

    def remove(self, tag: str) -> bool:
        """Forget a tag: what was wanted of it, and what it was."""
        wanted = self.spec_tags.pop(tag, None)
        return (self._held.pop(tag, None) or wanted) is not None

    def conditions(self, tag: str) -> Sequence[Mapping[str, Any]]:
        return (self._held.get(tag) or {}).get("conditions") or ()

    def set_conditions(self, tag: str, conditions: Sequence[Mapping[str, Any]] = ()) -> None:
        held = {k: v for k, v in self._held.get(tag, {}).items() if k != "conditions"}
        if conditions:
            held["conditions"] = [dict(one) for one in conditions]
        if held or conditions:
            self._held[tag] = {"tag": tag, "items": [], **held}

    def _followed(self, name: str) -> str | None:
        """The tag that a tag of the spec follows. A name with ":" can be no tag, and follows none."""
        meta, wanted = self._stream.get("metadata") or {}, self.spec_tags.get(name)
        if wanted is None or ":" in name:
            return None
        return followed(wanted, meta.get("namespace") or "", meta.get("name") or "")


def followed(wanted: Mapping[str, Any], namespace: str, stream: str) -> str | None:
    """The tag of the same stream that a tag of its spec follows, if it follows one."""
    origin = wanted.get("from") or {}
    if origin.get("kind") != "ImageStreamTag" or origin.get("namespace") not in (
        None, "", namespace
    ):  # fmt: skip
        return None
    holder, colon, tag = (origin.get("name") or "").partition(":")
    if not colon:
        return holder
    return tag if holder == stream and ":" not in tag else None


_PLACE: Final = ("dockerImageReference", "image")


def _same(one: Mapping[str, Any], other: Mapping[str, Any], part: str) -> bool:
    return (one.get(part) or "") == (other.get(part) or "")


def _generation(event: Mapping[str, Any]) -> int:
    return event.get("generation") or 0


def _begins(image: str, identity: str) -> bool:
    """With or without the name of the digest's algorithm."""
    return image.startswith(identity) or image.partition(":")[2].startswith(identity or ":")
