"""
What image streams, their tags and imports may be, in the words that clients of OpenShift know.

The form of an object is judged here from the object alone. From which registries its references may
come is a setting of the site: `image_sources.py` asks for that.

https://docs.openshift.com/container-platform/3.11/rest_api/apis-image.openshift.io/v1.ImageStream.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.oci.reference import NAME_LIMIT, ImageReference, InvalidReference

SOURCE, LOCAL = "Source", "Local"
LEGACY, PRESERVE_ORIGINAL = "Legacy", "PreserveOriginal"
_COMPONENT: Final = "[a-z0-9]+(?:[._-][a-z0-9]+)*"
_MODES: Final = f"invalid import mode, valid modes are '', '{LEGACY}', '{PRESERVE_ORIGINAL}'"
_KINDS: Final = "valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'"
_SCHEDULED: Final = (
    "only tags pointing to Docker repositories may be scheduled for background import"
)
_ANNOTATIONS: Final = (
    "tag annotations must not be provided or must be equal to the object meta annotations"
)


def stream_name(name: str) -> list[str]:
    """Say what keeps `name` from being that of a stream: it is a component of image names."""
    errors = validation.path_segment(name)
    if errors or re.fullmatch(_COMPONENT, name):
        return errors
    return [f'must match "{_COMPONENT}"']


def stream(obj: Object) -> list[FieldError]:
    return [
        *_total_length(obj.get("metadata") or {}),
        *_repository(obj.get("spec") or {}),
        *_spec_tags(obj.get("spec") or {}),
        *_status_tags(obj.get("status") or {}),
    ]


def stream_tag(obj: Object) -> list[FieldError]:
    """An ImageStreamTag; without a `tag` it only carries annotations."""
    tag = obj.get("tag")
    if tag is None:
        return []
    errors = list(tag_reference(tag, "tag"))
    given = tag.get("annotations")
    if given is not None and given != (obj["metadata"].get("annotations") or {}):
        errors.append(FieldError.invalid("tag.annotations", "<map>", _ANNOTATIONS))
    return errors


def stream_tag_update(new: Object, old: Object) -> list[FieldError]:
    fixed = _without(new, "tag", "lookupPolicy", "generation", "image", "conditions")
    before = _without(old, "tag", "lookupPolicy", "generation", "image", "conditions")
    for one in (fixed, before):
        for field in ("annotations", "generation", "managedFields"):
            one["metadata"].pop(field, None)
    if fixed == before:
        return []
    detail = "may not update fields other than metadata.annotations"
    return [FieldError.invalid("metadata", "", detail)]


def image_tag(obj: Object) -> list[FieldError]:
    """An ImageTag: what a stream says of a tag, under the name of both."""
    spec = obj.get("spec")
    if spec is None:
        return []
    tag = (obj["metadata"].get("name") or "").partition(":")[2]
    errors = list(tag_reference(spec, "spec"))
    if (spec.get("name") or "") != tag:
        errors.append(FieldError.invalid("spec.name", spec.get("name") or "", _same_tag(tag)))
    return errors


def image_tag_update(new: Object, old: Object) -> list[FieldError]:
    fixed = _without(new, "spec", "status", "image")
    before = _without(old, "spec", "status", "image")
    for one in (fixed, before):
        for field in ("generation", "managedFields"):
            one["metadata"].pop(field, None)
    if fixed == before:
        return []
    return [FieldError.invalid("metadata", "", "may not update fields other than spec")]


def tag_reference(tag: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """Judge a tag of a stream's `spec`: where it points to, and how it is taken over."""
    origin, policy = tag.get("from"), tag.get("importPolicy") or {}
    if origin is not None:
        yield from _origin(origin, policy, path)
    kept = (tag.get("referencePolicy") or {}).get("type") or SOURCE
    if kept not in (SOURCE, LOCAL):
        detail = f'valid values are "{SOURCE}", "{LOCAL}"'
        yield FieldError.invalid(f"{path}.referencePolicy.type", kept, detail)
    yield from _mode(policy, path)


def stream_import(obj: Object) -> list[FieldError]:
    """An ImageStreamImport: what is to be fetched, and under which tags it is kept."""
    spec = obj.get("spec") or {}
    images, repository = spec.get("images") or (), spec.get("repository")
    errors: list[FieldError] = []
    for index, one in enumerate(images):
        errors += _image_import(one, f"spec.images[{index}]")
    if repository is not None:
        errors += _repository_import(repository, "spec.repository")
    if not images and repository is None:
        detail = "you must specify at least one image or a repository import"
        errors.append(FieldError.invalid("spec.images", None, detail))
    return [*errors, *_total_length(obj.get("metadata") or {})]


def parsed(text: str, path: str) -> tuple[ImageReference | None, Sequence[FieldError]]:
    """The name of an image, or what is wrong with it."""
    try:
        return ImageReference.parse(text), ()
    except InvalidReference as refusal:
        return None, (FieldError.invalid(path, text, refusal.reason),)


def _total_length(meta: Mapping[str, Any]) -> Iterator[FieldError]:
    name = meta.get("name") or ""
    if len(f"{meta.get('namespace') or ''}/{name}") > NAME_LIMIT:
        detail = f"'namespace/name' cannot be longer than {NAME_LIMIT} characters"
        yield FieldError.invalid("metadata.name", name, detail)


def _repository(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    path, text = "spec.dockerImageRepository", spec.get("dockerImageRepository") or ""
    if not text:
        return
    reference, errors = parsed(text, path)
    yield from errors
    if reference is not None and reference.tag:
        yield FieldError.invalid(path, text, "the repository name may not contain a tag")
    if reference is not None and reference.id:
        yield FieldError.invalid(path, text, "the repository name may not contain an ID")


def _spec_tags(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    for tag in sorted(spec.get("tags") or (), key=lambda one: one.get("name") or ""):
        yield from tag_reference(tag, f"spec.tags[{tag.get('name') or ''}]")


def _status_tags(status: Mapping[str, Any]) -> Iterator[FieldError]:
    for tag in sorted(status.get("tags") or (), key=lambda one: one.get("tag") or ""):
        for index, event in enumerate(tag.get("items") or ()):
            path = f"status.tags[{tag.get('tag') or ''}].items[{index}].dockerImageReference"
            text = event.get("dockerImageReference") or ""
            if not text:
                yield FieldError.required(path)
            else:
                yield from parsed(text, path)[1]


def _origin(
    origin: Mapping[str, Any], policy: Mapping[str, Any], path: str
) -> Iterator[FieldError]:
    kind, name = origin.get("kind") or "", origin.get("name") or ""
    if not name:
        yield FieldError.required(f"{path}.from.name")
    if kind == "DockerImage":
        if name:
            yield from parsed(name, f"{path}.from.name")[1]
    elif kind in ("ImageStreamImage", "ImageStreamTag"):
        if policy.get("scheduled"):
            yield FieldError.invalid(f"{path}.importPolicy.scheduled", True, _SCHEDULED)
    else:
        yield FieldError.required(f"{path}.from.kind", _KINDS)


def _image_import(one: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    origin, target = one.get("from") or {}, one.get("to")
    name = origin.get("name") or ""
    if origin.get("kind") != "DockerImage":
        yield _wrong_kind(origin, path)
        return
    if target is not None and not target.get("name"):
        detail = "the name of the target tag must be specified"
        yield FieldError.invalid(f"{path}.to.name", "", detail)
    if not name:
        yield FieldError.required(f"{path}.from.name")
    elif name != "*":  # old clients ask so for what they may see
        yield from parsed(name, f"{path}.from.name")[1]
    yield from _mode(one.get("importPolicy") or {}, path)


def _repository_import(one: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    origin = one.get("from") or {}
    name = origin.get("name") or ""
    if origin.get("kind") != "DockerImage":
        yield _wrong_kind(origin, path)
        return
    if not name:
        yield FieldError.required(f"{path}.from.name", "container image references require a name")
    else:
        reference, errors = parsed(name, f"{path}.from.name")
        yield from errors
        if reference is not None and (reference.tag or reference.id):
            detail = "you must specify an image repository, not a tag or ID"
            yield FieldError.invalid(f"{path}.from.name", name, detail)
    yield from _mode(one.get("importPolicy") or {}, path)


def _wrong_kind(origin: Mapping[str, Any], path: str) -> FieldError:
    kind = origin.get("kind") or ""
    return FieldError.invalid(f"{path}.from.kind", kind, "only DockerImage is supported")


def _mode(policy: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    mode = policy.get("importMode") or ""
    if mode not in ("", LEGACY, PRESERVE_ORIGINAL):
        yield FieldError.invalid(f"{path}.importPolicy.importMode", mode, _MODES)


def _same_tag(tag: str) -> str:
    return f"must match the tag in the name, {tag!r}"


def _without(obj: Object, *fields: str) -> Object:
    rest = {key: value for key, value in obj.items() if key not in fields}
    return {**rest, "metadata": dict(obj.get("metadata") or {})}
