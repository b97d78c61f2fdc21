"""
Stands in for node agents: acts out rehearsals, and says of other pods that nobody runs them.

A pod whose node is gone has nobody left to end it, so after a while it is removed. On a node whose own
agent has reported, pods are the agent's, and nothing is written here.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.node import NODE
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.watch import Event
from wharfinger.cluster.workloads import pods, rehearsal
from wharfinger.cluster.workloads.workload import WRITE, Name

STRANDED: Final = 40.0
"""Seconds after which a pod whose node is gone is removed; the node may come back."""


class NodeName(NamedTuple):
    name: str


class Agents:
    """A controller; its keys are the `NodeName`s of nodes and the `Name`s of pods on nodes."""

    follows = (POD.resource, NODE.resource)

    def __init__(self, objects: Objects, *, clock: Clock = time.time) -> None:
        self._objects, self._cache = objects, objects.cache
        self._clock = clock
        self._stranded: dict[Name, float] = {}

    def everything(self) -> Iterable[Hashable]:
        self._stranded.clear()
        nodes = [NodeName(one["metadata"]["name"]) for one in self._cache.list(NODE.resource)]
        return [*nodes, *self._pods_on(None)]

    def concerned(self, event: Event) -> Iterable[Hashable]:
        key = event.key
        if key.resource == POD.resource:
            return (Name(key.namespace, key.name),) if pods.node_of(event.object) else ()
        turned = event.deleted or _kept_by(event.object) != _kept_by(event.previous)
        return [NodeName(key.name), *(self._pods_on(key.name) if turned else ())]

    async def reconcile(self, key: Hashable) -> float | None:
        if isinstance(key, NodeName):
            return await self._report_node(key.name)
        assert isinstance(key, Name)
        pod = self._cache.get(POD.resource, key.namespace, key.name)
        if pod is None or not pods.node_of(pod):
            self._stranded.pop(key, None)
            return None
        node = self._cache.get(NODE.resource, "", pods.node_of(pod))
        if node is None:
            return await self._await_node(key, pod)
        self._stranded.pop(key, None)
        await self._act(pod, node)
        return None

    async def _report_node(self, name: str) -> float | None:
        node = self._cache.get(NODE.resource, "", name)
        if node is None:
            return None
        status = rehearsal.node_status(node, self._now())
        await self._report(NODE, node, status)
        return rehearsal.HEARTBEAT if rehearsal.rehearses(node) else None

    async def _act(self, pod: Object, node: Object) -> None:
        if rehearsal.rehearses(node):
            if deleting(pod):
                await self._end(pod)
            elif rehearsal.begins(pod):
                await self._report(POD, pod, rehearsal.pod_status(pod, self._now()))
        elif not rehearsal.reported(node) and rehearsal.waits(pod):
            if deleting(pod):
                await self._end(pod)  # nothing has run that would have to be ended
            else:
                await self._report(POD, pod, rehearsal.waiting_status(pod, self._now()))

    async def _await_node(self, name: Name, pod: Object) -> float | None:
        now = self._clock()
        since = self._stranded.setdefault(name, now)
        if now - since < STRANDED:
            return STRANDED - (now - since)
        del self._stranded[name]
        await self._end(pod)
        return None

    async def _end(self, pod: Object) -> None:
        """Remove a pod for good, unless finalizers hold it."""
        found = pod["metadata"]
        if found.get("deletionGracePeriodSeconds") == 0:
            return
        options = DeleteOptions(uid=found["uid"], grace=0)
        await self._objects.delete(POD, found["namespace"], found["name"], SYSTEM, options)

    async def _report(self, kind: Kind, obj: Object, status: dict[str, Any]) -> None:
        if status == (obj.get("status") or {}):
            return
        found, told = obj["metadata"], {**obj, "status": status}
        namespace = found.get("namespace", "")
        await self._objects.update(
            kind, namespace, found["name"], told, SYSTEM, WRITE, subresource="status"
        )

    def _pods_on(self, node: str | None) -> list[Name]:
        """The pods on one node, or (None) on any."""
        return [
            Name(pod["metadata"]["namespace"], pod["metadata"]["name"])
            for pod in self._cache.list(POD.resource)
            if pods.node_of(pod) and node in (None, pods.node_of(pod))
        ]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _kept_by(node: Object | None) -> tuple[bool, bool] | None:
    """Who says how the pods of a node are: a rehearsal, an agent, or nobody."""
    return None if node is None else (rehearsal.rehearses(node), rehearsal.reported(node))
