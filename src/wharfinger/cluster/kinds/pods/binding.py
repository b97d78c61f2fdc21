"""Binding (core/v1): puts a pod on a node. It is sent below the pod and not kept."""

from __future__ import annotations

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import top

BINDING = Kind(
    group="",
    version="v1",
    kind="Binding",
    plural="bindings",
    singular="binding",
    namespaced=True,
    verbs=("create",),
    schema=top(
        "io.k8s.api.core.v1.Binding",
        "Puts a pod on a node.",
        {"target": OBJECT_REFERENCE.of("The node, by its name.")},
        required=("target",),
    ),
)
