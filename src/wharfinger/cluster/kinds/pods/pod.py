"""Pod (core/v1)."""

from __future__ import annotations

from wharfinger.cluster.kind import Kind, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.pods.spec import POD_SPEC
from wharfinger.cluster.kinds.shapes import Record, text

_STATUS = Record(
    "io.k8s.api.core.v1.PodStatus",
    "How a pod is.",
    {"phase": text("Pending, Running, Succeeded, Failed or Unknown.")},
)

POD = Kind(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    singular="pod",
    short_names=("po",),
    categories=("all",),
    namespaced=True,
    schema=top(
        "io.k8s.api.core.v1.Pod",
        "Containers that run together on one node.",
        {
            "spec": POD_SPEC.of("What the pod is to be."),
            "status": _STATUS.of("How the pod is."),
        },
    ),
    columns=(NAME, AGE),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
