"""
What tags of a stream take over at once from other tags and images when they are written.

A tag that names an image of the inside (`from: ImageStreamTag` or `ImageStreamImage`) has the event of
that image from the moment of the write; one that is a mere reference has its name as event. Images
from outside are imported later. An event that points into the repository of the source stream in our
own registry is told with this stream's repository, so that who may pull from here need not be allowed
to pull from there.

Who writes has to be allowed to pull from a source in another namespace: `accesses` lists what is to be
asked, `refusal` says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from wharfinger.cluster.errors import ObjectError
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.images.streams import generations, history
from wharfinger.images.streams.history import Draft, Event
from wharfinger.oci.reference import ImageReference, InvalidReference

_FORM: Final = "must be of the form <tag>, <repo>:<tag>, <id>, or <repo>@<id>"


class StreamName(NamedTuple):
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Access:
    """The right to pull from a stream (`get imagestreams/layers`) that a tag of the spec needs."""

    tag: str
    stream: StreamName


@dataclass(frozen=True, slots=True)
class _Change:
    """A tag of the spec that is new or asks for something else; `part` is the tag or id there."""

    tag: str
    wanted: Mapping[str, Any]
    source: StreamName
    part: str

    @property
    def path(self) -> str:
        return f"spec.tags[{self.tag}].from"


def accesses(new: Object, old: Object | None = None) -> list[Access]:
    """What whoever writes has to be allowed, for tags that are new or ask for something else."""
    own = _name(new)
    return [
        Access(change.tag, change.source)
        for change in _changes(new, old)
        if change.source.name and change.source.namespace != own.namespace
    ]


def refusal(
    access: Access, *, reason: str = "", evaluation: str = "", error: str = ""
) -> FieldError:
    """Say that a right is missing; the words are those of the answer to a review of it."""
    holder = f"{access.stream.namespace}/{access.stream.name}"
    words = f'{holder}: "{reason}" "{evaluation}"' + (f"- {error}" if error else "")
    return FieldError.forbidden(f"spec.tags[{access.tag}].from", words)


def form_errors(new: Object, old: Object | None = None) -> list[FieldError]:
    """The names of sources that say neither a tag nor an image."""
    return [
        FieldError.invalid(f"{change.path}.name", _origin(change.wanted).get("name"), _FORM)
        for change in _changes(new, old)
        if _is_inside(change.wanted) and not change.source.name
    ]


def sources(new: Object, old: Object | None = None) -> frozenset[StreamName]:
    """The other streams that `copied` has to be given, where they are there."""
    named = {change.source for change in _changes(new, old) if change.source.name}
    return frozenset(named - {_name(new)})


def copied(
    new: Object,
    old: Object | None,
    streams: Mapping[StreamName, Object],
    *,
    now: str,
    registry: str,
) -> tuple[Object, list[FieldError]]:
    """The stream with the events that its changed tags take over, and what stands in the way.

    `new` has its generations (`generations.prepared`). `registry` is our own, as references name it.
    """
    draft, errors = Draft(new), form_errors(new, old)
    generation = (new.get("metadata") or {}).get("generation") or 0
    for change in _changes(new, old):
        if _is_inside(change.wanted) and not change.source.name:
            continue
        source = new if change.source == _name(new) else streams.get(change.source)
        if source is None and change.source.name:
            name = _origin(change.wanted).get("name")
            errors.append(FieldError.not_found(f"{change.path}.name", name))
            continue
        try:
            event = _event(change, source)
        except ObjectError as error:
            detail = f"error generating tag event: {error.message}"
            name = _origin(change.wanted).get("name")
            errors.append(FieldError.invalid(f"{change.path}.name", name, detail))
            continue
        if event is not None:
            told = _told_here(event, change, _name(new), registry)
            draft.add(change.tag, {**told, "created": now, "generation": generation})
    _follow(draft, old)
    return draft.object, errors


def _follow(draft: Draft, old: Object | None) -> None:
    """Move the tags that follow those that have moved by this write."""
    before = {one.get("tag"): one.get("items") or () for one in _told(old or {})}
    for one in list(_told(draft.object)):
        tag = one.get("tag") or ""
        if one.get("items") and not history.same_head(one["items"], before.get(tag, ())):
            draft.follow(tag)


def _told(stream: Object) -> Iterable[Mapping[str, Any]]:
    return (stream.get("status") or {}).get("tags") or ()


def _changes(new: Object, old: Object | None) -> Iterator[_Change]:
    own = _name(new)
    before = {
        one.get("name") or "": one for one in ((old or {}).get("spec") or {}).get("tags") or ()
    }
    for wanted in (new.get("spec") or {}).get("tags") or ():
        tag, origin = wanted.get("name") or "", _origin(wanted)
        if tag in before and not generations.changed(_bare(wanted), before[tag], own.namespace):
            continue
        if _is_inside(wanted):
            namespace = origin.get("namespace") or own.namespace
            holder, part = _parts(origin, own.name)
            yield _Change(tag, wanted, StreamName(namespace, holder), part)
        elif origin.get("name") and wanted.get("reference"):
            yield _Change(tag, wanted, StreamName("", ""), "")


def _bare(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Generations are the server's: they say nothing of what is asked for."""
    return {key: value for key, value in wanted.items() if key != "generation"}


def _parts(origin: Mapping[str, Any], own: str) -> tuple[str, str]:
    """The stream and the tag or id in it; "" for the stream if the name is of neither form."""
    mark = ":" if origin.get("kind") == "ImageStreamTag" else "@"
    parts = (origin.get("name") or "").split(mark)
    if len(parts) > 2:
        return "", ""
    return (own, parts[0]) if len(parts) == 1 else (parts[0], parts[1])


def _event(change: _Change, source: Object | None) -> Event | None:
    if source is None:
        return {"dockerImageReference": _origin(change.wanted)["name"], "image": ""}
    if _origin(change.wanted).get("kind") == "ImageStreamImage":
        return history.of_image(source, change.part)
    # A tag that is not there yet is no mistake: its image comes when it does.
    return history.latest(source, change.part)


def _told_here(event: Event, change: _Change, own: StreamName, registry: str) -> Event:
    if change.wanted.get("reference") or not registry or not change.source.name:
        return event
    try:
        found = ImageReference.parse(event.get("dockerImageReference") or "")
    except InvalidReference:
        return event
    if (found.registry, found.namespace, found.name) != (registry, *change.source):
        return event
    here = replace(found, namespace=own.namespace, name=own.name)
    return {**event, "dockerImageReference": here.exact()}


def _is_inside(wanted: Mapping[str, Any]) -> bool:
    return _origin(wanted).get("kind") in ("ImageStreamTag", "ImageStreamImage")


def _origin(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    return wanted.get("from") or {}


def _name(stream: Object) -> StreamName:
    meta = stream.get("metadata") or {}
    return StreamName(meta.get("namespace") or "", meta.get("name") or "")
