"""Keeps as many pods as a ReplicaSet or a ReplicationController asks for."""

from __future__ import annotations

from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import ownership, replicas
from wharfinger.cluster.workloads.ownership import Selector
from wharfinger.cluster.workloads.workload import BURST, RETRY, Workload, soonest, until_available


class Replicas(Workload):
    """Made once for each of the two kinds."""

    async def _bring(self, owner: Object) -> float | None:
        owned = await self._claim(owner)
        plan = replicas.plan(owner, owned)
        wanted = min(plan.make, BURST)
        template = (owner.get("spec") or {}).get("template") or {}
        made, failure = await self._make(
            owner, (ownership.pod_for(self._kind, owner, template) for _ in range(wanted))
        )
        for pod in plan.delete:
            await self._delete(self._below, pod)
        gone = {pod["metadata"]["uid"] for pod in plan.delete}
        left = [pod for pod in [*owned, *made] if pod["metadata"]["uid"] not in gone]
        now = self._now()
        if not deleting(owner):
            await self._report(owner, replicas.status(owner, left, now, failure=failure))
        return soonest(
            RETRY if failure is not None else None,
            0.0 if plan.make > len(made) and failure is None else None,
            until_available(left, owner["spec"].get("minReadySeconds"), now),
        )

    def _selector(self, owner: Object) -> Selector | None:
        """A ReplicationController has labels where a ReplicaSet has a selector."""
        selector: Selector | None = super()._selector(owner)
        if self._kind.group:
            return selector
        return {"matchLabels": selector} if selector else None
