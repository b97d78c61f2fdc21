"""
What images, signatures and mappings may be, in the words that clients of OpenShift know.

Streams, tags and imports are judged by `stream_rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import FieldError, Object
from wharfinger.cluster.kinds.openshift.stream_rules import parsed
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidDigest

_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
)
"""https://www.rfc-editor.org/rfc/rfc6838#section-4.2"""

_UNKNOWN: Final = "must be unset for unknown signature state"


def image(obj: Object) -> list[FieldError]:
    return list(_image(obj, ""))


def mapping(obj: Object) -> list[FieldError]:
    """An ImageStreamMapping: puts an image under a tag of the stream that it has the name of."""
    errors: list[FieldError] = []
    repository = obj.get("dockerImageRepository") or ""
    if repository:
        errors += parsed(repository, "dockerImageRepository")[1]
    elif not (obj.get("metadata") or {}).get("name"):
        errors += [FieldError.required("name"), FieldError.required("dockerImageRepository")]
    if not obj.get("tag"):
        errors.append(FieldError.required("tag"))
    held = obj.get("image") or {}
    return [*errors, *_image_metadata(held, "image."), *_image(held, "image.")]


def signature(obj: Object) -> list[FieldError]:
    return list(_signature(obj, ""))


def manifests(found: Sequence[Mapping[str, Any]], path: str) -> Iterator[FieldError]:
    """Judge what an image says of the images of its index."""
    for index, one in enumerate(found):
        here = f"{path}[{index}]"
        digest, media_type = one.get("digest") or "", one.get("mediaType") or ""
        if not _is_digest(digest):
            detail = "digest does not conform with OCI image specification"
            yield FieldError.invalid(f"{here}.digest", digest, detail)
        if _MEDIA_TYPE.fullmatch(media_type) is None:
            detail = "media type does not conform to RFC6838"
            yield FieldError.invalid(f"{here}.mediaType", media_type, detail)
        for field in ("architecture", "os"):
            if not one.get(field):
                yield FieldError.required(f"{here}.{field}")
        size = one.get("manifestSize") or 0
        if size < 0:
            yield FieldError.invalid(f"{here}.size", size, "manifest size cannot be negative")


def _image(obj: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    text = obj.get("dockerImageReference") or ""
    if text:
        yield from parsed(text, f"{path}dockerImageReference")[1]
    else:
        yield FieldError.required(f"{path}dockerImageReference")
    for index, one in enumerate(obj.get("signatures") or ()):
        yield from _signature(one, f"{path}signatures[{index}].")
    yield from manifests(obj.get("dockerImageManifests") or (), f"{path}dockerImageManifests")


def _image_metadata(held: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """An image inside another object has a name that nothing else has judged."""
    meta = held.get("metadata") or {}
    name = meta.get("name") or ""
    if not name:
        yield FieldError.required(f"{path}metadata.name", "name or generateName is required")
    for error in validation.path_segment(name):
        yield FieldError.invalid(f"{path}metadata.name", name, error)
    if meta.get("namespace"):
        yield FieldError.forbidden(f"{path}metadata.namespace", "not allowed on this type")


def _signature(obj: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    meta = obj.get("metadata") or {}
    for field in ("labels", "annotations"):
        if meta.get(field):
            yield FieldError.forbidden(
                f"{path}metadata.{field}", f"signature {field} cannot be set"
            )
    name = meta.get("name") or ""
    holder, at, own = name.partition("@")
    if not (holder and at and own) or "@" in own:
        detail = "name must be of format <imageName>@<signatureName>"
        yield FieldError.invalid(f"{path}metadata.name", name, detail)
    for field in ("type", "content"):
        if not obj.get(field):
            yield FieldError.required(f"{path}{field}")
    yield from _signature_state(obj, path)


def _signature_state(obj: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """What is said of a signer counts only once somebody has verified the signature."""
    conditions = obj.get("conditions") or ()
    trusted, for_image = _latest(conditions, "Trusted"), _latest(conditions, "ForImage")
    if (trusted is None) != (for_image is None):
        missing = "ForImage" if for_image is None else "Trusted"
        detail = f'missing "{missing}" condition type'
        yield FieldError.invalid(f"{path}conditions", list(conditions), detail)
    if trusted is None or trusted.get("status") == "Unknown":
        for field in ("imageIdentity", "signedClaims", "issuedBy", "issuedTo"):
            if obj.get(field):
                yield FieldError.invalid(f"{path}{field}", obj[field], _UNKNOWN)


def _latest(conditions: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    found = [one for one in conditions if one.get("type") == kind]
    # Of those probed at one time the last one counts.
    return max(reversed(found), key=lambda one: one.get("lastProbeTime") or "", default=None)


def _is_digest(text: str) -> bool:
    try:
        Digest.parse(text)
    except InvalidDigest:
        return False
    return True
