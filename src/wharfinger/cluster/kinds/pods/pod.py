"""Pod (core/v1)."""

from __future__ import annotations

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.pods import deletion
from wharfinger.cluster.kinds.pods.defaults import default_pod
from wharfinger.cluster.kinds.pods.printing import COLUMNS, SELECTABLE
from wharfinger.cluster.kinds.pods.rules.spec import validate_new_pod, validate_pod
from wharfinger.cluster.kinds.pods.rules.update import validate_pod_update
from wharfinger.cluster.kinds.pods.spec import POD_SPEC
from wharfinger.cluster.kinds.pods.status import POD_STATUS
from wharfinger.cluster.kinds.pods.subresources import SUBRESOURCES

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
            "status": POD_STATUS.of("How the pod is."),
        },
    ),
    default=default_pod,
    validate=validate_pod,
    validate_create=validate_new_pod,
    validate_update=validate_pod_update,
    columns=COLUMNS,
    selectable=SELECTABLE,
    subresources=SUBRESOURCES,
    grace=deletion.grace,
)
