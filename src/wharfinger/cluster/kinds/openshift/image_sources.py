"""
May these references stand in a stream, by the registries that a site allows imports from?

Only references of the kind `DockerImage` are asked about: a tag of another stream was judged when it
came there. What a stream names already may stay, whatever the list says now: each repository of the
old object, at any tag. Names that cannot be read are judged by `stream_rules.py`.

https://docs.openshift.com/container-platform/3.11/install_config/master_node_configuration.html#master-config-image-policy-config
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wharfinger.cluster.kind import FieldError, Object
from wharfinger.oci.image_stream_names import INSECURE
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy.import_list import ImportList, Refusal, Transport


def stream(new: Object, allowed: ImportList | None, old: Object | None = None) -> list[FieldError]:
    """Judge the spec and the status of a stream that is made, or changed from `old`."""
    if allowed is None:
        return []
    known = frozenset() if old is None else frozenset(_texts(old))
    errors = list(_stream(new, allowed, known))
    if errors and known:
        # What stays as it was needs no second look, and all else is seldom refused: so the many
        # references of a long history are read only then.
        repositories = allowed.with_repositories(one for text in known for one in _parsed(text))
        errors = list(_stream(new, repositories, known))
    return errors


def stream_status(new: Object, allowed: ImportList | None, old: Object) -> list[FieldError]:
    """Judge a status that is written: only references that were not in it to the letter."""
    if allowed is None:
        return []
    return list(_status(new, allowed, frozenset(_told(old))))


def tag(new: Object, allowed: ImportList | None, old: Object | None = None) -> list[FieldError]:
    """Judge an ImageStreamTag or an ImageTag."""
    part = "spec" if new.get("kind") == "ImageTag" or "spec" in new else "tag"
    if allowed is None or new.get(part) is None:
        return []
    before = ((old or {}).get(part) or {}).get("from") or {}
    if before.get("kind") == "DockerImage":
        allowed = allowed.with_repositories(_parsed(before.get("name") or ""))
    return list(tag_reference(new[part], part, allowed, is_insecure(new)))


def tag_reference(
    tag: Mapping[str, Any], path: str, allowed: ImportList, insecure: bool
) -> Iterator[FieldError]:
    origin, policy = tag.get("from") or {}, tag.get("importPolicy") or {}
    if origin.get("kind") == "DockerImage":
        name = origin.get("name") or ""
        flag = insecure or bool(policy.get("insecure"))
        yield from _judged(name, allowed, flag, f"{path}.from.name")


def stream_import(obj: Object, allowed: ImportList | None) -> list[FieldError]:
    """Judge what an ImageStreamImport wants to fetch. Who may create images is not asked."""
    if allowed is None:
        return []
    spec = obj.get("spec") or {}
    wanted = [(one, f"spec.images[{index}]") for index, one in enumerate(spec.get("images") or ())]
    if spec.get("repository") is not None:
        wanted.insert(0, (spec["repository"], "spec.repository"))
    return [error for one, path in wanted for error in _import(one, path, allowed)]


def is_insecure(obj: Object) -> bool:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get(INSECURE) == "true")


def _import(one: Mapping[str, Any], path: str, allowed: ImportList) -> Iterator[FieldError]:
    insecure = bool((one.get("importPolicy") or {}).get("insecure"))
    for reference in _parsed((one.get("from") or {}).get("name") or ""):
        # The port is written out, and then judged: so a line for port 443 never covers an insecure
        # import, and one that is insecure never a secure one.
        asked = ":".join(_address(reference, insecure))
        refusal = allowed.allowed(ImageReference(registry=asked), Transport.SECURE)
        if refusal is not None:
            words = f'importing images from registry "{asked}" is forbidden: {refusal.text}'
            yield FieldError.forbidden(f"{path}.from.name", words, hint=_hint(refusal))


def _hint(refusal: Refusal) -> str:
    """The field errors have the words that clients of OpenShift know, and no room for more."""
    return f"{refusal.reason}; {refusal.remedy}"


def _address(reference: ImageReference, insecure: bool) -> tuple[str, str]:
    host, port = reference.registry_address(insecure=insecure)
    return (f"[{host}]" if ":" in host else host), port


def _stream(new: Object, allowed: ImportList, known: frozenset[str]) -> Iterator[FieldError]:
    insecure, spec = is_insecure(new), new.get("spec") or {}
    repository = spec.get("dockerImageRepository") or ""
    if repository not in known:
        yield from _judged(repository, allowed, insecure, "spec.dockerImageRepository")
    for tag in _sorted(spec, "name"):
        if (tag.get("from") or {}).get("name") not in known:
            yield from tag_reference(tag, f"spec.tags[{tag.get('name') or ''}]", allowed, insecure)
    yield from _status(new, allowed, known)


def _status(new: Object, allowed: ImportList, known: frozenset[str]) -> Iterator[FieldError]:
    flagged = {
        tag.get("name"): bool((tag.get("importPolicy") or {}).get("insecure"))
        for tag in (new.get("spec") or {}).get("tags") or ()
    }
    for tag in _sorted(new.get("status") or {}, "tag"):
        name = tag.get("tag") or ""
        insecure = is_insecure(new) or flagged.get(name, False)
        for index, event in enumerate(tag.get("items") or ()):
            text = event.get("dockerImageReference") or ""
            if text not in known:
                path = f"status.tags[{name}].items[{index}].dockerImageReference"
                yield from _judged(text, allowed, insecure, path)


def _judged(text: str, allowed: ImportList, insecure: bool, path: str) -> Iterator[FieldError]:
    for reference in _parsed(text):
        refusal = allowed.allowed(reference, Transport.of(insecure=insecure))
        if refusal is not None:
            yield FieldError.forbidden(path, refusal.text, hint=_hint(refusal))


def _texts(stream: Object) -> Iterator[str]:
    """The references of a stream: where it comes from, and where its images are."""
    spec = stream.get("spec") or {}
    yield spec.get("dockerImageRepository") or ""
    for tag in spec.get("tags") or ():
        origin = tag.get("from") or {}
        if origin.get("kind") == "DockerImage":
            yield origin.get("name") or ""
    yield from _told(stream)


def _told(stream: Object) -> Iterator[str]:
    for tag in (stream.get("status") or {}).get("tags") or ():
        for event in tag.get("items") or ():
            yield event.get("dockerImageReference") or ""


def _parsed(text: str) -> Iterator[ImageReference]:
    if not text:
        return
    try:
        yield ImageReference.parse(text)
    except InvalidReference:
        return


def _sorted(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return sorted(holder.get("tags") or (), key=lambda one: one.get(key) or "")
