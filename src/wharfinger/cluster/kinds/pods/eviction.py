"""Eviction (policy/v1): asks a pod to leave, if budgets allow it. It is sent below the pod and not kept."""

from __future__ import annotations

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.meta import DELETE_OPTIONS, top

EVICTION = Kind(
    group="policy",
    version="v1",
    kind="Eviction",
    plural="evictions",
    singular="eviction",
    namespaced=True,
    verbs=(),
    schema=top(
        "io.k8s.api.policy.v1.Eviction",
        "Asks a pod to leave its node, if budgets allow it.",
        {"deleteOptions": DELETE_OPTIONS.of("How to delete the pod.")},
    ),
)
