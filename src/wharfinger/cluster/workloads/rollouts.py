"""
How a Deployment goes from one template to the next: the numbers of its replica sets.

Pure. Each template has one ReplicaSet. The present one grows as far as `maxSurge` leaves room, and
the older ones shrink as far as `maxUnavailable` leaves pods available; pods that are not available are
taken first. With `Recreate` the old ones are gone before the new ones come. A look at a state in the
middle of a change comes to numbers that keep both limits, so looking again is always safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.cluster.kind import Object
from wharfinger.cluster.workloads import amounts
from wharfinger.cluster.workloads.pods import created


@dataclass(frozen=True, slots=True)
class Limits:
    """How far from the wanted number of pods a rollout may go."""

    surge: int
    unavailable: int


@dataclass(frozen=True, slots=True)
class Part:
    """One ReplicaSet as numbers: pods asked for, and of these available."""

    uid: str
    replicas: int
    available: int
    pods: int = 0
    """How many pods there still are, those on their way out among them."""


def limits(spec: Mapping[str, Any]) -> Limits:
    """Read from the strategy; both may not be 0, or nothing could ever move."""
    wanted = replicas_of(spec)
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Limits(0, wanted)
    rolling = strategy.get("rollingUpdate") or {}
    surge = amounts.resolve(rolling.get("maxSurge", "25%"), wanted, up=True)
    unavailable = amounts.resolve(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if not surge and not unavailable:
        unavailable = 1
    return Limits(surge, min(unavailable, wanted))


def replicas_of(spec: Mapping[str, Any]) -> int:
    found = spec.get("replicas")
    return found if isinstance(found, int) else 1


def part(replica_set: Object) -> Part:
    """What a ReplicaSet says of itself; what it has not looked at yet does not count."""
    status = replica_set.get("status") or {}
    asked = replicas_of(replica_set.get("spec") or {})
    available = min(asked, status.get("availableReplicas") or 0)
    return Part(replica_set["metadata"]["uid"], asked, available, status.get("replicas") or 0)


def scale(spec: Mapping[str, Any], present: Part, older: Sequence[Part]) -> dict[str, int]:
    """The numbers that replica sets are to have, as far as they change; `older` oldest first."""
    if spec.get("paused"):
        wanted = _paused(replicas_of(spec), present, older)
    elif (spec.get("strategy") or {}).get("type") == "Recreate":
        wanted = _recreated(replicas_of(spec), present, older)
    else:
        wanted = _rolled(spec, present, older)
    now = {one.uid: one.replicas for one in (present, *older)}
    return {uid: count for uid, count in wanted.items() if now[uid] != count}


def in_order(replica_sets: Sequence[Object]) -> list[Object]:
    return sorted(replica_sets, key=lambda one: (created(one), one["metadata"]["name"]))


def _paused(wanted: int, present: Part, older: Sequence[Part]) -> dict[str, int]:
    """Only the number of pods follows; the newest that has pods takes the difference."""
    scaled = next((one for one in (present, *reversed(older)) if one.replicas), present)
    others = sum(one.replicas for one in (present, *older)) - scaled.replicas
    return {scaled.uid: max(0, wanted - others)}


def _recreated(wanted: int, present: Part, older: Sequence[Part]) -> dict[str, int]:
    result = {one.uid: 0 for one in older}
    if not any(one.pods for one in older):
        result[present.uid] = wanted
    return result


def _rolled(spec: Mapping[str, Any], present: Part, older: Sequence[Part]) -> dict[str, int]:
    wanted, limit = replicas_of(spec), limits(spec)
    result = {present.uid: _grown(wanted, limit, present, older)}
    grown = result[present.uid]
    # Pods that the present set has still to bring up are missing already.
    coming = max(0, grown - present.available)
    total = grown + sum(one.replicas for one in older)
    room = total - (wanted - limit.unavailable) - coming
    for one in older:
        lost = min(one.replicas - one.available, max(0, room))
        result[one.uid] = one.replicas - lost
        room -= lost
    available = present.available + sum(one.available for one in older)
    spare = min(room, available - (wanted - limit.unavailable))
    for one in older:
        taken = min(result[one.uid], one.available, max(0, spare))
        result[one.uid] -= taken
        spare -= taken
    return result


def _grown(wanted: int, limit: Limits, present: Part, older: Sequence[Part]) -> int:
    if present.replicas >= wanted:
        return wanted
    total = present.replicas + sum(one.replicas for one in older)
    room = wanted + limit.surge - total
    return min(wanted, present.replicas + max(0, room))
