"""
Node (core/v1): a machine that pods are put on.

A node is an object like others: nothing here runs on it. Whoever makes one says what it has, and
the controllers put pods on it as far as it is schedulable.
"""

from __future__ import annotations

from wharfinger.cluster.kind import Kind, Subresource
from wharfinger.cluster.kinds import node_rules
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
    default=node_rules.default,
    validate=node_rules.validate,
    validate_update=node_rules.validate_update,
    columns=node_rules.COLUMNS,
    selectable={"spec.unschedulable": node_rules.is_unschedulable},
    born_with_status=True,
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
