"""
The status of a Deployment: its counts, whether it is available, and whether it gets on.

Pure. Progress is a change of the counts towards the present template; if none comes within
`progressDeadlineSeconds`, the condition says so, and `kubectl rollout status` ends with an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.metadata import timestamp
from wharfinger.cluster.workloads import conditions, rollouts
from wharfinger.cluster.workloads.conditions import condition, made, merged, moment

_COUNTS: Final = {
    "replicas": "replicas",
    "readyReplicas": "readyReplicas",
    "availableReplicas": "availableReplicas",
}
_DEADLINE: Final = 600
_OVERDUE: Final = "ProgressDeadlineExceeded"


def status(
    deployment: Object, present: Object | None, older: Sequence[Object], now: datetime
) -> dict[str, Any]:
    """What is there; the conditions go on from those that the deployment has."""
    known = deployment.get("status") or {}
    spec = deployment.get("spec") or {}
    everything = [*older, *([present] if present is not None else [])]
    counts = {
        name: sum(_count(one, field) for one in everything) for name, field in _COUNTS.items()
    }
    counts["updatedReplicas"] = _count(present, "replicas") if present is not None else 0
    wanted = rollouts.replicas_of(spec)
    counts["unavailableReplicas"] = max(
        0, max(wanted, sum(_asked(one) for one in everything)) - counts["availableReplicas"]
    )
    result = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        **{name: count for name, count in counts.items() if count},
    }
    if known.get("collisionCount"):
        result["collisionCount"] = known["collisionCount"]
    fresh = [_available(spec, counts["availableReplicas"])]
    if (told := _progressing(deployment, present, counts, now)) is not None:
        fresh.append(told)
    fresh += _failures(present)
    kept = [one for one in conditions.conditions(deployment) if one.get("type") != "ReplicaFailure"]
    result["conditions"] = [_dated(one, deployment, now) for one in merged(kept, fresh, now)]
    return result


def overdue_in(deployment: Object, now: datetime) -> float | None:
    """Seconds until a rollout that does not get on is said to have failed."""
    told = condition(deployment, "Progressing")
    if told is None or told.get("reason") in ("NewReplicaSetAvailable", _OVERDUE):
        return None
    since = moment(told.get("lastUpdateTime"))
    if told.get("status") != "True" or since is None:
        return None
    return max(0.0, _deadline(deployment) - (now - since).total_seconds())


def complete(deployment: Object, counts: Mapping[str, int]) -> bool:
    """Whether all pods are of the present template, and available."""
    wanted = rollouts.replicas_of(deployment.get("spec") or {})
    return all(
        counts[name] == wanted for name in ("replicas", "updatedReplicas", "availableReplicas")
    )


def _available(spec: Mapping[str, Any], available: int) -> dict[str, Any]:
    if available >= rollouts.replicas_of(spec) - rollouts.limits(spec).unavailable:
        message = "Deployment has minimum availability."
        return made("Available", True, "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return made("Available", False, "MinimumReplicasUnavailable", message)


def _progressing(
    deployment: Object, present: Object | None, counts: Mapping[str, int], now: datetime
) -> dict[str, Any] | None:
    """The condition as it is to be; None to leave it."""
    known = condition(deployment, "Progressing")
    if (deployment.get("spec") or {}).get("paused"):
        return {
            **made("Progressing", False, "DeploymentPaused", "Deployment is paused"),
            "status": "Unknown",
        }
    if present is None:
        return None
    quoted = f'"{present["metadata"]["name"]}"'
    told = f"ReplicaSet {quoted}"
    if complete(deployment, counts):
        message = f"{told} has successfully progressed."
        return made("Progressing", True, "NewReplicaSetAvailable", message)
    if known is None or quoted not in known.get("message", ""):
        message = f"Created new replica set {quoted}"
        return made("Progressing", True, "NewReplicaSetCreated", message)
    if _moved(deployment.get("status") or {}, counts):
        return made("Progressing", True, "ReplicaSetUpdated", f"{told} is progressing.")
    if known.get("reason") == "NewReplicaSetAvailable":
        return None  # it was complete once: pods that are lost later are no rollout
    since = moment(known.get("lastUpdateTime"))
    if since is not None and since + timedelta(seconds=_deadline(deployment)) <= now:
        return made("Progressing", False, _OVERDUE, f"{told} has timed out progressing.")
    return None


def _moved(known: Mapping[str, Any], counts: Mapping[str, int]) -> bool:
    """Whether there is more of the new, or less of the old, than was known."""

    def before(name: str) -> int:
        return known.get(name) or 0

    older = before("replicas") - before("updatedReplicas")
    return (
        counts["updatedReplicas"] > before("updatedReplicas")
        or counts["replicas"] - counts["updatedReplicas"] < older
        or counts["readyReplicas"] > before("readyReplicas")
        or counts["availableReplicas"] > before("availableReplicas")
    )


def _failures(present: Object | None) -> list[dict[str, Any]]:
    found = condition(present, "ReplicaFailure") if present is not None else None
    if found is None:
        return []
    return [
        {name: found[name] for name in ("type", "status", "reason", "message") if name in found}
    ]


def _dated(told: dict[str, Any], deployment: Object, now: datetime) -> dict[str, Any]:
    """Note when a condition was last written with another content, or with progress."""
    known = condition(deployment, told["type"]) or {}
    if "lastUpdateTime" in told:
        return told  # it is as it was
    same = all(known.get(name) == told.get(name) for name in ("status", "reason", "message"))
    stays = same and told.get("reason") != "ReplicaSetUpdated"
    return {
        **told,
        "lastUpdateTime": (known.get("lastUpdateTime") if stays else None) or timestamp(now),
    }


def _deadline(deployment: Object) -> int:
    found = (deployment.get("spec") or {}).get("progressDeadlineSeconds")
    return found if isinstance(found, int) else _DEADLINE


def _count(replica_set: Object, name: str) -> int:
    return (replica_set.get("status") or {}).get(name) or 0


def _asked(replica_set: Object) -> int:
    return rollouts.replicas_of(replica_set.get("spec") or {})
