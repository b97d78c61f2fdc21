"""
Node (core/v1): a machine that pods are put on.

A node is an object like others: nothing here runs on it. Whoever makes one says what it has, and
the controllers put pods on it as far as it is schedulable.
"""

from __future__ import annotations

from wharfinger.cluster.kind import Kind, Subresource
from wharfinger.cluster.kinds.columns import AGE, NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.node_spec import NODE_SPEC
from wharfinger.cluster.kinds.node_status import NODE_STATUS

NODE = Kind(
    group="",
    version="v1",
    kind="Node",
    plural="nodes",
    singular="node",
    short_names=("no",),
    namespaced=False,
    schema=top(
        "io.k8s.api.core.v1.Node",
        "A machine that pods are put on.",
        {
            "spec": NODE_SPEC.of("What the node is to be."),
            "status": NODE_STATUS.of("How the node is."),
        },
    ),
    columns=(NAME, AGE),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
