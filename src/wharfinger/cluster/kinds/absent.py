"""
Kinds of which there is never an object: `v1` ResourceQuota, LimitRange and Service.

They can be listed, since clients do so on their way to something else (`oc describe project` the first
two, `kubectl cluster-info` and `get all` the last), and to say that there are none is true. None can be
made: nothing here would keep to it.
"""

from __future__ import annotations

from typing import Any, Final

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.columns import CREATED_AT, NAME
from wharfinger.cluster.kinds.meta import top

_MODELS: Final = "io.k8s.api.core.v1."


def _none(kind: str, summary: str, **more: Any) -> Kind:
    return Kind(
        group="",
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        namespaced=True,
        verbs=("get", "list"),
        schema=top(f"{_MODELS}{kind}", summary, {}),
        columns=(NAME, CREATED_AT),
        **more,
    )


RESOURCE_QUOTA = _none(
    "ResourceQuota",
    "What a project may use. Projects have no quota here, so there is never one to list.",
    short_names=("quota",),
)
LIMIT_RANGE = _none(
    "LimitRange",
    "What a pod of a project may use. Projects have no limits here, so there is never one to list.",
    short_names=("limits",),
)
SERVICE = _none(
    "Service",
    "Where requests to pods go. Nothing here leads them, so there is never one to list.",
    short_names=("svc",),
    categories=("all",),
)

KINDS: Final = (LIMIT_RANGE, RESOURCE_QUOTA, SERVICE)
