"""
Binds pods that wait to nodes, and says of a pod that fits nowhere why.

What the pods on each node ask for is counted along with the changes, so that placing one pod costs
no look at all others. A pod that names another scheduler than the default is left to that.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.node import NODE
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.watch import Event
from wharfinger.cluster.workloads import conditions, fitting, placing, pods, resources
from wharfinger.cluster.workloads.placing import Placed
from wharfinger.cluster.workloads.resources import Amounts
from wharfinger.cluster.workloads.workload import WRITE, Name

SCHEDULER: Final = "default-scheduler"


class Usage:
    """What the pods on each node ask of it."""

    def __init__(self) -> None:
        self.of_node: defaultdict[str, Amounts] = defaultdict(dict)
        self._known: dict[Name, tuple[str, Amounts]] = {}

    def note(self, name: Name, node: str, asked: Amounts) -> None:
        """Count a pod on a node, and no longer where it was."""
        self.forget(name)
        self._known[name] = (node, asked)
        self.of_node[node] = resources.plus(self.of_node[node], asked)

    def forget(self, name: Name) -> bool:
        """Say whether it counted."""
        if name not in self._known:
            return False
        node, asked = self._known.pop(name)
        self.of_node[node] = resources.minus(self.of_node[node], asked)
        return True


class Placement:
    """A controller; its keys are the `Name`s of pods without a node."""

    follows = (POD.resource, NODE.resource)

    def __init__(self, objects: Objects, *, clock: Clock = time.time) -> None:
        self._objects, self._cache = objects, objects.cache
        self._clock = clock
        self._usage = Usage()
        self._waiting: set[Name] = set()

    def everything(self) -> Iterable[Hashable]:
        self._usage, self._waiting = Usage(), set()
        for pod in self._cache.list(POD.resource):
            self._note(Name(pod["metadata"]["namespace"], pod["metadata"]["name"]), pod)
        return list(self._waiting)

    def concerned(self, event: Event) -> Iterable[Hashable]:
        key = event.key
        if key.resource == NODE.resource:
            changed = event.deleted or matters(event.object) != matters(event.previous)
            return list(self._waiting) if changed else ()
        name = Name(key.namespace, key.name)
        if event.deleted or pods.finished(event.object):
            self._waiting.discard(name)
            return list(self._waiting) if self._usage.forget(name) else ()
        self._note(name, event.object)
        return (name,) if name in self._waiting else ()

    async def reconcile(self, key: Hashable) -> float | None:
        assert isinstance(key, Name)
        pod = self._cache.get(POD.resource, key.namespace, key.name)
        if pod is None or not _waits(pod):
            return None
        if (pod["spec"]).get("schedulingGates"):
            message = "Scheduling is blocked due to non-empty scheduling gates"
            await self._refuse(pod, "SchedulingGated", message)
            return None
        nodes = self._cache.list(NODE.resource)
        verdict = placing.place(pod, nodes, self._usage.of_node)
        if isinstance(verdict, Placed):
            await self._bind(key, pod, verdict.node)
        else:
            await self._refuse(pod, "Unschedulable", verdict.message)
        return None

    def _note(self, name: Name, pod: Object) -> None:
        self._waiting.discard(name)
        if _waits(pod):
            self._waiting.add(name)
        elif pods.node_of(pod) and not pods.finished(pod):
            self._usage.note(name, pods.node_of(pod), resources.asked(pod))

    async def _bind(self, name: Name, pod: Object, node: str) -> None:
        placed = bound(pod, node, datetime.fromtimestamp(self._clock(), UTC))
        await self._write(placed, "binding")
        self._waiting.discard(name)
        self._usage.note(name, node, resources.asked(pod))

    async def _refuse(self, pod: Object, reason: str, message: str) -> None:
        known = conditions.conditions(pod)
        told = conditions.made("PodScheduled", False, reason, message)
        now = datetime.fromtimestamp(self._clock(), UTC)
        # Of conditions `kubectl describe` shows no message.
        status = {"phase": "Pending", **(pod.get("status") or {}), "message": message}
        status["conditions"] = conditions.merged(known, [told], now)
        if status != pod.get("status"):
            await self._write({**pod, "status": status}, "status")

    async def _write(self, pod: Object, subresource: str) -> None:
        found = pod["metadata"]
        await self._objects.update(
            POD, found["namespace"], found["name"], pod, SYSTEM, WRITE, subresource=subresource
        )


def bound(pod: Object, node: str, now: datetime) -> Object:
    """`pod` as it is once it has its node."""
    told = conditions.merged(
        conditions.conditions(pod), [conditions.made("PodScheduled", True)], now
    )
    known = pod.get("status") or {}
    kept = {name: value for name, value in known.items() if name != "message"}
    return {
        **pod,
        "spec": {**(pod.get("spec") or {}), "nodeName": node},
        "status": {**kept, "conditions": told},
    }


def _waits(pod: Object) -> bool:
    spec = pod.get("spec") or {}
    ours = (spec.get("schedulerName") or SCHEDULER) == SCHEDULER
    return ours and not spec.get("nodeName") and pods.active(pod) and not deleting(pod)


def matters(node: Object | None) -> Mapping[str, Any] | None:
    """What of a node decides who may be there; a heartbeat is not of it."""
    if node is None:
        return None
    return {
        "spec": node.get("spec"),
        "labels": pods.labels(node),
        "ready": fitting.ready(node),
        "allocatable": resources.allocatable(node),
    }
