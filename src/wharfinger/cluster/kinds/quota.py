"""
Quotas and limits of projects: `v1` ResourceQuota and LimitRange, of which there are none.

They can be listed, since `oc describe project` lists them, and to say that there are none is true.
None can be made: nothing here would keep to it.
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

KINDS: Final = (LIMIT_RANGE, RESOURCE_QUOTA)
