"""
How many pods of an application may be disrupted now: the status of a PodDisruptionBudget.

Pure. `minAvailable` and `maxUnavailable` count what should be there: the pods themselves, or (for a
percentage, and for `maxUnavailable`) what their owners ask for, since pods that are missing count as
unavailable. Percentages are rounded up. A pod whose eviction was allowed counts as gone at once, and
for two minutes at most, should it never go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from wharfinger.cluster import label_selector
from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import deleting, timestamp
from wharfinger.cluster.workloads import amounts, conditions, pods
from wharfinger.cluster.workloads.conditions import merged, moment

EXPIRY: Final = 120.0
"""Seconds for which an allowed eviction counts as done while its pod is still there."""

MOST_DISRUPTED: Final = 2000
"""How many allowed evictions may be under way; more would make the status too large."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many pods there should be; `problem` says why that cannot be told."""

    count: int = 0
    problem: str = ""


def covers(budget: Object, pod: Object) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    return label_selector.selects(selector, pods.labels(pod))


def needs_scales(budget: Object) -> bool:
    """Whether the owners of the pods are asked how many there should be."""
    spec = budget.get("spec") or {}
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def desired_healthy(budget: Object, expected: int) -> int:
    """How many pods must stay healthy."""
    spec = budget.get("spec") or {}
    unavailable = spec.get("maxUnavailable")
    if unavailable is not None:
        return max(0, expected - amounts.resolve(unavailable, expected, up=True))
    return amounts.resolve(spec.get("minAvailable"), expected, up=True)


def status(
    budget: Object, covered: Iterable[Object], expected: Expected, now: datetime
) -> dict[str, Any]:
    """The status for the pods that the budget covers; without a count nothing is allowed."""
    if expected.problem:
        return _unknown(budget, expected.problem, now)
    found = {pod["metadata"]["name"]: pod for pod in covered}
    disrupted = still_disrupted(budget, found, now)
    healthy = sum(
        pods.ready(pod) and not deleting(pod) and name not in disrupted
        for name, pod in found.items()
        if not pods.finished(pod)
    )
    desired = desired_healthy(budget, expected.count)
    bounded = any(
        (budget.get("spec") or {}).get(name) is not None
        for name in ("minAvailable", "maxUnavailable")
    )
    allowed = max(0, healthy - desired) if bounded and expected.count > 0 else 0
    told = conditions.made(
        "DisruptionAllowed", allowed > 0, "SufficientPods" if allowed else "InsufficientPods"
    )
    result: dict[str, Any] = {
        "observedGeneration": budget["metadata"].get("generation", 0),
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected.count,
        "conditions": _told(budget, told, now),
    }
    if disrupted:
        result["disruptedPods"] = disrupted
    return result


def still_disrupted(budget: Object, covered: Mapping[str, Object], now: datetime) -> dict[str, str]:
    """The allowed evictions whose pods are still there, unmarked, and may still go."""
    known: Mapping[str, str] = (budget.get("status") or {}).get("disruptedPods") or {}
    result = {}
    for name, at in known.items():
        allowed, pod = moment(at), covered.get(name)
        if pod is None or deleting(pod) or allowed is None:
            continue
        if allowed + timedelta(seconds=EXPIRY) > now:
            result[name] = at
    return result


def next_expiry(status: Mapping[str, Any], now: datetime) -> float | None:
    """Seconds until the first allowed eviction is held to be void."""
    times = [moment(at) for at in (status.get("disruptedPods") or {}).values()]
    left = [EXPIRY - (now - at).total_seconds() for at in times if at is not None]
    return max(0.0, min(left)) if left else None


def disrupted(budget: Object, pod: str, now: datetime) -> Object:
    """The budget once the eviction of a pod is allowed: one disruption less."""
    status = dict(budget.get("status") or {})
    left = status.get("disruptionsAllowed", 0) - 1
    status["disruptionsAllowed"] = left
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod: timestamp(now)}
    if left == 0:
        told = conditions.made("DisruptionAllowed", False, "InsufficientPods")
        status["conditions"] = _told(budget, told, now)
    return {**budget, "status": status}


def _unknown(budget: Object, problem: str, now: datetime) -> dict[str, Any]:
    """Allow nothing, for a count that nobody knows."""
    told = conditions.made("DisruptionAllowed", False, "SyncFailed", problem)
    status = dict(budget.get("status") or {})
    counts = ("currentHealthy", "desiredHealthy", "expectedPods")
    return {
        **status,
        **{name: status.get(name, 0) for name in counts},
        "disruptionsAllowed": 0,
        "conditions": _told(budget, told, now),
    }


def _told(budget: Object, told: Mapping[str, Any], now: datetime) -> Sequence[Mapping[str, Any]]:
    generation = budget["metadata"].get("generation", 0)
    fresh = {"reason": "", "message": "", **told, "observedGeneration": generation}
    return merged(conditions.conditions(budget), [fresh], now)
