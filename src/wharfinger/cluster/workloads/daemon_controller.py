"""Keeps the pod of each DaemonSet on every node that may have it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.node import NODE
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.watch import Event
from wharfinger.cluster.workloads import daemons
from wharfinger.cluster.workloads.placement import matters
from wharfinger.cluster.workloads.workload import BURST, RETRY, Workload, soonest, until_available


class Daemons(Workload):
    besides = (NODE.resource,)

    def concerned(self, event: Event) -> Iterable[Hashable]:
        if event.key.resource == NODE.resource:
            turned = event.deleted or matters(event.object) != matters(event.previous)
            return self.everything() if turned else ()
        return super().concerned(event)

    async def _bring(self, owner: Object) -> float | None:
        owned = await self._claim(owner)
        now = self._now()
        wanted = daemons.eligible(self._kind, owner, self._cache.list(NODE.resource))
        plan = daemons.plan(owner, wanted, owned, now)
        for pod in plan.delete:
            await self._delete(self._below, pod)
        nodes = plan.make[:BURST]
        made, failure = await self._make(
            owner, (daemons.pod_for(self._kind, owner, node) for node in nodes)
        )
        left = [pod for pod in owned if pod not in plan.delete]
        if not deleting(owner):
            await self._report(owner, daemons.status(owner, wanted, [*left, *made], now))
        return soonest(
            RETRY if failure is not None else None,
            0.0 if len(plan.make) > len(nodes) and failure is None else None,
            until_available(left, owner["spec"].get("minReadySeconds"), now),
        )
