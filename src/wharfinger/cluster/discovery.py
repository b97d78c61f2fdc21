"""
What the API offers, told to clients: `/api`, `/apis` and below, and `/version`.

Everything follows from the declared kinds. There are two forms: one document per group and
version, which all clients know, and the aggregated list of newer ones (KEP-3352), which they
ask for by `Accept`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from wharfinger import __version__
from wharfinger.cluster.kind import Kind, Subresource

Document = dict[str, Any]

LIKE: Final = (1, 35)
"""The Kubernetes version whose API we speak."""

_OPENSHIFT: Final = ".openshift.io"
_DISCOVERY: Final = "apidiscovery.k8s.io"
_AGGREGATED: Final = re.compile(r"application/json;(?P<parameters>[^,]*)")


def version() -> Document:
    major, minor = LIKE
    return {
        "major": str(major),
        "minor": str(minor),
        # Build metadata, not a pre-release: v1.35.0-x would count as older than v1.35.0.
        "gitVersion": f"v{major}.{minor}.0+wharfinger.{__version__}",
        "gitCommit": "",
        "gitTreeState": "archive",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": sys.implementation.name,
        "platform": sys.platform,
    }


def core_versions(address: str) -> Document:
    """Answer `/api`; `address` is where this server is reached."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def groups(kinds: Iterable[Kind]) -> Document:
    """Answer `/apis`."""
    kinds = tuple(kinds)
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(kinds, name) for name in _group_names(kinds)],
    }


def group(kinds: Iterable[Kind], name: str) -> Document | None:
    """Answer `/apis/GROUP`; None if there is no such group."""
    kinds = tuple(kinds)
    if name not in _group_names(kinds):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(kinds, name)}


def resources(kinds: Iterable[Kind], group: str, version: str) -> Document | None:
    """Answer `/api/v1` and `/apis/GROUP/VERSION`; None if nothing is served there."""
    served = _served(kinds, group, version)
    if not served:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": served[0].api_version,
        "resources": [entry for kind in served for entry in _resources(kind)],
    }


def aggregated_version(accept: str) -> str | None:
    """Tell which version of the aggregated list a client prefers; None if it wants none."""
    for match in _AGGREGATED.finditer(accept.replace(" ", "")):
        pairs = (part.partition("=") for part in match["parameters"].split(";"))
        parameters = {name: value for name, _, value in pairs}
        version = parameters.get("v", "")
        named = parameters.get("g"), parameters.get("as")
        if named == (_DISCOVERY, "APIGroupDiscoveryList") and version in ("v2", "v2beta1"):
            return version
    return None


def aggregated_type(version: str) -> str:
    """Give the content type of an aggregated list."""
    return f"application/json;g={_DISCOVERY};v={version};as=APIGroupDiscoveryList"


def aggregated(kinds: Iterable[Kind], version: str, *, core: bool) -> Document:
    """Answer `/api` (`core`) or `/apis` with all their resources at once."""
    kinds = tuple(kinds)
    names = ("",) if core else _group_names(kinds)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{_DISCOVERY}/{version}",
        "metadata": {},
        "items": [_aggregated_group(kinds, name) for name in names],
    }


def _served(kinds: Iterable[Kind], group: str, version: str) -> list[Kind]:
    served = [kind for kind in kinds if (kind.group, kind.version) == (group, version)]
    return sorted((kind for kind in served if kind.verbs), key=lambda kind: kind.plural)


def _group_names(kinds: Sequence[Kind]) -> tuple[str, ...]:
    """In order, and those of OpenShift last: clients take a name from the first that has it."""
    names = {kind.group for kind in kinds if kind.group and kind.verbs}
    return tuple(sorted(names, key=lambda name: (name.endswith(_OPENSHIFT), name)))


def _versions(kinds: Sequence[Kind], group: str) -> tuple[str, ...]:
    """List the versions of a group, in the order of declaration: the preferred one first."""
    return tuple(dict.fromkeys(kind.version for kind in kinds if kind.group == group))


def _group(kinds: Sequence[Kind], name: str) -> Document:
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in _versions(kinds, name)
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(kind: Kind) -> list[Document]:
    own = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
        **_names(kind),
    }
    return [own, *(_subresource(kind, below) for below in kind.subresources)]


def _names(kind: Kind) -> Document:
    names = {"shortNames": list(kind.short_names), "categories": list(kind.categories)}
    return {key: value for key, value in names.items() if value}


def _subresource(kind: Kind, below: Subresource) -> Document:
    entry = {
        "name": f"{kind.plural}/{below.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": below.kind or kind.kind,
        "verbs": list(below.verbs),
    }
    if below.kind is not None:
        entry |= {"group": below.group or "", "version": below.version or ""}
    return entry


def _aggregated_group(kinds: Sequence[Kind], name: str) -> Document:
    return {
        "metadata": {"name": name, "creationTimestamp": None},
        "versions": [
            {
                "version": version,
                "freshness": "Current",
                "resources": [_aggregated(kind) for kind in _served(kinds, name, version)],
            }
            for version in _versions(kinds, name)
        ],
    }


def _aggregated(kind: Kind) -> Document:
    return {
        "resource": kind.plural,
        "responseKind": _response_kind(kind, None),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
        **_names(kind),
        "subresources": [
            {
                "subresource": below.name,
                "responseKind": _response_kind(kind, below),
                "verbs": list(below.verbs),
            }
            for below in kind.subresources
        ],
    }


def _response_kind(kind: Kind, below: Subresource | None) -> Document:
    if below is not None and below.kind is not None:
        return {"group": below.group or "", "version": below.version or "", "kind": below.kind}
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}
