"""
What is said of pods on nodes, where nothing runs them.

Pure. No node agent is part of this server. On a node without one a pod stays Pending and says so. A
node with the annotation `wharfinger.dev/rehearsal: "true"` is for practice: pods on it are shown as if
they ran, those of jobs as if they had succeeded, and each says that nothing runs. So a drain can be
practised, and budgets tested, without a machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.metadata import timestamp
from wharfinger.cluster.workloads import conditions, pods
from wharfinger.cluster.workloads.conditions import condition, made, merged, moment

ANNOTATION: Final = "wharfinger.dev/rehearsal"
HEARTBEAT: Final = 300.0
"""Seconds between two reports of a rehearsal node: as seldom as agents of Kubernetes report one."""

REASON: Final = "Rehearsal"
NO_AGENT: Final = "NoNodeAgent"
_NODE: Final = "this is a rehearsal: no machine stands behind this node"
_POD: Final = "this is a rehearsal: nothing runs"


def rehearses(node: Object | None) -> bool:
    return node is not None and annotations_of(node).get(ANNOTATION) == "true"


def reported(node: Object) -> bool:
    """Whether an agent has ever said how the node is."""
    found = condition(node, "Ready")
    return found is not None and found.get("reason") != REASON


def node_status(node: Object, now: datetime) -> dict[str, Any]:
    """Ready, with a heartbeat that is renewed when it is old; no word of ours on other nodes."""
    status = dict(node.get("status") or {})
    known = conditions.conditions(node)
    if rehearses(node):
        told = {**made("Ready", True, REASON, _NODE), "lastHeartbeatTime": _heartbeat(node, now)}
        status["conditions"] = merged(known, [told], now)
    elif any(one.get("reason") == REASON for one in known):
        status["conditions"] = [one for one in known if one.get("reason") != REASON]
    return status


def begins(pod: Object) -> bool:
    """Whether a pod on a rehearsal node has yet to be shown as running.

    Only once: what a person then writes into its status, to see a budget refuse, stays.
    """
    return pods.phase(pod) == "Pending"


def pod_status(pod: Object, now: datetime) -> dict[str, Any]:
    """Running and ready; a pod of a job has succeeded."""
    done = _of_job(pod)
    why = "PodCompleted" if done else REASON
    fresh = [
        made("Initialized", True, why, _POD),
        made("ContainersReady", not done, why, _POD),
        made("Ready", not done, why, _POD),
    ]
    return {
        **(pod.get("status") or {}),
        "phase": "Succeeded" if done else "Running",
        "message": _POD,
        "startTime": timestamp(now),
        "conditions": merged(conditions.conditions(pod), fresh, now),
        "containerStatuses": [
            _container(one, done, now) for one in (pod.get("spec") or {}).get("containers") or ()
        ],
    }


def waits(pod: Object) -> bool:
    """Whether a pod on a node without an agent has no other status than ours."""
    return pods.phase(pod) == "Pending" or (pod.get("status") or {}).get("message") == _POD


def waiting_status(pod: Object, now: datetime) -> dict[str, Any]:
    """Pending, for want of an agent."""
    message = f"no node agent has reported for node {pods.node_of(pod)}: nothing runs this pod"
    fresh = [made(type_, False, NO_AGENT, message) for type_ in ("ContainersReady", "Ready")]
    known = [one for one in conditions.conditions(pod) if one.get("type") != "Initialized"]
    kept = {
        name: value
        for name, value in (pod.get("status") or {}).items()
        if name not in ("message", "startTime", "containerStatuses")
    }
    told = {"phase": "Pending", "message": message, "conditions": merged(known, fresh, now)}
    return {**kept, **told}


def _heartbeat(node: Object, now: datetime) -> str:
    """The last one, unless it is due again."""
    known = condition(node, "Ready") or {}
    last = moment(known.get("lastHeartbeatTime")) if known.get("reason") == REASON else None
    if last is not None and now - timedelta(seconds=HEARTBEAT) < last <= now:
        return timestamp(last)
    return timestamp(now)


def _of_job(pod: Object) -> bool:
    controller = pods.controller_of(pod)
    return controller is not None and controller.get("kind") == "Job"


def _container(container: Mapping[str, Any], done: bool, now: datetime) -> dict[str, Any]:
    at = timestamp(now)
    ended = {
        "exitCode": 0,
        "reason": "Completed",
        "message": _POD,
        "startedAt": at,
        "finishedAt": at,
    }
    return {
        "name": container.get("name"),
        "image": container.get("image") or "",
        "imageID": "",
        "ready": not done,
        "started": not done,
        "restartCount": 0,
        "state": {"terminated": ended} if done else {"running": {"startedAt": at}},
    }
