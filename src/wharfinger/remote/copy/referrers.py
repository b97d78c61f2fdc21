"""
The list of what is about an image, for registries that keep none: an index under a tag of its digest.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.remote.repository import RemoteManifest


def tag(subject: Digest) -> Tag:
    return Tag.parse(f"{subject.algorithm}-{subject.hex}"[:128])


def listed(there: RemoteManifest | None, added: Iterable[RemoteManifest]) -> RemoteManifest:
    """The index with what it has and, behind that, what it lacks."""
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": [],
    }
    if there is not None:
        document = strict_json.decode(there.raw)
    known = {entry["digest"] for entry in document["manifests"]}
    new = [_entry(one) for one in added if str(one.digest) not in known]
    raw = json.dumps({**document, "manifests": [*document["manifests"], *new]}).encode()
    return RemoteManifest(Digest.of(raw), media_types.OCI_INDEX, raw)


def _entry(one: RemoteManifest) -> dict[str, Any]:
    found = manifests.parse(one.raw, one.media_type)
    entry: dict[str, Any] = {
        "mediaType": one.media_type,
        "digest": str(one.digest),
        "size": len(one.raw),
    }
    if found.artifact_type:
        entry["artifactType"] = found.artifact_type
    if found.annotations:
        entry["annotations"] = dict(found.annotations)
    return entry
