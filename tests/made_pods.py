"""Nodes, pods and workloads, as tests of the workloads want them."""

from __future__ import annotations

from typing import Any

from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import rehearsal

NOON = "2027-01-15T08:00:00Z"
"""The time of the clock of a `World`."""

Fields = dict[str, Any]


def node(name: str = "n1", *, rehearsed: bool = True, is_ready: bool = True, **spec: Any) -> Object:
    """A node as it is once something has reported for it."""
    conditions = [{"type": "Ready", "status": "True"}] if is_ready else []
    return {
        "metadata": {"name": name, "annotations": practice() if rehearsed else {}},
        "spec": spec,
        "status": {"conditions": conditions},
    }


def practice() -> dict[str, str]:
    return {rehearsal.ANNOTATION: "true"}


def pod_spec(**more: Any) -> Fields:
    return {"containers": [{"name": "app", "image": "registry.test/app:1"}], **more}


def template(*, app: str = "web", **spec: Any) -> Fields:
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(**spec)}


def workload(replicas: int = 3, *, app: str = "web", **more: Any) -> Fields:
    """The spec of a ReplicaSet, and of most other workloads."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": app}},
        "template": template(app=app),
        **more,
    }


def pod(
    name: str = "p",
    *,
    at: str = "",
    phase: str = "Pending",
    is_ready: bool = False,
    owner: Object | None = None,
    kind: str = "ReplicaSet",
    since: str = NOON,
    labels: dict[str, str] | None = None,
    status: Fields | None = None,
    **metadata: Any,
) -> Object:
    """A pod as the pure parts see one."""
    found: Fields = {
        "name": name,
        "namespace": "p",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": NOON,
        "labels": {"app": "web"} if labels is None else labels,
        **metadata,
    }
    if owner is not None:
        found["ownerReferences"] = [owned_by(owner, kind)]
    ready = {
        "type": "Ready",
        "status": "True" if is_ready else "False",
        "lastTransitionTime": since,
    }
    return {
        "metadata": found,
        "spec": pod_spec(**({"nodeName": at} if at else {})),
        "status": {"phase": phase, "conditions": [ready], **(status or {})},
    }


def running(name: str = "p", *, at: str = "n1", **more: Any) -> Object:
    return pod(name, at=at, phase="Running", is_ready=True, **more)


def owned_by(owner: Object, kind: str = "ReplicaSet", version: str = "apps/v1") -> Fields:
    metadata = owner["metadata"]
    return {
        "apiVersion": version,
        "kind": kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owner(
    name: str = "web", *, generation: int = 1, status: Fields | None = None, **spec: Any
) -> Object:
    """A workload as the pure parts see one."""
    return {
        "metadata": {
            "name": name,
            "namespace": "p",
            "uid": f"uid-{name}",
            "generation": generation,
            "creationTimestamp": NOON,
        },
        "spec": spec or workload(),
        "status": status or {},
    }
