"""What the pods that something makes are to be: `io.k8s.api.core.v1.PodTemplateSpec`."""

from __future__ import annotations

from wharfinger.cluster.kinds.meta import OBJECT_META
from wharfinger.cluster.kinds.pods.spec import POD_SPEC
from wharfinger.cluster.kinds.shapes import Record

POD_TEMPLATE_SPEC = Record(
    "io.k8s.api.core.v1.PodTemplateSpec",
    "What the pods that are made are to be.",
    {
        "metadata": OBJECT_META.of("Labels and annotations of the pods."),
        "spec": POD_SPEC.of("What the pods are to be."),
    },
)
