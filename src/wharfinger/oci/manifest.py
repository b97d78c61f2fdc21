"""
Read a manifest for the rules that a registry keeps; the bytes themselves stay as they came.

What is decided here, from the bytes and the Content-Type alone: which of the known kinds it is,
and which blobs, children and subject it names. Whether those exist is the registry's question.
A document that could pass for two kinds (an image and an index, or a body whose `mediaType`
is not the Content-Type) is refused: CVE-2021-41190.

https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidManifest, ManifestTooLarge, UnsupportedManifest

MAX_SIZE: Final = 4 * 1024 * 1024
"""The size that the distribution specification asks every registry to take."""

_MAX_DEPTH: Final = 32
_MAX_LENGTH: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of some content: https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md"""

    media_type: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest: its very bytes, and what they name."""

    media_type: str
    raw: bytes
    blobs: tuple[Descriptor, ...] = ()  # config and layers, without those a registry may lack
    children: tuple[Descriptor, ...] = ()  # the manifests of an index
    subject: Digest | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


def parse(raw: bytes, content_type: str | None) -> Manifest:
    """Read `raw`; `content_type` None means that the body alone says what it is."""
    if len(raw) > MAX_SIZE:
        raise ManifestTooLarge(MAX_SIZE)
    declared = media_types.essence(content_type) if content_type else None
    _require_modern(declared)
    document = strict_json.decode(raw, max_depth=_MAX_DEPTH)
    if not isinstance(document, dict):
        raise InvalidManifest("it is not a JSON object")
    if _schema_version(document) == 1:
        raise _obsolete("schema version 1")
    media_type = _media_type(document, declared)
    return Manifest(
        media_type=media_type,
        raw=raw,
        blobs=_blobs(document, media_type),
        children=_children(document, media_type),
        subject=_subject(document),
        artifact_type=_artifact_type(document),
        annotations=_annotations(document),
    )


def _require_modern(media_type: str | None) -> None:
    if media_type in media_types.SCHEMA_1:
        raise _obsolete(media_type or "")


def _obsolete(what: str) -> UnsupportedManifest:
    remedy = "image manifest version 1 is obsolete; push with a newer client"
    return UnsupportedManifest(what, remedy=remedy)


def _media_type(document: Mapping[str, Any], declared: str | None) -> str:
    stated = document.get("mediaType")
    if stated is not None and not isinstance(stated, str):
        raise InvalidManifest("mediaType is not a string")
    media_type = declared or stated
    if media_type is None:
        raise InvalidManifest("neither Content-Type nor mediaType says what it is")
    _require_modern(stated)
    if media_type not in media_types.MANIFESTS:
        known = ", ".join(sorted(media_types.MANIFESTS))
        raise UnsupportedManifest(media_type, remedy=f"the known types are {known}")
    if stated is not None and stated != media_type:
        raise InvalidManifest(f"Content-Type says {media_type}, its mediaType says {stated[:200]}")
    return media_type


def _blobs(document: Mapping[str, Any], media_type: str) -> tuple[Descriptor, ...]:
    if media_type in media_types.INDEXES:
        _require_absent(document, "layers", "config", "blobs")
        return ()
    _require_absent(document, "manifests")
    if media_type == media_types.OCI_ARTIFACT:
        _require_absent(document, "layers", "config")
        return _present(_descriptors(document, "blobs", required=False))
    _require_schema_2(document)
    config = _descriptor(document.get("config"), "config")
    return (config, *_present(_descriptors(document, "layers", required=True)))


def _children(document: Mapping[str, Any], media_type: str) -> tuple[Descriptor, ...]:
    if media_type not in media_types.INDEXES:
        return ()
    _require_schema_2(document)
    return _descriptors(document, "manifests", required=True)


def _present(layers: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    return tuple(layer for layer in layers if layer.media_type not in media_types.FOREIGN_LAYERS)


def _require_absent(document: Mapping[str, Any], *keys: str) -> None:
    for key in keys:
        if key in document:
            raise InvalidManifest(f"its kind has no {key!r}, so it could be read as another kind")


def _require_schema_2(document: Mapping[str, Any]) -> None:
    if _schema_version(document) != 2:
        raise InvalidManifest("schemaVersion is not 2")


def _schema_version(document: Mapping[str, Any]) -> int | None:
    version = document.get("schemaVersion")
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _descriptors(
    document: Mapping[str, Any], key: str, *, required: bool
) -> tuple[Descriptor, ...]:
    entries = document.get(key)
    if entries is None and not required:
        return ()
    if not isinstance(entries, list):
        raise InvalidManifest(f"{key} is not a list")
    return tuple(_descriptor(entry, f"{key}[{i}]") for i, entry in enumerate(entries))


def _descriptor(value: Any, where: str) -> Descriptor:
    if not isinstance(value, dict):
        raise InvalidManifest(f"{where} is not an object")
    media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
    if not isinstance(media_type, str) or not media_type:
        raise InvalidManifest(f"{where}.mediaType is not a media type")
    if not isinstance(digest, str):
        raise InvalidManifest(f"{where}.digest is not a string")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_LENGTH:
        raise InvalidManifest(f"{where}.size is not a size")
    return Descriptor(media_type, Digest.parse(digest), size)


def _subject(document: Mapping[str, Any]) -> Digest | None:
    if document.get("subject") is None:
        return None
    return _descriptor(document["subject"], "subject").digest


def _artifact_type(document: Mapping[str, Any]) -> str | None:
    """What kind of artifact it is: of images of the first days, the config says so."""
    stated = document.get("artifactType")
    if stated is not None and not isinstance(stated, str):
        raise InvalidManifest("artifactType is not a string")
    config = document.get("config")
    return stated or (config["mediaType"] if isinstance(config, dict) else None)


def _annotations(document: Mapping[str, Any]) -> Mapping[str, str]:
    annotations = document.get("annotations")
    if annotations is None:
        return {}
    if not isinstance(annotations, dict) or not all(
        isinstance(value, str) for value in annotations.values()
    ):
        raise InvalidManifest("annotations are not a map of strings")
    return annotations
