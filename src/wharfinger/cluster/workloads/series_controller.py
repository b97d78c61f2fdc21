"""Keeps the pods of StatefulSets, in their order."""

from __future__ import annotations

from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import series
from wharfinger.cluster.workloads.workload import BURST, RETRY, Workload, soonest, until_available


class Series(Workload):
    async def _bring(self, owner: Object) -> float | None:
        owned = await self._claim(owner)
        now = self._now()
        plan = series.plan(owner, owned, now)
        for pod in plan.delete:
            await self._delete(self._below, pod)
        wanted = plan.make[:BURST]
        made, failure = await self._make(
            owner, (series.pod_for(self._kind, owner, number) for number in wanted)
        )
        left = [*(pod for pod in owned if pod not in plan.delete), *made]
        if not deleting(owner):
            await self._report(owner, series.status(owner, left, now))
        return soonest(
            RETRY if failure is not None else None,
            0.0 if len(plan.make) > len(wanted) and failure is None else None,
            until_available(left, owner["spec"].get("minReadySeconds"), now),
        )
