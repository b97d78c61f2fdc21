"""
Brings Deployments forward: one ReplicaSet for the present template, and fewer pods in older ones.

Each look takes one step and writes what it finds; the ReplicaSets then make and delete the pods, and
what they report is the next reason to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wharfinger.cluster.errors import ObjectExists
from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.workloads import progress, revisions, rollouts
from wharfinger.cluster.workloads.rollouts import Part
from wharfinger.cluster.workloads.workload import WRITE, Workload


class Deployments(Workload):
    """Its kind below is ReplicaSet."""

    async def _bring(self, owner: Object) -> float | None:
        owned = await self._claim(owner)
        if deleting(owner):
            return None
        present = revisions.present(owner, owned)
        if not (owner.get("spec") or {}).get("paused"):
            owner, present = await self._revise(owner, present, owned)
        uid = present["metadata"]["uid"] if present is not None else ""
        older = rollouts.in_order([one for one in owned if one["metadata"]["uid"] != uid])
        everything = [*older, *([present] if present is not None else [])]
        scaled = rollouts.scale(
            owner["spec"],
            rollouts.part(present) if present is not None else Part("", 0, 0),
            [rollouts.part(one) for one in older],
        )
        found = {one["metadata"]["uid"]: one for one in await self._scale(everything, scaled)}
        present, older = found.get(uid), [found[one["metadata"]["uid"]] for one in older]
        owner = await self._report(owner, progress.status(owner, present, older, self._now()))
        await self._forget(owner, older)
        return progress.overdue_in(owner, self._now())

    async def _revise(
        self, owner: Object, present: Object | None, owned: Sequence[Object]
    ) -> tuple[Object, Object]:
        """Make the present set if there is none, number it above all others, and say the number."""
        number = revisions.next_revision(present, owned)
        if present is None:
            present = await self._make_set(owner, number)
        renewed = revisions.renewed(present, owner, number)
        if renewed != present:
            present = await self._replace(self._below, renewed)
        numbered = revisions.annotated(owner, {revisions.REVISION: str(number)})
        if numbered["metadata"] != owner["metadata"]:
            owner = await self._replace(self._kind, numbered)
        return owner, present

    async def _make_set(self, owner: Object, number: int) -> Object:
        namespace = owner["metadata"]["namespace"]
        made = revisions.replica_set(self._kind, owner, number)
        try:
            return await self._objects.create(self._below, namespace, made, SYSTEM, WRITE)
        except ObjectExists:
            # Another template has the same hash, or somebody has the name: take another hash.
            status = owner.get("status") or {}
            count = (status.get("collisionCount") or 0) + 1
            await self._report(owner, {**status, "collisionCount": count})
            raise

    async def _scale(
        self, replica_sets: Sequence[Object], wanted: Mapping[str, int]
    ) -> list[Object]:
        result = []
        for one in replica_sets:
            count = wanted.get(one["metadata"]["uid"])
            if count is not None and not deleting(one):
                spec = {**one["spec"], "replicas": count}
                result.append(await self._replace(self._below, {**one, "spec": spec}))
            else:
                result.append(one)
        return result

    async def _forget(self, owner: Object, older: Sequence[Object]) -> None:
        for one in revisions.forgotten(owner, older):
            await self._delete(self._below, one)
