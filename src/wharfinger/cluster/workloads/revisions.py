"""
One ReplicaSet for each template of a Deployment: which is the present one, and how one is made.

Pure. A template is known again by its content, so going back to an older one takes up its ReplicaSet,
with a new number. The hash in names and labels only keeps the sets apart.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.meta import annotations_of
from wharfinger.cluster.metadata import deleting
from wharfinger.cluster.workloads.ownership import hash_of, reference
from wharfinger.cluster.workloads.rollouts import in_order, replicas_of

HASH: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"

_OF_ONE_OBJECT: Final = (
    REVISION,
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deployment.kubernetes.io/revision-history",
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
)


def present(deployment: Object, owned: Sequence[Object]) -> Object | None:
    """The oldest ReplicaSet with the template of the deployment."""
    wanted = _without_hash((deployment.get("spec") or {}).get("template") or {})
    for one in in_order(owned):
        if (
            not deleting(one)
            and _without_hash((one.get("spec") or {}).get("template") or {}) == wanted
        ):
            return one
    return None


def revision(obj: Object) -> int:
    """The number that an object says; 0 for none."""
    said = annotations_of(obj).get(REVISION, "")
    return int(said) if said.isdecimal() and said.isascii() and len(said) < 19 else 0


def next_revision(found: Object | None, owned: Sequence[Object]) -> int:
    """The number of the present set: above those of all others."""
    others = [revision(one) for one in owned if one is not found]
    highest = max(others, default=0)
    own = revision(found) if found is not None else 0
    return own if own > highest else highest + 1


def replica_set(kind: Kind, deployment: Object, number: int) -> Object:
    """A new ReplicaSet, without pods yet, for the template of the deployment."""
    spec = deployment.get("spec") or {}
    template = copy.deepcopy(spec.get("template") or {})
    salt = (deployment.get("status") or {}).get("collisionCount") or 0
    hashed = hash_of(template, salt)
    said = template.setdefault("metadata", {})
    said["labels"] = {**(said.get("labels") or {}), HASH: hashed}
    selector = copy.deepcopy(spec.get("selector") or {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: hashed}
    made: dict[str, Any] = {"replicas": 0, "selector": selector, "template": template}
    return {
        "metadata": {
            "name": f"{deployment['metadata']['name']}-{hashed}",
            "labels": dict(said["labels"]),
            "annotations": inherited(deployment, number),
            "ownerReferences": [reference(kind, deployment)],
        },
        "spec": _timed(made, deployment),
    }


def renewed(replica_set: Object, deployment: Object, number: int) -> Object:
    """A set with all that it has from its deployment beside the template and the number of pods."""
    spec = _timed(replica_set["spec"], deployment)
    return {**annotated(replica_set, inherited(deployment, number)), "spec": spec}


def _timed(spec: Mapping[str, Any], deployment: Object) -> dict[str, Any]:
    """With the deployment's word on how long a pod must be ready to count."""
    kept = {name: value for name, value in spec.items() if name != "minReadySeconds"}
    seconds = (deployment.get("spec") or {}).get("minReadySeconds")
    return {**kept, "minReadySeconds": seconds} if seconds else kept


def inherited(deployment: Object, number: int) -> dict[str, str]:
    """Those of the deployment, as of the time of this template, and its number."""
    kept = {
        name: value
        for name, value in annotations_of(deployment).items()
        if name not in _OF_ONE_OBJECT
    }
    return {**kept, REVISION: str(number)}


def annotated(obj: Object, told: Mapping[str, str]) -> Object:
    """`obj` with these annotations beside its own."""
    known = annotations_of(obj)
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**known, **told}}}


def forgotten(deployment: Object, older: Sequence[Object]) -> list[Object]:
    """The sets without pods that are more than the history is to have, oldest first."""
    limit = (deployment.get("spec") or {}).get("revisionHistoryLimit")
    if not isinstance(limit, int):
        return []
    empty = [one for one in older if _is_empty(one)]
    surplus = len(empty) - limit
    return sorted(empty, key=revision)[:surplus] if surplus > 0 else []


def _is_empty(one: Object) -> bool:
    status = one.get("status") or {}
    observed = status.get("observedGeneration", 0) >= one["metadata"].get("generation", 0)
    asked = replicas_of(one.get("spec") or {})
    return not asked and not status.get("replicas") and observed and not deleting(one)


def _without_hash(template: Mapping[str, Any]) -> Mapping[str, Any]:
    said = template.get("metadata") or {}
    labels = {name: value for name, value in (said.get("labels") or {}).items() if name != HASH}
    return {**template, "metadata": {**said, "labels": labels}}
