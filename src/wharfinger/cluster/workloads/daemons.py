"""
DaemonSet: one pod on each node that may have it.

Pure. A pod names its node by affinity and is placed there like any other; it tolerates that the node is
cordoned, not ready or short of something, since it belongs to the node. A node that may not have the
pod loses it, and of two pods on one node the younger goes.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import amounts, fitting, ownership, pods

REVISION: Final = "controller-revision-hash"

_TOLERATED: Final = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_ON_THE_HOSTS_NETWORK: Final = ("node.kubernetes.io/network-unavailable", "NoSchedule")


@dataclass(frozen=True, slots=True)
class Plan:
    """Make a pod for each of these nodes, and delete these pods."""

    make: tuple[str, ...] = ()
    delete: tuple[Object, ...] = ()


def pod_for(kind: Kind, owner: Object, node: str) -> Object:
    """A new pod for one node."""
    template = owner["spec"].get("template") or {}
    pod = ownership.pod_for(kind, owner, template)
    pod["metadata"]["labels"][REVISION] = revision(owner)
    spec = pod["spec"]
    tolerated = [*_TOLERATED, *([_ON_THE_HOSTS_NETWORK] if spec.get("hostNetwork") else [])]
    extra = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in tolerated]
    known = spec.get("tolerations") or []
    spec["tolerations"] = [*known, *(one for one in extra if one not in known)]
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        ]
    }
    return pod


def revision(owner: Object) -> str:
    return ownership.hash_of(owner["spec"].get("template") or {})


def eligible(kind: Kind, owner: Object, nodes: Iterable[Object]) -> list[str]:
    """The nodes that should have the pod."""
    template = copy.deepcopy(owner["spec"].get("template") or {})
    asking = {"metadata": {}, "spec": template.get("spec") or {}}
    result = []
    for node in nodes:
        name = node["metadata"]["name"]
        there = pod_for(kind, owner, name)
        if (
            not deleting(node)
            and fitting.admits(asking, node)
            and fitting.untolerated(there, node) is None
        ):
            result.append(name)
    return result


def plan(owner: Object, wanted: Sequence[str], owned: Iterable[Object], now: datetime) -> Plan:
    """Compare what is on each node with what should be; then renew what is old, a few at a time."""
    if deleting(owner):
        return Plan()
    here = by_node(owned)
    make: list[str] = []
    delete: list[Object] = []
    kept: dict[str, Object] = {}
    for node in wanted:
        found = sorted(here.pop(node, ()), key=_keep_first)
        ended = [pod for pod in found if pods.finished(pod)]
        alive = [pod for pod in found if not pods.finished(pod)]
        delete += [pod for pod in [*ended, *alive[1:]] if not deleting(pod)]
        if alive:
            kept[node] = alive[0]
        elif not ended:
            make.append(node)  # a pod that has ended is removed first
    delete += [pod for found in here.values() for pod in found if not deleting(pod)]
    delete += _renewed(owner, wanted, kept, now)
    return Plan(tuple(make), tuple(delete))


def by_node(owned: Iterable[Object]) -> dict[str, list[Object]]:
    """The pods of each node, be they there or still to be placed there."""
    found: defaultdict[str, list[Object]] = defaultdict(list)
    for pod in owned:
        found[pods.node_of(pod) or fitting.named_node(pod)].append(pod)
    return dict(found)


def status(
    owner: Object, wanted: Sequence[str], owned: Iterable[Object], now: datetime
) -> dict[str, Any]:
    here = {
        node: min(found, key=_keep_first)
        for node, found in by_node(pod for pod in owned if not deleting(pod)).items()
    }
    there = [here[node] for node in wanted if node in here]
    min_ready = owner["spec"].get("minReadySeconds") or 0
    available = sum(pods.available(pod, min_ready, now) for pod in there)
    current = revision(owner)
    result: dict[str, Any] = {
        "currentNumberScheduled": len(there),
        "numberMisscheduled": len(set(here) - set(wanted)),
        "desiredNumberScheduled": len(wanted),
        "numberReady": sum(pods.ready(pod) for pod in there),
        "observedGeneration": owner["metadata"].get("generation", 0),
    }
    more = {
        "updatedNumberScheduled": sum(pods.labels(pod).get(REVISION) == current for pod in there),
        "numberAvailable": available,
        "numberUnavailable": len(wanted) - available,
    }
    return {**result, **{name: count for name, count in more.items() if count}}


def _renewed(
    owner: Object, wanted: Sequence[str], kept: Mapping[str, Object], now: datetime
) -> list[Object]:
    """Pods of an older template that may go now; those that are not available go first."""
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return []
    rolling = strategy.get("rollingUpdate") or {}
    current, min_ready = revision(owner), owner["spec"].get("minReadySeconds") or 0
    most = max(1, amounts.resolve(rolling.get("maxUnavailable", 1), len(wanted), up=True))
    fit = {
        node
        for node, pod in kept.items()
        if pods.available(pod, min_ready, now) and not deleting(pod)
    }
    room = most - (len(wanted) - len(fit))
    old = [
        (node, pod)
        for node, pod in kept.items()
        if pods.labels(pod).get(REVISION) != current and not deleting(pod)
    ]
    down = [pod for node, pod in old if node not in fit]
    return [*down, *[pod for node, pod in old if node in fit][: max(0, room)]]


def _keep_first(pod: Object) -> tuple[Any, ...]:
    """Of several pods on a node, one that runs and is not going; of these the oldest."""
    return (
        pods.finished(pod),
        deleting(pod),
        not pods.node_of(pod),
        pods.created(pod),
        pod["metadata"]["name"],
    )
