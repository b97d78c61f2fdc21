"""
Keeps the status of disruption budgets, by which evictions are decided.

How many pods there should be is asked of their owners: what controls a pod, and what controls that
in turn, as a Deployment does a ReplicaSet. An owner of a kind without a number of its own, as a Job,
leaves a budget with a percentage or `maxUnavailable` without an answer, and then it allows nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
from wharfinger.cluster.kinds.workloads.disruption_budget import POD_DISRUPTION_BUDGET
from wharfinger.cluster.kinds.workloads.replica_set import REPLICA_SET
from wharfinger.cluster.kinds.workloads.replication_controller import REPLICATION_CONTROLLER
from wharfinger.cluster.kinds.workloads.stateful_set import STATEFUL_SET
from wharfinger.cluster.watch import Event
from wharfinger.cluster.workloads import budgets, pods
from wharfinger.cluster.workloads.budgets import Expected
from wharfinger.cluster.workloads.workload import Name, Workload

_SCALED: Final = {
    (kind.api_version, kind.kind): kind.resource
    for kind in (DEPLOYMENT, REPLICA_SET, REPLICATION_CONTROLLER, STATEFUL_SET)
}


class Budgets(Workload):
    """A controller; its keys are the `Name`s of budgets, which own nothing."""

    besides = tuple(_SCALED.values())

    def concerned(self, event: Event) -> Iterable[Hashable]:
        key = event.key
        if key.resource == POD_DISRUPTION_BUDGET.resource:
            return (Name(key.namespace, key.name),)
        found = list(self._cache.list(POD_DISRUPTION_BUDGET.resource, key.namespace))
        if key.resource == POD.resource:
            states = [one for one in (event.object, event.previous) if one is not None]
            found = [one for one in found if any(budgets.covers(one, pod) for pod in states)]
        elif event.previous is not None and _wanted(event.object) == _wanted(event.previous):
            found = []
        return [Name(key.namespace, one["metadata"]["name"]) for one in found]

    async def _bring(self, owner: Object) -> float | None:
        namespace = owner["metadata"]["namespace"]
        found = self._cache.list(POD.resource, namespace)
        covered = [pod for pod in found if budgets.covers(owner, pod)]
        now = self._now()
        status = budgets.status(owner, covered, self._expected(owner, covered), now)
        await self._report(owner, status)
        return budgets.next_expiry(status, now)

    def _expected(self, budget: Object, covered: Sequence[Object]) -> Expected:
        if not budgets.needs_scales(budget):
            return Expected(len(covered))
        scales: dict[str, int] = {}
        for pod in covered:
            controller = pods.controller_of(pod)
            if controller is None:
                continue  # nobody would replace it, so it is not expected to be there
            owner = self._scaled(pod["metadata"]["namespace"], controller)
            if owner is None:
                name = pod["metadata"]["name"]
                return Expected(problem=f"found no controllers with a scale for pod {name!r}")
            scales[owner["metadata"]["uid"]] = _wanted(owner)
        return Expected(sum(scales.values()))

    def _scaled(self, namespace: str, reference: Mapping[str, Any]) -> Object | None:
        """The uppermost owner that has a number of replicas."""
        resource = _resource(reference)
        if resource is None:
            return None
        found = self._cache.get(resource, namespace, reference["name"])
        if found is None or found["metadata"]["uid"] != reference["uid"]:
            return None
        above = pods.controller_of(found)
        if above is None or _resource(above) is None:
            return found
        return self._scaled(namespace, above) or found


def _resource(reference: Mapping[str, Any]) -> GroupResource | None:
    return _SCALED.get((reference.get("apiVersion") or "", reference.get("kind") or ""))


def _wanted(owner: Object) -> int:
    replicas = (owner.get("spec") or {}).get("replicas")
    return replicas if isinstance(replicas, int) else 1
