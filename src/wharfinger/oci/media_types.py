"""
Media types of manifests, and of the layers that need not be here.

Only the type of the manifest itself is a closed set: configs and layers may be anything.
https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
"""

from __future__ import annotations

from typing import Final

OCI_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_ARTIFACT: Final = "application/vnd.oci.artifact.manifest.v1+json"
"""Withdrawn before image-spec 1.1, still pushed by tools of that time."""

DOCKER_IMAGE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

IMAGES: Final = frozenset({OCI_IMAGE, DOCKER_IMAGE})
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS: Final = IMAGES | INDEXES | {OCI_ARTIFACT}

SCHEMA_1: Final = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+jws",
    }
)

FOREIGN_LAYERS: Final = frozenset(
    {
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    }
)
"""Layers that their owner lets nobody redistribute: a registry holds a manifest without them."""


def essence(content_type: str) -> str:
    """The type without parameters: `text/html; charset=utf-8` is `text/html`."""
    return content_type.partition(";")[0].strip().lower()
