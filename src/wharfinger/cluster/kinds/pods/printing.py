"""
Pods as `kubectl get` prints them, and the fields by which they are selected.

The status in one word is made as kubectl has long done it: what hinders a container comes before the
phase of the pod, containers that run before come first, and a pod that ends is Terminating.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from wharfinger.cluster.kind import Column, Object
from wharfinger.cluster.kinds.columns import AGE, NAME, age

NONE: Final = "<none>"
_OVER: Final = ("Succeeded", "Failed")
_Fields = Mapping[str, Any]


class _Summary(NamedTuple):
    ready: str
    reason: str
    restarts: int
    last_restart: str


class _Before(NamedTuple):
    """How far the containers are that run before the others."""

    reason: str  # "" once they are through
    ready: int  # of those that stay
    restarts: int
    last_restart: str
    restarts_of_staying: int
    last_restart_of_staying: str


def _summary(pod: Object) -> _Summary:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    staying = {
        container.get("name")
        for container in spec.get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    }
    total = len(spec.get("containers") or ()) + len(staying)
    before = _before(spec, status, staying)
    reason = before.reason or _phase(status)
    ready, restarts, last = before.ready, before.restarts, before.last_restart
    if not before.reason or _is_true(status, "Initialized"):
        statuses = status.get("containerStatuses") or ()
        reason = _reason(statuses, reason, is_ready=_is_true(status, "Ready"))
        ready += sum(_runs(one) for one in statuses)
        restarts = before.restarts_of_staying + _restarts(statuses)
        last = max(before.last_restart_of_staying, *map(_last_end, statuses), "")
    if (pod.get("metadata") or {}).get("deletionTimestamp") is not None:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in _OVER:
            reason = "Terminating"
    return _Summary(f"{ready}/{total}", reason, restarts, last)


def _phase(status: _Fields) -> str:
    for condition in status.get("conditions") or ():
        if (condition.get("type"), condition.get("reason")) == ("PodScheduled", "SchedulingGated"):
            return "SchedulingGated"
    return str(status.get("reason") or status.get("phase") or "")


def _before(spec: _Fields, status: _Fields, staying: set[Any]) -> _Before:
    ready, reason = 0, ""
    seen: list[_Fields] = []
    for index, one in enumerate(status.get("initContainerStatuses") or ()):
        seen.append(one)
        terminated = (one.get("state") or {}).get("terminated")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if one.get("name") in staying and one.get("started"):
            ready += bool(one.get("ready"))
            continue
        total = len(spec.get("initContainers") or ())
        reason = f"Init:{_hindrance(one) or f'{index}/{total}'}"
        break
    stay = [one for one in seen if one.get("name") in staying]
    return _Before(
        reason,
        ready,
        _restarts(seen),
        max(map(_last_end, seen), default=""),
        _restarts(stay),
        max(map(_last_end, stay), default=""),
    )


def _hindrance(status: _Fields) -> str:
    """Say what keeps a container that runs before from its end; "" if it just runs."""
    state = status.get("state") or {}
    if state.get("terminated") is not None:
        return _end(state["terminated"])
    waiting = (state.get("waiting") or {}).get("reason") or ""
    return str(waiting) if waiting != "PodInitializing" else ""


def _end(terminated: _Fields) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _reason(statuses: Any, reason: str, *, is_ready: bool) -> str:
    """Let the first container that does not run speak for the pod."""
    for one in reversed(statuses):
        state = one.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            reason = str(state["waiting"]["reason"])
        elif state.get("terminated") is not None:
            reason = _end(state["terminated"])
    if reason == "Completed" and any(_runs(one) for one in statuses):
        return "Running" if is_ready else "NotReady"
    return reason


def _runs(status: _Fields) -> bool:
    return bool(status.get("ready")) and (status.get("state") or {}).get("running") is not None


def _restarts(statuses: Any) -> int:
    return sum(one.get("restartCount") or 0 for one in statuses)


def _last_end(status: _Fields) -> str:
    """When it ended before it was last restarted; times of the API sort as they are."""
    terminated = (status.get("lastState") or {}).get("terminated") or {}
    return str(terminated.get("finishedAt") or "")


def _is_true(status: _Fields, condition: str) -> bool:
    return any(
        one.get("type") == condition and one.get("status") == "True"
        for one in status.get("conditions") or ()
    )


def _restarted(pod: Object, now: datetime) -> str:
    found = _summary(pod)
    if found.restarts and found.last_restart:
        return f"{found.restarts} ({age(found.last_restart, now)} ago)"
    return str(found.restarts)


def _gates(pod: Object) -> str:
    gates = (pod.get("spec") or {}).get("readinessGates") or ()
    status = pod.get("status") or {}
    met = sum(_is_true(status, gate.get("conditionType") or "") for gate in gates)
    return f"{met}/{len(gates)}" if gates else NONE


def _field(part: str, name: str) -> Callable[[Object], str]:
    return lambda pod: str((pod.get(part) or {}).get(name) or "")


def _addresses(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    found = status.get("podIPs") or [{"ip": status.get("podIP")}]
    yield from (str(one["ip"]) for one in found if one.get("ip"))


def _or_none(value: Callable[[Object], str]) -> Callable[[Object, datetime], str]:
    return lambda pod, _: value(pod) or NONE


COLUMNS: Final = (
    NAME,
    Column(
        "Ready",
        lambda pod, _: _summary(pod).ready,
        description="How many of its containers can serve, and how many it has.",
    ),
    Column(
        "Status",
        lambda pod, _: _summary(pod).reason,
        description="What the pod does, or what hinders it.",
    ),
    Column(
        "Restarts",
        _restarted,
        description="How often its containers were restarted, and when last.",
    ),
    AGE,
    Column(
        "IP",
        _or_none(lambda pod: next(_addresses(pod), "")),
        description="The address of the pod.",
        wide=True,
    ),
    Column(
        "Node",
        _or_none(_field("spec", "nodeName")),
        description="The node that the pod is bound to.",
        wide=True,
    ),
    Column(
        "Nominated Node",
        _or_none(_field("status", "nominatedNodeName")),
        description="The node that is being cleared for it.",
        wide=True,
    ),
    Column(
        "Readiness Gates",
        lambda pod, _: _gates(pod),
        description="How many conditions that count for its readiness hold, and how many there are.",
        wide=True,
    ),
)

SELECTABLE: Final[Mapping[str, Callable[[Object], str]]] = {
    "spec.nodeName": _field("spec", "nodeName"),
    "spec.restartPolicy": _field("spec", "restartPolicy"),
    "spec.schedulerName": _field("spec", "schedulerName"),
    "spec.serviceAccountName": _field("spec", "serviceAccountName"),
    "spec.hostNetwork": lambda pod: _flag(pod, "hostNetwork"),
    "status.phase": _field("status", "phase"),
    "status.podIP": lambda pod: next(_addresses(pod), ""),
    "status.podIPs": lambda pod: ",".join(_addresses(pod)),
    "status.nominatedNodeName": _field("status", "nominatedNodeName"),
}


def _flag(pod: Object, name: str) -> str:
    return "true" if (pod.get("spec") or {}).get(name) else "false"
