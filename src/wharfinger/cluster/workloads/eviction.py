"""
Eviction (`pods/NAME/eviction`): delete a pod, unless a disruption budget forbids it.

A budget counts down before the pod is deleted, by compare-and-set on its status, so two evictions
that race cannot both have the last disruption. What has ended, has not begun or goes already is
evicted without a look at budgets, for nobody is served by it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.cluster import metadata
from wharfinger.cluster.endpoint import Endpoint
from wharfinger.cluster.errors import (
    BadRequest,
    DisruptionRefused,
    ObjectConflict,
    ObjectForbidden,
    OverlappingBudgets,
)
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.pods.eviction import EVICTION
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.disruption_budget import POD_DISRUPTION_BUDGET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import DeleteOptions, Options, Propagation
from wharfinger.cluster.reviews import question
from wharfinger.cluster.subject import SYSTEM, Subject
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.workloads import budgets, conditions, pods
from wharfinger.cluster.workloads.workload import WRITE

SUCCESS: Final[Object] = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}
_TRIES: Final = 20
_PROCESSED_WITHIN: Final = 10
_OLD_VERSION: Final = "policy/v1beta1"


class Evictions(Endpoint):
    def __init__(self, objects: Objects, *, clock: Clock = time.time) -> None:
        super().__init__(POD, "eviction")
        self._objects, self._clock = objects, clock

    async def create(
        self, subject: Subject, namespace: str, name: str, obj: Object, options: Options
    ) -> Object:
        if obj.get("apiVersion") == _OLD_VERSION:  # what clients before Kubernetes 1.22 send
            obj = {**obj, "apiVersion": EVICTION.api_version}
        asked = question(EVICTION, namespace, name, obj, options)
        how = _how(asked.get("deleteOptions") or {}, options)
        for _ in range(_TRIES):
            pod = self._objects.get(POD, namespace, name)
            metadata.require_uid(POD, pod, how.uid)
            metadata.require_revision(POD, pod, how.resource_version)
            try:
                await self._evict(pod, subject, how)
            except _Outrun:
                continue
            return SUCCESS
        raise ObjectConflict(POD.resource, name)

    async def _evict(self, pod: Object, subject: Subject, how: DeleteOptions) -> None:
        found = pod["metadata"]
        guarded = not _free(pod)
        budget = self._budget(pod) if guarded else None
        if budget is not None and not _spared(pod, budget):
            await self._count_down(budget, pod, how)
            exact = replace(how, uid=found["uid"])
        else:
            # What was decided on is what is deleted: it may have become healthy meanwhile.
            exact = replace(how, uid=found["uid"], resource_version=found["resourceVersion"])
        try:
            await self._objects.delete(POD, found["namespace"], found["name"], subject, exact)
        except ObjectConflict:
            if how.resource_version:
                raise
            raise _Outrun from None

    def _budget(self, pod: Object) -> Object | None:
        namespace = pod["metadata"]["namespace"]
        found = self._objects.cache.list(POD_DISRUPTION_BUDGET.resource, namespace)
        covering = [budget for budget in found if budgets.covers(budget, pod)]
        if len(covering) > 1:
            raise OverlappingBudgets
        return covering[0] if covering else None

    async def _count_down(self, budget: Object, pod: Object, how: DeleteOptions) -> None:
        _require_room(budget)
        if how.dry_run:
            return
        now = datetime.fromtimestamp(self._clock(), UTC)
        told = budgets.disrupted(budget, pod["metadata"]["name"], now)
        found = told["metadata"]
        try:
            await self._objects.update(
                POD_DISRUPTION_BUDGET,
                found["namespace"],
                found["name"],
                told,
                SYSTEM,
                WRITE,
                subresource="status",
            )
        except ObjectConflict:
            raise _Outrun from None


class _Outrun(Exception):
    """Somebody else wrote first: look again."""


def _free(pod: Object) -> bool:
    """Whether no budget is asked: the pod serves nobody, or not for long."""
    return pods.finished(pod) or pods.phase(pod) == "Pending" or metadata.deleting(pod)


def _spared(pod: Object, budget: Object) -> bool:
    """Whether a pod that is not ready may go although the budget has no room."""
    if pods.ready(pod):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired: int = status.get("desiredHealthy", 0)
    healthy: int = status.get("currentHealthy", 0)
    return 0 < desired <= healthy


def _require_room(budget: Object) -> None:
    """Raise unless the budget, as far as its controller knows, allows one more disruption."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        cause = f"The disruption budget {name} is still being processed by the server."
        raise DisruptionRefused(cause, _PROCESSED_WITHIN)
    if len(status.get("disruptedPods") or ()) > budgets.MOST_DISRUPTED:
        reason = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise ObjectForbidden(POD_DISRUPTION_BUDGET.resource, name, reason)
    if status.get("disruptionsAllowed", 0) <= 0:
        raise DisruptionRefused(_why(budget))


def _why(budget: Object) -> str:
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    told = conditions.condition(budget, "DisruptionAllowed") or {}
    if told.get("reason") == "SyncFailed":
        return (
            f"The disruption budget {name} does not allow evicting pods currently "
            f"because it failed sync: {told.get('message')}"
        )
    return (
        f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods "
        f"and has {status.get('currentHealthy', 0)} currently"
    )


def _how(body: Mapping[str, Any], options: Options) -> DeleteOptions:
    """The options that the eviction carries for the deletion."""
    preconditions = body.get("preconditions") or {}
    dry = body.get("dryRun") or []
    if any(one != "All" for one in dry):
        raise BadRequest(f'dryRun: Unsupported value: {dry!r}: supported values: "All"')
    try:
        asked = body.get("propagationPolicy")
        propagation = Propagation(asked) if asked else None
    except ValueError as error:
        raise BadRequest(f"propagationPolicy: {error}") from None
    grace = body.get("gracePeriodSeconds")
    return DeleteOptions(
        dry_run=options.dry_run or bool(dry),
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
        propagation=propagation,
        grace=grace if grace is None or grace >= 0 else 1,
    )
