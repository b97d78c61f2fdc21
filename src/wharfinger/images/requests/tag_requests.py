"""
What `wharf tag` asks a server for: from the options to the ImageStreamTag that is put, or to why it
makes no sense.

Pure, and decided as `oc tag` decides it. A name without a registry is one of a stream; a tag of a
stream as source is replaced by the image that it means now, unless an alias is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.images.requests.client_requests import (
    POLICIES,
    VERSION,
    Kind,
    Object,
    Senseless,
    require_mode,
)
from wharfinger.oci.image_stream_names import join_tag, parse_tag_name
from wharfinger.oci.reference import DEFAULT_TAG, ImageReference, InvalidReference

_SPELLINGS: Final = {
    **dict.fromkeys(("imagestreamtag", "istag"), Kind.TAG),
    **dict.fromkeys(("imagestreamimage", "isimage"), Kind.STREAM_IMAGE),
    **dict.fromkeys(("docker", "dockerimage"), Kind.IMAGE),
}
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """The options of a tag as they were given."""

    source: str
    destinations: Sequence[str]
    kind: str = ""
    alias: bool = False
    reference: bool = False
    scheduled: bool = False
    insecure: bool = False
    reference_policy: str = ""
    import_mode: str = ""


@dataclass(frozen=True, slots=True)
class StreamTag:
    """A tag of a stream."""

    namespace: str
    stream: str
    tag: str

    @property
    def name(self) -> str:
        return join_tag(self.stream, self.tag)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a tag is to point to; for an image of elsewhere `namespace` is ""."""

    kind: Kind
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def origin(options: Tagging, namespace: str) -> Origin:
    """What is named as the source; a name without a registry is one of a stream."""
    try:
        named = ImageReference.parse(options.source)
    except InvalidReference as error:
        raise Senseless(f"invalid SRC: {error.reason}", remedy=error.remedy) from None
    kind = _kind_of(options.kind, named)
    if kind is Kind.IMAGE:
        return Origin(kind, named.full())
    if named.registry:
        raise Senseless("a server in SRC is only allowed when providing a container image")
    if "/" in named.name:
        raise Senseless(f"cannot take {options.source!r} for a stream: write [PROJECT/]NAME:TAG")
    place = named.namespace or namespace
    if kind is Kind.TAG:
        return Origin(kind, join_tag(named.name, named.tag), place)
    if not named.id:
        raise Senseless("--source=imagestreamimage needs the digest of an image in SRC")
    return Origin(kind, f"{named.name}@{named.id}", place)


def _kind_of(spelling: str, named: ImageReference) -> Kind:
    if spelling:
        found = _SPELLINGS.get(spelling.lower())
        if found is None:
            raise Senseless(
                "cannot tell what SRC is: --source has to be imagestreamtag, imagestreamimage or docker"
            )
        return found
    if named.registry:
        return Kind.IMAGE
    return Kind.STREAM_IMAGE if named.id else Kind.TAG


def destinations(names: Iterable[str], namespace: str) -> list[StreamTag]:
    """The tags to set or to delete. Whether a tag may be called so is not asked here."""
    return [_destination(name, namespace) for name in names]


def _destination(text: str, namespace: str) -> StreamTag:
    path, colon, tag = text.partition(":")
    place, slash, stream = path.rpartition("/")
    if not stream or (slash and not place) or "/" in place or (colon and not tag) or "@" in text:
        raise Senseless(f"cannot take {text!r} for a tag", remedy="write it as [PROJECT/]NAME:TAG")
    return StreamTag(place or namespace, stream, tag or DEFAULT_TAG)


def require_tagging(options: Tagging, source: Origin, targets: Sequence[StreamTag]) -> None:
    """Raise `Senseless` unless the options go together."""
    if not targets:
        raise Senseless("cannot tag without a destination", remedy="name one as NAME:TAG")
    flags = options.scheduled or options.insecure
    if options.alias:
        if source.kind is not Kind.TAG:
            raise Senseless("cannot follow anything but a tag of an image stream with --alias")
        if flags:
            raise Senseless("cannot set the flags of an import on an alias")
        stream, _ = parse_tag_name(source.name)
        here = (source.namespace, stream)
        if any((one.namespace, one.stream) != here for one in targets):
            raise Senseless("cannot set alias across different Image Streams")
    elif flags and source.kind is not Kind.IMAGE:
        raise Senseless("only images of other registries can have the flags of an import")
    if options.reference_policy.lower() not in POLICIES:
        raise Senseless("valid reference policy values are source or local")
    require_mode(options.import_mode)


def pinned(source: Origin, stream: Mapping[str, Any]) -> Origin:
    """The very image that a tag means now, so that it stays when the tag moves on."""
    _, tag = parse_tag_name(source.name)
    history = next(
        (one for one in (stream.get("status") or {}).get("tags") or () if one.get("tag") == tag),
        None,
    )
    events = (history or {}).get("items") or ()
    if not events:
        raise Senseless(
            f'"{source}" is not currently pointing to an image, cannot use it as the source of a tag'
        )
    if image := events[0].get("image"):
        return Origin(
            Kind.STREAM_IMAGE, f"{source.name.partition(':')[0]}@{image}", source.namespace
        )
    return Origin(Kind.IMAGE, str(events[0].get("dockerImageReference", "")))


def stream_tag(options: Tagging, source: Origin, target: StreamTag) -> Object:
    """The ImageStreamTag to put; raise `Senseless` if a tag may not be called so."""
    if _TAG.fullmatch(target.tag) is None:
        raise Senseless(
            f'invalid tag "{target.tag}" format, tags must start with an alphanumeric character '
            "followed by alphanumeric, '.' or '-' characters, and have a maximum of 128 characters"
        )
    where = {"namespace": source.namespace} if source.namespace else {}
    policy = {
        "insecure": options.insecure,
        "scheduled": options.scheduled,
        "importMode": options.import_mode or "Legacy",
    }
    return {
        "apiVersion": VERSION,
        "kind": "ImageStreamTag",
        "metadata": {"name": target.name, "namespace": target.namespace},
        "tag": {
            "name": target.tag,
            "from": {"kind": source.kind, "name": source.name, **where},
            "reference": options.reference,
            "importPolicy": {name: value for name, value in policy.items() if value},
            "referencePolicy": {"type": POLICIES[options.reference_policy.lower()]},
        },
        "generation": 0,
    }
