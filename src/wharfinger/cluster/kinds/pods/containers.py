"""One container of a pod: `io.k8s.api.core.v1.Container`."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import Record, text

CONTAINER = Record(
    "io.k8s.api.core.v1.Container",
    "One container of a pod.",
    {"name": text("Unique within the pod."), "image": text("The image that it runs.")},
    required=("name",),
)
