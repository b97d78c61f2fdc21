"""Does Jobs: makes their pods, counts what has ended, and removes what is kept no longer."""

from __future__ import annotations

from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads import tasks
from wharfinger.cluster.workloads.workload import BURST, RETRY, Workload, soonest


class Tasks(Workload):
    async def _bring(self, owner: Object) -> float | None:
        if deleting(owner) or not tasks.ours(owner):
            return None
        now = self._now()
        left = tasks.forgotten_in(owner, now)
        if left == 0:
            await self._delete(self._kind, owner)
        if tasks.ended(owner):
            return left
        plan = tasks.plan(owner, await self._claim(owner), now)
        # Counted first: what is deleted then cannot be forgotten.
        owner = await self._report(owner, plan.status)
        for pod in plan.delete:
            await self._delete(self._below, pod)
        wanted = plan.make[:BURST]
        _, failure = await self._make(
            owner, (tasks.pod_for(self._kind, owner, number) for number in wanted)
        )
        return soonest(
            RETRY if failure is not None else None,
            0.0 if len(plan.make) > len(wanted) and failure is None else None,
            tasks.next_look(owner, plan.status, now),
            tasks.forgotten_in(owner, now),
        )
