"""What a pod is to be: `io.k8s.api.core.v1.PodSpec`."""

from __future__ import annotations

from wharfinger.cluster.kinds.pods.containers import CONTAINER
from wharfinger.cluster.kinds.shapes import Record, array, merged_by, text

POD_SPEC = Record(
    "io.k8s.api.core.v1.PodSpec",
    "What a pod is to be.",
    {
        "containers": array("The containers of the pod.", CONTAINER, **merged_by("name")),
        "nodeName": text("The node that the pod is bound to."),
    },
    required=("containers",),
)
