"""
The name under which a request is counted: few, stable, and known from its path alone.

The registry's are those of docker-registry, so that dashboards made for it go on working.
"""

from __future__ import annotations

OTHER = "other"
_FIRST_SEGMENTS = {
    "api": "api",
    "apis": "api",
    "console": "console",
    "healthz": "health",
    "image-review": "admission",
    "livez": "health",
    "metrics": "metrics",
    "mutate": "admission",
    "oauth": "oauth",
    "openapi": "discovery",
    "openshift": "oauth",
    "readyz": "health",
    "validate": "admission",
    "version": "discovery",
}


def first_segment(path: str) -> str:
    """`v2` of `/v2/team/app/manifests/latest`."""
    end = path.find("/", 1)
    return path[1:] if end < 0 else path[1:end]


def handler_of(path: str) -> str:
    segment = first_segment(path)
    if segment == "v2":
        return _registry(path)
    return _FIRST_SEGMENTS.get(segment, OTHER)


def _registry(path: str) -> str:
    """From the end backwards, since a repository may itself be called `blobs`."""
    if path in ("/v2", "/v2/"):
        return "base"
    if path == "/v2/_catalog":
        return "catalog"
    if path.endswith("/tags/list"):
        return "tags"
    parts = path.rsplit("/", 3)
    if parts[-2] == "manifests":
        return "manifest"
    if parts[-2] == "referrers":
        return "referrers"
    if parts[-2] == "uploads" and parts[-3] == "blobs":
        return "blob_upload_chunk" if parts[-1] else "blob_upload"
    if parts[-2] == "blobs":
        return "blob_upload" if parts[-1] == "uploads" else "blob"
    return OTHER
