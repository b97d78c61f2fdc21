"""
What `wharf import` asks a server for: from the options and the present stream to the object that is
sent, or to why it makes no sense; and what of the answer is a failure.

Pure, and decided as `oc import-image` decides it, in its words: people and scripts know them. What
the server makes of the request is not decided here. `tag_requests.py` has the same for `wharf tag`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.oci.image_stream_names import INSECURE, InvalidImageStreamName, parse_tag_name
from wharfinger.oci.reference import DEFAULT_TAG, ImageReference, InvalidReference

Object = dict[str, Any]
Stream = Mapping[str, Any]

VERSION: Final = "image.openshift.io/v1"
"""Annotation of a stream whose registry is not verified."""

POLICIES: Final = {"": "Source", "source": "Source", "local": "Local"}
MODES: Final = ("", "Legacy", "PreserveOriginal")


class Senseless(BadInput):
    """The request makes no sense, as it stands or beside what the stream has."""

    code = "senseless-image-request"


class Kind(StrEnum):
    """What a tag may point to."""

    IMAGE = "DockerImage"
    TAG = "ImageStreamTag"
    STREAM_IMAGE = "ImageStreamImage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """The options of an import as they were given."""

    target: str
    source: str = ""
    confirm: bool = False
    all: bool = False
    insecure: bool | None = None
    """None: as the stream's annotation says."""
    scheduled: bool = False
    reference_policy: str = ""
    import_mode: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The stream, and its tag; "" with `--all`."""

    stream: str
    tag: str


def target(options: Import) -> Target:
    """Which stream an import is about; raise `Senseless`."""
    try:
        named = ImageReference.parse(options.target)
    except InvalidReference:
        named = ImageReference()
    if not named.name:
        raise Senseless(
            "the image name must be a valid container image pull spec or reference to an image "
            "stream (e.g. myregistry/myteam/image:tag)"
        )
    if named.id:
        raise Senseless("to import images by ID, use the 'tag' command")
    if options.all and named.tag:
        raise Senseless(f'cannot specify a tag "{options.target}" as well as --all')
    if options.reference_policy.lower() not in POLICIES:
        raise Senseless("valid reference policy values are source or local")
    require_mode(options.import_mode)
    return Target(named.name, "" if options.all else named.tag or DEFAULT_TAG)


def import_request(options: Import, namespace: str, stream: Stream | None) -> Object:
    """The ImageStreamImport to post. `stream` is None if there is none; raise `Senseless`."""
    wanted = target(options)
    metadata = {"name": wanted.stream, "namespace": namespace}
    if stream is not None and (version := stream.get("metadata", {}).get("resourceVersion")):
        metadata["resourceVersion"] = version
    return {
        "apiVersion": VERSION,
        "kind": "ImageStreamImport",
        "metadata": metadata,
        "spec": {"import": not options.dry_run, **_asked(options, wanted, stream)},
        "status": {},
    }


def _asked(options: Import, wanted: Target, stream: Stream | None) -> Object:
    if stream is None:
        if not options.confirm:
            raise Senseless(
                f'no image stream named "{wanted.stream}" exists, pass --confirm to create and import'
            )
        source = options.source or options.target
        if options.all:
            return {"repository": _entry(options, None, source)}
        return {"images": [_image(options, None, {"name": wanted.tag}, source)]}
    if options.all:
        return _whole(options, stream)
    return {"images": [_one(options, wanted.tag, stream)]}


def _whole(options: Import, stream: Stream) -> Object:
    """The repository of a stream, or else each of its tags that comes from outside."""
    present = str(_spec(stream).get("dockerImageRepository") or "")
    if options.source and options.source != present:
        if not options.confirm and not present:
            raise Senseless(
                "the image stream does not currently import an entire Docker repository, pass "
                "--confirm to update"
            )
        if not options.confirm:
            raise Senseless(
                f'the image stream has a different import spec "{present}", pass --confirm to update'
            )
    if repository := options.source or present:
        return {"repository": _entry(options, stream, repository)}
    outside = [tag for tag in _tags(stream) if _kind(tag) == Kind.IMAGE]
    if not outside:
        raise Senseless("image stream does not have tags pointing to external container images")
    return {"images": [_image(options, stream, tag, _source(tag)) for tag in outside]}


def _one(options: Import, tag: str, stream: Stream) -> Object:
    followed = _followed(stream, tag)
    if followed is None:
        whole = str(_spec(stream).get("dockerImageRepository") or "")
        source = options.source or (whole if tag == DEFAULT_TAG else "")
        if not source:
            raise Senseless(
                f'the tag "{tag}" does not exist on the image stream - choose an existing tag to '
                "import or use the 'tag' command to create a new tag"
            )
        return _image(options, stream, {"name": tag}, source)
    if not followed.get("from"):
        raise Senseless(
            f"tag \"{tag}\" already exists - you must use the 'tag' command if you want to change "
            f'the source to "{options.source}"'
        )
    if _kind(followed) != Kind.IMAGE:
        raise Senseless(
            f'tag "{tag}" points to existing {_kind(followed)} "{_source(followed)}", it cannot be '
            "re-imported"
        )
    if options.source and options.source != _source(followed):
        final = followed["name"]
        on_the_way = f' points to the tag "{final}" which' if final != tag else ""
        raise Senseless(
            f'the tag "{tag}"{on_the_way} points to "{_source(followed)}" - use the \'tag\' command '
            f'if you want to change the source to "{options.source}"'
        )
    return _image(options, stream, followed, _source(followed))


def _followed(stream: Stream, tag: str) -> Mapping[str, Any] | None:
    """The tag at the end of its aliases, or None if the stream does not have it."""
    first, own, tags = tag, stream.get("metadata", {}), {one["name"]: one for one in _tags(stream)}
    seen = set[str]()
    while True:
        if tag in seen:
            raise Senseless(f'tag "{first}" on the image stream is a reference to same tag')
        seen.add(tag)
        found = tags.get(tag)
        if found is None or _kind(found) != Kind.TAG:
            return found
        origin, name = found["from"], _source(found)
        named = own.get("name")
        if ":" in name:
            try:
                named, tag = parse_tag_name(name)
            except InvalidImageStreamName:
                raise Senseless(f'tag "{first}" points to an invalid imagestreamtag') from None
        else:
            tag = name
        other = origin.get("namespace") not in (None, "", own.get("namespace"))
        if other or named != own.get("name"):
            raise Senseless(f'tag "{first}" points to an imagestreamtag from another ImageStream')


def _image(options: Import, stream: Stream | None, tag: Mapping[str, Any], source: str) -> Object:
    return {"to": {"name": tag["name"]}, **_entry(options, stream, source, tag)}


def _entry(
    options: Import,
    stream: Stream | None,
    source: str,
    tag: Mapping[str, Any] | None = None,
) -> Object:
    """Flags add to what the tag has, and take nothing from it.

    The original sets the mode of a tag back where none is given; here it stays as it was.
    """
    kept = (tag or {}).get("importPolicy") or {}
    insecure = options.insecure
    if insecure is None:
        annotations = (stream or {}).get("metadata", {}).get("annotations") or {}
        insecure = annotations.get(INSECURE) == "true"
    policy = {
        "insecure": insecure or kept.get("insecure") is True,
        "scheduled": options.scheduled or kept.get("scheduled") is True,
        "importMode": options.import_mode or kept.get("importMode") or "Legacy",
    }
    return {
        "from": {"kind": Kind.IMAGE, "name": source},
        "importPolicy": {name: value for name, value in policy.items() if value},
        "referencePolicy": {"type": POLICIES[options.reference_policy.lower()]},
    }


def _spec(stream: Stream) -> Mapping[str, Any]:
    return stream.get("spec") or {}


def _tags(stream: Stream) -> Sequence[Mapping[str, Any]]:
    return _spec(stream).get("tags") or ()


def _kind(tag: Mapping[str, Any]) -> str:
    return str((tag.get("from") or {}).get("kind", ""))


def _source(tag: Mapping[str, Any]) -> str:
    return str((tag.get("from") or {}).get("name", ""))


def require_mode(mode: str) -> None:
    if mode not in MODES:
        raise Senseless("valid ImportMode values are Legacy or PreserveOriginal")


@dataclass(frozen=True, slots=True)
class Failure:
    """Of an import that was answered: what could not be had; `tag` is "" for the whole."""

    what: str
    tag: str
    message: str


def failures(answer: Mapping[str, Any]) -> list[Failure]:
    """What an import could not do, of its answer."""
    status = answer.get("status") or {}
    repository = status.get("repository") or {}
    found = [
        Failure("tag", _wanted_tag(answer, index), message)
        for index, message in _failed(status.get("images") or ())
    ]
    images = repository.get("images") or ()
    one_by_one = [
        Failure("repository tag", str(images[index].get("tag", "")), message)
        for index, message in _failed(images)
    ]
    whole = [
        Failure("repository", "", message)
        for _, message in ([] if one_by_one else _failed((repository,)))
    ]
    return [*found, *one_by_one, *whole]


def _failed(entries: Iterable[Mapping[str, Any]]) -> Iterable[tuple[int, str]]:
    for index, entry in enumerate(entries):
        told = entry.get("status") or {}
        if told.get("status") == "Failure":
            yield index, str(told.get("message") or told.get("reason") or "unknown error")


def _wanted_tag(answer: Mapping[str, Any], index: int) -> str:
    asked = (answer.get("spec") or {}).get("images") or ()
    entry = asked[index] if index < len(asked) else {}
    return str((entry.get("to") or {}).get("name") or (entry.get("from") or {}).get("name") or "")
