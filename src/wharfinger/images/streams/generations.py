"""
Which word on a stream is the newer one: the generations of streams and of their tags.

A stream's generation grows with each change of its spec. Each tag of the spec carries the one in which
it was last changed, each event the one in which it was seen. So a tag whose generation is newer than
what was seen waits to be imported. The server alone counts: a client may write 0, which asks for
another import, and everything else that it writes is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.cluster.kind import Object
from wharfinger.images.streams import history


def prepared(new: Object, old: Object | None = None) -> Object:
    """The stream with its generations set, as it is stored."""
    if old is None:
        return _counted(new, 1, {})
    before = _tags(old)
    namespace = (new.get("metadata") or {}).get("namespace") or ""
    wanted = dict(new.get("spec") or {})
    if wanted.get("tags"):
        wanted["tags"] = [_kept(tag, before, namespace) for tag in wanted["tags"]]
    generation = _generation(old)
    if wanted != (old.get("spec") or {}) or not generation:
        generation += 1
    return _counted({**new, "spec": wanted}, generation, before)


def next_of(stream: Object | None) -> int:
    """The generation that the next change of its spec will have."""
    return _generation(stream or {}) + 1


def changed(new: Mapping[str, Any], old: Mapping[str, Any], namespace: str) -> bool:
    """Does a tag of the spec ask for something else than before?

    What kind of thing it comes from does not count: the name says enough.
    """
    origin, before = new.get("from"), old.get("from") or {}
    if origin is None or not (origin.get("kind") or origin.get("name")):
        return False
    if (origin.get("namespace") or namespace) != (before.get("namespace") or namespace):
        return True
    if (origin.get("name") or "") != (before.get("name") or ""):
        return True
    if bool(new.get("reference")) != bool(old.get("reference")) or _mode(new) != _mode(old):
        return True
    return new.get("generation") == 0 and bool(old.get("generation"))


def pending(stream: Object, tag: str) -> bool:
    """Is the tag to be imported, since nothing has come of the newest word on it yet?"""
    return tag in waiting(stream)


def waiting(stream: Object) -> frozenset[str]:
    """All tags that are `pending`."""
    seen = {one.get("tag"): _seen(one) for one in (stream.get("status") or {}).get("tags") or ()}
    return frozenset(
        name
        for name, tag in _tags(stream).items()
        if (tag.get("generation") or 0) > seen.get(name, 0)
    )


def _seen(told: Mapping[str, Any]) -> int:
    """The newest generation of a tag that has led to an image, or to a reason why not."""
    tried = [
        condition.get("generation") or 0
        for condition in told.get("conditions") or ()
        if condition.get("type") == history.IMPORT_SUCCESS
    ]
    newest = [event.get("generation") or 0 for event in (told.get("items") or ())[:1]]
    return max([*tried, *newest], default=0)


def _kept(
    tag: Mapping[str, Any], before: Mapping[str, Mapping[str, Any]], namespace: str
) -> dict[str, Any]:
    """The tag with the generation that it had, unless it asks for something else."""
    old = before.get(tag.get("name") or "")
    if tag.get("generation") == 0 or old is None:
        return dict(tag)
    bare = {key: value for key, value in tag.items() if key != "generation"}
    if changed(bare, old, namespace) or "generation" not in old:
        return bare
    return {**bare, "generation": old["generation"]}


def _counted(stream: Object, generation: int, before: Mapping[str, Mapping[str, Any]]) -> Object:
    spec = dict(stream.get("spec") or {})
    if spec.get("tags"):
        spec["tags"] = [
            tag
            if tag.get("generation") and (tag.get("name") or "") in before
            else {**tag, "generation": generation}
            for tag in spec["tags"]
        ]
    meta = {**(stream.get("metadata") or {}), "generation": generation}
    return {**stream, "metadata": meta, "spec": spec}


def _tags(stream: Object) -> dict[str, Mapping[str, Any]]:
    return {tag.get("name") or "": tag for tag in (stream.get("spec") or {}).get("tags") or ()}


def _generation(stream: Object) -> int:
    return (stream.get("metadata") or {}).get("generation") or 0


def _mode(tag: Mapping[str, Any]) -> str:
    return (tag.get("importPolicy") or {}).get("importMode") or ""
