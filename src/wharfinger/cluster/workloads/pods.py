"""
What controllers want to know of a pod.

Pure, and lenient: any field can be absent. Whoever reports on a pod (a node's agent, a rehearsal)
writes its phase and conditions; here they are only read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads.conditions import condition, holds, moment

COST: Final = "controller.kubernetes.io/pod-deletion-cost"


def phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def node_of(pod: Object) -> str:
    """The node a pod is bound to; "" for none."""
    return str((pod.get("spec") or {}).get("nodeName") or "")


def finished(pod: Object) -> bool:
    return phase(pod) in ("Succeeded", "Failed")


def active(pod: Object) -> bool:
    """Whether it still counts for its owner: not finished, and not on its way out."""
    return not finished(pod) and not deleting(pod)


def ready(pod: Object) -> bool:
    return holds(pod, "Ready")


def ready_since(pod: Object) -> datetime | None:
    found = condition(pod, "Ready")
    if found is None or found.get("status") != "True":
        return None
    return moment(found.get("lastTransitionTime"))


def available(pod: Object, min_ready: int, now: datetime) -> bool:
    """Whether it has been ready for so many seconds."""
    if not ready(pod):
        return False
    since = ready_since(pod)
    return not min_ready or (since is not None and since + timedelta(seconds=min_ready) <= now)


def labels(obj: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = obj["metadata"].get("labels") or {}
    return found


def created(obj: Object) -> str:
    """As a text that sorts by time: the form has one length and one zone."""
    return str(obj["metadata"].get("creationTimestamp") or "")


def restarts(pod: Object) -> int:
    containers = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((one.get("restartCount") or 0 for one in containers), default=0)


def deletion_cost(pod: Object) -> int:
    """What its annotation says; a text that is no number counts as none."""
    try:
        return int(annotations_of(pod).get(COST, "0"))
    except ValueError:
        return 0


def controller_of(obj: Object) -> Mapping[str, Any] | None:
    """The reference to the one owner that controls an object."""
    references = obj["metadata"].get("ownerReferences") or ()
    return next((one for one in references if one.get("controller")), None)
