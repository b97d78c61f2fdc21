"""
Kinds of which there is never an object: ResourceQuota, LimitRange, Service, CustomResourceDefinition.

They can be listed, since clients do so on their way to something else (`oc describe project` the first
two, `kubectl cluster-info` and `get all` the third, whoever looks for extensions the last), and to say
that there are none is true. None can be made: nothing here would keep to it. Their schemas take whatever
people write, so that a client that checks it first still asks, and is told what to do instead
(`outside.py`).
"""

from __future__ import annotations

from typing import Any, Final

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.columns import CREATED_AT, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Schema, anything

_CORE: Final = "io.k8s.api.core.v1."
_EXTENSIONS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

_SPEC: Final = {"spec": anything("What is wanted. Nothing here would keep to it.")}
_STATUS: Final = {"status": anything("How it is.")}


def _none(
    kind: str,
    summary: str,
    fields: dict[str, Schema],
    *,
    group: str = "",
    models: str = _CORE,
    namespaced: bool = True,
    **names: Any,
) -> Kind:
    return Kind(
        group=group,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        namespaced=namespaced,
        verbs=("get", "list"),
        schema=top(f"{models}{kind}", summary, fields),
        columns=(NAME, CREATED_AT),
        **names,
    )


RESOURCE_QUOTA = _none(
    "ResourceQuota",
    "What a project may use. Projects have no quota here, so there is never one to list.",
    _SPEC | _STATUS,
    short_names=("quota",),
)
LIMIT_RANGE = _none(
    "LimitRange",
    "What a pod of a project may use. Projects have no limits here, so there is never one to list.",
    _SPEC,
    short_names=("limits",),
)
SERVICE = _none(
    "Service",
    "Where requests to pods go. Nothing here leads them, so there is never one to list.",
    _SPEC | _STATUS,
    short_names=("svc",),
    categories=("all",),
)
CUSTOM_RESOURCE_DEFINITION = _none(
    "CustomResourceDefinition",
    "A kind that somebody adds. The kinds of this server are fixed, so there is never one to list.",
    _SPEC | _STATUS,
    group="apiextensions.k8s.io",
    models=_EXTENSIONS,
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
)

KINDS: Final = (LIMIT_RANGE, RESOURCE_QUOTA, SERVICE, CUSTOM_RESOURCE_DEFINITION)
