"""
ReplicaSet and ReplicationController: so many pods of one template, no matter which.

The decision is pure: what to adopt, release, make and delete, and what the status is. Of too many
pods go first those that would be missed least, in the order that Kubernetes has: not on a node, not
running, not ready, cheap to delete, beside others of their kind, lately ready, often restarted, new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.cluster import label_selector
from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import pods
from wharfinger.cluster.workloads.conditions import conditions, merged

_PHASES: Final = {"Pending": 0, "Unknown": 1, "Running": 2}
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """`make` so many pods, and delete these."""

    make: int = 0
    delete: tuple[Object, ...] = ()


def plan(owner: Object, owned: Iterable[Object]) -> Plan:
    """Compare the pods that count with the number that is wanted."""
    if deleting(owner):
        return Plan()
    active = [pod for pod in owned if pods.active(pod)]
    surplus = len(active) - wanted(owner)
    if surplus > 0:
        return Plan(delete=tuple(in_order_of_deletion(active)[:surplus]))
    return Plan(make=-surplus)


def wanted(owner: Object) -> int:
    replicas = (owner.get("spec") or {}).get("replicas")
    return replicas if isinstance(replicas, int) else 1


def in_order_of_deletion(found: Sequence[Object]) -> list[Object]:
    beside = Counter(pods.node_of(pod) for pod in found)

    def missed(pod: Object) -> tuple[Any, ...]:
        node = pods.node_of(pod)
        since = pods.ready_since(pod)
        return (
            bool(node),
            _PHASES.get(pods.phase(pod), 1),
            pods.ready(pod),
            pods.deletion_cost(pod),
            -beside[node] if node else 0,
            -(since or _NEVER).timestamp(),
            -pods.restarts(pod),
        )

    newest_first = sorted(
        found, key=lambda pod: (pods.created(pod), pod["metadata"]["name"]), reverse=True
    )
    return sorted(newest_first, key=missed)


def status(
    owner: Object, owned: Iterable[Object], now: datetime, *, failure: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What is there, at the generation that was looked at; `failure` is why pods are missing."""
    spec = owner.get("spec") or {}
    active = [pod for pod in owned if pods.active(pod)]
    template = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    min_ready = spec.get("minReadySeconds") or 0
    counts = {
        "fullyLabeledReplicas": sum(
            label_selector.matches({"matchLabels": template}, pods.labels(pod)) for pod in active
        ),
        "readyReplicas": sum(pods.ready(pod) for pod in active),
        "availableReplicas": sum(pods.available(pod, min_ready, now) for pod in active),
    }
    result: dict[str, Any] = {
        "replicas": len(active),
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": owner["metadata"].get("generation", 0),
    }
    kept = [one for one in conditions(owner) if one.get("type") != "ReplicaFailure"]
    fresh = [failure] if failure is not None else []
    known = conditions(owner) if fresh else kept
    if told := merged(known, fresh, now):
        result["conditions"] = told
    return result
